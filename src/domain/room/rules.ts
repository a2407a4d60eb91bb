import type { Banned, Muted, Rule } from './events.ts'
import type { Role } from './member.ts'
import { personOf, reseat, ruleKey } from './rank.ts'
import type { Restraints, RoomState } from './state.ts'

/** Takes what was laid down into the state, and what it means for everybody who is here. */
export function applyRule(state: RoomState, rule: Rule): void {
  const { rules, insiders } = state
  switch (rule.type) {
    case 'opped':
      rules.ops.set(rule.person, rule.to.name)
      give(state, rule.person, 'op')
      break
    case 'deopped':
      for (const person of [rule.person, ...(rule.persons ?? [])]) {
        rules.ops.delete(person)
        give(state, person, undefined)
      }
      break
    case 'muted':
      restrain(rules.mutes, rule)
      break
    case 'unmuted':
      release(rules.mutes, rule.name)
      break
    case 'banned':
      restrain(rules.bans, rule)
      for (const person of rule.persons ?? []) insiders.delete(person)
      break
    case 'unbanned':
      release(rules.bans, rule.name)
      break
    case 'locked':
      rules.locked = true
      for (const person of rule.persons ?? []) insiders.add(person)
      return
    case 'shutOut':
      insiders.delete(rule.person)
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

/** What was laid down for the name before holds on, and for these persons too. */
function restrain({ names, persons }: Restraints, { name, persons: wanted = [] }: Muted | Banned): void {
  const key = ruleKey(name)
  const before = names.get(key)
  const added = wanted.filter((person) => before?.persons.has(person) !== true)
  for (const person of added) persons.set(person, (persons.get(person) ?? 0) + 1)
  names.set(key, { name: before?.name ?? name, persons: new Set([...(before?.persons ?? []), ...added]) })
}

function release({ names, persons }: Restraints, name: string): void {
  const key = ruleKey(name)
  for (const person of names.get(key)?.persons ?? []) {
    const left = (persons.get(person) ?? 1) - 1
    if (left > 0) persons.set(person, left)
    else persons.delete(person)
  }
  names.delete(key)
}
