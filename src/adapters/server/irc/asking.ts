import type { Member } from '#domain/room/events.ts'
import { commandsAt } from '#protocol/commands.ts'
import { COSTS, priceOf, priceOfItems } from '../connection/rate-limit.ts'
import type { Channel } from './channel.ts'
import type { IrcConnection } from './connection.ts'
import { prefixOf } from './render.ts'
import { roomWith } from './talking.ts'
import { listOf, type Verb } from './verb.ts'

const MOST_NICKS = 16
/** Lines of an answer that go out before the reader has to take them (C61). */
const PORTION_LINES = 500
const MS_PER_SECOND = 1000

/** Questions, and their answers. */
export const ASKING: Readonly<Record<string, Verb<IrcConnection>>> = {
  MOTD: { least: 0, run: (connection) => tellMotd(connection) },
  LUSERS: { least: 0, run: (connection) => tellLusers(connection) },
  WHO: { least: 0, run: (connection, { params }) => who(connection, params) },
  WHOIS: { least: 1, run: (connection, { params }) => whois(connection, params.at(-1) ?? '') },
  LIST: { least: 0, run: (connection, { params }) => list(connection, params[0]) },
  USERHOST: {
    least: 1,
    run: (connection, { params }) => {
      const found = params.slice(0, MOST_NICKS).flatMap((nick) => {
        const user = personCalled(connection, nick)
        if (user === undefined) return []
        const { people } = connection.renderer
        return `${nick}=${user.away === undefined ? '+' : '-'}${people.userOf(user)}@${people.hostOf(user)}`
      })
      return connection.numeric('302', [], found.join(' '))
    },
  },
  WHOWAS: { least: 1, run: (connection, { params }) => whowas(connection, params) },
  ISON: {
    least: 1,
    run: (connection, { params }) => {
      const nicks = params.join(' ').split(' ')
      // Members of one's rooms may be at another node of a cluster.
      const isHere = (nick: string) =>
        connection.parts.monitors.isHere(nick) || roomWith(connection, nick) !== undefined
      const here = nicks.filter((nick) => nick !== '' && isHere(nick))
      return connection.numeric('303', [], here.join(' '))
    },
  },
  VERSION: {
    least: 0,
    run: (connection) =>
      connection.numeric(
        '351',
        [connection.parts.program, connection.hostName],
        'one port for IRC, browsers, terminals and netcat',
      ),
  },
  TIME: {
    least: 0,
    run: (connection) =>
      connection.numeric('391', [connection.hostName], new Date(connection.parts.clock.now()).toISOString()),
  },
  INFO: {
    least: 0,
    run: (connection) => {
      connection.numeric('371', [], `${connection.parts.program}, a chat room with a file drop`)
      return connection.numeric('374', [], 'End of /INFO list')
    },
  },
  ADMIN: {
    least: 0,
    run: (connection) => {
      connection.numeric('256', [connection.hostName], 'Administrative info')
      return connection.numeric('259', [], 'the person at whose machine this room is; ask in the room')
    },
  },
  LINKS: {
    least: 0,
    run: (connection) => {
      connection.numeric('364', [connection.hostName, connection.hostName], `0 ${connection.parts.program}`)
      return connection.numeric('365', ['*'], 'End of /LINKS list')
    },
  },
  HELP: { least: 0, run: (connection, { params }) => tellHelp(connection, params[0]) },
  HELPOP: { least: 0, run: (connection, { params }) => tellHelp(connection, params[0]) },
}

/** The message of the day: how to begin, and how files go. */
export function tellMotd(connection: IrcConnection): undefined {
  const { nick, parts } = connection
  const { base = 'http://HOST:8268' } = connection.incoming
  const room = `#${parts.settings.room}`
  const lines = [
    `Begin with: /join ${room}`,
    'Files come as links. To send one:',
    `  curl -T FILE ${base.replace('://', `://${encodeURIComponent(nick)}@`)}/${parts.settings.room}/`,
    `/quote HISTORY ${room} and /quote FILES ${room} tell what was said and sent; /quote HELP lists more.`,
  ]
  connection.numeric('375', [], `- ${connection.hostName} -`)
  for (const line of lines) connection.numeric('372', [], `- ${line}`)
  connection.numeric('376', [], 'End of /MOTD command')
}

export async function tellLusers(connection: IrcConnection): Promise<void> {
  const { engine, renderer } = connection.parts
  const { count } = renderer.people
  connection.numeric('251', [], `There are ${count} people here over IRC`)
  connection.numeric('254', [String((await engine.rooms()).length)], 'channels formed')
  connection.numeric('255', [], `I have ${count} clients and 0 servers`)
  connection.numeric('265', [String(count), String(count)], `Current local users ${count}`)
  connection.numeric('266', [String(count), String(count)], `Current global users ${count}`)
}

/** The commands of rooms, as the table has them. */
function tellHelp(connection: IrcConnection, about = ''): undefined {
  const { say } = connection.renderer.words
  const rows = commandsAt('line').filter(({ word }) => connection.parts.verbNamed(word.toUpperCase())?.isOfRooms)
  const asked = about === '' ? rows : rows.filter(({ word }) => word === about.toLowerCase())
  const subject = about === '' ? 'index' : about
  if (asked.length === 0) return connection.numeric('524', [subject], 'No help is there for this')
  connection.numeric('704', [subject], 'Beside what IRC clients do by themselves, for /quote:')
  for (const { word, usage, helpKey } of asked) {
    const [, rest = ''] = /^\S+(.*)$/.exec(usage) ?? []
    connection.numeric('705', [subject], `${word.toUpperCase()} #room${rest}: ${say(helpKey)}`)
  }
  return connection.numeric('706', [subject], 'End of /HELP')
}

/** Somebody in a room that both are in, somebody else over IRC, or oneself. */
function personCalled(connection: IrcConnection, nick: string): Member | undefined {
  if (connection.isMe(nick)) {
    const { away, id, nick: name } = connection
    return { id, name, ...(away === undefined ? {} : { away }) }
  }
  const [client] = connection.renderer.people.called(nick)
  return roomWith(connection, nick)?.member ?? (client && { id: client.id, name: client.nick })
}

async function who(connection: IrcConnection, [mask = '', options = '']: readonly string[]): Promise<void> {
  const [, fields, type = ''] = /^[^%]*%(\w+)(?:,(\w+))?$/.exec(options) ?? []
  const tell = (channel: Channel, member: Member) => tellWho(connection, channel, member, fields, type)
  const channel = mask.startsWith('#') ? connection.channels.get(mask.slice(1).toLowerCase()) : undefined
  if (channel?.session !== undefined) {
    const { members } = channel.session
    await connection.pay(priceOfItems(COSTS.members, members.length))
    let lines = 0
    for (const member of members) {
      tell(channel, member)
      if (++lines % PORTION_LINES === 0) await connection.taken
    }
  } else {
    const shared = roomWith(connection, mask)
    if (shared !== undefined) tell(shared.channel, shared.member)
  }
  connection.numeric('315', [mask === '' ? '*' : mask], 'End of WHO list')
}

/** `fields`: the ones that WHOX asks for, each by a letter; they come in an order of their own. */
function tellWho(
  connection: IrcConnection,
  { name, room }: Channel,
  member: Member,
  fields: string | undefined,
  type: string,
): void {
  const { people } = connection.renderer
  const flags = `${member.away === undefined ? 'H' : 'G'}${prefixOf(member)}`
  const [user, host, nick] = [people.userOf(member), people.hostOf(member), people.nickOf(member, room)]
  const realName = people.realNameOf(member)
  if (fields === undefined) {
    connection.numeric('352', [name, user, host, connection.hostName, nick, flags], `0 ${realName}`)
    return
  }
  const account = people.accountOf(member) ?? '0'
  // Nobody's address is told, nor for how long they are silent.
  const all = { t: type, c: name, u: user, i: '255.255.255.255', h: host, s: connection.hostName, n: nick, f: flags }
  const values = Object.entries({ ...all, d: '0', l: '0', a: account, o: 'n/a' })
  const asked = values.filter(([letter]) => fields.includes(letter)).map(([, value]) => value)
  connection.numeric('354', asked, fields.includes('r') ? realName : undefined)
}

function whois(connection: IrcConnection, nick: string): undefined {
  const member = personCalled(connection, nick)
  if (member === undefined) connection.numeric('401', [nick], 'No such nick in your channels')
  else {
    const { people } = connection.renderer
    const prefixIn = ({ session }: Channel) => prefixOf((session && people.find(nick, session)) ?? member)
    const isIn = ({ session }: Channel) => session !== undefined && people.find(nick, session) !== undefined
    const rooms = [...connection.channels.values()].filter(isIn).map((channel) => `${prefixIn(channel)}${channel.name}`)
    const shown = connection.isMe(nick) ? connection.nick : nick
    connection.numeric('311', [shown, people.userOf(member), people.hostOf(member), '*'], people.realNameOf(member))
    if (rooms.length > 0) connection.numeric('319', [shown], rooms.join(' '))
    connection.numeric('312', [shown, connection.hostName], 'tamtam')
    if (member.role === 'owner') connection.numeric('313', [shown], 'looks after every room of this host')
    const [client] = people.clientsOf(member.id)
    if (client !== undefined) {
      const idle = Math.floor((connection.parts.clock.elapsed() - client.heardAt) / MS_PER_SECOND)
      const signedOn = String(Math.floor(client.signedOnAt / MS_PER_SECOND))
      connection.numeric('317', [shown, String(idle), signedOn], 'seconds idle, signon time')
    }
    const account = people.accountOf(member)
    if (account !== undefined) connection.numeric('330', [shown, account], 'is logged in as')
    if (member.away !== undefined) connection.numeric('301', [shown], member.away)
  }
  connection.numeric('318', [nick], 'End of /WHOIS list')
}

function whowas(connection: IrcConnection, [nick = '', most = '']: readonly string[]): undefined {
  const found = connection.renderer.people.gone(nick).slice(0, Number(most) > 0 ? Number(most) : MOST_NICKS)
  if (found.length === 0) connection.numeric('406', [nick], 'There was no such nick over IRC lately')
  for (const each of found) {
    connection.numeric('314', [each.nick, each.user, each.host, '*'], each.realName)
    connection.numeric('312', [each.nick, connection.hostName], new Date(each.at).toISOString())
  }
  connection.numeric('369', [nick], 'End of WHOWAS')
}

/** What LIST may be asked for beside names: how many members, and how a room is called (`ELIST=MNU`). */
function isListed(room: { readonly name: string; readonly members: number }, wanted: readonly string[]): boolean {
  return wanted.every((each) => {
    const [, sign, count] = /^([<>])(\d+)$/.exec(each) ?? []
    if (sign !== undefined) return sign === '<' ? room.members < Number(count) : room.members > Number(count)
    return isLike(`#${room.name}`, each.replace(/^!/, '').toLowerCase()) !== each.startsWith('!')
  })
}

/** Whether a name has these parts, with anything between them where stars are. */
function isLike(name: string, mask: string): boolean {
  const [first = '', ...others] = mask.split('*')
  const last = others.pop()
  if (last === undefined) return name === mask
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let at = first.length
  for (const each of others) {
    const found = name.indexOf(each, at)
    if (found < 0) return false
    at = found + each.length
  }
  return at <= name.length - last.length
}

/** The rooms that one may see. */
async function list(connection: IrcConnection, wanted: string | undefined): Promise<void> {
  const { accessControl, engine } = connection.parts
  await connection.pay(priceOf(COSTS.rooms))
  const rooms = await engine.rooms()
  const conditions = listOf(wanted, MOST_NICKS)
  const names = conditions.filter((each) => /^#[^*]*$/.test(each)).map((name) => name.slice(1).toLowerCase())
  const others = conditions.filter((each) => /^[<>!]|\*/.test(each))
  const isNamed = (name: string) => names.length === 0 || names.includes(name)
  const asked = rooms.filter((room) => isNamed(room.name) && isListed(room, others))
  const seen = await accessControl.visible(
    connection.credentials(),
    asked.map(({ name }) => name),
  )
  await connection.pay(priceOfItems(COSTS.rooms, asked.length))
  connection.numeric('321', ['Channel'], 'Users  Name')
  let lines = 0
  for (const { name, members, unlisted } of asked) {
    const own = connection.channels.get(name)?.session
    if (!seen.has(name) || (unlisted === true && own === undefined)) continue
    const topic = own?.rules.topic ?? ''
    connection.numeric('322', [`#${name}`, String(members)], topic)
    if (++lines % PORTION_LINES === 0) await connection.taken
  }
  connection.numeric('323', [], 'End of /LIST')
}
