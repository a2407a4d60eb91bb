import { batch, type ReadonlySignal, signal } from '@preact/signals'
import type { ApiClient } from '#client/api-client.ts'
import { isRefusal, type Refusal } from '#client/errors.ts'
import {
  type Entry,
  isEntry,
  isMessage,
  type Member,
  type Missed,
  type Presence,
  type RoomEvent,
} from '#domain/room/events.ts'
import { events, map, parsed } from '#protocol/schema.ts'
import { pageDefaults } from '../defaults.ts'

/** Presence rows: without a sequence, at the place where they happened. */
export type Passing = Exclude<Presence, { readonly type: 'typing' | 'fileProgressed' }> | Missed
export type Item = Entry | (Passing & { readonly key: string; readonly at: number })

/** The stretch of a room that is in the page, however long the room is. */
export interface Span {
  readonly items: readonly Item[]
  /** Nothing comes before it. */
  readonly atStart: boolean
  /** New items are put behind it. */
  readonly atEnd: boolean
  /** The newest entry that the page has heard of. */
  readonly newest: number
}

export const emptySpan: Span = { items: [], atStart: false, atEnd: false, newest: 0 }

function firstSeq({ items }: Span): number | undefined {
  return items.find(isEntry)?.seq
}

function lastSeq({ items }: Span): number | undefined {
  return items.findLast(isEntry)?.seq
}

/** Puts an older page before the rest; items over `most` go at the other end. */
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
 * Adds live items. While the person reads further up nothing is taken away above them: when there is no room left, the span stays
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

/** What was removed from the room, as far as the page has heard. */
export interface Removals {
  /** By whom each message was, by its sequence. */
  readonly messages: ReadonlyMap<number, Member>
  /** Everything up to this sequence is gone. */
  readonly upTo: number
}

const noRemovals: Removals = { messages: new Map(), upTo: 0 }

/** The same value where the items tell of none. */
function removalsAfter(removals: Removals, items: readonly Item[]): Removals {
  const news = items.filter((item) => item.type === 'messageRemoved' || item.type === 'cleared')
  if (news.length === 0) return removals
  const messages = new Map(removals.messages)
  let { upTo } = removals
  for (const item of news)
    if (item.type === 'cleared') upTo = Math.max(upTo, item.upTo)
    else messages.set(item.target, item.by)
  return { messages, upTo }
}

/** Items as they are by now, also where they were asked for before. */
export function withoutRemoved(items: readonly Item[], removals: Removals): readonly Item[] {
  if (removals === noRemovals) return items
  const { messages, upTo } = removals
  const last = items.findLastIndex((item) => isEntry(item) && item.seq <= upTo)
  // Who came and went up to then goes as well.
  const next = last < 0 ? 0 : items.findIndex((item, index) => index > last && isEntry(item))
  return items.slice(next < 0 ? items.length : next).map((item) => {
    if (!isEntry(item) || !isMessage(item)) return item
    const by = messages.get(item.seq)
    return by === undefined ? item : { type: 'erased', seq: item.seq, at: item.at, by }
  })
}

const isPassing = (event: RoomEvent): event is Passing =>
  !isEntry(event) && event.type !== 'typing' && event.type !== 'fileProgressed'

/** History, page by page, oldest first. A page with fewer than `limit` entries is the last one on that side. */
export interface History {
  /** The newest ones before `seq`, or of all. */
  before(seq: number | undefined, limit: number): Promise<readonly Item[] | Refusal>
  after(seq: number, limit: number): Promise<readonly Item[] | Refusal>
  search(query: string, limit: number): Promise<readonly Item[] | Refusal>
}

export class HostHistory implements History {
  readonly #api: ApiClient
  readonly #path: string

  constructor(api: ApiClient, room: string) {
    this.#api = api
    this.#path = `/rooms/${encodeURIComponent(room)}`
  }

  before(seq: number | undefined, limit: number) {
    return this.#entries('events', { limit, ...(seq === undefined ? {} : { before: seq }) })
  }

  after(seq: number, limit: number) {
    return this.#entries('events', { after: seq, limit })
  }

  search(query: string, limit: number) {
    return this.#entries('search', { q: query, limit })
  }

  #entries(what: string, asked: Readonly<Record<string, string | number>>): Promise<readonly Item[] | Refusal> {
    const words = new URLSearchParams(
      Object.entries(asked).map(([key, value]): [string, string] => [key, String(value)]),
    )
    return this.#api.get(`${this.#path}/${what}?${words}`, entriesIn)
  }
}

const page = map({ events })

/** They are the events of the Session protocol, written in JSON. */
function entriesIn(value: unknown): readonly Item[] | undefined {
  const found = parsed(page, value)?.events
  // A gap stands at the time of the entry before it.
  let at = found?.find(isEntry)?.at ?? 0
  return found?.flatMap((event): readonly Item[] => {
    if (isEntry(event)) at = event.at
    if (event.type === 'missed') return [{ ...event, key: `m${event.from}`, at }]
    return isEntry(event) ? [event] : []
  })
}

/** The scroll target once the loaded entries are drawn. */
export type Aim =
  | { readonly type: 'end' | 'divider' }
  /** The row with this key. */
  | { readonly type: 'row'; readonly key: string }

/** The loaded part of a room's entries, and the loading of more. */
export class Timeline {
  readonly #history: History
  readonly #now: () => number
  readonly #span = signal<Span>(emptySpan)
  readonly #removals = signal(noRemovals)
  readonly #loading = signal<'older' | 'newer' | 'around' | undefined>(undefined)
  readonly #failure = signal<Refusal | undefined>(undefined)
  readonly #aim = signal<Aim | undefined>(undefined)
  readonly #reading = signal<'end' | 'above'>('end')
  /** Live items during the load of a page, as far as they would be shown. */
  #meanwhile: Item[] = []
  #keys = 0
  #loads = 0

  constructor(history: History, now: () => number) {
    this.#history = history
    this.#now = now
  }

  get span(): ReadonlySignal<Span> {
    return this.#span
  }

  get loading(): ReadonlySignal<'older' | 'newer' | 'around' | undefined> {
    return this.#loading
  }

  get aim(): ReadonlySignal<Aim | undefined> {
    return this.#aim
  }

  /** Whether the reader is at the end, and wants to see new items. */
  get reading(): ReadonlySignal<'end' | 'above'> {
    return this.#reading
  }

  read(where: 'end' | 'above'): void {
    this.#reading.value = where
  }

  /** The view is there. */
  arrived(): void {
    this.#aim.value = undefined
  }

  get failure(): ReadonlySignal<Refusal | undefined> {
    return this.#failure
  }

  /** Everything that is read of the room is to be shown without it. */
  get removals(): ReadonlySignal<Removals> {
    return this.#removals
  }

  /** The room's events since the last call, in their order. */
  heard(events: readonly RoomEvent[]): void {
    const news = events.flatMap((event): readonly Item[] => {
      if (isEntry(event)) return [event]
      return isPassing(event) ? [{ ...event, key: `p${++this.#keys}`, at: this.#now() }] : []
    })
    if (news.length === 0) return
    const span = this.#span.peek()
    const first = news.find(isEntry)
    // A host that keeps nothing was started anew, and the room begins again.
    const isNew = first !== undefined && first.seq <= span.newest
    const base = isNew ? { ...emptySpan, atEnd: true } : span
    this.#meanwhile = [...this.#meanwhile, ...news].slice(-pageDefaults.windowEntries)
    batch(() => {
      this.#removals.value = removalsAfter(isNew ? noRemovals : this.#removals.peek(), news)
      this.#show(withNews(base, news, this.#reading.peek(), pageDefaults.windowEntries))
    })
    // All that was being read further up is gone.
    const { items, atEnd } = this.#span.peek()
    if (items.length === 0 && !atEnd && news.some(({ type }) => type === 'cleared')) void this.toLatest()
  }

  /** The newest of the room. */
  async toLatest(): Promise<void> {
    this.read('end')
    if (this.#span.peek().atEnd) {
      this.#aim.value = { type: 'end' }
      return
    }
    await this.#load('around', { type: 'end' }, async () => {
      const limit = pageDefaults.firstEntries
      const entries = await this.#history.before(undefined, limit)
      return isRefusal(entries) ? entries : (span) => this.#ending(from(span, entries, entries.length < limit))
    })
  }

  /** The context of an entry: as much before it as fills a page of a screen, and more behind it. */
  around(seq: number, aim: Aim): Promise<void> {
    this.read('above')
    return this.#load('around', aim, async () => {
      const [limitBefore, limit] = [pageDefaults.firstEntries, pageDefaults.pageEntries]
      const [before, after] = await Promise.all([
        this.#history.before(seq + 1, limitBefore),
        this.#history.after(seq, limit),
      ])
      if (isRefusal(before)) return before
      if (isRefusal(after)) return after
      return (span) => {
        const found = from(span, [...before, ...after], before.length < limitBefore)
        return after.length < limit ? this.#ending(found) : { ...found, atEnd: false }
      }
    })
  }

  async older(): Promise<void> {
    const span = this.#span.peek()
    if (span.atStart || this.#loading.peek() !== undefined) return
    await this.#load('older', undefined, async () => {
      const limit = pageDefaults.pageEntries
      const entries = await this.#history.before(firstSeq(span), limit)
      if (isRefusal(entries)) return entries
      return (now) => withOlder(now, entries, entries.length < limit, pageDefaults.windowEntries)
    })
  }

  async newer(): Promise<void> {
    const span = this.#span.peek()
    if (span.atEnd || this.#loading.peek() !== undefined) return
    await this.#load('newer', undefined, async () => {
      const limit = pageDefaults.pageEntries
      const entries = await this.#history.after(lastSeq(span) ?? 0, limit)
      if (isRefusal(entries)) return entries
      return (now) => {
        const found = withNewer(now, entries, false, pageDefaults.windowEntries)
        return entries.length < limit ? this.#ending(found) : found
      }
    })
  }

  async #load(
    what: 'older' | 'newer' | 'around',
    aim: Aim | undefined,
    ask: () => Promise<Refusal | ((span: Span) => Span)>,
  ): Promise<void> {
    const load = ++this.#loads
    this.#meanwhile = []
    this.#loading.value = what
    const answer = await ask()
    // Somebody has asked for another part of the room since.
    if (load !== this.#loads) return
    batch(() => {
      this.#loading.value = undefined
      this.#failure.value = isRefusal(answer) ? answer : undefined
      if (isRefusal(answer)) return
      const span = answer(this.#span.peek())
      this.#removals.value = removalsAfter(this.#removals.peek(), span.items)
      this.#show(span)
      if (aim !== undefined) this.#aim.value = aim
    })
    this.#meanwhile = []
  }

  #show(span: Span): void {
    const { upTo } = this.#removals.peek()
    const items = withoutRemoved(span.items, this.#removals.peek())
    const isFirst = upTo > 0 && (items.find(isEntry)?.seq ?? 0) === upTo + 1
    this.#span.value = { ...span, items, atStart: span.atStart || isFirst }
  }

  /** The end of the room has been loaded: live items since are put behind it, without a gap. */
  #ending(span: Span): Span {
    const last = lastSeq(span) ?? 0
    const most = pageDefaults.windowEntries
    const late = this.#meanwhile.filter((item) => !isEntry(item) || item.seq > last)
    const kept = this.#meanwhile.length >= most ? { ...span, items: [], atStart: false } : span
    return withNews({ ...kept, atEnd: true }, late, 'end', most)
  }
}

const from = ({ newest }: Span, entries: readonly Item[], atStart: boolean): Span => ({
  items: entries,
  atStart,
  atEnd: false,
  newest: Math.max(newest, entries.findLast(isEntry)?.seq ?? 0),
})
