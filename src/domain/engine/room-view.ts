import type { RoomActor } from '../room/actor.ts'
import type { Batch } from '../room/batch.ts'
import { isEntry, type Member, type PastEvent, type RoomEvent } from '../room/events.ts'
import { publicFacts } from '../room/facts.ts'
import { type Holders, holdersOf } from '../room/receipts.ts'
import type { RoomRules } from '../room/rules.ts'
import type { RoomFile, RoomState } from '../room/state.ts'
import { admits, isVisibleTo, ownVisibility, type Reader } from '../room/visibility.ts'
import type { Erasures } from './erasures.ts'
import type { History, HistoryReader } from './history.ts'

/** One step through a room's history. */
export interface Page {
  readonly events: readonly PastEvent[]
  readonly read: number
  readonly upTo: number
}

/** A room as one member may see it: its people and files, its events, and its history. */
export class RoomView implements HistoryReader {
  /** The member's id, which never changes. */
  readonly id: string
  protected readonly actor: RoomActor
  readonly #reads: string
  readonly #history: History
  readonly #erasures: Erasures

  /** `reads`: the id of the member whose entries it may read. */
  constructor(
    id: string,
    { room, reads }: { readonly room: RoomActor; readonly reads: string },
    { history, erasures }: { readonly history: History; readonly erasures: Erasures },
  ) {
    this.id = id
    this.actor = room
    this.#reads = reads
    this.#history = history
    this.#erasures = erasures
  }

  /** The access rights of the moment. */
  protected get reader(): Reader {
    return this.actor.reader(this.#reads)
  }

  /** The subnet of its address, which it may share with others; empty without an address. */
  get subnet(): string {
    return this.actor.subnetOf(this.id)
  }

  /** The room's name. */
  get room(): string {
    return this.actor.state.name
  }

  get rules(): RoomRules {
    return this.actor.state.rules
  }

  /** Author and time of the newest topic; undefined before the first. */
  get topicSet(): RoomState['topicSet'] {
    return this.actor.state.topicSet
  }

  /** Sequence of the room's newest entry. */
  get last(): number {
    return this.actor.state.last
  }

  /** The members listed at the moment. */
  get members(): readonly Member[] {
    return [...this.actor.state.members.values()]
  }

  /** Whether a member with this id is present, according to the events published so far. */
  lists(id: string): boolean {
    return this.actor.lists(id)
  }

  /** The listed members by id, according to the events published so far. */
  get publishedMembers(): ReadonlyMap<string, Member> {
    return this.actor.publishedMembers
  }

  /** Names and addresses with a ban, or with a mute. */
  restrained(by: 'bans' | 'mutes'): readonly string[] {
    return Array.from(this.actor.state[by].names.values(), ({ name }) => name)
  }

  /** The files that this member may see. */
  get files(): readonly RoomFile[] {
    const { reader } = this
    return [...this.actor.state.files.values()].filter(({ file }) => admits(file.audience, reader))
  }

  /** One of them. */
  file(id: string): RoomFile | undefined {
    return this.actor.file(id, this.#reads)
  }

  /** The members who may see a file. */
  viewersOf({ file }: RoomFile): readonly Member[] {
    return this.members.filter(({ id }) => admits(file.audience, this.actor.reader(id)))
  }

  /** The members who have a file. */
  holdersOf(file: RoomFile): Holders {
    return holdersOf(this.actor.state, file)
  }

  /** Whether this member may see an event at the moment. */
  sees(event: RoomEvent): boolean {
    return isVisibleTo(event, this.reader)
  }

  /** This member's view of a batch; undefined: the public one (`visibilityOf`). */
  visibleIn(batch: Batch): readonly RoomEvent[] | undefined {
    return ownVisibility(batch, this.#reads, () => this.reader)
  }

  /** The newest `count` entries so far that this member may see, oldest first. */
  async history(count: number): Promise<readonly PastEvent[]> {
    return await this.read(Math.max(0, this.last - count), count)
  }

  /** The entries after `after` that this member may see, about `limit` and never more, with `missed` for gaps between them. */
  async read(after: number, limit: number): Promise<readonly PastEvent[]> {
    const found: PastEvent[] = []
    let left = limit
    for (let at = after; left > 0 && at < this.last; ) {
      const { events, upTo } = await this.page(at, left)
      for (const event of events) {
        found.push(event)
        if (isEntry(event) && --left === 0) return this.current(found)
      }
      at = upTo
    }
    return this.current(found)
  }

  /**
   * One page of history: the visible ones of the `read` entries, about `limit`, after `after` and up to `upTo`, with `missed` for
   * entries that the room should have and has lost.
   */
  async page(after: number, limit: number): Promise<Page> {
    const events: PastEvent[] = []
    const { last } = this
    let read = 0
    // Trimmed entries are not damaged.
    let upTo = Math.max(after, this.actor.first - 1)
    const come = (to: number) => {
      if (to > upTo) events.push({ type: 'missed', from: upTo + 1, to })
      upTo = Math.max(upTo, to)
    }
    const batches = upTo < last ? await this.#history.read(this, upTo, limit) : []
    if (batches.length === 0) come(last)
    for (const stored of batches) {
      const batch = this.#erasures.batch(stored)
      come(batch.first! - 1)
      read += batch.entries.length
      for (const event of batch.events) if (isEntry(event) && this.sees(event)) events.push(event)
      upTo = batch.last!
    }
    return { events, read, upTo }
  }

  /** Past events read earlier, without messages removed since. */
  current(events: readonly PastEvent[]): readonly PastEvent[] {
    return this.#erasures.events(this.room, events)
  }

  /** The newest entries with every word of `query`, at most `limit`, oldest first. Whispers are never found. */
  async search(query: string, limit: number): Promise<readonly PastEvent[]> {
    // Hits that the member may not see are left out; the search then goes further back.
    for (let reach = limit; ; reach *= 2) {
      const found = await this.#history.search(this, query, reach)
      const seen = publicFacts(this.current(found)).filter(
        (event): event is PastEvent => event.type !== 'erased' && this.sees(event),
      )
      if (seen.length >= limit || found.length < reach) return seen.slice(-limit)
    }
  }
}
