import { checkNick } from '../names/nick.ts'
import { type Rejected, rejected } from '../rejection.ts'
import { checkText } from '../text/message-text.ts'
import type { Ban, Moderation, Mute } from './commands.ts'
import type { Known, Stamp } from './decision.ts'
import type { RoomEvent } from './events.ts'
import { authorOf, type Member, type Role } from './member.ts'
import { notAllowed } from './rights.ts'
import { lookOf, personOf } from './standing.ts'
import type { RoomState } from './state.ts'

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
      const look = lookOf(name)
      if (rank(highest(state, look)) >= rank(by.role)) return notAllowed
      const held = command.type === 'ban' ? rules.bans : rules.mutes
      if (held.has(look)) return known
      return { type: command.type === 'ban' ? 'banned' : 'muted', ...stamp, name, ...told }
    }
    case 'unmute':
    case 'unban': {
      const name = (command.type === 'unban' ? rules.bans : rules.mutes).get(lookOf(command.name))
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
      const look = lookOf(command.name)
      const here = [...state.members.values()].find(
        ({ id, role }) => role !== undefined && state.looks.get(id) === look,
      )
      if (here?.role === 'owner') return notAllowed
      const away = [...rules.ops].find(([, name]) => lookOf(name) === look)
      const person = here === undefined ? away?.[0] : personOf(state, here.id)
      if (person === undefined) return rejected('NO_SUCH_MEMBER', 'nobody of that name is an op')
      if (by.role !== 'owner' && here?.id !== by.id) return notAllowed
      return { type: 'deopped', ...stamp, name: here?.name ?? command.name, person }
    }
    case 'lock':
      return rules.locked ? known : { type: 'locked', ...stamp }
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
  const look = lookOf(name)
  const [found, another] = [...members.values()].filter(({ id }) => looks.get(id) === look)
  if (found === undefined) return rejected('NO_SUCH_MEMBER', 'nobody of that name is here; /who lists who is')
  if (another !== undefined)
    return rejected('NO_SUCH_MEMBER', 'several here go by that name; /mute and /ban hold for all of them')
  return found
}

/** The highest role among those for whom it would hold, here or not. */
function highest({ members, looks, rules }: RoomState, look: string): Role | undefined {
  let most: Role | undefined
  for (const [id, { role }] of members) if (looks.get(id) === look && rank(role) > rank(most)) most = role
  for (const name of rules.ops.values()) if (lookOf(name) === look && rank(most) < rank('op')) most = 'op'
  return most
}

const ADDRESS = /^[0-9a-f.:]{2,45}$/i

/** A name that somebody could have: a nick, an address, or what somebody here is called. */
function nameOf({ members, quiet, looks }: RoomState, raw: string): string | Rejected {
  const look = lookOf(raw)
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
