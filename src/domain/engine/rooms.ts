import type { Rejected } from '../rejection.ts'
import { rejected } from '../rejection.ts'
import { RoomActor, type Wake } from '../room/actor.ts'
import type { Mail } from '../room/commands.ts'
import type { RoomFile } from '../room/state.ts'
import { Refused } from '../session.ts'
import type { FairTurns } from './fair-turns.ts'
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
  /** Rooms that are in use or have a history, by name, with the newest sequence of each. Asked for once, and kept up to date. */
  #known: Promise<Map<string, number>> | undefined
  readonly #lasts = new Map<string, number>()
  /** Their names in order, until there is another. */
  #names: readonly string[] | undefined
  readonly #reads: FairTurns

  /** `reads` gives each room its turn at the journal. */
  constructor(ports: Ports, limits: EngineLimits, wake: Wake, reads: FairTurns) {
    this.#ports = ports
    this.#limits = limits
    this.#wake = wake
    this.#reads = reads
  }

  get count(): number {
    return this.#loaded.size
  }

  /** Rooms that are in use or have a history, by name. Costs no look into the journal. */
  async summaries(): Promise<readonly RoomSummary[]> {
    const known = await this.#all()
    const settled = await Promise.allSettled(Array.from(this.#loaded.values(), ({ room }) => room))
    const inUse = new Map(
      settled.flatMap((each) => (each.status === 'fulfilled' ? [[each.value.state.name, each.value.state]] : [])),
    )
    this.#names ??= [...known.keys()].sort()
    return this.#names.flatMap((name) => {
      const state = inUse.get(name)
      const last = state?.last ?? known.get(name) ?? 0
      return state === undefined && last === 0 ? [] : [{ name, members: state?.members.size ?? 0, last }]
    })
  }

  /** Notes that something was committed in a room. */
  grew({ state: { name, last } }: RoomActor): void {
    if (!this.#lasts.has(name)) this.#names = undefined
    this.#lasts.set(name, last)
  }

  #all(): Promise<Map<string, number>> {
    this.#known ??= this.#ports.journal.rooms().then((spans) => {
      for (const [name, { last }] of spans) this.#lasts.set(name, last)
      return this.#lasts
    })
    return this.#known
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
  #close(room: RoomActor): void {
    room.close()
    const { last, name } = room.state
    if (last > 0 || this.#loaded.has(name)) return
    this.#lasts.delete(name)
    this.#names = undefined
  }

  async #load(name: string): Promise<RoomActor> {
    const known = await this.#all()
    // A history stays when its room is empty, so that these too have to end somewhere (C66).
    if (!known.has(name)) {
      if (known.size >= this.#limits.keptRooms) throw new Refused(tooManyKept)
      known.set(name, 0)
      this.#names = undefined
    }
    const { journal } = this.#ports
    const [span, facts] = await this.#reads.run(name, () => Promise.all([journal.span(name), journal.facts(name)]))
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
