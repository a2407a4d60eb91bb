import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { Icon, type IconName } from './icons.tsx'

interface MenuProps {
  /** What the button shows. */
  readonly button: ComponentChildren
  readonly class?: string
  /** Its name, where it shows no text. */
  readonly label?: string
  readonly children: () => ComponentChildren
}

/** A button, and what it opens beside itself: the browser's own pop-over, which closes on Esc and on a click elsewhere. */
export function Menu({ button, class: look = 'plain', label, children }: MenuProps) {
  const isOpen = useSignal(false)
  const id = useId()
  const opener = useRef<HTMLButtonElement>(null)
  return (
    <>
      <button
        ref={opener}
        type="button"
        class={look}
        aria-label={label}
        title={label}
        aria-haspopup="true"
        aria-expanded={isOpen.value}
        popovertarget={id}
      >
        {button}
      </button>
      <div
        id={id}
        popover="auto"
        onBeforeToggle={({ newState }) => {
          isOpen.value = newState === 'open'
        }}
      >
        {isOpen.value && <Opened opener={opener}>{children()}</Opened>}
      </div>
    </>
  )
}

interface OpenedProps {
  readonly opener: { readonly current: HTMLElement | null }
  readonly children: ComponentChildren
}

const stops = (box: Element): readonly HTMLElement[] => [
  ...box.querySelectorAll<HTMLElement>('a[href], button, input, select'),
]

function Opened({ opener, children }: OpenedProps) {
  const content = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const [box, from] = [content.current?.parentElement, opener.current]
    if (box === null || box === undefined || from === null) return
    // It has a size once it is shown, and another one when more of it is loaded.
    const sizes = new ResizeObserver(() => {
      placeBeside(box, from.getBoundingClientRect())
      if (document.activeElement === from) stops(box)[0]?.focus({ preventScroll: true })
    })
    sizes.observe(box)
    return () => sizes.disconnect()
  }, [])
  const walk = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    const all = stops(event.currentTarget as Element)
    const at = all.indexOf(document.activeElement as HTMLElement)
    event.preventDefault()
    event.stopPropagation()
    all[(at + (event.key === 'ArrowDown' ? 1 : all.length - 1)) % all.length]?.focus()
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys only move between what is in it
    <div ref={content} onKeyDown={walk}>
      {children}
    </div>
  )
}

/** Below the button where there is room, else above; inside the window. */
function placeBeside(box: HTMLElement, from: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = box
  const isBelow = from.bottom + height + 4 <= innerHeight || from.top < height
  const isRight = getComputedStyle(box).direction === 'rtl' || from.left + width > innerWidth
  const left = isRight ? from.right - width : from.left
  const top = isBelow ? from.bottom + 4 : from.top - height - 4
  box.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`
  box.style.top = `${Math.max(4, Math.min(top, innerHeight - height - 4))}px`
}

interface ItemProps {
  readonly icon?: IconName
  readonly class?: string
  /** Its whole name, where others are called the same. */
  readonly label?: string
  /** It leaves what it is in open. */
  readonly stays?: boolean
  readonly act: () => void
  readonly children: ComponentChildren
}

export const Item = ({ icon, class: look = '', label, stays = false, act, children }: ItemProps) => (
  <button
    type="button"
    class={`item ${look}`}
    aria-label={label}
    onClick={({ currentTarget }) => {
      if (!stays) closeAround(currentTarget)
      act()
    }}
  >
    {icon !== undefined && <Icon of={icon} />}
    {children}
  </button>
)

/** Closes the pop-over that something is in. */
export const closeAround = (element: Element): void => element.closest<HTMLElement>('[popover]')?.hidePopover()

interface IconButtonProps {
  readonly icon: IconName
  readonly label: string
  readonly class?: string
  readonly act: () => void
}

export const IconButton = ({ icon, label, class: look = 'plain', act }: IconButtonProps) => (
  <button type="button" class={look} aria-label={label} title={label} onClick={act}>
    <Icon of={icon} />
  </button>
)
