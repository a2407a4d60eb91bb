import { noteRestraint, unseat } from './moderation.ts'
import type { Connection, Origin, RoomState } from './state.ts'

/**
 * A member is a person in a room, and may have several connections: tabs, devices, programs. Presence is the member's: it begins with the
 * first listed connection and ends with the last. Rules hold for the member, whichever connection speaks; one on an address holds for a member
 * with any connection from there.
 */

/** Notes a connection, from before its member joins by it until it is over. */
export function connect(state: RoomState, id: string, origin: Origin, isListed: boolean): Connection {
  const connection = { isListed, ...(origin.address === undefined ? {} : { address: origin.address }) }
  const others = state.connections.get(id)
  // A connection for one request says nothing of where its member is.
  if (others === undefined || isListed) state.origins.set(id, origin)
  state.connections.set(id, [...(others ?? []), connection])
  return connection
}

/** The connection is over; its member may still have to leave, and then to be forgotten. */
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

/** Lists a hidden connection, or hides it again; answers the one that it is now. */
export function list(state: RoomState, id: string, connection: Connection, isListed: boolean): Connection {
  const changed = { ...connection, isListed }
  const all = state.connections.get(id) ?? []
  const after = all.map((each) => (each === connection ? changed : each))
  state.connections.set(id, after)
  return changed
}

export const hasListed = ({ connections }: Pick<RoomState, 'connections'>, id: string): boolean =>
  connections.get(id)?.some(({ isListed }) => isListed) === true

/** Notes the restraint on a present member anew: another connection has come or gone. */
export function renote(state: RoomState, id: string): void {
  const member = state.members.get(id) ?? state.hidden.get(id)
  if (member !== undefined) noteRestraint(state, member)
}

/** Forgets a member who has left and has no connection any more. */
export function forget(state: RoomState, id: string): void {
  if (state.connections.has(id) || state.members.has(id)) return
  unseat(state, id)
  state.hidden.delete(id)
}
