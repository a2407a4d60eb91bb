import { FairQueue } from '../async/fair-queue.ts'
import { type Journal, JournalFailed, type Span } from '../ports/journal.ts'
import type { RoomActor } from '../room/actor.ts'
import type { Batch } from '../room/batch.ts'
import type { Entry, PastEvent } from '../room/events.ts'
import type { EngineLimits } from './limits.ts'

/** The next read is already on its way while the last answer is processed. */
const READS_AT_ONCE = 2
/** A search that first has to catch up with a long history leaves a place for others. */
const SEARCHES_AT_ONCE = 2

/** A reader of the journal. Turns alternate between subnets, and between readers within a subnet. */
export interface HistoryReader {
  readonly subnet: string
  readonly id: string
  readonly room: string
}

/** The journal, read in fair turns. Reads queue here and not in the journal, so a commit waits behind a few short reads at most. */
export class History {
  readonly #journal: Journal
  readonly #limits: Pick<EngineLimits, 'pageEntries' | 'foundChars'>
  readonly #broken: (error: unknown) => void
  readonly #reads = new FairQueue(READS_AT_ONCE)
  readonly #searches = new FairQueue(SEARCHES_AT_ONCE)

  /** `broken` is called when the journal fails on reading. */
  constructor(
    journal: Journal,
    limits: Pick<EngineLimits, 'pageEntries' | 'foundChars'>,
    broken: (error: unknown) => void,
  ) {
    this.#journal = journal
    this.#limits = limits
    this.#broken = broken
  }

  /** The data to rebuild a room from: its span, and the facts that still apply. */
  load(room: string): Promise<[Span | undefined, readonly Entry[]]> {
    return this.#reads.run('', room, () => Promise.all([this.#journal.span(room), this.#journal.facts(room)]))
  }

  /** A page of about `limit` entries after `after`; without `limit`, a full page. */
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

  /** A journal that cannot be read is as broken as one that cannot be written. */
  watched<Answer>(answer: Promise<Answer>): Promise<Answer> {
    answer.catch((error: unknown) => {
      if (error instanceof JournalFailed) this.#broken(error)
    })
    return answer
  }
}

/** Trims rooms whose history is full: many of the oldest entries once in a while rather than one at a time. */
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

  /** To be called after each commit of a room. `slowest` answers the cursor of its reader that is furthest behind. */
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
