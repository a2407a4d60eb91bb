import { skeletonOf } from '#domain/room/moderation.ts'
import type { IrcConnection } from './connection.ts'
import { listOf, type Verb } from './verb.ts'

export const MOST_MONITORED = 100
const LIST_BYTES = 400

export const MONITOR: Readonly<Record<string, Verb<IrcConnection>>> = {
  MONITOR: { least: 1, run: (connection, { params }) => monitor(connection, params) },
}

function monitor(connection: IrcConnection, [sign = '', targets]: readonly string[]): undefined {
  const { monitored } = connection
  const { monitors } = connection.parts
  const nicks = listOf(targets, MOST_MONITORED)
  switch (sign.toUpperCase()) {
    case '+': {
      const isNew = (nick: string) => !monitored.has(skeletonOf(nick))
      const taken = nicks.filter((nick) => {
        if (isNew(nick) && monitored.size >= MOST_MONITORED) return false
        monitors.watch(connection, nick)
        return true
      })
      if (taken.length < nicks.length)
        connection.numeric('734', [String(MOST_MONITORED), nicks.slice(taken.length).join(',')], 'Monitor list is full')
      return tellStatus(connection, taken)
    }
    case '-':
      for (const nick of nicks) monitors.unwatch(connection, skeletonOf(nick))
      return undefined
    case 'C':
      return monitors.forget(connection) as undefined
    case 'L':
      tellList(connection, '732', [...monitored.values()])
      return connection.numeric('733', [], 'End of MONITOR list')
    case 'S':
      return tellStatus(connection, [...monitored.values()])
    default:
      return connection.numeric('461', ['MONITOR'], 'Say +, -, C, L or S')
  }
}

function tellStatus(connection: IrcConnection, nicks: readonly string[]): undefined {
  const { monitors } = connection.parts
  const isHere = (nick: string) => monitors.isHere(nick)
  tellList(connection, '730', nicks.filter(isHere))
  tellList(
    connection,
    '731',
    nicks.filter((nick) => !isHere(nick)),
  )
}

/** In as many lines as it takes. */
function tellList(connection: IrcConnection, numeric: string, nicks: readonly string[]): void {
  let list = ''
  for (const nick of nicks) {
    if (list !== '' && Buffer.byteLength(`${list},${nick}`) > LIST_BYTES) {
      connection.numeric(numeric, [], list)
      list = ''
    }
    list = list === '' ? nick : `${list},${nick}`
  }
  if (list !== '') connection.numeric(numeric, [], list)
}
