import type { LocalSession } from '#domain/engine/session.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import { audienceOf } from '#domain/room/visibility.ts'
import { lineOf } from '../connection/event-line.ts'
import { fileLine, guardSend, type LinkOf } from '../connection/wording.ts'

/** Joins or leaves in one batch beyond this are told in one line: a thousand arrivals are not a thousand lines to each. */
const PRESENCE_LINES = 8

/** A batch as lines: bytes encoded once, and where each event's stand, so that an author can be given the rest. */
export interface Lines {
  readonly bytes: Buffer
  /** Where the event of the same index begins in `bytes`; one more entry says where the last one ends. */
  readonly starts: readonly number[]
  readonly events: readonly RoomEvent[]
  readonly authors: ReadonlySet<string>
  /** Some of it is for some eyes only. */
  readonly personal: boolean
  /** Indices of files that are now whole. */
  readonly files: readonly number[]
}

/** Lines for whoever gets files in band: the file itself stands for its line. */
export function inlineLines(batch: Batch): Lines {
  const lines = toLines(batch, lineOf)
  // Looked for in all of it at once: it is hardly ever there.
  return lines.bytes.includes(SEND) ? toLines(batch, (event) => guardSend(lineOf(event))) : lines
}

const SEND = Buffer.from('SEND')

/** Lines for whoever asked for links instead of bytes. */
export const linkLines = (batch: Batch, linkOf?: LinkOf): Lines =>
  toLines(batch, (event) =>
    event.type === 'fileCompleted' ? `${fileLine(event.by.name, event.file, linkOf)}\n` : lineOf(event),
  )

/** Whoever reads the lines. */
export type Reading = Pick<LocalSession, 'id' | 'sees'>

/** The bytes of the events from index `from` up to, not including, `to` that this member gets: none of its own, nothing for others. */
export function portion(lines: Lines, session: Reading, from = 0, to = lines.events.length): readonly Buffer[] {
  const { bytes, starts, events } = lines
  if (!lines.personal && !lines.authors.has(session.id)) {
    return from === 0 && to === events.length ? [bytes] : [bytes.subarray(starts[from], starts[to])]
  }
  const pieces: Buffer[] = []
  let begin = -1
  for (let index = from; index <= to; index++) {
    const event = index < to ? (events[index] as RoomEvent) : undefined
    const wanted = event !== undefined && !isOwn(event, session.id) && session.sees(event)
    if (wanted && begin < 0) begin = starts[index] as number
    if (wanted || begin < 0) continue
    pieces.push(bytes.subarray(begin, starts[index]))
    begin = -1
  }
  return pieces
}

const isOwn = (event: RoomEvent, memberId: string): boolean => event.type !== 'missed' && event.by.id === memberId

function toLines(batch: Batch, render: (event: RoomEvent) => string): Lines {
  const { events } = batch
  const folded = foldPresence(events)
  const texts: string[] = []
  const starts: number[] = []
  const authors = new Set<string>()
  const files: number[] = []
  let author: Member | undefined
  let personal = false
  let length = 0
  for (let index = 0; index < events.length; index++) {
    const event = events[index] as RoomEvent
    const text = folded?.get(event) ?? render(event)
    starts.push(length)
    length += text.length
    texts.push(text)
    // Most lines have the author of the line before.
    if (event.type !== 'missed' && event.by !== author) {
      author = event.by
      authors.add(author.id)
    }
    if (audienceOf(event) !== undefined) personal = true
    if (event.type === 'fileCompleted') files.push(index)
  }
  starts.push(length)
  const joined = texts.join('')
  const bytes = Buffer.from(joined)
  // Beyond ASCII a character is not a byte: count again.
  if (bytes.length !== joined.length) {
    length = 0
    texts.forEach((text, index) => {
      starts[index] = length
      length += Buffer.byteLength(text)
    })
    starts[texts.length] = length
  }
  return { bytes, starts, events, authors, personal, files }
}

/** The lines that stand for a crowd's comings and goings: the first carries it, the others are empty. */
function foldPresence(events: readonly RoomEvent[]): Map<RoomEvent, string> | undefined {
  if (events.length <= PRESENCE_LINES) return undefined
  let folded: Map<RoomEvent, string> | undefined
  for (const type of ['joined', 'left'] as const) {
    const crowd = events.filter((event) => event.type === type)
    if (crowd.length <= PRESENCE_LINES) continue
    folded ??= new Map()
    crowd.forEach((event, index) => {
      folded?.set(event, index === 0 ? `* ${crowd.length} people ${type}\n` : '')
    })
  }
  return folded
}
