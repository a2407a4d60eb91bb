import { pageDefaults } from '../defaults.ts'
import type { Room } from '../state/room.ts'

/** So near to the end one is at the end. */
const AT_END_PX = 40
/** The place on the screen of the first new entry when the view is opened. */
const DIVIDER_AT = 0.3

/**
 * Keeps the reader's place on the screen, whatever is added or grows above or below it; and loads more entries
 * near an end of the loaded ones.
 */
export class ScrollAnchor {
  readonly #room: Room
  #scroller: HTMLElement | undefined
  /** A row, and where its upper edge was on the screen. */
  #anchor: { readonly key: string; readonly top: number } | undefined

  /** New items are to be seen at once. */
  #follows = true
  /** Where it was scrolled to when that was looked at. */
  #scrollTop = 0

  constructor(room: Room) {
    this.#room = room
  }

  /** Call the returned function when the view is removed. */
  attach(scroller: HTMLElement): () => void {
    this.#scroller = scroller
    const scrolled = () => this.#scrolled()
    scroller.addEventListener('scroll', scrolled, { passive: true })
    const sizes = new ResizeObserver(() => this.settle())
    for (const each of [scroller, ...scroller.children]) sizes.observe(each)
    return () => {
      scroller.removeEventListener('scroll', scrolled)
      sizes.disconnect()
      this.#scroller = undefined
    }
  }

  /** The rows are about to change: remembers their positions now, for there may have been a scroll without an event. */
  mark(): void {
    const scroller = this.#scroller
    // Growth meanwhile, as of a loaded picture, is corrected by `settle`.
    if (scroller === undefined || scroller.scrollTop === this.#scrollTop) return
    this.#anchor = anchorIn(scroller)
    this.#follows = this.#room.timeline.reading.peek() === 'end' && belowIn(scroller) < AT_END_PX
  }

  /** The rows are other ones, or of another height: puts the view where it belongs, before anybody sees it. */
  settle(): void {
    const scroller = this.#scroller
    if (scroller === undefined) return
    const { timeline } = this.#room
    const aim = timeline.aim.peek()
    if (aim !== undefined) {
      timeline.arrived()
      if (aim.type === 'row') this.#toRow(scroller, aim.key)
      else if (aim.type === 'end' || !this.#toDivider(scroller)) scroller.scrollTop = scroller.scrollHeight
    } else if (this.#follows) scroller.scrollTop = scroller.scrollHeight
    else if (this.#anchor !== undefined) {
      const row = rowWith(scroller, this.#anchor.key)
      if (row !== undefined) scroller.scrollTop += topOf(row) - this.#anchor.top
    }
    this.#scrolled()
  }

  /** The rows that can be gone through, from the top. */
  get rows(): readonly HTMLElement[] {
    return [...(this.#scroller?.querySelectorAll<HTMLElement>('li.row') ?? [])]
  }

  #scrolled(): void {
    const scroller = this.#scroller
    if (scroller === undefined) return
    const { timeline } = this.#room
    const { scrollTop } = scroller
    const below = belowIn(scroller)
    const { atEnd, atStart } = timeline.span.peek()
    timeline.read(atEnd && below < AT_END_PX ? 'end' : 'above')
    if (timeline.reading.peek() === 'end' && document.visibilityState === 'visible') this.#room.markSeen()
    this.#scrollTop = scrollTop
    this.#anchor = anchorIn(scroller)
    this.#follows = timeline.reading.peek() === 'end'
    if (scrollTop < pageDefaults.nearEndPx && !atStart) void timeline.older()
    else if (below < pageDefaults.nearEndPx && !atEnd) void timeline.newer()
  }

  #toRow(scroller: HTMLElement, key: string): void {
    const row = rowWith(scroller, key)
    if (row === undefined) return
    row.scrollIntoView({ block: 'center' })
    row.focus({ preventScroll: true })
  }

  #toDivider(scroller: HTMLElement): boolean {
    const divider = rowWith(scroller, 'divider')
    if (divider === undefined) return false
    scroller.scrollTop += topOf(divider) - topOf(scroller) - scroller.clientHeight * DIVIDER_AT
    return true
  }
}

/** The hidden height below the view. */
const belowIn = ({ scrollTop, scrollHeight, clientHeight }: HTMLElement): number =>
  scrollHeight - scrollTop - clientHeight

const topOf = (element: HTMLElement): number => element.getBoundingClientRect().top

const rowWith = (scroller: HTMLElement, key: string): HTMLElement | undefined =>
  scroller.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`) ?? undefined

/**
 * The first row of which something is seen; rows stand in their order, so half of them need not be looked at. The mark of a day goes to
 * whatever row is the first of it, so it is no place to hold on to.
 */
function anchorIn(scroller: HTMLElement): { readonly key: string; readonly top: number } | undefined {
  const rows = scroller.querySelectorAll<HTMLElement>('li[data-key]:not(.day, .divider)')
  const edge = topOf(scroller)
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle] as HTMLElement).getBoundingClientRect().bottom > edge) high = middle
    else low = middle + 1
  }
  const row = rows[low]
  return row === undefined ? undefined : { key: row.dataset['key'] ?? '', top: topOf(row) }
}
