import type { Observable, Subscription } from 'rxjs'
import { Batch } from '../room/batch.ts'
import { isEntry } from '../room/events.ts'
import { difference, type MembersById, publishedMembers } from '../room/published-members.ts'

/** The source of a subscription: batches committed from now on, and earlier ones. */
export interface Feed {
  readonly room: string
  readonly live$: Observable<Batch>
  /** Sequence of the newest committed entry. */
  last(): number
  /** About a page of entries after `after`; empty if there are none. */
  read(after: number): Promise<readonly Batch[]>
  /** A batch read earlier, without the messages removed since. */
  current(batch: Batch): Batch
  /** The members by id, as published by the batches so far: the same map until that changes. */
  members(): MembersById
}

/**
 * One reader's cursor in a room. A reader that keeps up is handed each batch as it is committed. A paused one keeps nothing but its
 * cursor; after `resume` it reads from the journal until it has caught up, without gaps or repeats. So a stalled reader costs a number,
 * and a list of members shared with all readers that fell behind since the last change of members. The journal holds no presence: a
 * reader that has caught up is told the difference between the members then and now.
 */
export class RoomSubscription {
  readonly #feed: Feed
  readonly #take: (batch: Batch) => void
  readonly #ended: (error?: unknown) => void
  readonly #subscription: Subscription | undefined
  #status: 'following' | 'reading' | 'held' | 'closed' = 'held'
  #cursor: number
  /** The members known to a reader that is behind. */
  #known: MembersById | undefined
  /** Those of them that the reader has dropped since. */
  readonly #dropped = new Set<string>()
  /** The batch being handed to the reader at the moment. */
  #handed: Batch | undefined
  /** Number of the current reading: a paused one may still wait for its page when the next begins. */
  #reading = 0

  /**
   * Begins paused: `resume` starts it. `take` may call `pause`. `ended` is called when the room closes, or with the error when the
   * journal could not be read.
   */
  constructor(feed: Feed, after: number, take: (batch: Batch) => void, ended: (error?: unknown) => void) {
    this.#feed = feed
    this.#cursor = after
    this.#take = take
    this.#ended = ended
    this.#subscription = feed.live$.subscribe({ next: this.#live, complete: () => this.end() })
  }

  get cursor(): number {
    return this.#cursor
  }

  get following(): boolean {
    return this.#status === 'following'
  }

  get closed(): boolean {
    return this.#status === 'closed'
  }

  /**
   * Hands out nothing until `resume`, which continues after `cursor`; left out, after the last batch handed out. Within `take`, the
   * cursor may lie inside the batch: the reader then has not been told of the presence behind it.
   */
  pause(cursor?: number): void {
    if (this.#status === 'closed') return
    this.#status = 'held'
    const handed = cursor === undefined ? [] : (this.#handed?.events ?? [])
    const unheard = handed.slice(handed.findLastIndex((event) => isEntry(event) && event.seq <= (cursor ?? 0)) + 1)
    const members = this.#feed.members()
    // All readers that fell behind share one list.
    this.#known ??= unheard.length === 0 ? members : publishedMembers(members, unheard)
    this.#cursor = cursor ?? this.#cursor
  }

  /** The reader has dropped a member while behind: if the member is present once it has caught up, it is told again. */
  drop(member: string): void {
    if (this.#known?.has(member)) this.#dropped.add(member)
  }

  resume(): void {
    if (this.#status !== 'held') return
    if (this.#cursor >= this.#feed.last()) {
      this.#follow()
      return
    }
    this.#status = 'reading'
    this.#known ??= this.#feed.members()
    this.#readOn(++this.#reading).catch((error) => this.end(error))
  }

  close(): void {
    this.#status = 'closed'
    this.#subscription?.unsubscribe()
  }

  /** Closes it, and tells its reader unless it was closed already. */
  end(error?: unknown): void {
    if (this.#status === 'closed') return
    this.close()
    this.#ended(error)
  }

  readonly #live = (batch: Batch): void => {
    if (this.#status !== 'following') return
    const next = this.#cursor + 1
    if ((batch.first ?? next) === next) this.#hand(batch)
    else {
      // The journal has a batch before the room publishes it, so a page may have contained these entries already.
      const presence = batch.events.filter((event) => !isEntry(event))
      if (presence.length > 0) this.#take(new Batch(batch.room, presence))
      if (!this.following) return
      this.pause(this.#cursor)
      this.resume()
    }
  }

  #follow(): void {
    this.#status = 'following'
    const known = this.#known
    const before = known && this.#dropped.size > 0 ? without(known, this.#dropped) : known
    this.#known = undefined
    this.#handed = undefined
    this.#dropped.clear()
    const meanwhile = before === undefined ? [] : difference(before, this.#feed.members())
    if (meanwhile.length > 0) this.#take(new Batch(this.#feed.room, meanwhile))
  }

  #hand(batch: Batch): void {
    // First, because `take` may call `pause` with its own cursor, and even `resume`.
    this.#cursor = batch.last ?? this.#cursor
    this.#handed = batch
    this.#take(batch)
    this.#handed = undefined
  }

  async #readOn(reading: number): Promise<void> {
    const active = () => this.#status === 'reading' && this.#reading === reading
    while (active()) {
      const last = this.#feed.last()
      if (this.#cursor >= last) {
        this.#follow()
        return
      }
      const page = await this.#feed.read(this.#cursor)
      if (!active()) return
      if (page.length === 0) this.#skip(last)
      for (const batch of page) {
        this.#skip((batch.first ?? 1) - 1)
        if (!active()) return
        this.#hand(withoutPresence(this.#feed.current(batch)))
        if (!active()) return
      }
    }
  }

  /** Tells the reader about entries that the journal no longer has. */
  #skip(to: number): void {
    if (to <= this.#cursor) return
    const missed = new Batch(this.#feed.room, [{ type: 'missed', from: this.#cursor + 1, to }])
    this.#cursor = to
    this.#take(missed)
  }
}

/** A journal in memory may return a batch as it was published; its presence is out of date. */
const withoutPresence = (batch: Batch): Batch =>
  batch.events.every(isEntry) ? batch : new Batch(batch.room, batch.entries)

const without = (members: MembersById, dropped: ReadonlySet<string>): MembersById =>
  new Map([...members].filter(([id]) => !dropped.has(id)))
