import { rejected } from '#domain/errors.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import { isEntry } from '#domain/room/events.ts'
import { changeAccess } from '#domain/room/room-access.ts'
import { accessTexts } from '#i18n/render-answer.ts'
import { commandNamed } from '#protocol/commands.ts'
import { parseCommand } from '#protocol/parse-command.ts'
import { contextOf, executeCommand } from '../connection/execute-command.ts'
import { COSTS, priceOf, priceOfJoin } from '../connection/rate-limit.ts'
import { notForYou } from '../security/access-control.ts'
import { Channel } from './channel.ts'
import { lineOf, type Message } from './codec.ts'
import type { IrcConnection } from './connection.ts'
import { MOST_WRONG_KEYS } from './login.ts'
import { tellUnlessBehind } from './people.ts'
import { banMask } from './render.ts'
import { roomWith } from './talking.ts'
import { listOf, type Verb } from './verb.ts'

const MOST_CHANNELS = 20
const MOST_NICKS = 4
const MOST_MODES = 4
const MS_PER_SECOND = 1000
/** A time within which any join is decided; the connection itself has another for its registration. */
const JOIN_MS = 600_000

/** Rooms: who is in them, and who looks after them. */
export const ROOMS: Readonly<Record<string, Verb<IrcConnection>>> = {
  JOIN: { least: 1, run: (connection, { params }) => joinAll(connection, params) },
  PART: { least: 1, run: (connection, { params }) => partAll(connection, params) },
  TOPIC: { least: 1, run: (connection, { params }) => topic(connection, params) },
  KICK: { least: 2, run: (connection, { params }) => kick(connection, params) },
  MODE: { least: 1, run: (connection, { params }) => mode(connection, params) },
  INVITE: { least: 1, run: (connection, message) => invite(connection, message) },
  NAMES: {
    least: 0,
    run: (connection, { params }) => {
      const [name = '*'] = listOf(params[0], 1)
      const channel = connection.channels.get(name.slice(1).toLowerCase())
      if (channel?.session === undefined) connection.numeric('366', [name], 'End of /NAMES list')
      else channel.tellNames(channel.session.members)
      return undefined
    },
  },
}

async function joinAll(connection: IrcConnection, [names, keys]: readonly string[]): Promise<void> {
  // Leaves all.
  if (names === '0')
    return await partAll(connection, [[...connection.channels.values()].map(({ name }) => name).join(',')])
  const keyOf = (keys ?? '').split(',')
  for (const [index, name] of listOf(names, MOST_CHANNELS).entries()) await join(connection, name, keyOf[index])
}

async function join(connection: IrcConnection, name: string, key: string | undefined): Promise<void> {
  const { channels, parts } = connection
  const room = name.startsWith('#') ? checkRoomName(name) : noChannel
  if (typeof room !== 'string') {
    connection.numeric('403', [name], connection.renderer.words.refusal(room))
    return
  }
  if (channels.has(room)) return
  const { roomsPerConnection } = parts.settings
  if (channels.size >= roomsPerConnection) {
    connection.numeric('405', [name], 'You have joined too many channels')
    return
  }
  await connection.pay(priceOfJoin(0))
  if (connection.status === 'closed') return
  const settings = {
    handshakeMs: JOIN_MS,
    // The connection has a rate of its own, for all its rooms.
    perSecond: 0,
    burst: 0,
    rateOnLoopback: false,
    roomsPerConnection,
    outboxMarkBytes: parts.settings.outboxMarkBytes,
    lostReason: 'left',
    isOneOfMany: true,
  } as const
  const channel = new Channel(
    room,
    connection,
    parts,
    settings,
    connection.key === undefined ? connection.id : undefined,
  )
  channels.set(room, channel)
  if (connection.key === undefined) channel.client.showToken(connection.token)
  else channel.client.authenticate(connection.key, parts.keys, connection.nick, connection.token)
  const shown = key === undefined || key === '' ? connection.invitations.get(room) : key
  const password = shown === undefined ? {} : { password: shown }
  const why = await channel.client.join(room, { nick: connection.nick, ...password })
  if (why === undefined) {
    connection.invitations.delete(room)
    if (connection.away !== undefined) await channel.client.ask({ type: 'away', reason: connection.away })
    return
  }
  await channel.client.close()
  const [code, text] = REFUSED_JOINS[why.code] ?? ['437', undefined]
  const said = connection.renderer.words.refusal(why)
  connection.numeric(code, [`#${room}`], text === undefined ? said : `${text}: ${said}`)
  // It would be counted for each channel by itself.
  if (why === notForYou && key !== undefined && ++connection.wrongKeys >= MOST_WRONG_KEYS)
    connection.quit('too many keys were wrong')
}

const noChannel = rejected('BAD_ROOM', 'a channel begins with #, as in #lobby')

const REFUSED_JOINS: Readonly<Record<string, readonly [string, string | undefined]>> = {
  BANNED: ['474', 'Cannot join channel (+b)'],
  LOCKED: ['473', 'Cannot join channel (+i)'],
  FULL: ['471', 'Cannot join channel (+l)'],
  NOT_FOUND: ['475', 'Cannot join channel (+k)'],
  TOO_MANY_ROOMS: ['405', undefined],
  BAD_ROOM: ['403', undefined],
}

async function partAll(connection: IrcConnection, [names, reason]: readonly string[]): Promise<void> {
  for (const name of listOf(names, MOST_CHANNELS)) {
    const channel = connection.channel(name)
    if (channel === undefined) continue
    const source = connection.mask
    const text = reason === undefined || reason === '' ? {} : { text: reason }
    await channel.client.part(text.text)
    await channel.client.close()
    void connection.say(lineOf({ source, verb: 'PART', params: [channel.name], ...text }))
  }
}

async function topic(connection: IrcConnection, [name = '', text]: readonly string[]): Promise<void> {
  const channel = connection.channel(name)
  if (channel === undefined) return
  if (text === undefined) return channel.tellTopic()
  await channel.ask({ type: 'setTopic', topic: text })
}

async function kick(connection: IrcConnection, [name = '', nicks, reason = '']: readonly string[]): Promise<void> {
  const channel = connection.channel(name)
  if (channel === undefined) return
  for (const nick of listOf(nicks, MOST_NICKS)) {
    const member = channel.session && connection.renderer.people.find(nick, channel.session)
    const whom = { name: member?.name ?? nick, ...(member === undefined ? {} : { member: member.id }) }
    await channel.ask({ type: 'kick', ...whom, ...(reason === '' ? {} : { reason }) })
  }
}

/** With an invitation where one may make one: over IRC their next JOIN uses it; to others it is a whisper, in a room that both are in. */
async function invite(connection: IrcConnection, message: Message): Promise<void> {
  const [nick = '', name] = message.params
  // As at other front ends: an invitation to give to somebody.
  if (name === undefined || nick.startsWith('#')) return await runRoomCommand(connection, message)
  const channel = connection.channel(name)
  const session = channel?.session
  if (channel === undefined || session === undefined) return
  const { renderer, parts, incoming } = connection
  if (renderer.people.find(nick, session) !== undefined) {
    connection.numeric('443', [nick, channel.name], 'is already on channel')
    return
  }
  const clients = renderer.people.called(nick)
  const found = clients.length > 0 ? undefined : roomWith(connection, nick)
  if (found === undefined && clients.length === 0) {
    connection.numeric('401', [nick], 'No such nick in your channels')
    return
  }
  const made = await changeAccess(parts.accessControl.roomAccess(session), { type: 'invite' })
  const isClosed = session.rules.inviteOnly || parts.accessControl.factsOf(session).hasPassword
  if (made.type === 'refused' && isClosed) return channel.refuse(made.why)
  if (found === undefined) {
    const line = lineOf({ source: connection.mask, verb: 'INVITE', params: [nick, channel.name] })
    for (const client of clients) {
      if (made.type === 'invited') remember(client.invitations, channel.room, made.invitation.code)
      tellUnlessBehind(client, line)
    }
    for (const client of renderer.people.having('invite-notify', [channel.room]))
      if (client !== connection) tellUnlessBehind(client, line)
    connection.numeric('341', [nick, channel.name])
    return
  }
  const text =
    made.type === 'refused'
      ? `you are invited: /join ${channel.name}`
      : `you are invited to ${channel.name}: ${accessTexts(made, renderer.words, incoming.base).join(' ')}`
  const { id: member, name: to } = found.member
  if (await found.channel.ask({ type: 'whisper', to, member, text })) connection.numeric('341', [nick, channel.name])
}

function remember(invitations: Map<string, string>, room: string, code: string): void {
  invitations.delete(room)
  invitations.set(room, code)
  const [oldest] = invitations.keys()
  if (invitations.size > MOST_CHANNELS && oldest !== undefined) invitations.delete(oldest)
}

async function mode(connection: IrcConnection, [target = '', changes, ...rest]: readonly string[]): Promise<void> {
  if (!target.startsWith('#')) {
    if (!connection.isMe(target)) connection.numeric('502', [], "Can't see the modes of other users")
    else if (changes === undefined) connection.numeric('221', ['+'])
    return
  }
  const channel = connection.channel(target)
  const session = channel?.session
  if (channel === undefined || session === undefined) return
  if (changes === undefined) {
    const { inviteOnly, topicLocked, moderatorsSpeak, mostMembers, unlisted } = session.rules
    const { hasPassword } = connection.parts.accessControl.factsOf(session)
    const on = [inviteOnly && 'i', topicLocked && 't', moderatorsSpeak && 'm', unlisted && 's', hasPassword && 'k']
    const letters = `+n${on.filter((letter) => letter !== false).join('')}${mostMembers > 0 ? 'l' : ''}`
    const values = [...(hasPassword ? ['*'] : []), ...(mostMembers > 0 ? [String(mostMembers)] : [])]
    connection.numeric('324', [channel.name, letters, ...values])
    await connection.pay(priceOf(COSTS.history))
    const [first] = (await session.read(0, 1)).filter(isEntry)
    if (first !== undefined) connection.numeric('329', [channel.name, String(Math.floor(first.at / MS_PER_SECOND))])
    return
  }
  let isOn = true
  let done = 0
  for (const letter of changes) {
    if (letter === '+' || letter === '-') isOn = letter === '+'
    else if (done++ < MOST_MODES) await change(connection, channel, letter, isOn, rest)
  }
}

/** The command of the table that a mode is, on and off; `$` is its parameter. */
const MODE_COMMANDS: Readonly<Record<string, readonly [string, string]>> = {
  o: ['op $', 'deop $'],
  v: ['voice $', 'unvoice $'],
  b: ['ban $', 'unban $'],
  'm:': ['mute $', 'unmute $'],
  k: ['password $', 'password off'],
  l: ['full $', 'full off'],
  i: ['lock entry', 'unlock entry'],
  t: ['lock topic', 'unlock topic'],
  m: ['announce on', 'announce off'],
  s: ['hide on', 'hide off'],
}

/** `params`: those of the letters that take one, the next first. */
async function change(
  connection: IrcConnection,
  channel: Channel,
  letter: string,
  isOn: boolean,
  params: string[],
): Promise<void> {
  const fault = (text: string) => connection.numeric('696', [channel.name, letter, '*'], text)
  // Only members speak in a room.
  if (letter === 'n') return isOn ? undefined : fault('only members speak in a room: n is always on')
  if (letter === 'b' && params.length === 0) return tellBans(connection, channel)
  // A password is named also where it is taken away.
  const param = 'ovbk'.includes(letter) || (letter === 'l' && isOn) ? (params.shift() ?? '') : ''
  const isMute = letter === 'b' && param.startsWith('m:')
  const command = MODE_COMMANDS[isMute ? 'm:' : letter]?.[isOn ? 0 : 1]
  if (command === undefined) return connection.numeric('472', [letter], 'is a mode that no room here has')
  const value = 'ovb'.includes(letter) ? nameIn(connection, channel, isMute ? param.slice(2) : param) : param
  const [word = '', rest = ''] = command.split(' ')
  const typed = rest.replace('$', () => value ?? '')
  const parsed = parseCommand(word, typed, contextOf(channel.settings))
  if (parsed.type === 'ask') await channel.ask(parsed.command)
  else if (parsed.type === 'access' && channel.session !== undefined && (!isOn || param !== 'off')) {
    const made = await changeAccess(channel.accessControl.roomAccess(channel.session), parsed.request)
    if (made.type === 'refused') channel.refuse(made.why)
  } else fault(MODE_USAGE[letter] ?? '')
}

const MODE_USAGE: Readonly<Record<string, string>> = {
  o: 'name somebody: MODE #room +o nick',
  v: 'name somebody: MODE #room +v nick',
  b: 'a mask is nick, nick!*@* or *!*@host; m: before it mutes instead of banning',
  k: 'say the word: MODE #room +k word',
  l: 'say how many: MODE #room +l 30',
}

/** Whom a mask means: by nick, or by the host that stands for a member. */
function nameIn(connection: IrcConnection, channel: Channel, mask: string): string | undefined {
  const { people } = connection.renderer
  const [, nick = '', host = '*'] = /^([^!@]+)(?:!\*?[^@]*)?(?:@(.+))?$/.exec(mask) ?? []
  if (nick !== '' && !/[*?]/.test(nick)) return (channel.session && people.find(nick, channel.session))?.name ?? nick
  return channel.session?.members.find((member) => people.hostOf(member) === host)?.name
}

function tellBans(connection: IrcConnection, channel: Channel): void {
  const { session } = channel
  if (session === undefined) return
  for (const name of session.restrained('bans'))
    connection.numeric('367', [channel.name, banMask(name), connection.hostName])
  for (const name of session.restrained('mutes'))
    connection.numeric('367', [channel.name, `m:${banMask(name)}`, connection.hostName])
  connection.numeric('368', [channel.name], 'End of channel ban list')
}

/** Whether a word is a command of the rooms that IRC has none for: they are understood as `WORD #room …`, and answered with notices. */
export const isRoomCommand = (verb: string): boolean =>
  verb.toLowerCase() !== 'lang' && commandNamed(verb.toLowerCase(), 'line') !== undefined

/** Without a channel it is about the only one that the connection is in. */
export async function runRoomCommand(connection: IrcConnection, { verb, params }: Message): Promise<void> {
  const [first = ''] = params
  const [only, another] = connection.channels.values()
  const isNamed = first.startsWith('#')
  const channel = isNamed ? connection.channel(first) : another === undefined ? only : undefined
  if (channel?.session !== undefined)
    await executeCommand(channel, verb.toLowerCase(), (isNamed ? params.slice(1) : params).join(' '))
  else if (!isNamed) connection.numeric('461', [verb], `Name the channel: ${verb} #room …`)
}
