import type { Member } from '#domain/room/events.ts'
import { COSTS, priceOf, priceOfItems } from '../connection/rate-limit.ts'
import type { Channel } from './channel.ts'
import type { IrcConnection } from './connection.ts'
import { HOST_NAME } from './people.ts'
import { prefixOf } from './render.ts'
import { roomWith } from './talking.ts'
import { listOf, type Verb } from './verb.ts'

const MOST_NICKS = 16
/** Lines of an answer that go out before the reader has to take them (C61). */
const PORTION_LINES = 500

/** Questions, and their answers. */
export const ASKING: Readonly<Record<string, Verb<IrcConnection>>> = {
  MOTD: { least: 0, run: (connection) => tellMotd(connection) },
  LUSERS: { least: 0, run: (connection) => tellLusers(connection) },
  WHO: { least: 0, run: (connection, { params }) => who(connection, params[0] ?? '') },
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
  ISON: {
    least: 1,
    run: (connection, { params }) => {
      const nicks = params.join(' ').split(' ')
      const here = nicks.filter((nick) => nick !== '' && personCalled(connection, nick) !== undefined)
      return connection.numeric('303', [], here.join(' '))
    },
  },
  VERSION: {
    least: 0,
    run: (connection) =>
      connection.numeric(
        '351',
        [connection.parts.program, HOST_NAME],
        'one port for IRC, browsers, terminals and netcat',
      ),
  },
  TIME: {
    least: 0,
    run: (connection) => connection.numeric('391', [HOST_NAME], new Date(connection.parts.clock.now()).toISOString()),
  },
  INFO: {
    least: 0,
    run: (connection) => {
      connection.numeric('371', [], `${connection.parts.program}, a chat room with a file drop`)
      return connection.numeric('374', [], 'End of /INFO list')
    },
  },
  HELP: { least: 0, run: (connection) => tellHelp(connection) },
  HELPOP: { least: 0, run: (connection) => tellHelp(connection) },
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
  connection.numeric('375', [], `- ${HOST_NAME} -`)
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
}

function tellHelp(connection: IrcConnection): undefined {
  connection.numeric('704', ['index'], 'Beside what IRC clients do by themselves, for /quote:')
  const lines = [
    'HISTORY #room [n], SEARCH #room words, FILES #room, GET #room file',
    'COLLECT #room on|off, SLOW #room seconds|off, EXPIRE #room 7d|off',
    'PASSWORD #room word|off, LOCK #room, UNLOCK #room, REMOVE #room what, CLEAR #room',
    'Moderators: /kick, /mode +o +b +i, MUTE #room name, UNMUTE #room name',
  ]
  for (const line of lines) connection.numeric('705', ['index'], line)
  connection.numeric('706', ['index'], 'End of /HELP')
}

/** Somebody in a room that both are in, or oneself. */
function personCalled(connection: IrcConnection, nick: string): Member | undefined {
  if (connection.isMe(nick)) {
    const { away, id, nick: name } = connection
    return { id, name, ...(away === undefined ? {} : { away }) }
  }
  return roomWith(connection, nick)?.member
}

async function who(connection: IrcConnection, mask: string): Promise<void> {
  const channel = mask.startsWith('#') ? connection.channels.get(mask.slice(1).toLowerCase()) : undefined
  if (channel?.session !== undefined) {
    const { members } = channel.session
    await connection.pay(priceOfItems(COSTS.members, members.length))
    let lines = 0
    for (const member of members) {
      tellWho(connection, channel, member)
      if (++lines % PORTION_LINES === 0) await connection.taken
    }
  } else {
    const shared = roomWith(connection, mask)
    if (shared !== undefined) tellWho(connection, shared.channel, shared.member)
  }
  connection.numeric('315', [mask === '' ? '*' : mask], 'End of WHO list')
}

function tellWho(connection: IrcConnection, { name, room }: Channel, member: Member): void {
  const { people } = connection.renderer
  const flags = `${member.away === undefined ? 'H' : 'G'}${prefixOf(member)}`
  const [user, host, nick] = [people.userOf(member), people.hostOf(member), people.nickOf(member, room)]
  connection.numeric('352', [name, user, host, HOST_NAME, nick, flags], `0 ${member.name}`)
}

function whois(connection: IrcConnection, nick: string): undefined {
  const member = personCalled(connection, nick)
  if (member === undefined) connection.numeric('401', [nick], 'No such nick in your channels')
  else {
    const { people } = connection.renderer
    const isIn = ({ session }: Channel) => session !== undefined && people.find(nick, session) !== undefined
    const rooms = [...connection.channels.values()].filter(isIn).map(({ name }) => name)
    const shown = connection.isMe(nick) ? connection.nick : nick
    connection.numeric('311', [shown, people.userOf(member), people.hostOf(member), '*'], member.name)
    if (rooms.length > 0) connection.numeric('319', [shown], rooms.join(' '))
    connection.numeric('312', [shown, HOST_NAME], 'tamtam')
    if (member.away !== undefined) connection.numeric('301', [shown], member.away)
  }
  connection.numeric('318', [nick], 'End of /WHOIS list')
}

/** The rooms that one may see. */
async function list(connection: IrcConnection, wanted: string | undefined): Promise<void> {
  const { accessControl, engine } = connection.parts
  await connection.pay(priceOf(COSTS.rooms))
  const rooms = await engine.rooms()
  const names = listOf(wanted, MOST_NICKS).map((name) => name.slice(1).toLowerCase())
  const isNamed = wanted !== undefined && /^#/.test(wanted)
  const asked = isNamed ? rooms.filter(({ name }) => names.includes(name)) : rooms
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
