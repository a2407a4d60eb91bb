import { type Observable, Subject } from 'rxjs'
import { type Rejected, rejected } from '../errors.ts'
import type { RoomEvent } from './events.ts'
import { because, noteRestraint, unseat } from './moderation.ts'
import type { Connection, Origin, RoomState } from './state.ts'

/**
 * A member is a person in a room, and may have several connections: tabs, devices, programs. Presence belongs to the member: it begins
 * with the first listed connection and ends with the last. Rules apply to the member, whichever connection speaks; a rule for an address
 * applies to every member with a connection from there.
 */

/** Notes a connection, from before its member joins by it until it ends. */
export function connect(state: RoomState, id: string, origin: Origin, isListed: boolean): Connection {
  const connection = { isListed, ...(origin.address === undefined ? {} : { address: origin.address }) }
  const others = state.connections.get(id)
  // A connection for one request says nothing about where its member is.
  if (others === undefined || isListed) state.origins.set(id, origin)
  state.connections.set(id, [...(others ?? []), connection])
  return connection
}

/** The connection has ended. Its member may still have to leave, and to be forgotten after that. */
export function disconnect(state: RoomState, id: string, connection: Connection): void {
  const others = state.connections.get(id)?.filter((each) => each !== connection) ?? []
  if (others.length === 0) state.connections.delete(id)
  else state.connections.set(id, others)
  const newest = others.findLast(({ isListed }) => isListed)
  const origin = state.origins.get(id)
  if (newest === undefined || origin === undefined) return
  const { address: _, ...rest } = origin
  state.origins.set(id, { ...rest, ...(newest.address === undefined ? {} : { address: newest.address }) })
  renote(state, id)
}

/** Lists a hidden connection, or hides it again. Answers its new form. */
function list(state: RoomState, id: string, connection: Connection, isListed: boolean): Connection {
  const changed = { ...connection, isListed }
  const all = state.connections.get(id) ?? []
  const after = all.map((each) => (each === connection ? changed : each))
  state.connections.set(id, after)
  return changed
}

export const hasListed = ({ connections }: Pick<RoomState, 'connections'>, id: string): boolean =>
  connections.get(id)?.some(({ isListed }) => isListed) === true

/** Updates the rules that apply to a present member, after another connection has opened or closed. */
function renote(state: RoomState, id: string): void {
  const member = state.members.get(id) ?? state.hidden.get(id)
  if (member !== undefined) noteRestraint(state, member)
}

/** Forgets a member that has left and has no connection. */
export function forget(state: RoomState, id: string): void {
  if (state.connections.has(id) || state.members.has(id)) return
  unseat(state, id)
  state.hidden.delete(id)
}

/** One connection of a member, as seen by the room. */
export interface RoomConnection {
  /** Sets whether presence depends on this connection. */
  list(isListed: boolean): void
  /** The member has joined by it: rules for its address apply to the member. */
  joined(): void
  /** It has ended. Then have the member leave, which does nothing while it has other connections. */
  end(): void
  /** Forgets the member after it has left, or was refused. */
  forget(): void
}

/** The connections of a room's members, with the callback for the end of each membership. */
export class Connections {
  readonly #state: RoomState
  readonly #changes = new Subject<string>()
  /** The callbacks of each member's connections. */
  readonly #kicked = new Map<string, readonly ((why: Rejected) => void)[]>()

  constructor(state: RoomState) {
    this.#state = state
  }

  /** The id of each member with a connection opened or closed. */
  get changes$(): Observable<string> {
    return this.#changes.asObservable()
  }

  /**
   * Registers a connection before its member joins by it, or is admitted hidden. `kicked` is called with the reason when the room ends
   * the membership.
   */
  register(id: string, origin: Origin, isListed: boolean, kicked: (why: Rejected) => void): RoomConnection {
    const state = this.#state
    let connection = connect(state, id, origin, isListed)
    this.#kicked.set(id, [...(this.#kicked.get(id) ?? []), kicked])
    return {
      list: (listed) => {
        connection = list(state, id, connection, listed)
      },
      joined: () => {
        renote(state, id)
        this.#changes.next(id)
      },
      end: () => {
        disconnect(state, id, connection)
        const others = (this.#kicked.get(id) ?? []).filter((each) => each !== kicked)
        if (others.length > 0) this.#kicked.set(id, others)
        else this.#kicked.delete(id)
      },
      forget: () => {
        forget(state, id)
        this.#changes.next(id)
      },
    }
  }

  /** Tells the connections of the members that these events have removed. */
  evict(events: readonly RoomEvent[]): void {
    for (const event of events) {
      if (event.type === 'left' && event.kickedBy !== undefined)
        this.#end(event.by.id, rejected('NOT_A_MEMBER', event.reason))
      if (event.type !== 'banned') continue
      for (const [id, restraint] of this.#state.restrained)
        if (restraint === 'banned') this.#end(id, rejected('BANNED', because('banned', event.by, event.reason)))
    }
  }

  #end(id: string, why: Rejected): void {
    for (const kicked of this.#kicked.get(id) ?? []) kicked(why)
  }

  close(): void {
    this.#changes.complete()
  }
}
