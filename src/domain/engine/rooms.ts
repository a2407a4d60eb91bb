import type { Rejected } from '../rejection.ts'
import { rejected } from '../rejection.ts'
import { RoomActor, type Wake } from '../room/actor.ts'
import type { Mail } from '../room/commands.ts'
import type { RoomFile } from '../room/state.ts'
import { Refused } from '../session.ts'
import type { EngineLimits } from './limits.ts'
import type { Ports } from './ports.ts'

/** One room that is in use, and how many use it: members and uploads. `seats` are those of members. */
interface Loaded {
  readonly room: Promise<RoomActor>
  users: number
  seats: number
}

/** A room as a list of rooms tells of it; `last` is its newest sequence. */
export interface RoomSummary {
  readonly name: string
  readonly members: number
  readonly last: number
}

/** The rooms in use, by name: made or read back on first use, let go of when nobody uses them. The journal keeps the rest. */
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

  #share(name: string): Loaded {
    const loaded = this.#loaded.get(name) ?? { room: this.#load(name), users: 0, seats: 0 }
    this.#loaded.set(name, loaded)
    loaded.users++
    return loaded
  }

  release(name: string): void {
    const loaded = this.#loaded.get(name)
    if (loaded === undefined || --loaded.users > 0) return
    this.#loaded.delete(name)
    // One that failed to load has nothing to close; who used it has been told.
    loaded.room.then(
      (room) => this.#close(room),
      () => {},
    )
  }

  /** A room in which nothing was said vanishes. */
  async #close(room: RoomActor): Promise<void> {
    room.close()
    const { last, name } = room.state
    const known = await this.#known
    if (last === 0 && !this.#loaded.has(name)) known?.delete(name)
  }

  async #load(name: string): Promise<RoomActor> {
    this.#known ??= this.#ports.journal.rooms().then((spans) => new Set(spans.keys()))
    const known = await this.#known
    // A history stays when its room is empty, so that these too have to end somewhere (C66).
    if (!known.has(name) && known.size >= this.#limits.keptRooms) throw new Refused(tooManyKept)
    known.add(name)
    const [span, facts] = await Promise.all([this.#ports.journal.span(name), this.#ports.journal.facts(name)])
    const room = new RoomActor(name, span, facts, this.#limits, this.#wake)
    // What had arrived when the host went down can be continued; where nothing had, nothing ever will.
    for (const each of room.state.files.values())
      if (each.status === 'offered' && (await this.#ports.vault.durable(each.file.id)) === undefined)
        room.tell(interrupted(each))
    return room
  }
}

const tooManyKept = rejected('TOO_MANY_ROOMS', 'this host keeps as many rooms as it may; join one of them')

const interrupted = ({ by, file }: RoomFile): Mail => ({
  by,
  commands: [{ type: 'withdrawFile', file: file.id, reason: 'the host was restarted while it arrived' }],
  refused: () => {},
})
