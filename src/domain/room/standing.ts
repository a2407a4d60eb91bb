import { checkNick } from '../names/nick.ts'
import type { Member, Role } from './member.ts'
import type { Standing } from './rights.ts'
import type { RoomState } from './state.ts'

/** What bans and mutes know a name by: its look, so that one that looks like it is it (C63). An address is itself. */
export function lookOf(name: string): string {
  const nick = checkNick(name)
  return 'type' in nick ? name : nick.skeleton
}

/** What somebody who is here is. */
export function standingOf(state: RoomState, id: string): Standing {
  const member = state.members.get(id)
  if (member === undefined && !state.quiet.has(id)) return 'stranger'
  const restraint = state.restrained.get(id)
  if (restraint !== undefined) return restraint
  if (member !== undefined) return member.role ?? 'member'
  return state.rules.locked && !isOfOneInside(state, id) ? 'outsider' : 'member'
}

/** What somebody is who wants to come in; `role` as the host gives it. */
export function arrivingAs(state: RoomState, by: Member, role: Role | undefined): Standing {
  if (role === 'owner') return role
  const person = personOf(state, by.id)
  const held = state.rules.ops.has(person) ? 'op' : undefined
  if (restraintOf(state, by.id, lookOf(by.name), held) === 'banned') return 'banned'
  return held ?? (state.insiders.has(person) ? 'member' : 'stranger')
}

/** What holds for somebody, be it for their name or for their address. The owner is above it, and ops above what holds for an address. */
export function restraintOf(
  { rules: { bans, mutes }, origins }: RoomState,
  id: string,
  look: string,
  role: Role | undefined,
): 'banned' | 'muted' | undefined {
  if (role === 'owner' || bans.size + mutes.size === 0) return undefined
  const address = role === 'op' ? undefined : origins.get(id)?.address
  const holds = (names: ReadonlyMap<string, string>) => names.has(look) || (address !== undefined && names.has(address))
  if (holds(bans)) return 'banned'
  return holds(mutes) ? 'muted' : undefined
}

/** Whoever comes back as the same: what `origins` tells, or this one joining. */
export const personOf = ({ origins }: RoomState, id: string): string => origins.get(id)?.person ?? id

/** Notes what holds for somebody who is here now, or is called otherwise now. */
export function seat(state: RoomState, member: Member): void {
  state.looks.set(member.id, lookOf(member.name))
  restrain(state, member)
}

/** Notes anew what holds for everybody here. */
export function reseat(state: RoomState): void {
  for (const members of [state.members, state.quiet]) for (const member of members.values()) restrain(state, member)
}

export function unseat(state: RoomState, id: string): void {
  for (const notes of [state.looks, state.restrained, state.origins, state.typing]) notes.delete(id)
}

function restrain(state: RoomState, { id, name, role }: Member): void {
  const restraint = restraintOf(state, id, state.looks.get(id) ?? lookOf(name), role)
  if (restraint === undefined) state.restrained.delete(id)
  else state.restrained.set(id, restraint)
}

/** A request of somebody who is in the room too, as far as their name tells. */
function isOfOneInside({ members, looks }: RoomState, id: string): boolean {
  const look = looks.get(id)
  for (const other of members.keys()) if (looks.get(other) === look) return true
  return false
}
