import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import { historyChars, isEntry, lastSeqOf, type PastEvent, within } from '#domain/room/events.ts'
import { searchWords } from '#protocol/search-words.ts'

/** Text in one portion, and entries read for it. A reader that stalls has one portion waiting here; the rest stays in the journal (C61). */
const PORTION_CHARS = 64 * 1024
const PORTION_ENTRIES = 256
const MOST_WORDS = 16

/** The next entries of an answer, and where some are missing; `read` is how many were looked at for them. */
export interface Portion {
  readonly events: readonly PastEvent[]
  readonly read: number
}

type Reading = Pick<LocalSession, 'last' | 'page' | 'search'>

/** At most `limit` entries after `after` and before `before`, oldest first. */
export async function* portionsAfter(
  session: Reading,
  after: number,
  before: number,
  limit: number,
): AsyncGenerator<Portion> {
  const cursor = new Cursor(session, after, PORTION_ENTRIES)
  for (let left = limit; left > 0 && !cursor.over && cursor.at < before - 1; ) {
    const portion = await cursor.next(left, (events) => within(events, after + 1, before - 1))
    left -= entriesIn(portion.events)
    yield portion
  }
}

/** The newest `limit` entries before `before`, oldest first. Gaps before the first of them belong to the page before. */
export async function* portionsBefore(session: Reading, before: number, limit: number): AsyncGenerator<Portion> {
  let seqs: number[] = []
  // Entries for others are left out and make pages short: each further step reads twice as far back.
  for (let upTo = before - 1, reach = limit; upTo > 0 && seqs.length < limit; reach *= 2) {
    const after = Math.max(0, upTo - reach)
    const found: number[] = []
    for (let at = after, over = false; at < upTo && !over; ) {
      const { events, read, upTo: came } = await session.page(at, upTo - at)
      const wanted = within(events, after + 1, upTo)
      const wantedSeqs = wanted.filter(isEntry).map(({ seq }) => seq)
      // Nearly always the whole answer.
      const isAll = upTo === before - 1 && at === after && came >= upTo && (wantedSeqs.length >= limit || after === 0)
      if (isAll && isShort(wanted)) {
        const first = wantedSeqs.at(-limit)
        yield { events: first === undefined ? wanted : within(wanted, first, upTo), read }
        return
      }
      found.push(...wantedSeqs)
      yield { events: [], read }
      over = read === 0
      at = came
    }
    seqs = [...found, ...seqs]
    upTo = after
  }
  const first = seqs.at(-limit) ?? 1
  if (before > 1) yield* portionsAfter(session, first - 1, before, Number.POSITIVE_INFINITY)
}

/** The fault of a query: each word more makes one step of the search longer, and others wait for a step. */
export function searchFault(query: string): Rejected | undefined {
  return new Set(searchWords(query)).size > MOST_WORDS ? tooManyWords : undefined
}

const tooManyWords = rejected('BAD_REQUEST', `too many words to search for; name at most ${MOST_WORDS}`)

/** The result of a search. */
export interface Found {
  readonly count: number
  readonly portions: AsyncGenerator<Portion>
}

/** The newest entries with all the words of `query`, at most `limit`, oldest first. */
export async function searched(session: Reading, query: string, limit: number): Promise<Found> {
  const events = await session.search(query, limit)
  const portions = isShort(events) ? only(events) : readAgain(session, events.map(lastSeqOf))
  return { count: entriesIn(events), portions }
}

async function* only(events: readonly PastEvent[]): AsyncGenerator<Portion> {
  yield { events, read: entriesIn(events) }
}

async function* readAgain(session: Reading, seqs: readonly number[]): AsyncGenerator<Portion> {
  const found = (events: readonly PastEvent[]) => seqs.flatMap((seq) => within(events, seq, seq))
  for (let index = 0; index < seqs.length; ) {
    const cursor = new Cursor(session, (seqs[index] as number) - 1, PORTION_ENTRIES)
    const portion = await cursor.next(seqs.length - index, found)
    yield portion
    // Entries that are gone from the journal meanwhile are skipped.
    const newest = portion.events.at(-1)
    const came = newest === undefined ? (seqs[index] as number) : lastSeqOf(newest)
    while (index < seqs.length && (seqs[index] as number) <= came) index++
  }
}

/** A place in the journal to read portions from; it holds none of the entries. */
class Cursor {
  readonly #session: Reading
  #wanted: number
  at: number
  over = false

  constructor(session: Reading, after: number, wanted: number) {
    this.#session = session
    this.at = after
    this.#wanted = wanted
  }

  /** At most `most` entries of those that `choose` takes from the next page. */
  async next(most: number, choose: (events: readonly PastEvent[]) => readonly PastEvent[]): Promise<Portion> {
    const { events, read, upTo } = await this.#session.page(this.at, Math.min(this.#wanted, most))
    const taken: PastEvent[] = []
    let count = 0
    let chars = 0
    this.at = upTo
    for (const event of choose(events)) {
      if (isEntry(event)) chars += historyChars(event)
      if (count === most || (count > 0 && chars > PORTION_CHARS)) {
        this.at = lastSeqOf(taken.at(-1) as PastEvent)
        // Long ones: no more of them are read than go into about two portions.
        if (count < most) this.#wanted = 2 * count
        break
      }
      taken.push(event)
      if (isEntry(event)) count++
    }
    this.over = read === 0
    return { events: taken, read }
  }
}

const entriesIn = (events: readonly PastEvent[]): number => events.filter(isEntry).length

const isShort = (events: readonly PastEvent[]): boolean =>
  events.reduce((sum, event) => sum + (isEntry(event) ? historyChars(event) : 0), 0) <= PORTION_CHARS
