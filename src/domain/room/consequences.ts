import type { Stamp } from './commands.ts'
import { authorOf, type Entry, isEntry, type Member, type Opped, type RoomEvent, type ShutOut } from './events.ts'
import { give, personOf } from './moderation.ts'
import type { RoomState } from './state.ts'

/**
 * A consequence of an event: a member kicked from a locked room is no insider any more; the first entry of a room makes its founder an
 * operator.
 */
export function consequenceOf(state: RoomState, event: RoomEvent, { seq, at }: Stamp): ShutOut | Opped | undefined {
  if (isEntry(event)) return keptFounder(state, event, at)
  if (event.type !== 'left' || event.kickedBy === undefined) return undefined
  const person = personOf(state, event.by.id)
  return state.insiders.has(person) ? { type: 'shutOut', seq, at, by: event.kickedBy, person } : undefined
}

function keptFounder({ founder, members }: RoomState, first: Entry, at: number): Opped | undefined {
  if (founder === undefined || (first.type === 'deopped' && first.person === founder.person)) return undefined
  const by = authorOf(members.get(founder.member.id) ?? founder.member)
  return { type: 'opped', seq: first.seq + 1, at, by, to: by, person: founder.person }
}

/** Whether a member who enters now is the first, in a room without entries. */
export const isFounding = ({ hasFounder, last, members }: RoomState): boolean =>
  hasFounder && last === 0 && members.size === 0

/** Notes the founder of a room. */
export function noteFounder(state: RoomState, member: Member): void {
  if (member.role === 'op' && isFounding(state))
    state.founder = { member: authorOf(member), person: personOf(state, member.id) }
}

/** Another host appended to the room first: its founder is there. */
export function foundedElsewhere(state: RoomState): void {
  const { founder } = state
  state.founder = undefined
  if (founder !== undefined && !state.ops.has(founder.person)) give(state, founder.person, undefined)
}

/** A founder without a key cannot come back, so the room is left without one. */
export function forgetFounder(state: RoomState, { id }: Member): void {
  if (state.founder?.member.id === id && state.origins.get(id)?.keyless === true) state.founder = undefined
}
