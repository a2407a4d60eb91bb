import type { Rule } from './events.ts'
import type { Role } from './member.ts'
import { lookOf, personOf, reseat } from './standing.ts'
import type { RoomState } from './state.ts'

/** Takes what was laid down into the state, and what it means for everybody who is here. */
export function layDown(state: RoomState, rule: Rule): void {
  const { rules, insiders } = state
  switch (rule.type) {
    case 'opped':
      rules.ops.set(rule.person, rule.to.name)
      give(state, rule.person, 'op')
      break
    case 'deopped':
      rules.ops.delete(rule.person)
      give(state, rule.person, undefined)
      break
    case 'muted':
      rules.mutes.set(lookOf(rule.name), rule.name)
      break
    case 'unmuted':
      rules.mutes.delete(lookOf(rule.name))
      break
    case 'banned':
      rules.bans.set(lookOf(rule.name), rule.name)
      break
    case 'unbanned':
      rules.bans.delete(lookOf(rule.name))
      break
    case 'locked':
      rules.locked = true
      for (const id of state.members.keys()) insiders.add(personOf(state, id))
      return
    case 'unlocked':
      rules.locked = false
      insiders.clear()
      return
    case 'collectionStarted':
      rules.collectingSince = rule.at
      return
    case 'collectionEnded':
      rules.collectingSince = undefined
      return
    default:
      rule satisfies never
  }
  reseat(state)
}

function give(state: RoomState, person: string, role: Role | undefined): void {
  for (const member of state.members.values()) {
    if (member.role === 'owner' || personOf(state, member.id) !== person) continue
    const { role: _, ...rest } = member
    state.members.set(member.id, role === undefined ? rest : { ...rest, role })
  }
}
