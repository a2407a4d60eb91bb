import { useComputed, useSignal } from '@preact/signals'
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { isRefusal } from '#client/errors.ts'
import { pageDefaults } from '../defaults.ts'
import { PickButton } from '../files/pick-button.tsx'
import { usePage } from '../state/context.ts'
import type { Room } from '../state/room.ts'
import { rowsOf } from '../timeline/rows.ts'
import { Icon } from './icons.tsx'
import { More } from './load-more.tsx'
import { RovingTabStop } from './roving-tab-stop.ts'
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
  const stop = useMemo(() => new RovingTabStop(), [room])
  /** The row with which something can be done, and the one that was looked for. */
  const active = useSignal<string | undefined>(undefined)
  const found = useSignal<string | undefined>(undefined)
  const aim = timeline.aim.value
  if (aim?.type === 'row') found.value = aim.key
  useLayoutEffect(() => {
    if (scroller.current === null) return undefined
    const ends = [keeper.attach(scroller.current), stop.attach(scroller.current)]
    return () => {
      for (const end of ends) end()
    }
  }, [keeper])
  // Rows must keep their place on the screen across this drawing.
  keeper.mark()
  useLayoutEffect(() => keeper.settle())

  const point = (event: Event) => {
    active.value = event.target instanceof Element ? rowAt(event.target)?.dataset['key'] : undefined
  }
  const press = (event: KeyboardEvent) => {
    if (event.defaultPrevented || (event.target as Element).closest('[popover], dialog, input, video, audio')) return
    const here = rowAt(event.target as Element)
    if (event.key === 'Escape') room.writing.focus()
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (side !== undefined && here !== undefined) {
      if (stop.walk(here, side)) event.preventDefault()
      return
    }
    if (step === undefined) return
    const all = keeper.rows
    const at = here === undefined ? -1 : all.indexOf(here)
    const next = all[at < 0 ? all.length - 1 : at + step]
    if (next === undefined) return
    event.preventDefault()
    next.focus()
  }
  const { atStart, atEnd, items } = timeline.span.value
  const loading = timeline.loading.value
  const failure = timeline.failure.value
  const away = timeline.reading.value === 'above' && rows.value.length > 0
  const { count } = unread.value
  const isEmpty = atStart && atEnd && outbox.pending.value.length === 0 && !rows.value.some(isContent)
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
        <ol class="column">
          {loading === 'older' && <li class="told">{say('loading')}</li>}
          {atStart && items.length > 0 && !isEmpty && <li class="told">{say('beginning', { room: room.name })}</li>}
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
            outbox.pending.value.map((pending) => <PendingRow key={pending.talk.id} room={room} pending={pending} />)}
        </ol>
        {isEmpty && <EmptyRoom room={room} />}
        {failure !== undefined && isRefusal(failure) && (
          <p class="loading-failed" role="status">
            {say('notLoaded', { why: words.refusal(failure) })}{' '}
            <button type="button" onClick={() => void timeline.toLatest()}>
              {say('tryAgain')}
            </button>
          </p>
        )}
      </section>
      {away && (
        <button type="button" class="jump" onClick={() => void timeline.toLatest()}>
          <Icon of="down" />
          {count > 0 ? say('jumpToNew', { count }) : say('jumpToLatest')}
        </button>
      )}
    </div>
  )
}

const rowAt = (element: Element): HTMLElement | undefined => element.closest<HTMLElement>('li.row') ?? undefined

const isContent = ({ type }: { readonly type: string }): boolean =>
  type === 'talk' || type === 'files' || type === 'told'

/** What to do in a room in which nothing has been said. */
function EmptyRoom({ room }: { readonly room: Room }) {
  const { words, transfers } = usePage()
  const { say } = words.value
  return (
    <div class="empty">
      <div class="zone">
        <Icon of="upload" />
        <h2>{say('dropAnywhere')}</h2>
        <p>{say('everyoneGets', { room: room.name })}</p>
        <PickButton look="primary" label={say('chooseFiles')} pick={(files) => transfers.send(room, files)} />
      </div>
      <More>{({ ShareCard }) => <ShareCard room={room} />}</More>
    </div>
  )
}
