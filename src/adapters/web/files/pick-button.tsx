import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { picked } from './chosen.ts'
import type { ToSend } from './upload.ts'

interface PickButtonProps {
  readonly look: string
  readonly label: string
  /** The text alone does not say for what it is, the label does. */
  readonly isLabelled?: boolean
  readonly multiple?: boolean
  readonly pick: (chosen: readonly ToSend[]) => void
  readonly children?: ComponentChildren
}

/** A button that asks for files of this device. */
export function PickButton({ look, label, isLabelled, multiple = true, pick, children = label }: PickButtonProps) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <button
        type="button"
        class={look}
        aria-label={isLabelled ? label : undefined}
        onClick={() => input.current?.click()}
      >
        {children}
      </button>
      <input
        ref={input}
        type="file"
        multiple={multiple}
        hidden
        aria-label={label}
        onChange={({ currentTarget }) => {
          pick(picked(Array.from(currentTarget.files ?? [])))
          // The same may be chosen again.
          currentTarget.value = ''
        }}
      />
    </>
  )
}
