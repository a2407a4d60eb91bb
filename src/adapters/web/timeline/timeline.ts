import { batch, type ReadonlySignal, signal } from '@preact/signals'
import { isRefusal, type Refusal } from '#client/errors.ts'
import { isEntry, type RoomEvent } from '#domain/room/events.ts'
import { pageDefaults } from '../defaults.ts'
import type { History } from './history.ts'
import {
  emptySpan,
  firstSeq,
  type Item,
  isPassing,
  lastSeq,
  type Span,
  withNewer,
  withNews,
  withOlder,
} from './span.ts'

/** Where the view is to go once it shows what was read. */
export type Aim =
  | { readonly type: 'end' | 'divider' }
  /** The row with this key. */
  | { readonly type: 'row'; readonly key: string }

/** What of a room is in the page, and how more of it comes there. */
export class Timeline {
  readonly #history: History
  readonly #now: () => number
  readonly #span = signal<Span>(emptySpan)
  readonly #loading = signal<'older' | 'newer' | 'around' | undefined>(undefined)
  readonly #failure = signal<Refusal | undefined>(undefined)
  readonly #aim = signal<Aim | undefined>(undefined)
  readonly #reading = signal<'end' | 'above'>('end')
  /** What has come while a page was read, as far as it would be shown. */
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

  /** Whether who reads is at the end, and wants to see what comes. */
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

  /** What has happened in the room since it was told the last time, in its order. */
  heard(events: readonly RoomEvent[]): void {
    const news = events.flatMap((event): readonly Item[] => {
      if (isEntry(event)) return [event]
      return isPassing(event) ? [{ ...event, key: `p${++this.#keys}`, at: this.#now() }] : []
    })
    if (news.length === 0) return
    const span = this.#span.peek()
    const first = news.find(isEntry)
    // A host that keeps nothing was started anew, and the room begins again.
    const base = first !== undefined && first.seq <= span.newest ? { ...emptySpan, atEnd: true } : span
    this.#meanwhile = [...this.#meanwhile, ...news].slice(-pageDefaults.windowEntries)
    this.#span.value = withNews(base, news, this.#reading.peek(), pageDefaults.windowEntries)
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

  /** What stands around an entry: as much before it as fills a page of a screen, and more behind it. */
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
      this.#span.value = answer(this.#span.peek())
      if (aim !== undefined) this.#aim.value = aim
    })
    this.#meanwhile = []
  }

  /** The end of the room has been read: what has come since is put behind it, without a gap. */
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
