import type { Observable, Subscription } from 'rxjs'
import { Batch } from '../room/batch.ts'
import { isEntry } from '../room/events.ts'
import { difference, type MembersById, publishedMembers } from '../room/published-members.ts'

/** The source of a subscription: batches committed from now on, and those committed before. */
export interface Feed {
  readonly room: string
  readonly live$: Observable<Batch>
  /** Sequence of the newest committed entry. */
  last(): number
  /** About a page of entries after `after`; empty when there are none. */
  read(after: number): Promise<readonly Batch[]>
  /** A batch that was read, as it is by now: messages of it may have been removed. */
  current(batch: Batch): Batch
  /** The members by id, as far as the batches have told of them: the same map until they tell of a change. */
  members(): MembersById
}

/**
 * One reader's place in a room. While it keeps up it is handed each batch as it is committed; when it holds, it keeps
 * nothing but its cursor, and reads on from the journal when it resumes until it has caught up: no gap, nothing twice, and a
 * reader that stalls costs a number, and a list of members that it shares with all who fell behind since the last of them came or
 * went. Presence is in no journal: a reader who has caught up is told who came and went meanwhile, as the difference.
 */
export class RoomSubscription {
  readonly #feed: Feed
  readonly #take: (batch: Batch) => void
  readonly #ended: (error?: unknown) => void
  readonly #subscription: Subscription | undefined
  #status: 'following' | 'reading' | 'held' | 'closed' = 'held'
  #cursor: number
  /** The members that a reader who is behind knows of. */
  #known: MembersById | undefined
  /** Those of them whom the reader has dropped since. */
  readonly #dropped = new Set<string>()
  /** The batch that the reader is taking just now. */
  #handed: Batch | undefined
  /** Counts the readings: one that was held may still wait for its page when the next begins. */
  #reading = 0

  /** Begins held: `resume` starts it. `take` may call `pause`. `ended` hears when the room closes, or why the journal could not be read. */
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
   * Hands nothing more to the reader until `resume`, which goes on after `cursor`; left out, after what it was handed. Within `take`, a cursor may be
   * inside the batch: of the presence behind it the reader has not heard.
   */
  pause(cursor?: number): void {
    if (this.#status === 'closed') return
    this.#status = 'held'
    const handed = cursor === undefined ? [] : (this.#handed?.events ?? [])
    const unheard = handed.slice(handed.findLastIndex((event) => isEntry(event) && event.seq <= (cursor ?? 0)) + 1)
    const members = this.#feed.members()
    // All who fell behind share one list.
    this.#known ??= unheard.length === 0 ? members : publishedMembers(members, unheard)
    this.#cursor = cursor ?? this.#cursor
  }

  /** The reader has dropped a member, though it is behind: it is told again of one who is there once it has caught up. */
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

  /** Closes it, and says so to its reader unless it was closed already. */
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
      // The journal has a batch before the room shows it, so a page may have held the entries of this one already.
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
    // First, because `take` may pause, which says how far it came, and even resume.
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

  /** Tells the reader of entries that are not in the journal any more. */
  #skip(to: number): void {
    if (to <= this.#cursor) return
    const missed = new Batch(this.#feed.room, [{ type: 'missed', from: this.#cursor + 1, to }])
    this.#cursor = to
    this.#take(missed)
  }
}

/** A journal in memory may keep a batch as it was shown; presence of long ago is no news. */
const withoutPresence = (batch: Batch): Batch =>
  batch.events.every(isEntry) ? batch : new Batch(batch.room, batch.entries)

const without = (members: MembersById, dropped: ReadonlySet<string>): MembersById =>
  new Map([...members].filter(([id]) => !dropped.has(id)))
