import { forTerminal } from '#domain/names/text.ts'
import { tellLusers, tellMotd } from './asking.ts'
import { CAPABILITIES } from './capabilities.ts'
import { lineOf, withoutFormatting } from './codec.ts'
import type { IrcConnection } from './connection.ts'
import { MOST_ENTRIES } from './history.ts'
import { MOST_MONITORED } from './monitor.ts'
import { tellUnlessBehind } from './people.ts'
import type { Verb } from './verb.ts'

const USER_CHARS = 12
const REAL_NAME_CHARS = 100
const TOKENS_A_LINE = 13

/** Registration, and what may be said at any time. */
export const REGISTERING: Readonly<Record<string, Verb<IrcConnection>>> = {
  CAP: {
    least: 1,
    beforeAuth: true,
    run: (connection, { params }) => cap(connection, params),
  },
  PASS: {
    least: 1,
    beforeAuth: true,
    run: (connection, { params }) => {
      if (connection.registration === undefined) connection.numeric('462', [], 'You are registered already')
      else connection.token = params[0]
      return undefined
    },
  },
  NICK: { least: 0, beforeAuth: true, run: (connection, { params }) => nick(connection, params[0]) },
  USER: {
    least: 4,
    beforeAuth: true,
    run: (connection, { params }) => {
      const { registration } = connection
      if (registration === undefined || registration.hasUser) {
        connection.numeric('462', [], 'You are registered already')
        return undefined
      }
      connection.user = (params[0] ?? '').replace(/[^A-Za-z0-9._-]/g, '').slice(0, USER_CHARS) || 'irc'
      connection.realName = realNameOf(params[3] ?? '')
      registration.hasUser = true
      return welcomeIfComplete(connection)
    },
  },
  SETNAME: {
    least: 1,
    run: (connection, { params }) => {
      const { mask, renderer } = connection
      connection.realName = realNameOf(params[0] ?? '')
      const line = lineOf({ source: mask, verb: 'SETNAME', text: connection.realName })
      for (const client of renderer.people.having('setname', connection.channels.keys()))
        if (client !== connection) tellUnlessBehind(client, line)
      return connection.say(line)
    },
  },
  PING: {
    least: 1,
    beforeAuth: true,
    run: (connection, { params }) =>
      connection.say(
        lineOf({ source: connection.hostName, verb: 'PONG', params: [connection.hostName], text: params[0] ?? '' }),
      ),
  },
  PONG: { least: 0, beforeAuth: true, posts: true, run: () => undefined },
  QUIT: {
    least: 0,
    beforeAuth: true,
    run: (connection, { params }) => {
      const [message = ''] = params
      connection.quit('you have quit', message === '' ? undefined : message)
      return undefined
    },
  },
}

function cap(connection: IrcConnection, params: readonly string[]): Promise<unknown> | undefined {
  const { chosen, registration } = connection
  const [word = '', list = ''] = params
  const answer = (sub: string, text: string) =>
    connection.say(lineOf({ source: connection.hostName, verb: 'CAP', params: [connection.nick, sub], text }))
  switch (word.toUpperCase()) {
    case 'LS': {
      if (registration !== undefined) registration.isChoosing = true
      // Values only for who knows of them.
      const hasValues = Number(list) >= 302
      const shown = Array.from(CAPABILITIES, ([name, value]) => (hasValues && value !== '' ? `${name}=${value}` : name))
      return answer('LS', shown.join(' '))
    }
    case 'LIST':
      return answer('LIST', [...chosen].join(' '))
    case 'REQ': {
      if (registration !== undefined) registration.isChoosing = true
      const wanted = list.split(' ').filter((each) => each !== '')
      const changes = new Map(wanted.map((each) => [each.replace(/^-/, ''), !each.startsWith('-')]))
      // All of them or none.
      if (![...changes.keys()].every((name) => CAPABILITIES.has(name))) return answer('NAK', list)
      connection.choose(changes)
      return answer('ACK', list)
    }
    case 'END':
      if (registration === undefined) return undefined
      registration.isChoosing = false
      return welcomeIfComplete(connection)
    default:
      connection.numeric('410', [word], 'Invalid CAP command')
      return undefined
  }
}

const realNameOf = (text: string): string => forTerminal(withoutFormatting(text)).slice(0, REAL_NAME_CHARS)

function nick(connection: IrcConnection, wanted: string | undefined): Promise<unknown> | undefined {
  if (wanted === undefined || wanted === '') {
    connection.numeric('431', [], 'No nickname given')
    return undefined
  }
  if (wanted === connection.nick) return undefined
  return connection.registration === undefined ? rename(connection, wanted) : choose(connection, wanted)
}

async function choose(connection: IrcConnection, wanted: string): Promise<unknown> {
  const name = await connection.parts.engine.keepNick(wanted, connection.id)
  if (typeof name !== 'string') return refuseNick(connection, wanted, name)
  connection.calledNow(name)
  return welcomeIfComplete(connection)
}

/** In one room where it is in any: its other rooms follow. */
async function rename(connection: IrcConnection, wanted: string): Promise<void> {
  const { engine } = connection.parts
  const [channel] = connection.channels.values()
  const before = connection.nick
  const name = await engine.keepNick(wanted, connection.id)
  if (typeof name !== 'string') return refuseNick(connection, wanted, name)
  if (channel?.session === undefined) {
    await connection.say(lineOf({ source: connection.mask, verb: 'NICK', text: name }))
    connection.calledNow(name)
    return
  }
  const answer = await channel.client.ask({ type: 'rename', name: wanted })
  if (answer.type === 'ack') return
  await engine.keepNick(before, connection.id)
  refuseNick(connection, wanted, answer)
}

function refuseNick(connection: IrcConnection, wanted: string, why: { code: string; message: string }): void {
  const { words } = connection.renderer
  const code = why.code === 'NAME_TAKEN' ? '433' : why.code === 'BAD_NAME' ? '432' : '437'
  connection.numeric(code, [wanted], words.refusal(why as Parameters<typeof words.refusal>[0]))
}

async function welcomeIfComplete(connection: IrcConnection): Promise<void> {
  const { registration } = connection
  if (registration === undefined || !registration.hasUser || !connection.hasNick || registration.isChoosing) return
  if (!(await connection.register())) return
  const { nick: me, parts } = connection
  connection.numeric('001', [], `Welcome to tamtam, ${me}`)
  connection.numeric('002', [], `Your host is ${connection.hostName}, running ${parts.program}`)
  connection.numeric('003', [], 'One room for all: people on IRC, in browsers, at terminals and at netcat')
  connection.numeric('004', [connection.hostName, parts.program, 'io', 'bikloqstv'])
  const { roomsPerConnection } = parts.settings
  const { base } = connection.incoming
  const fileHost = connection.account === undefined || base === undefined ? [] : [`FILEHOST=${base}/filehost`]
  const tokens = [
    'CHANTYPES=#',
    'PREFIX=(qov)~@+',
    'CHANMODES=b,k,l,imnst',
    `CHANLIMIT=#:${roomsPerConnection}`,
    'CHANNELLEN=65',
    'NICKLEN=32',
    `NAMELEN=${REAL_NAME_CHARS}`,
    'CASEMAPPING=ascii',
    'UTF8ONLY',
    'NETWORK=tamtam',
    'EXTBAN=,m',
    'MODES=4',
    'CLIENTTAGDENY=*,-typing',
    'TARGMAX=PRIVMSG:4,NOTICE:4,JOIN:20,PART:20,KICK:4,NAMES:1,WHOIS:1',
    'SAFELIST',
    'ELIST=MNU',
    'WHOX',
    `MONITOR=${MOST_MONITORED}`,
    `CHATHISTORY=${MOST_ENTRIES}`,
    'MSGREFTYPES=msgid,timestamp',
    ...fileHost.flatMap((token) => [`draft/${token}`, `soju.im/${token}`]),
  ]
  for (let from = 0; from < tokens.length; from += TOKENS_A_LINE)
    connection.numeric('005', tokens.slice(from, from + TOKENS_A_LINE), 'are supported by this server')
  await tellLusers(connection)
  tellMotd(connection)
}
