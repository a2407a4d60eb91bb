import { type Rejected, rejected } from '../errors.ts'
import { checkNick } from '../names/nick.ts'
import { subnetOf } from '../names/subnet.ts'
import { checkText } from '../names/text.ts'
import type { Ban, Known, Moderation, Mute, SetSeconds, Stamp } from './commands.ts'
import { authorOf, type Banned, type Member, type Muted, type Role, type RoomEvent, type Rule } from './events.ts'
import { notAllowed, type Rank } from './permissions.ts'
import { type OwnMute, RULE_OF, rulesAfter, SECONDS_SET, SWITCH_SET } from './rules.ts'
import type { Restraints, RoomState } from './state.ts'

/** Number of former members remembered by name. */
const GONE = 1000

/** The key of a name: its skeleton, so that confusable names are one (C63). An address is its own key. */
export function skeletonOf(name: string): string {
  const nick = checkNick(name)
  return 'type' in nick ? name : nick.skeleton
}

/** The key of bans and mutes: a skeleton, or the subnet of an address (C70). */
export const ruleKey = (name: string): string => subnetOf(skeletonOf(name))

/** The rank of a present member. */
export function rankOf(state: RoomState, id: string): Rank {
  const member = state.members.get(id)
  if (member === undefined && !state.hidden.has(id)) return 'nonMember'
  const restraint = state.restrained.get(id)
  if (restraint !== undefined) return restraint
  if (member?.role !== undefined) return member.role
  const { inviteOnly, moderatorsSpeak } = state.rules
  if (member === undefined && inviteOnly && !isOfOneInside(state, id)) return 'outsider'
  return moderatorsSpeak && !hasVoice(state, personOf(state, id)) ? 'listener' : 'member'
}

const hasVoice = ({ ops, voices }: RoomState, person: string): boolean => voices.has(person) || ops.has(person)

/** A joining member, with the voice given earlier. */
export const voicedIn = (state: RoomState, member: Member): Member =>
  state.voices.has(personOf(state, member.id)) ? { ...member, voice: true } : member

/** The rank of a person on joining; `role` as given by the host. */
export function arrivingAs(state: RoomState, by: Member, role: Role | undefined): Rank {
  if (role === 'owner') return role
  if (restraintOf(state, by.id, skeletonOf(by.name), role) === 'banned') return 'banned'
  const person = personOf(state, by.id)
  if (role === 'op' || state.ops.has(person) || state.founder?.person === person) return 'op'
  return state.insiders.has(person) ? 'member' : 'nonMember'
}

/**
 * The restraint (ban or mute) on a member: by person, by name, or by address. It never applies to the owner. For ops, restraints by name
 * or address do not apply, since others can have the same.
 */
export function restraintOf(
  state: RoomState,
  id: string,
  skeleton: string,
  role: Role | undefined,
): 'banned' | 'muted' | undefined {
  const { bans, mutes, ops } = state
  if (role === 'owner' || bans.names.size + mutes.names.size === 0) return undefined
  const person = personOf(state, id)
  const labels = ops.has(person) ? [] : labelsOf(state, id, skeleton)
  const holds = ({ names, persons }: Restraints) => persons.has(person) || labels.some((label) => names.has(label))
  if (holds(bans)) return 'banned'
  return holds(mutes) ? 'muted' : undefined
}

const labelsOf = (state: RoomState, id: string, skeleton: string): readonly string[] => [
  subnetOf(skeleton),
  ...addressesOf(state, id).map(subnetOf),
]

/** The mute that applies to a present member, without the others that it applies to. */
export function muteOf(state: RoomState, id: string): OwnMute | undefined {
  if (state.restrained.get(id) !== 'muted') return undefined
  const { names } = state.mutes
  const person = personOf(state, id)
  const byLabel = labelsOf(state, id, state.skeletons.get(id) ?? '').flatMap((label) => names.get(label) ?? [])
  const held = [...[...names.values()].filter(({ persons }) => persons.has(person)), ...byLabel]
  const { reason } = held.find((each) => each.reason !== undefined) ?? {}
  return reason === undefined ? {} : { reason }
}

/** The addresses of its listed connections: the host's own connection, or one for a single request, has none. */
function addressesOf({ origins, connections }: RoomState, id: string): readonly string[] {
  const listed = connections.get(id)?.filter(({ isListed }) => isListed) ?? []
  return [origins.get(id), ...listed].flatMap((each) => each?.address ?? [])
}

/** The person behind a member: from `origins`, or the joining member itself. */
export const personOf = ({ origins }: RoomState, id: string): string => origins.get(id)?.person ?? id

/** Notes the restraint on a member who has just come, or has just changed its name. */
export function seat(state: RoomState, member: Member): void {
  state.skeletons.set(member.id, skeletonOf(member.name))
  noteRestraint(state, member)
}

/** Notes the restraints on all present members again. */
function reseat(state: RoomState): void {
  for (const members of [state.members, state.hidden])
    for (const member of members.values()) noteRestraint(state, member)
}

/** Forgets what is noted about a member; its origin goes with its last connection. */
export function unseat(state: RoomState, id: string): void {
  remember(state, id)
  for (const notes of [state.skeletons, state.restrained, state.typing]) notes.delete(id)
  if (!state.connections.has(id)) state.origins.delete(id)
}

/** Remembers a member's name after the member has given it up: operators may still refer to it. No rule applies to the owner. */
export function remember(state: RoomState, id: string): void {
  const skeleton = state.skeletons.get(id)
  const member = state.members.get(id) ?? state.hidden.get(id)
  if (skeleton === undefined || member === undefined || member.role === 'owner') return
  const person = personOf(state, id)
  const before = state.gone.get(skeleton)
  // A request without a key is no person that a rule could apply to, but it has the name.
  const isRequest = person === id && state.hidden.has(id)
  if (isRequest && before !== undefined && !state.ops.has(before)) return
  state.gone.delete(skeleton)
  state.gone.set(skeleton, isRequest ? '' : person)
  for (const oldest of state.gone.keys()) {
    if (state.gone.size <= GONE) return
    state.gone.delete(oldest)
  }
}

export function noteRestraint(state: RoomState, { id, name, role }: Member): void {
  const restraint = restraintOf(state, id, state.skeletons.get(id) ?? skeletonOf(name), role)
  if (restraint === undefined) state.restrained.delete(id)
  else state.restrained.set(id, restraint)
}

/** A request of a person who was in the room when it was locked, or who is in it according to the name. */
function isOfOneInside(state: RoomState, id: string): boolean {
  const { members, skeletons, insiders } = state
  if (insiders.has(personOf(state, id))) return true
  const skeleton = skeletons.get(id)
  for (const other of members.keys()) if (skeletons.get(other) === skeleton) return true
  return false
}

/** Applies a rule to the state and to all present members. */
export function applyRule(state: RoomState, rule: Rule): void {
  const { insiders } = state
  switch (rule.type) {
    case 'opped':
      if (state.founder?.person === rule.person) state.founder = undefined
      state.ops.set(rule.person, rule.to.name)
      give(state, rule.person, 'op')
      break
    case 'deopped':
      for (const person of [rule.person, ...(rule.persons ?? [])]) {
        if (state.founder?.person === person) state.founder = undefined
        state.ops.delete(person)
        give(state, person, undefined)
      }
      break
    case 'voiced':
      state.voices.set(rule.person, rule.to.name)
      giveVoice(state, rule.person, true)
      return
    case 'unvoiced':
      state.voices.delete(rule.person)
      giveVoice(state, rule.person, false)
      return
    case 'muted':
      addRestraint(state.mutes, rule)
      break
    case 'unmuted':
      endRestraint(state.mutes, rule.name)
      break
    case 'banned':
      addRestraint(state.bans, rule)
      for (const person of rule.persons ?? []) insiders.delete(person)
      break
    case 'unbanned':
      endRestraint(state.bans, rule.name)
      break
    case 'locked':
      state.rules = rulesAfter(state.rules, rule)
      for (const person of rule.persons ?? []) insiders.add(person)
      return
    case 'shutOut':
      insiders.delete(rule.person)
      return
    case 'unlocked':
      state.rules = rulesAfter(state.rules, rule)
      insiders.clear()
      return
    case 'inviteOnlySet':
      state.rules = rulesAfter(state.rules, rule)
      if (!rule.on) insiders.clear()
      for (const person of rule.persons ?? []) insiders.add(person)
      return
    default:
      state.rules = rulesAfter(state.rules, rule)
      if (state.rules.slowSeconds === 0) state.spoken.clear()
      return
  }
  reseat(state)
}

export function give(state: RoomState, person: string, role: Role | undefined): void {
  for (const member of state.members.values()) {
    if (member.role === 'owner' || personOf(state, member.id) !== person) continue
    const { role: _, ...rest } = member
    state.members.set(member.id, role === undefined ? rest : { ...rest, role })
  }
}

function giveVoice(state: RoomState, person: string, on: boolean): void {
  for (const member of state.members.values()) {
    if (personOf(state, member.id) !== person) continue
    const { voice: _, ...rest } = member
    state.members.set(member.id, on ? { ...rest, voice: true } : rest)
  }
}

/** Earlier restraints on the name stay, and apply to these persons too. */
function addRestraint({ names, persons }: Restraints, { name, reason, persons: wanted = [] }: Muted | Banned): void {
  const key = ruleKey(name)
  const before = names.get(key)
  const added = wanted.filter((person) => before?.persons.has(person) !== true)
  for (const person of added) persons.set(person, (persons.get(person) ?? 0) + 1)
  const why = reason ?? before?.reason
  names.set(key, {
    name: before?.name ?? name,
    ...(why === undefined ? {} : { reason: why }),
    persons: new Set([...(before?.persons ?? []), ...added]),
  })
}

function endRestraint({ names, persons }: Restraints, name: string): void {
  const key = ruleKey(name)
  for (const person of names.get(key)?.persons ?? []) {
    const left = (persons.get(person) ?? 1) - 1
    if (left > 0) persons.set(person, left)
    else persons.delete(person)
  }
  names.delete(key)
}

/**
 * The outcome of a command by an operator or the owner, whose permission was checked before. No command works against a member of the
 * same rank.
 */
export function moderate(
  state: RoomState,
  by: Member,
  command: Moderation,
  { seq, at, maxTextBytes }: Stamp,
): RoomEvent | Known | Rejected {
  const known: Known = { type: 'known', seq: state.last }
  const { rules } = state
  const stamp = { seq, at, by: authorOf(by) }
  switch (command.type) {
    case 'kick': {
      const whom = command.member === undefined ? find(state, command.name) : memberWith(state.members, command.member)
      if ('type' in whom) return whom
      if (levelOf(whom.role) >= levelOf(by.role)) return notAllowed
      const told = reasonOf(command, maxTextBytes)
      if ('type' in told) return told
      return { type: 'left', by: authorOf(whom), reason: because('kicked', by, told.reason), kickedBy: authorOf(by) }
    }
    case 'mute':
    case 'ban': {
      const told = reasonOf(command, maxTextBytes)
      if ('type' in told) return told
      const name = nameOf(state, command.name)
      if (typeof name !== 'string') return name
      const meant = meantBy(state, by, name)
      if ('type' in meant) return meant
      const held = (command.type === 'ban' ? state.bans : state.mutes).names.get(ruleKey(name))
      const persons = meant.filter((person) => held?.persons.has(person) !== true)
      if (held !== undefined && persons.length === 0) return known
      const type = command.type === 'ban' ? 'banned' : 'muted'
      return { type, ...stamp, name, ...told, ...(persons.length === 0 ? {} : { persons }) }
    }
    case 'unmute':
    case 'unban': {
      const name = laidDownFor(state, command.type === 'unban' ? state.bans : state.mutes, command.name)
      if (name === undefined) return rejected('NO_SUCH_MEMBER', `nobody of that name is ${NOT[command.type]}`)
      return { type: command.type === 'unban' ? 'unbanned' : 'unmuted', ...stamp, name }
    }
    case 'op': {
      const to = find(state, command.name)
      if ('type' in to) return to
      if (to.role !== undefined) return known
      return { type: 'opped', ...stamp, to: authorOf(to), person: personOf(state, to.id) }
    }
    case 'deop': {
      const skeleton = skeletonOf(command.name)
      const here = [...state.members.values()].find(
        ({ id, role }) => role !== undefined && state.skeletons.get(id) === skeleton,
      )
      if (here?.role === 'owner') return notAllowed
      const persons = here === undefined ? called(state.ops, skeleton) : [personOf(state, here.id)]
      const [person, ...others] = persons
      if (person === undefined) return rejected('NO_SUCH_MEMBER', 'nobody of that name is an op')
      if (by.role !== 'owner' && here?.id !== by.id) return notAllowed
      const more = others.length === 0 ? {} : { persons: others }
      return { type: 'deopped', ...stamp, name: here?.name ?? command.name, person, ...more }
    }
    case 'voice': {
      const to = find(state, command.name)
      if ('type' in to) return to
      if (to.role !== undefined || to.voice === true) return known
      return { type: 'voiced', ...stamp, to: authorOf(to), person: personOf(state, to.id) }
    }
    case 'unvoice': {
      const skeleton = skeletonOf(command.name)
      const here = [...state.members.values()].find(
        ({ id, voice }) => voice === true && state.skeletons.get(id) === skeleton,
      )
      const person = here === undefined ? called(state.voices, skeleton).at(-1) : personOf(state, here.id)
      if (person === undefined) return rejected('NO_SUCH_MEMBER', 'nobody of that name has a voice')
      return { type: 'unvoiced', ...stamp, name: here?.name ?? command.name, person }
    }
    case 'lock': {
      const { inviteOnly, topicLocked } = rules
      // With one half on, only the other is switched on: insiders stay insiders.
      if (inviteOnly) return topicLocked ? known : { type: 'topicLockSet', ...stamp, on: true }
      if (topicLocked) return { type: 'inviteOnlySet', ...stamp, on: true, persons: present(state) }
      return { type: 'locked', ...stamp, persons: present(state) }
    }
    case 'unlock':
      return rules.inviteOnly || rules.topicLocked ? { type: 'unlocked', ...stamp } : known
    case 'setInviteOnly':
      if (rules.inviteOnly === command.on) return known
      return { type: 'inviteOnlySet', ...stamp, on: command.on, ...(command.on ? { persons: present(state) } : {}) }
    case 'setTopicLock':
    case 'setModeratorsSpeak':
    case 'setUnlisted': {
      const type = SWITCH_SET[command.type]
      return rules[RULE_OF[type]] === command.on ? known : { type, ...stamp, on: command.on }
    }
    case 'setMostMembers': {
      const { most } = command
      if (most > MOST_MEMBERS) return tooMany
      return rules.mostMembers === most ? known : { type: 'mostMembersSet', ...stamp, most }
    }
    case 'startCollection':
      return rules.collectingSince === undefined ? { type: 'collectionStarted', ...stamp } : known
    case 'endCollection':
      return rules.collectingSince === undefined ? known : { type: 'collectionEnded', ...stamp }
    default: {
      const { seconds } = command
      const { least, most, wrong } = BOUNDS[command.type]
      if (seconds !== 0 && (seconds < least || seconds > most)) return wrong
      const type = SECONDS_SET[command.type]
      return rules[RULE_OF[type]] === seconds ? known : { type, ...stamp, seconds }
    }
  }
}

/** The persons present. */
const present = (state: RoomState): readonly string[] => [
  ...new Set(Array.from(state.members.keys(), (id) => personOf(state, id))),
]

const MOST_MEMBERS = 100_000
const tooMany = rejected('BAD_COMMAND', `a room is full at 1 to ${MOST_MEMBERS} members; 0 ends it`)

/** The range of a rule, in seconds. */
const BOUNDS: Readonly<
  Record<SetSeconds['type'], { readonly least: number; readonly most: number; readonly wrong: Rejected }>
> = {
  setExpiry: {
    least: 3600,
    most: 31_536_000,
    wrong: rejected('BAD_COMMAND', 'files expire after 1 hour to 365 days; 0 ends it'),
  },
  setSlowMode: { least: 1, most: 3600, wrong: rejected('BAD_COMMAND', 'slow mode is from 1 to 3600 s; 0 ends it') },
}
/** The published reason for a member's removal. */
export const because = (what: 'kicked' | 'banned', by: Member, reason: string | undefined): string =>
  `${what} by ${by.name}${reason === undefined ? '' : `: ${reason}`}`

const NOT = { unban: 'banned', unmute: 'muted' } as const
const levelOf = (role: Role | undefined): number => (role === undefined ? 0 : role === 'op' ? 1 : 2)

export const memberWith = (members: RoomState['members'], id: string): Member | Rejected =>
  members.get(id) ?? rejected('NO_SUCH_MEMBER', 'this member is not here any more; /who lists who is')

/** The member with that name or a confusable one. */
function find({ members, skeletons }: RoomState, name: string): Member | Rejected {
  const skeleton = skeletonOf(name)
  const [found, another] = [...members.values()].filter(({ id }) => skeletons.get(id) === skeleton)
  if (found === undefined) return rejected('NO_SUCH_MEMBER', 'nobody of that name is here; /who lists who is')
  if (another !== undefined)
    return rejected('NO_SUCH_MEMBER', 'several here go by that name; /mute and /ban hold for all of them')
  return found
}

/** Persons by the name they had when they became operators, or were given a voice. */
const called = (all: ReadonlyMap<string, string>, skeleton: string): readonly string[] =>
  [...all].flatMap(([person, name]) => (skeletonOf(name) === skeleton ? [person] : []))

/**
 * The persons below `by` that a name refers to: present members with it, or else its last holders, and the operators known by it. Rank
 * belongs to a person: taking an operator's name makes nobody an operator.
 */
function meantBy(state: RoomState, by: Member, name: string): readonly string[] | Rejected {
  const { members, skeletons, gone, ops } = state
  const skeleton = skeletonOf(name)
  const here = [...members.values()].filter(({ id }) => skeletons.get(id) === skeleton)
  if (here.length > 0) {
    const below = here.filter(({ role }) => levelOf(role) < levelOf(by.role))
    return below.length === 0 ? notAllowed : [...new Set(below.map(({ id }) => personOf(state, id)))]
  }
  const last = gone.get(skeleton)
  const known = new Set([...called(state.ops, skeleton), ...(last === undefined ? [] : [last])])
  const below = [...known].filter((person) => levelOf(ops.has(person) ? 'op' : undefined) < levelOf(by.role))
  return known.size > 0 && below.length === 0 ? notAllowed : below.filter((person) => person !== '')
}

/** The name in the restraint that applies to this name, or to the present member with it. */
function laidDownFor(state: RoomState, { names, persons }: Restraints, name: string): string | undefined {
  const held = names.get(ruleKey(name))
  if (held !== undefined) return held.name
  const skeleton = skeletonOf(name)
  const here = [...state.members.keys()]
    .filter((id) => state.skeletons.get(id) === skeleton)
    .map((id) => personOf(state, id))
  const person = here.find((each) => persons.has(each))
  if (person === undefined) return undefined
  return [...names.values()].find((each) => each.persons.has(person))?.name
}

const ADDRESS = /^[0-9a-f.:]{2,45}$/i

/** A possible name: a nick, an address, or the name of a present member. */
function nameOf({ members, hidden, skeletons }: RoomState, raw: string): string | Rejected {
  const skeleton = skeletonOf(raw)
  for (const all of [members, hidden])
    for (const { id, name } of all.values()) if (skeletons.get(id) === skeleton) return name
  const nick = checkNick(raw)
  if (!('type' in nick)) return nick.name
  return ADDRESS.test(raw) ? raw : nick
}

function reasonOf({ reason }: Ban | Mute | { reason?: string }, maxTextBytes: number): { reason?: string } | Rejected {
  if (reason === undefined || reason === '') return {}
  const text = checkText(reason, maxTextBytes)
  return typeof text === 'string' ? { reason: text } : text
}
