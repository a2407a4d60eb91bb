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

/** A step through a room's history. */
export interface Page {
  readonly events: readonly PastEvent[]
  readonly read: number
  readonly upTo: number
}

/** A room as one member may see it: its people and files, what happens in it, and its history. */
export class RoomView implements HistoryReader {
  /** The member's id, which never changes. */
  readonly id: string
  protected readonly actor: RoomActor
  readonly #reads: string
  readonly #history: History
  readonly #erasures: Erasures

  /** `reads`: the id of the member for whom it reads. */
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

  /** The access rights that hold at this moment. */
  protected get reader(): Reader {
    return this.actor.reader(this.#reads)
  }

  /** The subnet of its address, which it may share with others; empty where it came without one. */
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

  /** Who changed the room's topic last, and when; undefined until somebody did. */
  get topicSet(): RoomState['topicSet'] {
    return this.actor.state.topicSet
  }

  /** Sequence of the room's newest entry. */
  get last(): number {
    return this.actor.state.last
  }

  /** The listed members at this moment. */
  get members(): readonly Member[] {
    return [...this.actor.state.members.values()]
  }

  /** Whether a member of this id is here, as far as the room's events have told of it by now. */
  lists(id: string): boolean {
    return this.actor.lists(id)
  }

  /** The same by id, as far as the room's events have told of them by now. */
  get publishedMembers(): ReadonlyMap<string, Member> {
    return this.actor.publishedMembers
  }

  /** Names and addresses that bans hold for, or mutes. */
  restrained(by: 'bans' | 'mutes'): readonly string[] {
    return Array.from(this.actor.state[by].names.values(), ({ name }) => name)
  }

  /** Those that this member may see. */
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

  /** Who of the members has a file. */
  holdersOf(file: RoomFile): Holders {
    return holdersOf(this.actor.state, file)
  }

  /** Whether this member may see an event, as things stand now. */
  sees(event: RoomEvent): boolean {
    return isVisibleTo(event, this.reader)
  }

  /** This member's view of a batch; undefined: the same as everybody's (`visibilityOf`). */
  visibleIn(batch: Batch): readonly RoomEvent[] | undefined {
    return ownVisibility(batch, this.#reads, () => this.reader)
  }

  /** The newest `count` entries before now that this member may see, oldest first. */
  async history(count: number): Promise<readonly PastEvent[]> {
    return await this.read(Math.max(0, this.last - count), count)
  }

  /** About `limit` entries after `after`, and at most that many, that this member may see, and where entries are `missed` between them. */
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
   * One page of history: the visible ones of the `read` entries, about `limit`, after `after` and up to `upTo`, and the gaps where entries are
   * `missed` that the room should have.
   */
  async page(after: number, limit: number): Promise<Page> {
    const events: PastEvent[] = []
    const { last } = this
    let read = 0
    // Entries dropped by retention were not damaged.
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

  /** Past events that were read before, as they are by now: messages among them may have been removed. */
  current(events: readonly PastEvent[]): readonly PastEvent[] {
    return this.#erasures.events(this.room, events)
  }

  /** The newest entries with every word of `query`, at most `limit`, oldest first. Whispers are never found. */
  async search(query: string, limit: number): Promise<readonly PastEvent[]> {
    // Hits that the member may not see are left out: then it searches further back.
    for (let reach = limit; ; reach *= 2) {
      const found = await this.#history.search(this, query, reach)
      const seen = publicFacts(this.current(found)).filter(
        (event): event is PastEvent => event.type !== 'erased' && this.sees(event),
      )
      if (seen.length >= limit || found.length < reach) return seen.slice(-limit)
    }
  }
}
