import { type Entry, isEntry, type Missed, type Presence, type RoomEvent } from '#domain/room/events.ts'

/** What is told in the timeline though it has no sequence: it stands where it happened. */
export type Passing = Extract<Presence, { readonly type: 'joined' | 'left' | 'renamed' | 'away' | 'back' }> | Missed
export type Item = Entry | (Passing & { readonly key: string; readonly at: number })

/** The stretch of a room that is in the page, however long the room is. */
export interface Span {
  readonly items: readonly Item[]
  /** Nothing comes before it. */
  readonly atStart: boolean
  /** What comes is put behind it. */
  readonly atEnd: boolean
  /** The newest entry that the page has heard of. */
  readonly newest: number
}

export const emptySpan: Span = { items: [], atStart: false, atEnd: false, newest: 0 }

export function firstSeq({ items }: Span): number | undefined {
  return items.find(isEntry)?.seq
}

export function lastSeq({ items }: Span): number | undefined {
  return items.findLast(isEntry)?.seq
}

/** A page that was read, put before the rest; what is over `most` goes at the other end. */
export function withOlder(span: Span, entries: readonly Item[], atStart: boolean, most: number): Span {
  const first = firstSeq(span) ?? Number.POSITIVE_INFINITY
  const items = [...entries.filter((item) => !isEntry(item) || item.seq < first), ...span.items]
  const isOver = items.length > most
  return { ...span, items: isOver ? items.slice(0, most) : items, atStart, atEnd: span.atEnd && !isOver }
}

/** A page that was read, put behind the rest. */
export function withNewer(span: Span, entries: readonly Item[], atEnd: boolean, most: number): Span {
  const last = lastSeq(span) ?? 0
  const items = [...span.items, ...entries.filter((item) => !isEntry(item) || item.seq > last)]
  const newest = Math.max(span.newest, items.findLast(isEntry)?.seq ?? 0)
  return trimmedBefore({ ...span, items, atEnd, newest }, most)
}

/**
 * What has just happened. While somebody reads further up nothing is taken away above them: when there is no room left, the span stays
 * behind and is read on later.
 */
export function withNews(span: Span, news: readonly Item[], reading: 'end' | 'above', most: number): Span {
  const newest = Math.max(span.newest, news.findLast(isEntry)?.seq ?? 0)
  if (!span.atEnd) return { ...span, newest }
  if (reading === 'above' && span.items.length + news.length > most) return { ...span, newest, atEnd: false }
  return trimmedBefore({ ...span, items: [...span.items, ...news], newest }, most)
}

function trimmedBefore(span: Span, most: number): Span {
  const { items } = span
  return items.length > most ? { ...span, items: items.slice(items.length - most), atStart: false } : span
}

export const isPassing = (event: RoomEvent): event is Passing =>
  !isEntry(event) && event.type !== 'typing' && event.type !== 'fileProgressed'
