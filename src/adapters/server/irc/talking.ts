import { forTerminal } from '#domain/names/text.ts'
import type { PostedCommand } from '#domain/room/commands.ts'
import type { Member, Whispered } from '#domain/room/events.ts'
import type { Channel } from './channel.ts'
import { ctcpOf, lineOf, type Message, withoutFormatting } from './codec.ts'
import type { IrcConnection } from './connection.ts'
import { batched, isInBatch } from './multiline.ts'
import { type IrcClient, tellUnlessBehind } from './people.ts'
import { listOf, type Verb } from './verb.ts'

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
  channel.reply(answer)
}

/** To somebody in a room that both are in, or else to somebody who is here over IRC. */
async function whisper(connection: IrcConnection, nick: string, text: string, notice: Notice): Promise<void> {
  const { people } = connection.renderer
  const found = roomWith(connection, nick)
  const clients = found === undefined ? strangers(connection, nick) : people.clientsOf(found.member.id)
  if (found === undefined && clients.length === 0) {
    connection.numeric('401', [nick], 'No such nick in your channels, nor over IRC')
    return
  }
  const ctcp = ctcpOf(text)
  if (ctcp !== undefined && ctcp.word !== 'ACTION') return passOn(connection, nick, clients, ctcp, notice)
  const plain = withoutFormatting(ctcp === undefined ? text : `* ${connection.nick} ${ctcp.rest}`)
  const isSaid =
    found === undefined
      ? whisperStranger(connection, clients, plain, notice)
      : await whisperIn(connection, found, plain, notice)
  const away = found === undefined ? clients[0]?.away : found.member.away
  // A notice is never answered.
  if (isSaid && away !== undefined && !('notice' in notice)) connection.numeric('301', [nick], away)
}

async function whisperIn(
  connection: IrcConnection,
  { channel, member }: Found,
  text: string,
  notice: Notice,
): Promise<boolean> {
  const command = { type: 'whisper', to: member.name, member: member.id, text, ...notice } as const
  const { answering, echoes } = connection
  if (answering !== undefined && echoes) channel.expectEcho(answering.label, text)
  const answer = await channel.client.ask(command)
  if (answering !== undefined && echoes) {
    if (answer.type === 'ack') answering.isEchoed = true
    else channel.unexpectEcho()
  }
  if (answer.type === 'rejected' && !('notice' in notice)) channel.refuse(answer, command)
  return answer.type === 'ack'
}

/** The clients of that nick, for whoever may see this host; an invitation opens one room alone. */
function strangers(connection: IrcConnection, nick: string): readonly IrcClient[] {
  const isKnown = connection.parts.accessControl.isKnown(connection.credentials())
  return isKnown ? connection.renderer.people.called(nick) : []
}

/** Where no room is there to keep it, a whisper is passed on, and not kept. */
function whisperStranger(
  connection: IrcConnection,
  clients: readonly IrcClient[],
  text: string,
  notice: Notice,
): boolean {
  const { id, parts, renderer } = connection
  const [first] = clients
  if (first === undefined) return false
  const event: Whispered = {
    ...{ type: 'whispered' as const, seq: renderer.people.nextWhisper(), at: parts.clock.now() },
    ...{ by: { id, name: connection.nick }, to: { id: first.id, name: first.nick }, text, ...notice },
  }
  const lineFor = ({ id, nick, echoes, capabilities }: IrcClient) =>
    renderer.personal(event, NO_ROOM, { id, nick, echoes, linkOf: () => undefined }, capabilities)
  const others = clients.filter((client) => client !== connection)
  const isTaken = others.filter((client) => tellUnlessBehind(client, lineFor(client))).length > 0
  if (!isTaken && others.length > 0)
    connection.numeric('404', [first.nick], 'BUSY does not read just now; say it again later')
  else void connection.say(lineFor(connection))
  return isTaken
}

/** What the ids of messages have in place of a room. */
const NO_ROOM = '*'

/** A request from one client to another. */
function passOn(
  connection: IrcConnection,
  nick: string,
  clients: readonly IrcClient[],
  { rest, word }: { readonly word: string; readonly rest: string },
  notice: Notice,
): void {
  const verb = 'notice' in notice ? 'NOTICE' : 'PRIVMSG'
  const text = `\x01${forTerminal(`${word} ${rest}`.trim())}\x01`
  const line = lineOf({ source: connection.mask, verb, params: [nick], text })
  const isPassedOn = word !== 'DCC' && clients.some((client) => tellUnlessBehind(client, line))
  if (!isPassedOn && !('notice' in notice))
    connection.tell('this request (CTCP) was not passed on; files go by curl, see /motd, and never by DCC')
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
