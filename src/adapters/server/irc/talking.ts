import type { PostedCommand } from '#domain/room/commands.ts'
import type { Channel } from './channel.ts'
import { ctcpOf, type Message, withoutFormatting } from './codec.ts'
import type { IrcConnection } from './connection.ts'
import { listOf, tellRefusal, type Verb } from './verb.ts'

const MOST_TARGETS = 4

/** What is said, to rooms and to people. */
export const TALKING: Readonly<Record<string, Verb<IrcConnection>>> = {
  PRIVMSG: { least: 0, posts: true, run: (connection, message) => talk(connection, message) },
  NOTICE: { least: 0, posts: true, run: (connection, message) => talk(connection, message) },
  TAGMSG: {
    least: 1,
    posts: true,
    run: (connection, { params, tags }) => {
      if (tags.get('+typing') !== 'active') return undefined
      const channel = connection.channels.get((params[0] ?? '').slice(1).toLowerCase())
      return channel?.client.post([{ type: 'typing' }])
    },
  },
  AWAY: { least: 0, run: (connection, { params }) => away(connection, params[0] ?? '') },
}

function talk(connection: IrcConnection, { params, verb }: Message): Promise<unknown> | undefined {
  const [targets, text = ''] = params
  if (targets === undefined || targets === '') {
    connection.numeric('411', [], `No recipient given (${verb})`)
    return undefined
  }
  if (text === '') {
    connection.numeric('412', [], 'No text to send')
    return undefined
  }
  let waits: Promise<unknown>[] | undefined
  for (const target of listOf(targets, MOST_TARGETS)) {
    const wait = target.startsWith('#') ? say(connection, target, text) : whisper(connection, target, text)
    if (wait === undefined) continue
    waits ??= []
    waits.push(wait)
  }
  return waits === undefined ? undefined : Promise.all(waits)
}

/** Hot path: posts, and promises nothing. */
function say(connection: IrcConnection, target: string, text: string): Promise<unknown> | undefined {
  const channel = connection.channels.get(target.slice(1)) ?? connection.channel(target)
  if (channel?.session === undefined) return undefined
  const ctcp = ctcpOf(text)
  const command: PostedCommand =
    ctcp === undefined
      ? { type: 'say', text: withoutFormatting(text) }
      : { type: 'act', text: withoutFormatting(ctcp.rest) }
  if (ctcp !== undefined && ctcp.word !== 'ACTION') {
    connection.numeric('404', [channel.name], 'requests between clients (CTCP) are not passed on to rooms')
    return undefined
  }
  channel.hasPosted = true
  return channel.client.post([command])
}

/** To somebody in a room that both are in. */
async function whisper(connection: IrcConnection, nick: string, text: string): Promise<void> {
  const found = roomWith(connection, nick)
  if (found === undefined) {
    connection.numeric('401', [nick], 'No such nick in your channels')
    return
  }
  const ctcp = ctcpOf(text)
  if (ctcp !== undefined && ctcp.word !== 'ACTION') {
    connection.tell('requests between clients (CTCP, DCC) are not passed on; files go by curl, see /motd')
    return
  }
  const { channel, name } = found
  const plain = ctcp === undefined ? text : `* ${connection.nick} ${ctcp.rest}`
  const answer = await channel.client.ask({ type: 'whisper', to: name, text: withoutFormatting(plain) })
  if (answer.type === 'rejected') tellRefusal(connection, channel, answer, nick)
  const { away } = found
  if (away !== undefined) connection.numeric('301', [nick], away)
}

interface Found {
  readonly channel: Channel
  readonly name: string
  readonly away: string | undefined
}

/** The first room that both are in. */
export function roomWith(connection: IrcConnection, nick: string): Found | undefined {
  for (const channel of connection.channels.values()) {
    const member = channel.session && connection.renderer.people.find(nick, channel.session)
    if (member !== undefined) return { channel, name: member.name, away: member.away }
  }
  return undefined
}

async function away(connection: IrcConnection, reason: string): Promise<void> {
  const command = reason === '' ? ({ type: 'back' } as const) : ({ type: 'away', reason } as const)
  for (const { client } of [...connection.channels.values()]) await client.ask(command)
  connection.away = reason === '' ? undefined : reason
  if (reason === '') connection.numeric('305', [], 'You are no longer marked as being away')
  else connection.numeric('306', [], 'You have been marked as being away')
}
