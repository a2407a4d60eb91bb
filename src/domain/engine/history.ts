import { FairQueue } from '../async/fair-queue.ts'
import { type Journal, JournalFailed, type Span } from '../ports/journal.ts'
import type { RoomActor } from '../room/actor.ts'
import type { Batch } from '../room/batch.ts'
import type { Entry, PastEvent } from '../room/events.ts'
import type { EngineLimits } from './limits.ts'

/** The next step is on its way while the answer of the one before is dealt with. */
const READS_AT_ONCE = 2
/** One that has to catch up with a long history first leaves a place to others. */
const SEARCHES_AT_ONCE = 2

/** A reader of the journal: turns go round by subnet, and there by id. */
export interface HistoryReader {
  readonly subnet: string
  readonly id: string
  readonly room: string
}

/** The journal, read in fair turns. Reads wait here, not in the journal: a commit is behind a few short steps only, however much is asked. */
export class History {
  readonly #journal: Journal
  readonly #limits: Pick<EngineLimits, 'pageEntries' | 'foundChars'>
  readonly #broken: (error: unknown) => void
  readonly #reads = new FairQueue(READS_AT_ONCE)
  readonly #searches = new FairQueue(SEARCHES_AT_ONCE)

  /** `broken` is called when the journal cannot be read any more. */
  constructor(
    journal: Journal,
    limits: Pick<EngineLimits, 'pageEntries' | 'foundChars'>,
    broken: (error: unknown) => void,
  ) {
    this.#journal = journal
    this.#limits = limits
    this.#broken = broken
  }

  /** The data to rebuild a room from: its span, and the facts that still hold. */
  load(room: string): Promise<[Span | undefined, readonly Entry[]]> {
    return this.#reads.run('', room, () => Promise.all([this.#journal.span(room), this.#journal.facts(room)]))
  }

  /** A page of about `limit` entries after `after`, or of as many as a page may have. */
  read(
    { subnet, id, room }: HistoryReader,
    after: number,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<readonly Batch[]> {
    const most = Math.min(limit, this.#limits.pageEntries)
    return this.watched(this.#reads.run(subnet, id, () => this.#journal.read(room, after, most)))
  }

  search({ subnet, id, room }: HistoryReader, query: string, limit: number): Promise<readonly PastEvent[]> {
    const { foundChars } = this.#limits
    return this.watched(this.#searches.run(subnet, id, () => this.#journal.search(room, query, limit, foundChars)))
  }

  /** A journal that cannot be read any more is as broken as one that cannot be written. */
  watched<Answer>(answer: Promise<Answer>): Promise<Answer> {
    answer.catch((error: unknown) => {
      if (error instanceof JournalFailed) this.#broken(error)
    })
    return answer
  }
}

/** Forgets the oldest entries of rooms whose history is full, once in a while rather than one by one. */
export class Trimming {
  readonly #journal: Journal
  readonly #limits: EngineLimits
  readonly #broken: (error: unknown) => void
  readonly #under = new Set<string>()

  constructor(journal: Journal, limits: EngineLimits, broken: (error: unknown) => void) {
    this.#journal = journal
    this.#limits = limits
    this.#broken = broken
  }

  /** To be called after each commit of a room. `slowest` answers the place of its reader that is furthest behind. */
  look(room: RoomActor, slowest: () => number): void {
    const { historyEntries, readerEntries } = this.#limits
    const { name, last } = room.state
    if (last - room.first < historyEntries * 1.1 || this.#under.has(name)) return
    const upTo = Math.min(last - historyEntries, Math.max(slowest(), last - historyEntries - readerEntries))
    if (upTo - room.first < historyEntries / 10) return
    this.#under.add(name)
    this.#journal.trim(name, upTo).then(
      () => {
        room.first = upTo + 1
        this.#under.delete(name)
      },
      (error: unknown) => this.#broken(error),
    )
  }
}
