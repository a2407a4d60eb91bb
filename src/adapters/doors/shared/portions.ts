import type { LocalSession } from '../../../domain/engine/local-session.ts'
import { type Rejected, rejected } from '../../../domain/rejection.ts'
import { charsOf } from '../../../domain/room/chars.ts'
import type { Entry } from '../../../domain/room/events.ts'
import { searchWords } from '../../codec/words.ts'

/** Text in one portion, and entries read for it. A reader that stalls has one portion waiting here; the rest stays in the journal (C61). */
const PORTION_CHARS = 64 * 1024
const PORTION_ENTRIES = 256
const MOST_WORDS = 16

/** The next entries of an answer; `read` is how many were looked at for them. */
export interface Portion {
  readonly entries: readonly Entry[]
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
    const portion = await cursor.next(left, ({ seq }) => seq < before)
    left -= portion.entries.length
    yield portion
  }
}

/** The newest `limit` entries before `before`, oldest first. */
export async function* portionsBefore(session: Reading, before: number, limit: number): AsyncGenerator<Portion> {
  let seqs: number[] = []
  // What is for others is not seen and leaves pages short: each further step looks twice as far back.
  for (let upTo = before - 1, reach = limit; upTo > 0 && seqs.length < limit; reach *= 2) {
    const after = Math.max(0, upTo - reach)
    const found: number[] = []
    for (let at = after, over = false; at < upTo && !over; ) {
      const { entries, read, upTo: came } = await session.page(at, upTo - at)
      const wanted = entries.filter(({ seq }) => seq <= upTo)
      // Nearly always the whole answer.
      const isAll = at === after && came >= upTo && seqs.length === 0 && (wanted.length >= limit || after === 0)
      if (isAll && isShort(wanted)) {
        yield { entries: wanted.slice(-limit), read }
        return
      }
      found.push(...wanted.map(({ seq }) => seq))
      yield { entries: [], read }
      over = read === 0
      at = came
    }
    seqs = [...found, ...seqs]
    upTo = after
  }
  const [first] = seqs.slice(-limit)
  if (first !== undefined) yield* portionsAfter(session, first - 1, before, limit)
}

/** Why nothing is looked for: each word more makes one step of the search longer, and others wait for a step. */
export function searchFault(query: string): Rejected | undefined {
  return new Set(searchWords(query)).size > MOST_WORDS ? tooManyWords : undefined
}

const tooManyWords = rejected('BAD_REQUEST', `too many words to search for; name at most ${MOST_WORDS}`)

/** What a search finds. */
export interface Found {
  readonly count: number
  readonly portions: AsyncGenerator<Portion>
}

/** The newest entries with all the words of `query`, at most `limit`, oldest first. */
export async function searched(session: Reading, query: string, limit: number): Promise<Found> {
  const entries = await session.search(query, limit)
  return { count: entries.length, portions: isShort(entries) ? only(entries) : readAgain(session, seqsOf(entries)) }
}

async function* only(entries: readonly Entry[]): AsyncGenerator<Portion> {
  yield { entries, read: entries.length }
}

async function* readAgain(session: Reading, seqs: readonly number[]): AsyncGenerator<Portion> {
  const wanted = new Set(seqs)
  for (let index = 0; index < seqs.length; ) {
    const cursor = new Cursor(session, (seqs[index] as number) - 1, PORTION_ENTRIES)
    const portion = await cursor.next(seqs.length - index, ({ seq }) => wanted.has(seq))
    yield portion
    // What is gone from the journal meanwhile is passed over.
    const came = portion.entries.at(-1)?.seq ?? (seqs[index] as number)
    while (index < seqs.length && (seqs[index] as number) <= came) index++
  }
}

/** A place in the journal, from which portions are read on; it holds none of what it has read. */
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

  async next(most: number, isWanted: (entry: Entry) => boolean): Promise<Portion> {
    const { entries, read, upTo } = await this.#session.page(this.at, Math.min(this.#wanted, most))
    const wanted = entries.filter(isWanted).slice(0, most)
    let chars = 0
    const tooMuch = wanted.findIndex((entry, index) => {
      chars += charsOf(entry)
      return index > 0 && chars > PORTION_CHARS
    })
    if (tooMuch < 0) this.at = wanted.length < most ? upTo : (wanted.at(-1)?.seq ?? upTo)
    else {
      this.at = (wanted[tooMuch - 1] as Entry).seq
      // Long ones: no more of them are read than go into about two portions.
      this.#wanted = 2 * tooMuch
    }
    this.over = read === 0
    return { entries: tooMuch < 0 ? wanted : wanted.slice(0, tooMuch), read }
  }
}

const isShort = (entries: readonly Entry[]): boolean =>
  entries.reduce((sum, entry) => sum + charsOf(entry), 0) <= PORTION_CHARS

const seqsOf = (entries: readonly Entry[]): readonly number[] => entries.map(({ seq }) => seq)
