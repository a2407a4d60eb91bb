import { skeletonOf } from '#domain/room/moderation.ts'
import type { IrcConnection } from './connection.ts'
import { tellList } from './monitors.ts'
import { listOf, type Verb } from './verb.ts'

export const MOST_MONITORED = 100

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
      return monitors.tell(connection, taken)
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
      return monitors.tell(connection, [...monitored.values()])
    default:
      return connection.numeric('461', ['MONITOR'], 'Say +, -, C, L or S')
  }
}
