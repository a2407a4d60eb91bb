import { forTerminal } from '#domain/names/text.ts'
import type { PostedCommand } from '#domain/room/commands.ts'
import type { Member } from '#domain/room/events.ts'
import type { Channel } from './channel.ts'
import { ctcpOf, lineOf, type Message, withoutFormatting } from './codec.ts'
import type { IrcConnection } from './connection.ts'
import { batched, isInBatch } from './multiline.ts'
import { tellUnlessBehind } from './people.ts'
import { listOf, tellRefusal, type Verb } from './verb.ts'

const MOST_TARGETS = 4

/** What is said, to rooms and to people. */
export const TALKING: Readonly<Record<string, Verb<IrcConnection>>> = {
  PRIVMSG: { least: 0, posts: true, run: (connection, message) => talkOrGather(connection, message) },
  NOTICE: { least: 0, posts: true, run: (connection, message) => talkOrGather(connection, message) },
  BATCH: {
    least: 1,
    posts: true,
    run: (connection, message) => {
      const whole = batched(connection, message)
      return whole && talk(connection, whole)
    },
  },
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

const talkOrGather = (connection: IrcConnection, message: Message): Promise<unknown> | undefined =>
  message.tags.size > 0 && isInBatch(connection, message) ? undefined : talk(connection, message)

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
    const notice = verb === 'NOTICE' ? ({ notice: true } as const) : {}
    const wait = target.startsWith('#')
      ? say(connection, target, text, notice)
      : whisper(connection, target, text, notice)
    if (wait === undefined) continue
    waits ??= []
    waits.push(wait)
  }
  return waits === undefined ? undefined : Promise.all(waits)
}

/** Hot path: posts, and promises nothing. */
function say(connection: IrcConnection, target: string, text: string, notice: Notice): Promise<unknown> | undefined {
  const channel = connection.channels.get(target.slice(1)) ?? connection.channel(target)
  if (channel?.session === undefined) return undefined
  const ctcp = ctcpOf(text)
  const command: Talk =
    ctcp === undefined
      ? { type: 'say', text: withoutFormatting(text), ...notice }
      : { type: 'act', text: withoutFormatting(ctcp.rest) }
  if (ctcp !== undefined && ctcp.word !== 'ACTION') {
    connection.numeric('404', [channel.name], 'requests between clients (CTCP) are not passed on to rooms')
    return undefined
  }
  if (text.startsWith('http') && channel.hasJustTold(text)) {
    const line = { source: connection.mask, verb: 'PRIVMSG', params: [channel.name], text }
    return connection.echoes ? connection.say(lineOf(line)) : undefined
  }
  if (connection.answering !== undefined) return askWithLabel(connection, channel, command)
  channel.hasPosted = true
  // Its own rate has no limit: it notes that something came.
  void channel.client.charge(0)
  return channel.client.post([command])
}

/** With a label its outcome is the answer: that it was kept, or the message itself where that comes back. */
async function askWithLabel(connection: IrcConnection, channel: Channel, command: Talk): Promise<void> {
  const { answering, echoes } = connection
  if (answering !== undefined && echoes) channel.expectEcho(answering.label, command.text)
  const answer = await channel.client.ask(command)
  if (answer.type === 'ack') {
    if (answering !== undefined) answering.isEchoed = echoes
    return
  }
  if (echoes) channel.unexpectEcho()
  connection.refused(channel, answer)
}

/** To somebody in a room that both are in. */
async function whisper(connection: IrcConnection, nick: string, text: string, notice: Notice): Promise<void> {
  const { renderer } = connection
  const found = roomWith(connection, nick)
  if (found === undefined) {
    connection.numeric('401', [nick], 'No such nick in your channels')
    return
  }
  const ctcp = ctcpOf(text)
  if (ctcp !== undefined && ctcp.word !== 'ACTION') {
    const asked = `\x01${forTerminal(`${ctcp.word} ${ctcp.rest}`.trim())}\x01`
    const line = {
      source: connection.mask,
      verb: 'notice' in notice ? 'NOTICE' : 'PRIVMSG',
      params: [nick],
      text: asked,
    }
    const isPassedOn =
      ctcp.word !== 'DCC' &&
      renderer.people.clientsOf(found.member.id).some((client) => tellUnlessBehind(client, lineOf(line)))
    if (!isPassedOn && !('notice' in notice))
      connection.tell('this request (CTCP) was not passed on; files go by curl, see /motd, and never by DCC')
    return
  }
  const { channel, member } = found
  const plain = ctcp === undefined ? text : `* ${connection.nick} ${ctcp.rest}`
  const to = { to: member.name, member: member.id }
  const command = { type: 'whisper', ...to, text: withoutFormatting(plain), ...notice } as const
  const { answering, echoes } = connection
  if (answering !== undefined && echoes) channel.expectEcho(answering.label, command.text)
  const answer = await channel.client.ask(command)
  if (answering !== undefined && echoes) {
    if (answer.type === 'ack') answering.isEchoed = true
    else channel.unexpectEcho()
  }
  // A notice is never answered.
  if ('notice' in notice) return
  if (answer.type === 'rejected') tellRefusal(connection, channel, answer, nick)
  const { away } = member
  if (away !== undefined) connection.numeric('301', [nick], away)
}

type Talk = Extract<PostedCommand, { readonly type: 'say' | 'act' }>

/** A program's announcement: no program answers it. */
type Notice = { readonly notice?: true }

interface Found {
  readonly channel: Channel
  readonly member: Member
}

/** The first room that both are in. */
export function roomWith(connection: IrcConnection, nick: string): Found | undefined {
  for (const channel of connection.channels.values()) {
    const member = channel.session && connection.renderer.people.find(nick, channel.session)
    if (member !== undefined) return { channel, member }
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
