import type { Rejected } from '../rejection.ts'
import { rejected } from '../rejection.ts'
import { RoomActor, type Wake } from '../room/actor.ts'
import { Refused } from '../session.ts'
import type { EngineLimits } from './limits.ts'
import type { Ports } from './ports.ts'

/** One room that is in use, and how many use it: members and uploads. `seats` are those of members. */
interface Loaded {
  readonly room: Promise<RoomActor>
  /** The same, once it is there. */
  actor: RoomActor | undefined
  users: number
  seats: number
}

/** A room as a list of rooms tells of it; `last` is its newest sequence. */
export interface RoomSummary {
  readonly name: string
  readonly members: number
  readonly last: number
}

/**
 * The rooms in use, by name: made or read back on first use, let go of when nobody uses them and nothing waits in them to be committed
 * and shown. The journal keeps the rest. So there is one actor of a room at a time, and it is the one that numbers its entries.
 */
export class Rooms {
  readonly #ports: Ports
  readonly #limits: EngineLimits
  readonly #wake: Wake
  readonly #loaded = new Map<string, Loaded>()
  /** Rooms with members. */
  #seated = 0
  /** Rooms that are in use or have a history, by name; asked for once. */
  #known: Promise<Set<string>> | undefined

  constructor(ports: Ports, limits: EngineLimits, wake: Wake) {
    this.#ports = ports
    this.#limits = limits
    this.#wake = wake
  }

  get count(): number {
    return this.#loaded.size
  }

  /** Rooms that are in use or have a history, by name. */
  async summaries(): Promise<readonly RoomSummary[]> {
    const { journal } = this.#ports
    const settled = await Promise.allSettled(Array.from(this.#loaded.values(), ({ room }) => room))
    const inUse = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value.state] : []))
    const summaries = inUse.map(({ name, members, last }) => ({ name, members: members.size, last }))
    const seen = new Set(summaries.map(({ name }) => name))
    for (const [name, { last }] of await journal.rooms())
      if (!seen.has(name)) summaries.push({ name, members: 0, last })
    return summaries.sort((one, other) => (one.name < other.name ? -1 : 1))
  }

  /** Takes a member's share in the room; give it back with `leave`. Throws `Refused` where a new room would be one too many to keep. */
  async enter(name: string): Promise<RoomActor | Rejected> {
    const { rooms } = this.#limits
    // Uploads that wait in rooms without members keep nobody out (C66).
    if (this.#seated >= rooms && !this.#loaded.get(name)?.seats)
      return rejected('TOO_MANY_ROOMS', `this host has its ${rooms} rooms in use; join one of them`)
    const loaded = this.#share(name)
    if (loaded.seats++ === 0) this.#seated++
    try {
      return await loaded.room
    } catch (error) {
      this.leave(name)
      throw error
    }
  }

  leave(name: string): void {
    const loaded = this.#loaded.get(name)
    if (loaded !== undefined && --loaded.seats === 0) this.#seated--
    this.release(name)
  }

  /** Takes a share in a room that there is; give it back with `release`. */
  async use(name: string): Promise<RoomActor> {
    try {
      return await this.#share(name).room
    } catch (error) {
      this.release(name)
      throw error
    }
  }

  /** Keeps a room for as long as `run` takes. For whoever has a share in it, and may lose that meanwhile. */
  async during<T>({ state: { name } }: RoomActor, run: () => Promise<T>): Promise<T> {
    this.#share(name)
    try {
      return await run()
    } finally {
      this.release(name)
    }
  }

  #share(name: string): Loaded {
    const loaded = this.#loaded.get(name) ?? this.#begin(name)
    loaded.users++
    return loaded
  }

  #begin(name: string): Loaded {
    const loaded: Loaded = { room: this.#load(name), actor: undefined, users: 0, seats: 0 }
    this.#loaded.set(name, loaded)
    loaded.room.then(
      (room) => {
        loaded.actor = room
        this.letGo(room)
      },
      // Who used it has been told.
      () => {},
    )
    return loaded
  }

  release(name: string): void {
    const loaded = this.#loaded.get(name)
    if (loaded === undefined || --loaded.users > 0) return
    if (loaded.actor !== undefined) this.letGo(loaded.actor)
    // One that fails to load has nothing to close.
    else loaded.room.catch(() => this.#forget(name, loaded))
  }

  /** Lets go of a room that nobody uses and in which nothing waits; of any other, nothing happens. */
  letGo(room: RoomActor): void {
    const { last, name } = room.state
    const loaded = this.#loaded.get(name)
    if (loaded === undefined || loaded.actor !== room || loaded.users > 0 || !room.idle) return
    this.#forget(name, loaded)
    room.close()
    // A room in which nothing was said vanishes.
    if (last === 0) this.#known?.then((known) => this.#loaded.has(name) || known.delete(name))
  }

  #forget(name: string, loaded: Loaded): void {
    if (loaded.users === 0 && this.#loaded.get(name) === loaded) this.#loaded.delete(name)
  }

  async #load(name: string): Promise<RoomActor> {
    this.#known ??= this.#ports.journal.rooms().then((spans) => new Set(spans.keys()))
    const known = await this.#known
    // A history stays when its room is empty, so that these too have to end somewhere (C66).
    if (!known.has(name) && known.size >= this.#limits.keptRooms) throw new Refused(tooManyKept)
    known.add(name)
    const [span, facts] = await Promise.all([this.#ports.journal.span(name), this.#ports.journal.facts(name)])
    return new RoomActor(name, span, facts, this.#limits, this.#wake)
  }
}

const tooManyKept = rejected('TOO_MANY_ROOMS', 'this host keeps as many rooms as it may; join one of them')
