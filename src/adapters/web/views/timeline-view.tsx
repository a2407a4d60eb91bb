import { useComputed, useSignal } from '@preact/signals'
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { isRefusal } from '#client/errors.ts'
import { pageDefaults } from '../defaults.ts'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { rowsOf } from '../timeline/rows.ts'
import { DownIcon } from './icons.tsx'
import { PendingRow, RowView } from './row-view.tsx'
import { ScrollAnchor } from './scroll-anchor.ts'

/** The messages, and those being sent. */
export function TimelineView({ room }: { readonly room: Room }) {
  const page = usePage()
  const words = page.words.value
  const { say } = words
  const { timeline, outbox, unread } = room
  const rows = useComputed(() => {
    const ignored = page.ignored.value
    const { items } = timeline.span.value
    const shown =
      ignored.size === 0 ? items : items.filter((item) => !('by' in item && ignored.has(item.by.name.toLowerCase())))
    return rowsOf(shown, unread.value.divider, pageDefaults.groupMs)
  })
  const scroller = useRef<HTMLElement>(null)
  const keeper = useMemo(() => new ScrollAnchor(room), [room])
  /** The row with which something can be done, and the one that was looked for. */
  const active = useSignal<string | undefined>(undefined)
  const found = useSignal<string | undefined>(undefined)
  const aim = timeline.aim.value
  if (aim?.type === 'row') found.value = aim.key
  useLayoutEffect(() => (scroller.current === null ? undefined : keeper.attach(scroller.current)), [keeper])
  // Rows must keep their place on the screen across this drawing.
  keeper.mark()
  useLayoutEffect(() => keeper.settle())

  const point = (event: Event) => {
    active.value = event.target instanceof Element ? rowAt(event.target)?.dataset['key'] : undefined
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') room.writing.focus()
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return
    const rows = keeper.rows
    const at = rows.indexOf(rowAt(event.target as Element) as HTMLElement)
    const next =
      event.key === 'ArrowUp' ? rows[at < 0 ? rows.length - 1 : at - 1] : rows[at < 0 ? rows.length - 1 : at + 1]
    if (next === undefined) return
    event.preventDefault()
    next.focus()
  }
  const { atStart, atEnd, items } = timeline.span.value
  const loading = timeline.loading.value
  const failure = timeline.failure.value
  const away = timeline.reading.value === 'above' && rows.value.length > 0
  const { count } = unread.value
  return (
    <div class="timeline">
      {/* biome-ignore lint/a11y/useKeyWithMouseEvents: onFocusIn is what onFocus is elsewhere */}
      <section
        ref={scroller}
        class="scroller"
        aria-label={say('messages', { room: room.name })}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reached by keys
        tabIndex={0}
        onKeyDown={press}
        onFocusIn={point}
        onMouseOver={point}
        onMouseLeave={() => {
          active.value = undefined
        }}
      >
        <ol>
          {loading === 'older' && <li class="told">{say('loading')}</li>}
          {atStart && items.length > 0 && <li class="told">{say('beginning')}</li>}
          {rows.value.map((row) => (
            <RowView
              key={row.key}
              room={room}
              row={row}
              words={words}
              active={active.value === row.key}
              found={found.value === row.key}
            />
          ))}
          {atEnd &&
            outbox.pending.value.map((unshown) => <PendingRow key={unshown.talk.id} room={room} pending={unshown} />)}
        </ol>
        {atStart && atEnd && rows.value.length === 0 && <p class="empty">{say('nobodySpoke')}</p>}
        {failure !== undefined && isRefusal(failure) && (
          <p class="empty" role="status">
            {say('notLoaded', { why: words.refusal(failure) })}{' '}
            <button type="button" onClick={() => void timeline.toLatest()}>
              {say('tryAgain')}
            </button>
          </p>
        )}
      </section>
      {away && (
        <button type="button" class="jump" onClick={() => void timeline.toLatest()}>
          <DownIcon />
          {count > 0 ? say('jumpToNew', { count }) : say('jumpToLatest')}
        </button>
      )}
    </div>
  )
}

const rowAt = (element: Element): HTMLElement | undefined => element.closest<HTMLElement>('li.row') ?? undefined
