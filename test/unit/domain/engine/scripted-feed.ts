import { Subject } from 'rxjs'
import type { Feed } from '#domain/engine/subscription.ts'
import { Batch } from '#domain/room/batch.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import { ani, joined, left, said } from '../../../harness/people.ts'
import { turn } from '../../../harness/turns.ts'

/** A room whose commits, pages and losses happen when the test says so. */
export class ScriptedFeed implements Feed {
  readonly room = 'lobby'
  readonly #live = new Subject<Batch>()
  readonly live$ = this.#live.asObservable()
  /** What the journal has, also what the room does not show yet. */
  #kept: Batch[] = []
  #unpublished: Batch[] = []
  #appended = 0
  #members: ReadonlyMap<string, Member> = new Map()
  #last = 0
  #pages: {
    readonly page: readonly Batch[]
    readonly go: (page: readonly Batch[]) => void
    fail(error: Error): void
  }[] = []
  readonly #pageEntries: number
  /** Sequences that are not in the journal any more. */
  readonly gone = new Set<number>()

  constructor(pageEntries = 2) {
    this.#pageEntries = pageEntries
  }

  get observed(): boolean {
    return this.#live.observed
  }

  get pagesWanted(): number {
    return this.#pages.length
  }

  last(): number {
    return this.#last
  }

  read(after: number): Promise<readonly Batch[]> {
    const page: Batch[] = []
    let count = 0
    for (const batch of this.#kept) {
      if ((batch.last ?? 0) <= after || count >= this.#pageEntries) continue
      const rest = batch.entries.filter(({ seq }) => seq > after)
      const clipped = rest.length < batch.entries.length ? new Batch(this.room, rest) : batch
      page.push(clipped)
      count += clipped.entries.length
    }
    return new Promise((go, fail) => this.#pages.push({ page, go, fail }))
  }

  current(batch: Batch): Batch {
    return batch
  }

  members(): ReadonlyMap<string, Member> {
    return this.#members
  }

  /** Presence alone: these are the members from now on. */
  attend(...members: readonly Member[]): void {
    const before = this.#members
    this.#members = new Map(members.map((member) => [member.id, member]))
    const came = members.filter(({ id }) => !before.has(id))
    const gone = [...before.values()].filter(({ id }) => !this.#members.has(id))
    this.#live.next(new Batch(this.room, [...came.map(joined), ...gone.map(left)]))
  }

  /** The journal has `entries` more, with somebody's coming behind them where `presence`. */
  append(entries: number, presence = false): void {
    const events: RoomEvent[] = Array.from({ length: entries }, () => said(++this.#appended))
    const batch = new Batch(this.room, presence ? [...events, joined(ani)] : events)
    if (entries > 0) this.#kept.push(batch)
    this.#unpublished.push(batch)
  }

  /** The room shows what the journal has. */
  publish(): void {
    for (const batch of this.#unpublished.splice(0)) {
      this.#last = batch.last ?? this.#last
      for (const event of batch.events)
        if (event.type === 'joined') this.#members = new Map([...this.#members, [event.by.id, event.by]])
      this.#live.next(batch)
    }
  }

  commit(entries: number, presence = false): void {
    this.append(entries, presence)
    this.publish()
  }

  /** Hands out the oldest page that was asked for, as it was when it was asked for. */
  releasePage(): void {
    const wanted = this.#pages.shift()
    wanted?.go(wanted.page)
  }

  failPage(error: Error): void {
    this.#pages.shift()?.fail(error)
  }

  trim(upTo: number): void {
    this.#lose(({ last = 0 }) => last <= Math.min(upTo, this.#last))
  }

  /** The newest stored batch can't be read any more. */
  damage(): void {
    const newest = this.#kept.findLast(({ last = 0 }) => last <= this.#last)
    this.#lose((batch) => batch === newest)
  }

  end(): void {
    this.#live.complete()
  }

  #lose(isLost: (batch: Batch) => boolean): void {
    for (const batch of this.#kept) if (isLost(batch)) for (const { seq } of batch.entries) this.gone.add(seq)
    this.#kept = this.#kept.filter((batch) => !isLost(batch))
  }
}

/** Hands out pages until nobody asks for one. */
export async function pages(feed: ScriptedFeed): Promise<void> {
  await turn()
  while (feed.pagesWanted > 0) {
    feed.releasePage()
    await turn()
  }
}
