import { checkNick } from '../names/nick.ts'
import { subnetOf } from '../names/subnet.ts'
import type { Member, Role } from './member.ts'
import type { Rank } from './permissions.ts'
import type { Restraints, RoomState } from './state.ts'

/** So many who have gone are remembered by their names. */
const GONE = 1000

/** What a name is known by: its look, so that one that looks like it is it (C63). An address is itself. */
export function skeletonOf(name: string): string {
  const nick = checkNick(name)
  return 'type' in nick ? name : nick.skeleton
}

/** What bans and mutes are kept by: a look, or the household that an address belongs to (C70). */
export const ruleKey = (name: string): string => subnetOf(skeletonOf(name))

/** What somebody who is here is. */
export function rankOf(state: RoomState, id: string): Rank {
  const member = state.members.get(id)
  if (member === undefined && !state.quiet.has(id)) return 'stranger'
  const restraint = state.restrained.get(id)
  if (restraint !== undefined) return restraint
  if (member !== undefined) return member.role ?? 'member'
  return state.rules.locked && !isOfOneInside(state, id) ? 'outsider' : 'member'
}

/** What somebody is who wants to come in; `role` as the host gives it. */
export function arrivingAs(state: RoomState, by: Member, role: Role | undefined): Rank {
  if (role === 'owner') return role
  if (restraintOf(state, by.id, skeletonOf(by.name), role) === 'banned') return 'banned'
  const person = personOf(state, by.id)
  if (state.rules.ops.has(person)) return 'op'
  return state.insiders.has(person) ? 'member' : 'stranger'
}

/**
 * What holds for somebody: for their person, for their name, or for their address. The owner is above it. Ops are above what holds
 * for names and addresses: others can have theirs.
 */
export function restraintOf(
  state: RoomState,
  id: string,
  look: string,
  role: Role | undefined,
): 'banned' | 'muted' | undefined {
  const { bans, mutes, ops } = state.rules
  if (role === 'owner' || bans.names.size + mutes.names.size === 0) return undefined
  const person = personOf(state, id)
  const address = state.origins.get(id)?.address
  const labels = ops.has(person) ? [] : [subnetOf(look), ...(address === undefined ? [] : [subnetOf(address)])]
  const holds = ({ names, persons }: Restraints) => persons.has(person) || labels.some((label) => names.has(label))
  if (holds(bans)) return 'banned'
  return holds(mutes) ? 'muted' : undefined
}

/** Whoever comes back as the same: what `origins` tells, or this one joining. */
export const personOf = ({ origins }: RoomState, id: string): string => origins.get(id)?.person ?? id

/** Notes what holds for somebody who is here now, or is called otherwise now. */
export function seat(state: RoomState, member: Member): void {
  state.looks.set(member.id, skeletonOf(member.name))
  restrain(state, member)
}

/** Notes anew what holds for everybody here. */
export function reseat(state: RoomState): void {
  for (const members of [state.members, state.quiet]) for (const member of members.values()) restrain(state, member)
}

export function unseat(state: RoomState, id: string): void {
  remember(state, id)
  for (const notes of [state.looks, state.restrained, state.origins, state.typing]) notes.delete(id)
}

/** Somebody gives up the name that they have: whoever looks after the room may still mean them by it. The owner is not held by any rule. */
export function remember(state: RoomState, id: string): void {
  const look = state.looks.get(id)
  const member = state.members.get(id) ?? state.quiet.get(id)
  if (look === undefined || member === undefined || member.role === 'owner') return
  const person = personOf(state, id)
  const before = state.gone.get(look)
  // A request without a key is nobody whom a rule could hold for, but it has the name.
  const isRequest = person === id && state.quiet.has(id)
  if (isRequest && before !== undefined && !state.rules.ops.has(before)) return
  state.gone.delete(look)
  state.gone.set(look, isRequest ? '' : person)
  for (const oldest of state.gone.keys()) {
    if (state.gone.size <= GONE) return
    state.gone.delete(oldest)
  }
}

function restrain(state: RoomState, { id, name, role }: Member): void {
  const restraint = restraintOf(state, id, state.looks.get(id) ?? skeletonOf(name), role)
  if (restraint === undefined) state.restrained.delete(id)
  else state.restrained.set(id, restraint)
}

/** A request of somebody who was in the room when it was locked, or is in it as far as their name tells. */
function isOfOneInside(state: RoomState, id: string): boolean {
  const { members, looks, insiders } = state
  if (insiders.has(personOf(state, id))) return true
  const look = looks.get(id)
  for (const other of members.keys()) if (looks.get(other) === look) return true
  return false
}
