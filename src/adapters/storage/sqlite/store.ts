import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SerialQueue } from '#domain/async/serial-queue.ts'
import type { Log } from '#domain/ports/system.ts'
import { RetainedFacts } from '#domain/room/retained-facts.ts'
import { Appender, FreeSpace } from './appender.ts'
import { Checkpointer } from './database.ts'
import { Eraser } from './eraser.ts'
import { isDiskFull } from './errors.ts'
import { DATABASE_FILE } from './journal-files.ts'
import { openDatabase } from './opening.ts'
import { type OnDamaged, Reader } from './reader.ts'
import type { RoomTable } from './room-table.ts'
import { SearchIndex } from './search-index.ts'
import { Trimmer } from './trimmer.ts'
import { Verifier } from './verifier.ts'
import { Wiper } from './wipe.ts'
import { type Calls, toStoredRows, type WorkerOptions } from './worker-messages.ts'

type Handlers = {
  readonly [Name in Exclude<keyof Calls, 'open' | 'close'>]: (
    args: Calls[Name]['args'],
  ) => Calls[Name]['result'] | Promise<Calls[Name]['result']>
}

/** The journal inside the worker: an open database and the handlers of all calls. */
export class Store implements Handlers {
  readonly #db: DatabaseSync
  readonly #log: Log
  readonly #rooms: RoomTable
  readonly #checkpointer: Checkpointer
  readonly #appender: Appender
  readonly #reader: Reader
  readonly #search: SearchIndex
  readonly #trimmer: Trimmer
  readonly #eraser: Eraser
  readonly #wiper: Wiper
  /** Until all of the journal has been read. */
  #verifier: Verifier | undefined
  readonly #erasures = new SerialQueue()
  readonly #directory: string
  #isFull = false

  constructor(options: WorkerOptions, log: Log, onDamaged: OnDamaged = () => {}) {
    const { db, rooms, isDamaged, isVerified } = openDatabase(options.directory, log)
    if (isDamaged) onDamaged()
    this.#db = db
    this.#directory = options.directory
    this.#log = log
    this.#rooms = rooms
    this.#checkpointer = new Checkpointer(db)
    const space = new FreeSpace(options.directory, options.freeSpaceFloorBytes)
    this.#appender = new Appender(db, rooms, space, this.#checkpointer, options.isCopy === true)
    this.#reader = new Reader(db, log, onDamaged)
    this.#search = new SearchIndex(db, rooms, this.#reader, this.#checkpointer, log)
    this.#trimmer = new Trimmer(db, rooms, this.#search, this.#checkpointer)
    this.#eraser = new Eraser(db, rooms, this.#reader, this.#search, this.#checkpointer)
    this.#verifier = isVerified ? undefined : new Verifier(db, rooms, this.#reader, log, onDamaged)
    this.#wiper = new Wiper(db, join(options.directory, DATABASE_FILE), this.#checkpointer)
  }

  append(args: Calls['append']['args']): Calls['append']['result'] {
    const appended = this.#appender.append(args)
    if (appended.status === 'committed') for (const { room } of args.rows) this.#search.grew(this.#rooms.get(room)!)
    this.#noteFull(appended.status === 'readOnly')
    return appended
  }

  known({ room, ids }: Calls['known']['args']): Calls['known']['result'] {
    return this.#appender.known(room, ids)
  }

  sync(): Calls['sync']['result'] {
    return this.#appender.sync()
  }

  span(name: string): Calls['span']['result'] {
    const room = this.#rooms.get(name)
    return room && { first: room.first, last: room.last }
  }

  rooms(): Calls['rooms']['result'] {
    return this.#rooms.spans()
  }

  read({ room, after, limit }: Calls['read']['args']): Calls['read']['result'] {
    const known = this.#rooms.get(room)
    return toStoredRows(known === undefined ? [] : this.#reader.read(known, Math.max(after, known.first - 1), limit))
  }

  facts({ room, from }: Calls['facts']['args']): Calls['facts']['result'] {
    const known = this.#rooms.get(room)
    return toStoredRows(known === undefined ? [] : this.#reader.facts(known, from))
  }

  /** Brings the index up to the room's current end, with pauses for appends between the steps, and then searches. */
  async search({ room, words, limit }: Calls['search']['args']): Promise<Calls['search']['result']> {
    const known = this.#rooms.get(room)
    if (known === undefined) return []
    for (const upTo = known.last; ; ) {
      while (!this.#search.isComplete(known, upTo) && this.#search.step(known)) await this.#yield()
      const seqs = this.#search.find(known, words, limit)
      if (seqs !== undefined) return seqs
    }
  }

  holding({ room, seqs }: Calls['holding']['args']): Calls['holding']['result'] {
    const known = this.#rooms.get(room)
    return toStoredRows(known === undefined ? [] : this.#reader.holding(known, seqs))
  }

  async trim({ room, upTo }: Calls['trim']['args']): Promise<undefined> {
    const known = this.#rooms.get(room)
    if (known === undefined || known.first > upTo) return
    // Entries that come meanwhile are not among the facts read here.
    const end = Math.min(upTo, known.last)
    const lasting = new RetainedFacts()
    try {
      for (const fact of this.#trimmer.facts(known)) {
        if (fact === undefined) await this.#yield()
        else lasting.take(fact)
      }
      while (!this.#trimmer.step(known, end, lasting)) await this.#yield()
      for (let from: number | undefined = 0; from !== undefined; ) {
        await this.#yield()
        from = this.#trimmer.tidy(known, from, lasting)
      }
    } catch (error) {
      if (!isDiskFull(error)) throw error
      this.#log.warn('the disk is full: old messages are forgotten later', { room })
    }
  }

  /** One after the other: each ends with a look at all pages that were written. */
  erase({ room, erasures }: Calls['erase']['args']): Promise<Calls['erase']['result']> {
    return this.#erasures.run(() => this.#erase(room, erasures))
  }

  async #erase(name: string, erasures: Calls['erase']['args']['erasures']): Promise<Calls['erase']['result']> {
    const room = this.#rooms.get(name)
    const pending = room === undefined ? [] : this.#eraser.pending(room, erasures)
    if (room === undefined || pending.length === 0) return 'erased'
    try {
      for (const erasure of pending) for (const _ of this.#eraser.erase(room, erasure)) await this.#yield()
      let wiped = this.#wiper.step()
      for (; wiped === 'more'; wiped = this.#wiper.step()) await this.#yield()
      if (wiped === 'done') {
        this.#eraser.finish(room, Math.max(...pending.map(({ seq }) => seq)))
        return 'erased'
      }
    } catch (error) {
      if (!isDiskFull(error)) throw error
    }
    this.#log.warn('the disk is full: what was removed is erased later', { room: name })
    return 'readOnly'
  }

  /** The path of the disk is for the operator of the host. */
  #noteFull(isFull: boolean): void {
    if (isFull && !this.#isFull)
      this.#log.warn('the disk is full: messages are refused until there is space', { directory: this.#directory })
    this.#isFull = isFull
  }

  /** Runs a checkpoint that is due; called after the answer to an append. */
  settle(): void {
    if (this.#checkpointer.isDue) this.#checkpointer.run()
  }

  /** Between two steps: a due checkpoint, and the calls that came meanwhile. */
  async #yield(): Promise<void> {
    this.settle()
    await nextTurn()
  }

  get isBehind(): boolean {
    return this.#search.isBehind || this.#verifier !== undefined
  }

  /** A short step of background work. False when it cannot go on for now. */
  idleStep(): boolean {
    const went = this.#search.step()
    if (this.#verifier?.step() === 'done') this.#verifier = undefined
    this.settle()
    return went
  }

  close(): void {
    this.#checkpointer.run('TRUNCATE')
    this.#db.close()
    this.#wiper.close()
  }

  /** Closes without touching the disk more than needed: a failed write is not tried again (C76). */
  abandon(): void {
    try {
      this.#db.close()
      this.#wiper.close()
    } catch (error) {
      this.#log.warn('the failed journal could not be closed', { error: String(error) })
    }
  }
}
