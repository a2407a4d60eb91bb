import { type Rejected, rejected } from '../errors.ts'
import { checkText } from '../names/message-text.ts'
import { checkNick } from '../names/nick.ts'
import type { Ban, Moderation, Mute } from './commands.ts'
import type { Known, Stamp } from './decision.ts'
import type { RoomEvent, ShutOut } from './events.ts'
import { authorOf, type Member, type Role } from './member.ts'
import { notAllowed } from './permissions.ts'
import { personOf, ruleKey, skeletonOf } from './rank.ts'
import type { Restraints, RoomState } from './state.ts'

/** What an op's or owner's command comes to; that they may give it at all was seen to. Nobody gives one against their equals. */
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
      const whom = find(state, command.name)
      if ('type' in whom) return whom
      if (rank(whom.role) >= rank(by.role)) return notAllowed
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
      const held = (command.type === 'ban' ? rules.bans : rules.mutes).names.get(ruleKey(name))
      const persons = meant.filter((person) => held?.persons.has(person) !== true)
      if (held !== undefined && persons.length === 0) return known
      const type = command.type === 'ban' ? 'banned' : 'muted'
      return { type, ...stamp, name, ...told, ...(persons.length === 0 ? {} : { persons }) }
    }
    case 'unmute':
    case 'unban': {
      const name = laidDownFor(state, command.type === 'unban' ? rules.bans : rules.mutes, command.name)
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
      const look = skeletonOf(command.name)
      const here = [...state.members.values()].find(
        ({ id, role }) => role !== undefined && state.looks.get(id) === look,
      )
      if (here?.role === 'owner') return notAllowed
      const persons = here === undefined ? opsCalled(state, look) : [personOf(state, here.id)]
      const [person, ...others] = persons
      if (person === undefined) return rejected('NO_SUCH_MEMBER', 'nobody of that name is an op')
      if (by.role !== 'owner' && here?.id !== by.id) return notAllowed
      const more = others.length === 0 ? {} : { persons: others }
      return { type: 'deopped', ...stamp, name: here?.name ?? command.name, person, ...more }
    }
    case 'lock':
      if (rules.locked) return known
      return {
        type: 'locked',
        ...stamp,
        persons: [...new Set(Array.from(state.members.keys(), (id) => personOf(state, id)))],
      }
    case 'unlock':
      return rules.locked ? { type: 'unlocked', ...stamp } : known
    case 'startCollection':
      return rules.collectingSince === undefined ? { type: 'collectionStarted', ...stamp } : known
    case 'endCollection':
      return rules.collectingSince === undefined ? known : { type: 'collectionEnded', ...stamp }
    default:
      return command satisfies never
  }
}

/** Why somebody is not in the room any more, as it is told. */
export const because = (what: 'kicked' | 'banned', by: Member, reason: string | undefined): string =>
  `${what} by ${by.name}${reason === undefined ? '' : `: ${reason}`}`

const NOT = { unban: 'banned', unmute: 'muted' } as const
const rank = (role: Role | undefined): number => (role === undefined ? 0 : role === 'op' ? 1 : 2)

/** The one in the room who has that name, or the one that looks like it. */
function find({ members, looks }: RoomState, name: string): Member | Rejected {
  const look = skeletonOf(name)
  const [found, another] = [...members.values()].filter(({ id }) => looks.get(id) === look)
  if (found === undefined) return rejected('NO_SUCH_MEMBER', 'nobody of that name is here; /who lists who is')
  if (another !== undefined)
    return rejected('NO_SUCH_MEMBER', 'several here go by that name; /mute and /ban hold for all of them')
  return found
}

/** Ops who were called so when they became ones. */
const opsCalled = ({ rules }: RoomState, look: string): readonly string[] =>
  [...rules.ops].flatMap(([person, name]) => (skeletonOf(name) === look ? [person] : []))

/**
 * The persons below `by` who are meant by a name: those here who have it, or, where none has, those who had it last and the ops who
 * are known by it. Rank is a person's: who has the name of an op is none by that.
 */
function meantBy(state: RoomState, by: Member, name: string): readonly string[] | Rejected {
  const { members, looks, gone, rules } = state
  const look = skeletonOf(name)
  const here = [...members.values()].filter(({ id }) => looks.get(id) === look)
  if (here.length > 0) {
    const below = here.filter(({ role }) => rank(role) < rank(by.role))
    return below.length === 0 ? notAllowed : [...new Set(below.map(({ id }) => personOf(state, id)))]
  }
  const last = gone.get(look)
  const known = new Set([...opsCalled(state, look), ...(last === undefined ? [] : [last])])
  const below = [...known].filter((person) => rank(rules.ops.has(person) ? 'op' : undefined) < rank(by.role))
  return known.size > 0 && below.length === 0 ? notAllowed : below.filter((person) => person !== '')
}

/** The name for which something was laid down that holds for this one, or for the person here who is called so. */
function laidDownFor(state: RoomState, { names, persons }: Restraints, name: string): string | undefined {
  const held = names.get(ruleKey(name))
  if (held !== undefined) return held.name
  const look = skeletonOf(name)
  const here = [...state.members.keys()].filter((id) => state.looks.get(id) === look).map((id) => personOf(state, id))
  const person = here.find((each) => persons.has(each))
  if (person === undefined) return undefined
  return [...names.values()].find((each) => each.persons.has(person))?.name
}

/** What follows from somebody's being sent out of a room that is locked: they were inside, and are not any more. */
export function consequenceOf(state: RoomState, event: RoomEvent, { seq, at }: Stamp): ShutOut | undefined {
  if (event.type !== 'left' || event.kickedBy === undefined) return undefined
  const person = personOf(state, event.by.id)
  return state.insiders.has(person) ? { type: 'shutOut', seq, at, by: event.kickedBy, person } : undefined
}

const ADDRESS = /^[0-9a-f.:]{2,45}$/i

/** A name that somebody could have: a nick, an address, or what somebody here is called. */
function nameOf({ members, quiet, looks }: RoomState, raw: string): string | Rejected {
  const look = skeletonOf(raw)
  for (const all of [members, quiet]) for (const { id, name } of all.values()) if (looks.get(id) === look) return name
  const nick = checkNick(raw)
  if (!('type' in nick)) return nick.name
  return ADDRESS.test(raw) ? raw : nick
}

function reasonOf({ reason }: Ban | Mute | { reason?: string }, maxTextBytes: number): { reason?: string } | Rejected {
  if (reason === undefined || reason === '') return {}
  const text = checkText(reason, maxTextBytes)
  return typeof text === 'string' ? { reason: text } : text
}
