import type { LocalSession } from '#domain/engine/session.ts'
import { isEntry, type PastEvent } from '#domain/room/events.ts'
import { type Portion, portionsAfter, portionsBefore } from '../connection/history-pages.ts'
import { COSTS, priceOf, priceOfItems } from '../connection/rate-limit.ts'
import type { Channel } from './channel.ts'
import { lineOf } from './codec.ts'
import type { IrcConnection } from './connection.ts'
import { batchOf } from './labels.ts'
import { MODES } from './render.ts'
import type { Verb } from './verb.ts'

/** Entries of one answer: `CHATHISTORY=` of the welcome. */
export const MOST_ENTRIES = 100

/** IRCv3, chathistory. */
export const HISTORY: Readonly<Record<string, Verb<IrcConnection>>> = {
  CHATHISTORY: { least: 4, run: (connection, { params }) => chatHistory(connection, params) },
}

async function chatHistory(connection: IrcConnection, params: readonly string[]): Promise<void> {
  const [given = '', target = '', ...rest] = params
  const word = given.toUpperCase()
  const fail = (code: string, text: string, about: readonly string[] = []) =>
    connection.say(
      lineOf({ source: connection.hostName, verb: 'FAIL', params: ['CHATHISTORY', code, word, ...about], text }),
    )
  const limit = Math.min(Number(rest.at(-1)), MOST_ENTRIES)
  if (!Number.isInteger(limit) || limit < 1) {
    await fail('INVALID_PARAMS', 'the last parameter is how many messages, 1 or more')
    return
  }
  if (word === 'TARGETS') return await targets(connection, target, rest[0] ?? '', limit)
  const channel = target.startsWith('#') ? connection.channels.get(target.slice(1).toLowerCase()) : undefined
  if (channel?.session === undefined) {
    await fail('INVALID_TARGET', 'messages are told of rooms that you are in', [target])
    return
  }
  const { session } = channel
  await connection.pay(priceOf(COSTS.history))
  const chosen = await portionsFor(session, word, rest.slice(0, -1), limit)
  if (chosen === undefined) {
    await fail('INVALID_PARAMS', 'name messages by msgid=ID or timestamp=TIME, as in LATEST #room * 50')
    return
  }
  const lines: string[] = []
  for await (const { events, read } of chosen.portions) {
    await connection.pay(priceOfItems(COSTS.history, read))
    const isPlayed = connection.chosen.has('draft/event-playback')
    const isWanted = (event: PastEvent) => isShown(event) || (isPlayed && isMadeOfLines(event))
    const wanted = session.current(events).filter((event) => isWanted(event) && isBehind(event, chosen.after))
    lines.push(...wanted.map((event) => channel.pastLine(event, session, isPlayed)))
  }
  await connection.say(batchOf(connection.hostName, splitLines(lines), 'chathistory', [channel.name]))
}

const splitLines = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => line.split(/(?<=\r\n)/)).filter((line) => line !== '')

/** What people said, their files, and where something is missing; not the changes of rules and topics. */
const isShown = ({ type }: PastEvent): boolean =>
  type === 'said' || type === 'acted' || type === 'whispered' || type === 'fileCompleted' || type === 'missed'

/** What IRC has lines for, beside what people said. */
const isMadeOfLines = ({ type }: PastEvent): boolean => type === 'topicSet' || MODES.has(type)

const isBehind = (event: PastEvent, after: number): boolean => !isEntry(event) || event.seq > after

interface Chosen {
  readonly portions: AsyncIterable<Portion>
  /** Only those behind this one are wanted. */
  readonly after: number
}

async function portionsFor(
  session: LocalSession,
  word: string,
  references: readonly string[],
  limit: number,
): Promise<Chosen | undefined> {
  const end = session.last + 1
  const [first = '', second = ''] = references
  if (word === 'LATEST' && first === '*') return { portions: portionsBefore(session, end, limit), after: 0 }
  const one = await placeOf(session, first)
  if (one === undefined) return undefined
  switch (word) {
    case 'LATEST':
      return { portions: portionsBefore(session, end, limit), after: one.upTo }
    case 'BEFORE':
      return { portions: portionsBefore(session, one.from, limit), after: 0 }
    case 'AFTER':
      return { portions: portionsAfter(session, one.upTo, end, limit), after: 0 }
    case 'AROUND': {
      const after = Math.max(0, one.from - 1 - Math.floor(limit / 2))
      return { portions: portionsAfter(session, after, end, limit), after: 0 }
    }
    case 'BETWEEN': {
      const other = await placeOf(session, second)
      if (other === undefined) return undefined
      if (one.upTo < other.from) return { portions: portionsAfter(session, one.upTo, other.from, limit), after: 0 }
      return { portions: portionsBefore(session, one.from, limit), after: other.upTo }
    }
    default:
      return undefined
  }
}

/** The entries that a reference means: from the first of them up to the last; none where that is before it. */
interface Place {
  readonly from: number
  readonly upTo: number
}

async function placeOf(session: LocalSession, reference: string): Promise<Place | undefined> {
  const [, kind, value = ''] = /^(msgid|timestamp)=(.+)$/.exec(reference) ?? []
  if (kind === 'msgid') {
    const seq = value.startsWith(`${session.room}-`) ? Number(value.slice(session.room.length + 1)) : Number.NaN
    return Number.isInteger(seq) && seq >= 0 && seq <= session.last ? { from: seq, upTo: seq } : undefined
  }
  const at = kind === 'timestamp' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(at)) return undefined
  return { from: await firstFrom(session, at), upTo: (await firstFrom(session, at + 1)) - 1 }
}

/** The first entry of that time or later, found in a dozen steps and never by reading the room; behind the last where there is none. */
async function firstFrom(session: LocalSession, at: number): Promise<number> {
  let low = 1
  let high = session.last + 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [found] = (await session.read(middle - 1, 1)).filter(isEntry)
    // Entries that are missing, or for others, are none to look at.
    if (found === undefined || found.at >= at) high = middle
    else low = Math.max(found.seq, middle) + 1
  }
  return low
}

/** The rooms that one is in, with the time of the newest message of each, where it is between both. */
async function targets(connection: IrcConnection, one: string, other: string, limit: number): Promise<void> {
  const times = [one, other].map((each) => Date.parse(each.replace(/^timestamp=/, ''))).sort((a, b) => a - b)
  const [from = 0, to = 0] = times
  const lines: string[] = []
  const channels: readonly Channel[] = [...connection.channels.values()].slice(0, limit)
  for (const { name, session } of channels) {
    const [newest] = ((await session?.history(1)) ?? []).filter(isEntry)
    if (newest === undefined || newest.at <= from || newest.at >= to) continue
    const time = new Date(newest.at).toISOString()
    lines.push(lineOf({ source: connection.hostName, verb: 'CHATHISTORY', params: ['TARGETS', name, time] }))
  }
  await connection.say(batchOf(connection.hostName, lines, 'draft/chathistory-targets'))
}
