import { type Observable, Subject } from 'rxjs'
import { type Rejected, rejected } from '../errors.ts'
import { checkNick } from '../names/nick.ts'
import { isShared, type Trimmed } from '../ports/journal.ts'
import type { SharedNames } from '../ports/shared-names.ts'
import { RoomActor, type Wake } from '../room/actor.ts'
import type { Batch } from '../room/batch.ts'
import type { Role } from '../room/events.ts'
import { skeletonOf } from '../room/moderation.ts'
import type { RoomState } from '../room/state.ts'
import { Refused } from '../session.ts'
import type { History } from './history.ts'
import type { EngineLimits, Ports } from './limits.ts'
import { shareMembers } from './remote-members.ts'

/** A join without a network. Only `room` and `name` are required. */
export interface JoinRequest {
  /** Refused with `BAD_ROOM` unless it is a room name: letters, digits, `-`, `_` and `.`, at most 64 bytes. */
  readonly room: string
  /** The nick. Refused with `BAD_NAME`, or with `NAME_TAKEN` if another member has the same or a confusable one. */
  readonly name: string
  /** `name` is the address of a member without a nick: not checked, and possibly shared. */
  readonly guest?: boolean
  /** The id of the nick's owner: an owner keeps the nick from room to room. */
  readonly owner?: string
  /**
   * The member's id, for a client that is recognised when it reconnects: whispers to it stay readable. If the member is in the room
   * already, this is one more connection under the name it has there, and nobody is told.
   */
  readonly member?: string
  /**
   * Identifies the person, by which a room knows its operators. Never a secret itself, since it stands in the room's history, but a
   * digest of one. Left out: a new person.
   */
  readonly person?: string
  /** The member has no key, so its next connection is another person. Left out with a `person`. */
  readonly keyless?: boolean
  /** The client's address: bans and mutes by address apply to it. A guest's name is an address. */
  readonly address?: string
  /** For the host's own terminal, for holders of the owner's key, and for members whom the `access` rule gives a role. */
  readonly role?: Role
  /** The member has an invitation, and may enter a locked room. */
  readonly invited?: boolean
  /** The person who made the invitation, until the invited member has joined. */
  readonly inviter?: string
  /**
   * The id of the member whose entries it may read: for a signed link that belongs to a member, who may be elsewhere. Left out: its own.
   */
  readonly reads?: string
  /** Neither announced nor listed, but able to speak: for programs that come for one request. */
  readonly hidden?: boolean
  /** The sequence after which `events$` begins; left out: now. */
  readonly after?: number
}

/** A nick, by its skeleton, was taken or freed. */
export interface NickChange {
  readonly skeleton: string
  readonly isTaken: boolean
}

/** The nicks taken on this host, by skeleton: two confusable nicks are one (C63). */
export class NickRegistry {
  readonly #owners = new Map<string, string>()
  /** The skeletons of each owner. */
  readonly #skeletons = new Map<string, Set<string>>()
  /** Claims without an outcome yet, by owner: an owner may have several connections. */
  readonly #claims = new Map<string, number>()
  /** Owners with nicks to free once no claim of theirs is open. */
  readonly #due = new Set<string>()
  readonly #namesOf: (owner: string) => Iterable<string>
  readonly #changes = new Subject<NickChange>()
  readonly changes$ = this.#changes.asObservable()
  readonly #shared: SharedNames | undefined

  /** `namesOf`: the names that an owner has in rooms at the moment. `shared`: the names at other hosts. */
  constructor(namesOf: (owner: string) => Iterable<string>, shared?: SharedNames) {
    this.#namesOf = namesOf
    this.#shared = shared
  }

  /**
   * Takes the nick for `owner`, who may have it already in another spelling. Answers the name as it will be shown. Call `settle` once it
   * is in use, or will not be.
   */
  claim(raw: string, owner: string): string | Rejected {
    const nick = checkNick(raw)
    if ('type' in nick) return nick
    const holder = this.#owners.get(nick.skeleton)
    if (holder !== undefined && holder !== owner) return nameTaken
    this.#owners.set(nick.skeleton, owner)
    if (holder === undefined) this.#changes.next({ skeleton: nick.skeleton, isTaken: true })
    const skeletons = this.#skeletons.get(owner)
    if (skeletons === undefined) this.#skeletons.set(owner, new Set([nick.skeleton]))
    else skeletons.add(nick.skeleton)
    this.#claims.set(owner, (this.#claims.get(owner) ?? 0) + 1)
    return nick.name
  }

  isTaken(skeleton: string): boolean {
    return this.#owners.has(skeleton)
  }

  /** Takes a name answered by `claim` at the other hosts too. After a refusal, free it here. `isBrief`: it is needed for a moment only. */
  async agree(name: string, owner: string, isBrief = false): Promise<Rejected | undefined> {
    if (this.#shared === undefined) return undefined
    const skeleton = skeletonOf(name)
    const answer = isBrief ? await this.#shared.look(skeleton, owner) : await this.#shared.claim(skeleton, owner)
    if (answer === 'unknown') return namesUnknown
    return answer === 'taken' ? nameTaken : undefined
  }

  settle(owner: string): void {
    const left = (this.#claims.get(owner) ?? 1) - 1
    if (left > 0) {
      this.#claims.set(owner, left)
      return
    }
    this.#claims.delete(owner)
    if (this.#due.delete(owner)) this.release(owner)
  }

  /** Frees every nick of `owner` but `keep` and those in use. With claims open, it does so when the last of them is settled (C65). */
  release(owner: string, keep?: string): void {
    if (this.#claims.has(owner)) {
      this.#due.add(owner)
      return
    }
    const skeletons = this.#skeletons.get(owner)
    if (skeletons === undefined) return
    const kept = new Set([...this.#namesOf(owner), ...(keep === undefined ? [] : [keep])].map(skeletonOf))
    for (const skeleton of skeletons) {
      if (kept.has(skeleton)) continue
      skeletons.delete(skeleton)
      this.#owners.delete(skeleton)
      this.#shared?.release(skeleton)
      this.#changes.next({ skeleton, isTaken: false })
    }
    if (skeletons.size === 0) this.#skeletons.delete(owner)
  }
}

/** A room in use, with the number of its users: members and uploads. `seats` counts the members. */
interface Loaded {
  readonly room: Promise<RoomActor>
  /** The actor, once it is loaded. */
  actor: RoomActor | undefined
  users: number
  seats: number
}

const MOST_ATTENDED_ROOMS = 100

/** A room in a list of rooms; `last` is its newest sequence. */
export interface RoomSummary {
  readonly name: string
  readonly members: number
  readonly last: number
  /** Only members may know that the room exists. */
  readonly unlisted?: true
}

/**
 * The rooms in use, by name. A room is created or read back on first use, and released when nobody uses it and nothing in it waits to be
 * committed or published. The journal keeps the rest. So a room has one actor at a time, and that one numbers its entries.
 */
export class Rooms {
  readonly #ports: Ports
  readonly #limits: EngineLimits
  readonly #wake: Wake
  readonly #loaded = new Map<string, Loaded>()
  readonly #opened = new Subject<RoomActor>()
  /** Number of rooms with members. */
  #seated = 0
  /** The newest sequence of each room that is in use or has a history. Asked of the journal once, then kept up to date. */
  #known: Promise<Map<string, number>> | undefined
  readonly #lasts = new Map<string, number>()
  readonly #unlisted = new Set<string>()
  /** Their names in order; undefined after a new one. */
  #names: readonly string[] | undefined
  readonly #history: History
  /** For rooms not in use: the members they have had since they began to collect. */
  readonly #attended = new Map<string, RoomState['attended']>()
  /** Start of that knowledge, in milliseconds since 1970. */
  readonly since: number

  constructor(ports: Ports, limits: EngineLimits, wake: Wake, history: History) {
    this.since = ports.clock.now()
    this.#ports = ports
    this.#limits = limits
    this.#wake = wake
    this.#history = history
  }

  /** Rooms in use. */
  get open(): readonly RoomActor[] {
    return Array.from(this.#loaded.values()).flatMap(({ actor }) => actor ?? [])
  }

  /** Each room created or read back from now on. */
  get opened$(): Observable<RoomActor> {
    return this.#opened.asObservable()
  }

  get count(): number {
    return this.#loaded.size
  }

  /** Rooms that are in use or have a history, by name. Does not read the journal. */
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
      const hidden = this.#unlisted.has(name) ? { unlisted: true as const } : {}
      return state === undefined && last === 0 ? [] : [{ name, members: state?.members.size ?? 0, last, ...hidden }]
    })
  }

  /** Notes that something was committed in a room. */
  grew({ state: { name, last, rules } }: RoomActor): void {
    this.#grew(name, last)
    this.#note(name, rules.unlisted)
  }

  #note(name: string, isUnlisted: boolean): void {
    if (isUnlisted) this.#unlisted.add(name)
    else this.#unlisted.delete(name)
  }

  #grew(name: string, last: number): void {
    if (!this.#lasts.has(name)) this.#names = undefined
    this.#lasts.set(name, last)
  }

  /** Notes the rooms that were unlisted at the host's start. */
  hide(rooms: readonly string[]): void {
    for (const room of rooms) this.#unlisted.add(room)
  }

  /** Takes in batches of other hosts, in the order of the shared journal. */
  adopt(batch: Batch): void {
    this.#grew(batch.room, batch.last ?? 0)
    for (const entry of batch.entries) if (entry.type === 'unlistedSet') this.#note(batch.room, entry.on)
    this.#whenLoaded(batch.room, (room) => room.adopt(batch))
  }

  /** The room's oldest entries were trimmed, here or by another host. */
  trimmed({ room: name, upTo }: Trimmed): void {
    this.#whenLoaded(name, (room) => {
      room.first = Math.max(room.first, upTo + 1)
    })
  }

  /** Runs at once, or after the room has been read back; not at all for a room not in use. */
  #whenLoaded(name: string, run: (room: RoomActor) => void): void {
    const loaded = this.#loaded.get(name)
    if (loaded?.actor !== undefined) run(loaded.actor)
    else loaded?.room.then(run, () => {})
  }

  #all(): Promise<Map<string, number>> {
    this.#known ??= this.#ports.journal.rooms().then((spans) => {
      for (const [name, { last }] of spans) this.#lasts.set(name, last)
      return this.#lasts
    })
    return this.#known
  }

  /** Uses the room for a member; `leave` ends that. Throws `Refused` when it would be one new room too many. */
  async enter(name: string): Promise<RoomActor | Rejected> {
    const { rooms } = this.#limits
    // Uploads waiting in rooms without members keep nobody out (C66).
    if (this.#seated >= rooms && !this.#loaded.get(name)?.seats)
      return rejected('TOO_MANY_ROOMS', `this host has its ${rooms} rooms in use; join one of them`)
    const loaded = this.#share(name)
    if (loaded.seats++ === 0) this.#seated++
    try {
      // A client from another host must find everything it saw there, so the room catches up first.
      if (loaded.actor !== undefined) await this.#caughtUp(name)
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

  /** Uses an existing room; `release` ends that. */
  async use(name: string): Promise<RoomActor> {
    try {
      return await this.#share(name).room
    } catch (error) {
      this.release(name)
      throw error
    }
  }

  /** Keeps a room in use while `run` is running, for callers who use it but may stop doing so in between. */
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
        this.#opened.next(room)
        this.letGo(room)
      },
      // Its members were told.
      () => {},
    )
    return loaded
  }

  release(name: string): void {
    const loaded = this.#loaded.get(name)
    if (loaded === undefined || --loaded.users > 0) return
    if (loaded.actor !== undefined) this.letGo(loaded.actor)
    // A room that failed to load has nothing to close.
    else loaded.room.catch(() => this.#forget(name, loaded))
  }

  /** Releases a room if nobody uses it and nothing waits in it. */
  letGo(room: RoomActor): void {
    const { last, name } = room.state
    const loaded = this.#loaded.get(name)
    if (loaded === undefined || loaded.actor !== room || loaded.users > 0 || !room.idle) return
    this.#forget(name, loaded)
    room.close()
    this.#keepAttended(room.state)
    // A room without entries vanishes.
    if (last > 0) return
    this.#lasts.delete(name)
    this.#names = undefined
  }

  #keepAttended({ name, attended }: Readonly<RoomState>): void {
    if (attended.size > 0) this.#attended.set(name, attended)
    const [oldest] = this.#attended.keys()
    if (this.#attended.size > MOST_ATTENDED_ROOMS && oldest !== undefined) this.#attended.delete(oldest)
  }

  #forget(name: string, loaded: Loaded): void {
    if (loaded.users === 0 && this.#loaded.get(name) === loaded) this.#loaded.delete(name)
  }

  async #load(name: string): Promise<RoomActor> {
    const all = await this.#all()
    // A history outlives its room's members, so their number needs a limit as well (C66).
    if (!all.has(name)) {
      if (all.size >= this.#limits.keptRooms) throw new Refused(tooManyKept)
      all.set(name, 0)
      this.#names = undefined
    }
    await this.#caughtUp(name)
    const [span, facts] = await this.#history.load(name)
    const attended = this.#attended.get(name)
    this.#attended.delete(name)
    const { journal, sharedMembers } = this.#ports
    // Facts of other hosts may arrive between the two reads: those are adopted.
    const last = span?.last ?? 0
    const known = isShared(journal) ? facts.filter(({ seq }) => seq <= last) : facts
    const room = new RoomActor(name, span, known, this.#limits, this.#wake, attended, isShared(journal))
    if (sharedMembers !== undefined) await shareMembers(room, sharedMembers)
    return room
  }

  async #caughtUp(name: string): Promise<void> {
    const { journal } = this.#ports
    if (isShared(journal)) await journal.caughtUp(name)
  }
}

const nameTaken = rejected('NAME_TAKEN', 'somebody here has that name, or one that looks like it; choose another')
const namesUnknown = rejected(
  'BUSY',
  'the other machines cannot be asked whether somebody has this name; try again in a moment',
)
const tooManyKept = rejected('TOO_MANY_ROOMS', 'this host keeps as many rooms as it may; join one of them')
