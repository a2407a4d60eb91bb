import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Appended, DirectoryInUse, type Journal, JournalFailed, type Span } from '#domain/ports/journal.ts'
import type { Log } from '#domain/ports/system.ts'
import type { Batch } from '#domain/room/batch.ts'
import { type Entry, historyChars, isFact, newestWithin, type PastEvent } from '#domain/room/events.ts'
import { matches, searchWords } from '#protocol/search-words.ts'
import { JournalTooNew } from './errors.ts'
import type { CallName, Calls, Failure } from './messages.ts'
import { packRows, unpackRows } from './transport.ts'
import { WorkerLink } from './worker-link.ts'

export interface SqliteJournalOptions {
  /** Holds `journal.db`; made where it is missing. */
  readonly directory: string
  readonly log: Log
  /** Below this much free space nothing is appended; 64 MiB or 1 % of the disk, whichever is more, unless given. */
  readonly freeSpaceFloorBytes?: number
  /** Hears of each damaged place that is met; what of it does not verify is left out of all answers. */
  readonly onDamaged?: () => void
}

/** Found entries that are read at first; more of them where they are short. */
const FOUND_AT_ONCE = 16
const STEP_CHARS = 64 * 1024
const COMMITTED: Appended = { status: 'committed' }

/**
 * Keeps the journal in `<directory>/journal.db`, a SQLite database in a worker thread: an append is one transaction and one fsync.
 * `open` rejects with `DirectoryInUse`, `JournalTooNew` or `JournalBroken`. `append` rejects with a `RangeError`, and writes
 * nothing, when the numbering is not dense or an id comes twice: a bug of the caller's.
 */
export class SqliteJournal implements Journal {
  readonly #options: SqliteJournalOptions
  #link: WorkerLink | undefined
  #opening: Promise<void> | undefined
  #broken: JournalFailed | undefined

  constructor(options: SqliteJournalOptions) {
    this.#options = options
  }

  open(): Promise<void> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  async close(): Promise<void> {
    const link = this.#link
    this.#link = undefined
    this.#opening = undefined
    if (link === undefined) return
    try {
      await link.close()
    } catch (failure) {
      throw this.#translate(failure as Failure)
    }
  }

  async append(batches: readonly Batch[]): Promise<Appended> {
    const written = batches.filter((batch) => batch.entries.length > 0)
    if (written.length === 0) return COMMITTED
    const rows = packRows(written)
    return this.#call('append', rows, [rows.bytes.buffer as ArrayBuffer])
  }

  span(room: string): Promise<Span | undefined> {
    return this.#call('span', room)
  }

  rooms(): Promise<ReadonlyMap<string, Span>> {
    return this.#call('rooms', undefined)
  }

  async read(room: string, after: number, limit: number): Promise<readonly Batch[]> {
    for (let from = after; ; ) {
      const stored = await this.#call('read', { room, after: from, limit })
      const batches = unpackRows(room, stored, from, this.#options.log)
      if (batches.length > 0 || stored.rows.length === 0) return batches
      from = stored.rows.at(-1)!.last
    }
  }

  async facts(room: string): Promise<readonly Entry[]> {
    const found: Entry[] = []
    for (let from = 0; ; ) {
      const stored = await this.#call('facts', { room, from })
      if (stored.rows.length === 0) return found
      for (const batch of unpackRows(room, stored, 0, this.#options.log)) found.push(...batch.entries.filter(isFact))
      from = stored.rows.at(-1)!.last + 1
    }
  }

  async search(room: string, query: string, limit: number, chars: number): Promise<readonly PastEvent[]> {
    const words = searchWords(query)
    if (words.length === 0) return []
    const seqs = [...(await this.#call('search', { room, words, limit }))]
    // The newest first, some at a time, and none that there is no place for: an append that comes meanwhile is behind one such step.
    const found: PastEvent[][] = []
    for (let left = chars, step = FOUND_AT_ONCE; left >= 0 && seqs.length > 0; ) {
      const looked = await this.#found(room, seqs.splice(-step), words)
      const had = looked.reduce((sum, event) => sum + historyChars(event), 0)
      found.push(looked)
      left -= had
      if (had < STEP_CHARS) step *= 2
    }
    return newestWithin(found.reverse().flat(), chars)
  }

  /** Those of these entries that have the words. What the index says is looked at again: it has no checksum of its own. */
  async #found(room: string, seqs: readonly number[], words: readonly string[]): Promise<PastEvent[]> {
    const wanted = new Set(seqs)
    const entries = new Map<number, Entry>()
    for (let left = seqs; left.length > 0; ) {
      const stored = await this.#call('holding', { room, seqs: left })
      const upTo = stored.rows.at(-1)?.last
      if (upTo === undefined) break
      for (const batch of unpackRows(room, stored, 0, this.#options.log))
        for (const entry of batch.entries) if (wanted.has(entry.seq)) entries.set(entry.seq, entry)
      left = left.filter((seq) => seq > upTo)
    }
    return seqs.flatMap((seq): readonly PastEvent[] => {
      const entry = entries.get(seq)
      if (entry === undefined) return [{ type: 'missed', from: seq, to: seq }]
      return matches(entry, words) ? [entry] : []
    })
  }

  async trim(room: string, upTo: number): Promise<void> {
    await this.#call('trim', { room, upTo })
  }

  async #open(): Promise<void> {
    const { directory, freeSpaceFloorBytes, log, onDamaged = () => {} } = this.#options
    const link = new WorkerLink({ directory, freeSpaceFloorBytes }, log, onDamaged)
    try {
      await link.call('open', undefined)
      this.#link = link
    } catch (failure) {
      await link.terminate()
      this.#opening = undefined
      const { kind, message } = failure as Failure
      if (kind === 'inUse') throw new DirectoryInUse(directory, await ownerOf(directory))
      if (kind === 'tooNew') throw new JournalTooNew(message)
      throw this.#translate(failure as Failure)
    }
  }

  async #call<Name extends CallName>(
    name: Name,
    asks: Calls[Name]['asks'],
    moved?: ArrayBuffer[],
  ): Promise<Calls[Name]['gets']> {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#link === undefined) throw new Error('the journal is not open; await open() first')
    try {
      return await this.#link.call(name, asks, moved)
    } catch (failure) {
      throw this.#translate(failure as Failure)
    }
  }

  #translate({ kind, message, sqliteCode }: Failure): Error {
    if (kind === 'bug') return new RangeError(message)
    const { directory } = this.#options
    const cause = new Error(sqliteCode === undefined ? message : `SQLite ${sqliteCode}: ${message}`)
    const advice = 'nothing is kept from here on; look at the disk, then start again: the journal is verified first'
    this.#broken ??= new JournalFailed(`the journal in ${directory} failed (${message}); ${advice}`, { cause })
    return this.#broken
  }
}

/** The process that says it owns the directory; undefined where nothing readable says so. */
const ownerOf = async (directory: string): Promise<number | undefined> => {
  try {
    const owner: unknown = JSON.parse(await readFile(join(directory, 'owner.json'), 'utf8'))
    const pid = owner !== null && typeof owner === 'object' && 'pid' in owner ? owner.pid : undefined
    return typeof pid === 'number' && Number.isSafeInteger(pid) ? pid : undefined
  } catch {
    return undefined // Missing or half-written: the pid only makes the message nicer.
  }
}
