import { lineOf } from './codec.ts'
import type { IrcConnection } from './connection.ts'
import { MOST_LINES, MOST_TEXT_BYTES } from './multiline.ts'
import { HOST_NAME } from './people.ts'

/** The capabilities that a client may ask for (ircv3.net has their names), with their values. */
const CAPABILITIES: ReadonlyMap<string, string> = new Map([
  ['account-notify', ''],
  ['account-tag', ''],
  ['away-notify', ''],
  ['batch', ''],
  ['cap-notify', ''],
  ['draft/chathistory', ''],
  ['draft/event-playback', ''],
  ['draft/multiline', `max-bytes=${MOST_TEXT_BYTES},max-lines=${MOST_LINES}`],
  ['echo-message', ''],
  ['extended-join', ''],
  ['invite-notify', ''],
  ['labeled-response', ''],
  ['message-tags', ''],
  ['multi-prefix', ''],
  ['sasl', 'PLAIN'],
  ['server-time', ''],
  ['setname', ''],
  ['standard-replies', ''],
  ['userhost-in-names', ''],
])

/** Those that change what a line looks like. Readers who have the same share their lines. */
export interface LineCapabilities {
  readonly time: boolean
  readonly tags: boolean
  readonly account: boolean
  readonly multiline: boolean
  readonly extendedJoin: boolean
  readonly away: boolean
}

export const lineCapabilities = (chosen: ReadonlySet<string>): LineCapabilities => ({
  time: chosen.has('server-time'),
  tags: chosen.has('message-tags'),
  account: chosen.has('account-tag'),
  multiline: chosen.has('draft/multiline') && chosen.has('batch'),
  extendedJoin: chosen.has('extended-join'),
  away: chosen.has('away-notify'),
})

/** The command with which a client asks for them. */
export function cap(
  connection: IrcConnection,
  params: readonly string[],
  registered: () => Promise<void>,
): Promise<unknown> | undefined {
  const { chosen, registration } = connection
  const [word = '', list = ''] = params
  const answer = (sub: string, text: string) =>
    connection.say(lineOf({ source: HOST_NAME, verb: 'CAP', params: [connection.nick, sub], text }))
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
      return registered()
    default:
      connection.numeric('410', [word], 'Invalid CAP command')
      return undefined
  }
}
