import { type Appended, DirectoryInUse, type Journal, JournalFailed, type Span } from '#domain/ports/journal.ts'
import type { Log } from '#domain/ports/system.ts'
import type { Batch, CommandId, KnownId } from '#domain/room/batch.ts'
import type { Erasure } from '#domain/room/erasure.ts'
import { type Entry, historyChars, newestWithin, type PastEvent } from '#domain/room/events.ts'
import { isFact } from '#domain/room/facts.ts'
import { matches, searchWords } from '#protocol/search-words.ts'
import { ownerPid } from '../disk/directory-lock.ts'
import { JournalTooNew } from './errors.ts'
import { WorkerLink } from './worker-link.ts'
import { type CallName, type Calls, type Failure, packRows, unpackRows } from './worker-messages.ts'

export interface SqliteJournalOptions {
  /** The directory of `journal.db`; made when missing. */
  readonly directory: string
  readonly log: Log
  /** Below this much free space nothing is appended; by default the greater of 64 MiB and 1 % of the disk. */
  readonly freeSpaceFloorBytes?: number
  /** It is a copy of a log that has everything: entries may be missing, and what a crash of the machine takes is fetched again. */
  readonly isCopy?: boolean
  /** Called for each damaged place; entries that do not verify are left out of all answers. */
  readonly onDamaged?: () => void
  /** Its thread, where that was begun before. */
  readonly thread?: WorkerLink | undefined
}

/** Found entries in the first step of a search; later steps grow while entries are short. */
const FOUND_AT_ONCE = 16
const STEP_CHARS = 64 * 1024
const COMMITTED: Appended = { status: 'committed' }

/**
 * Keeps the journal in `<directory>/journal.db`, a SQLite database in a worker thread: an append is one transaction and one fsync.
 * `open` rejects with `DirectoryInUse`, `JournalTooNew` or `JournalBroken`. `append` rejects with a `RangeError`, and writes
 * nothing, when a batch is not dense or an id comes twice: a bug of the caller.
 */
export class SqliteJournal implements Journal {
  readonly #options: SqliteJournalOptions
  #begun: WorkerLink | undefined
  #link: WorkerLink | undefined
  #opening: Promise<void> | undefined
  #broken: JournalFailed | undefined

  constructor(options: SqliteJournalOptions) {
    this.#options = options
    this.#begun = options.thread
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

  /** Those of these ids that the room has already. */
  known(room: string, ids: readonly CommandId[]): Promise<readonly KnownId[]> {
    return this.#call('known', { room, ids })
  }

  /** Of a copy: resolves when everything that was appended would survive a crash of the machine; false where the disk is full. */
  sync(): Promise<boolean> {
    return this.#call('sync', undefined)
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
    // Newest first, in steps, and no more than fit: an append that comes meanwhile waits for one such step.
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

  /** The entries among `seqs` that match the words. Hits of the index are checked again: the index has no checksums. */
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

  erase(room: string, erasures: readonly Erasure[]): Promise<'erased' | 'readOnly'> {
    return this.#call('erase', { room, erasures })
  }

  async #open(): Promise<void> {
    const { directory, freeSpaceFloorBytes, isCopy = false, log, onDamaged = () => {} } = this.#options
    const link = this.#begun ?? new WorkerLink()
    this.#begun = undefined
    try {
      await link.open({ directory, freeSpaceFloorBytes, isCopy }, log, onDamaged)
      this.#link = link
    } catch (failure) {
      await link.terminate()
      this.#opening = undefined
      const { kind, message } = failure as Failure
      if (kind === 'inUse') throw new DirectoryInUse(directory, ownerPid(directory))
      if (kind === 'tooNew') throw new JournalTooNew(message)
      throw this.#translate(failure as Failure)
    }
  }

  async #call<Name extends CallName>(
    name: Name,
    args: Calls[Name]['args'],
    moved?: ArrayBuffer[],
  ): Promise<Calls[Name]['result']> {
    if (this.#broken !== undefined) throw this.#broken
    if (this.#link === undefined) throw new Error('the journal is not open; await open() first')
    try {
      return await this.#link.call(name, args, moved)
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
