import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { useSay } from '../state/context.ts'
import { IconButton } from './menu.tsx'

interface DialogProps {
  readonly title: string
  /** How it looks: a card in the middle unless given. */
  readonly variant?: 'card' | 'large'
  /** Beside the button that closes it. */
  readonly actions?: ComponentChildren
  readonly closed: () => void
  readonly children: ComponentChildren
}

/** The browser's own dialog: it keeps the focus inside, closes on Esc, and gives the focus back. */
export function Dialog({ title, variant = 'card', actions, closed, children }: DialogProps) {
  const say = useSay()
  const element = useRef<HTMLDialogElement>(null)
  const titled = useId()
  useLayoutEffect(() => {
    const dialog = element.current
    if (dialog === null) return
    dialog.showModal()
    return () => dialog.close()
  }, [])
  const press = (event: MouseEvent) => {
    // A click on the backdrop targets the dialog itself.
    if (event.target === element.current) element.current?.close()
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc does the same
    <dialog ref={element} class={variant} aria-labelledby={titled} onClose={closed} onClick={press}>
      <div class="sheet">
        <header>
          <h2 id={titled}>{title}</h2>
          {actions}
          <IconButton icon="close" label={say('close')} act={() => element.current?.close()} />
        </header>
        {children}
      </div>
    </dialog>
  )
}
