import { createHash } from 'node:crypto'
import type { Engine } from '#domain/engine/engine.ts'
import type { LocalSession } from '#domain/engine/session.ts'

/** One connection of a person. */
export interface KeyHolder {
  /** Its session, while it is in a room. */
  readonly session: LocalSession | undefined
  /** The host's token, or an invitation, that it has shown. */
  readonly credential: string | undefined
  /** When something last came from it, by the clock's `elapsed`. */
  readonly heardAt: number
  /** The client's own id of itself: the same when it reconnects. */
  readonly client: string | undefined
  /** What carries it: one connection may carry a session for each of its rooms. */
  readonly carrier: object
  /** Another connection has its place: says so, ends, and resolves when this one has left its room. */
  replaced(): Promise<void>
}

/** A person on this host: what a key stands for, with all connections that show it; or a connection without a key. */
export interface Person {
  readonly id: string
  /** The nick, which is the person's in all rooms, until the last connection is over. */
  nick: string | undefined
  readonly connections: ReadonlySet<KeyHolder>
}

interface KeyedPerson extends Person {
  readonly connections: Set<KeyHolder>
}

const NO_OTHERS: ReadonlySet<KeyHolder> = new Set()

/** The person of a connection without a key: nobody looks for others of theirs. */
export const keyless = (id: string): Person => ({ id, nick: undefined, connections: NO_OTHERS })

/** Whether a person is in a room by another of their connections. */
export const isHereBesides = (holder: KeyHolder, { connections }: Person): boolean =>
  [...connections].some((each) => each !== holder && each.session !== undefined)

/** The persons who are connected to this host by a key, over all servers. */
export class KeyRegistry {
  readonly #engine: Engine
  readonly #mostConnections: number
  readonly #persons = new Map<string, KeyedPerson>()

  constructor(engine: Engine, mostConnections: number) {
    this.#engine = engine
    this.#mostConnections = mostConnections
  }

  /** Adds a connection to the person of this id. One too many ends the one from which nothing has come for the longest time: it may be dead. */
  enter(id: string, holder: KeyHolder): Person {
    const person: KeyedPerson = this.#persons.get(id) ?? { id, nick: undefined, connections: new Set() }
    this.#persons.set(id, person)
    const carriers = new Set(Array.from(person.connections, ({ carrier }) => carrier))
    if (carriers.size >= this.#mostConnections && !carriers.has(holder.carrier)) {
      const [quietest] = [...person.connections].sort((one, other) => one.heardAt - other.heardAt)
      for (const each of person.connections) if (each.carrier === quietest?.carrier) void each.replaced()
    }
    person.connections.add(holder)
    return person
  }

  /** A session of a person in a room; undefined where none of their connections is there just now. */
  sessionOf(id: string, room: string): LocalSession | undefined {
    for (const { session } of this.#persons.get(id)?.connections ?? []) if (session?.room === room) return session
    return undefined
  }

  /** The connection of a person in a room from which something came last; undefined where none of theirs is in a room. */
  lastHeard(id: string): KeyHolder | undefined {
    const inRooms = [...(this.#persons.get(id)?.connections ?? [])].filter(({ session }) => session !== undefined)
    return inRooms.toSorted((one, other) => one.heardAt - other.heardAt).at(-1)
  }

  /** Whether a person is in a room just now, or in this one. */
  isHere(id: string, room?: string): boolean {
    const connections = [...(this.#persons.get(id)?.connections ?? [])]
    return connections.some(({ session }) => session !== undefined && (room === undefined || session.room === room))
  }

  /** A connection is over. With the last one, the person's nicks are free. */
  release(person: Person, holder: KeyHolder): void {
    const keyed = this.#persons.get(person.id)
    if (keyed !== person) return
    keyed.connections.delete(holder)
    if (keyed.connections.size > 0) return
    this.#persons.delete(person.id)
    this.#engine.forget(person.id)
  }
}

/** The public id that a key stands for: the key can't be told from it. */
export const personOf = (key: string): string =>
  createHash('sha256').update(`tamtam ${key}`).digest().subarray(0, 16).toString('base64url')
