import type { LocalSession } from '#domain/engine/session.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import { audienceOf } from '#domain/room/visibility.ts'

/** A batch as lines: bytes encoded once, and where each event's stand, so that an author can be given the rest. */
export interface Lines {
  readonly bytes: Buffer
  /** `bytes` as the pieces that most readers get. */
  readonly whole: readonly Buffer[]
  /** Where the event of the same index begins in `bytes`; one more entry says where the last one ends. */
  readonly starts: readonly number[]
  readonly events: readonly RoomEvent[]
  /** The events of each author, by id, in runs: the index of the first and the one behind the last, in turn. */
  readonly runs: ReadonlyMap<string, readonly number[]>
  /** Some of it is for some eyes only. */
  readonly personal: boolean
  /** Indices of files that are now whole. */
  readonly files: readonly number[]
}

/** The reader's session. */
export type Reading = Pick<LocalSession, 'id' | 'sees'>

/**
 * The bytes of the events from index `from` up to, not including, `to` that this member gets: none of its own, nothing for others. They are
 * pieces of `bytes`, which all readers share: an author gets those between its own runs.
 */
export function portion(lines: Lines, session: Reading, from = 0, to = lines.events.length): readonly Buffer[] {
  const runs = lines.runs.get(session.id)
  if (runs === undefined && !lines.personal && from === 0 && to === lines.events.length) return lines.whole
  return pieces(lines, session, runs, from, to)
}

function pieces(
  { bytes, starts, events, personal }: Lines,
  session: Reading,
  runs: readonly number[] = [],
  from: number,
  to: number,
): readonly Buffer[] {
  const found: Buffer[] = []
  const add = (first: number, behind: number) => {
    if (first < behind) found.push(bytes.subarray(starts[first], starts[behind]))
  }
  const addVisible = (first: number, behind: number) => {
    if (!personal) return add(first, behind)
    let begin = first
    for (let index = first; index < behind; index++) {
      if (session.sees(events[index] as RoomEvent)) continue
      add(begin, index)
      begin = index + 1
    }
    add(begin, behind)
  }
  let at = from
  for (let run = 0; run < runs.length && at < to; run += 2) {
    addVisible(at, Math.min(runs[run] as number, to))
    at = Math.max(at, runs[run + 1] as number)
  }
  addVisible(at, to)
  return found
}

/** `hidesFromAuthor`: the events that their authors are not told of; left out, all. */
export function toLines(
  { events }: Batch,
  render: (event: RoomEvent) => string,
  hidesFromAuthor: (event: RoomEvent) => boolean = () => true,
): Lines {
  const texts = events.map(render)
  const joined = texts.join('')
  const bytes = Buffer.from(joined)
  const starts = startsOf(texts, bytes.length === joined.length)
  const runs = new Map<string, number[]>()
  const files: number[] = []
  let author: Member | undefined
  let run: number[] = []
  let personal = false
  for (let index = 0; index < events.length; index++) {
    const event = events[index] as RoomEvent
    // Most lines have the author of the line before.
    const by = 'by' in event && hidesFromAuthor(event) ? event.by : undefined
    if (by === undefined || by !== author) {
      author = by
      run = by === undefined ? [] : runOf(runs, by.id)
      if (run.at(-1) !== index) run.push(index, index)
    }
    run[run.length - 1] = index + 1
    if (audienceOf(event) !== undefined) personal = true
    if (event.type === 'fileCompleted') files.push(index)
  }
  return { bytes, whole: [bytes], starts, events, runs, personal, files }
}

/** The first byte of each text, and the end of the last. `isAscii`: a character is a byte. */
function startsOf(texts: readonly string[], isAscii: boolean): readonly number[] {
  const starts = [0]
  let at = 0
  for (const text of texts) {
    at += isAscii ? text.length : Buffer.byteLength(text)
    starts.push(at)
  }
  return starts
}

function runOf(runs: Map<string, number[]>, id: string): number[] {
  const known = runs.get(id)
  if (known !== undefined) return known
  const run: number[] = []
  runs.set(id, run)
  return run
}
