import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Log } from '#domain/ports/system.ts'
import { RetainedFacts } from '#domain/room/retained-facts.ts'
import { Appender } from './appender.ts'
import { Checkpointer } from './connection.ts'
import { isDiskFull } from './errors.ts'
import { FreeSpace } from './free-space.ts'
import type { Calls, WorkerOptions } from './messages.ts'
import { openDatabase } from './opening.ts'
import { type Noticed, Reader, toStoredRows } from './reader.ts'
import type { RoomTable } from './room-table.ts'
import { SearchIndex } from './search-index.ts'
import { Trimmer } from './trimmer.ts'

type Handlers = {
  readonly [Name in Exclude<keyof Calls, 'open' | 'close'>]: (
    asks: Calls[Name]['asks'],
  ) => Calls[Name]['gets'] | Promise<Calls[Name]['gets']>
}

/** The journal as the worker has it: an open database and what is done with it. */
export class Store implements Handlers {
  readonly #db: DatabaseSync
  readonly #log: Log
  readonly #rooms: RoomTable
  readonly #checkpointer: Checkpointer
  readonly #appender: Appender
  readonly #reader: Reader
  readonly #search: SearchIndex
  readonly #trimmer: Trimmer
  readonly #directory: string
  #isFull = false

  /** `noticed` hears of each damaged place that is met. */
  constructor(options: WorkerOptions, log: Log, noticed: Noticed = () => {}) {
    const { db, rooms, isDamaged } = openDatabase(options.directory, log)
    if (isDamaged) noticed()
    this.#db = db
    this.#directory = options.directory
    this.#log = log
    this.#rooms = rooms
    this.#checkpointer = new Checkpointer(db)
    const space = new FreeSpace(options.directory, options.freeSpaceFloorBytes)
    this.#appender = new Appender(db, rooms, space, this.#checkpointer)
    this.#reader = new Reader(db, log, noticed)
    this.#search = new SearchIndex(db, rooms, this.#reader, this.#checkpointer, log)
    this.#trimmer = new Trimmer(db, rooms, this.#search, this.#checkpointer)
  }

  append(asks: Calls['append']['asks']): Calls['append']['gets'] {
    const appended = this.#appender.append(asks)
    if (appended.status === 'committed') for (const { room } of asks.rows) this.#search.grew(this.#rooms.get(room)!)
    this.#noteFull(appended.status === 'readOnly')
    return appended
  }

  span(name: string): Calls['span']['gets'] {
    const room = this.#rooms.get(name)
    return room && { first: room.first, last: room.last }
  }

  rooms(): Calls['rooms']['gets'] {
    return this.#rooms.spans()
  }

  read({ room, after, limit }: Calls['read']['asks']): Calls['read']['gets'] {
    const known = this.#rooms.get(room)
    return toStoredRows(known === undefined ? [] : this.#reader.read(known, Math.max(after, known.first - 1), limit))
  }

  facts({ room, from }: Calls['facts']['asks']): Calls['facts']['gets'] {
    const known = this.#rooms.get(room)
    return toStoredRows(known === undefined ? [] : this.#reader.facts(known, from))
  }

  /** Indexes what the room has by now, lets appends in between the steps, and then looks. */
  async search({ room, words, limit }: Calls['search']['asks']): Promise<Calls['search']['gets']> {
    const known = this.#rooms.get(room)
    if (known === undefined) return []
    for (const upTo = known.last; ; ) {
      while (!this.#search.isComplete(known, upTo) && this.#search.step(known)) await this.#letOthers()
      const seqs = this.#search.find(known, words, limit)
      if (seqs !== undefined) return seqs
    }
  }

  holding({ room, seqs }: Calls['holding']['asks']): Calls['holding']['gets'] {
    const known = this.#rooms.get(room)
    return toStoredRows(known === undefined ? [] : this.#reader.holding(known, seqs))
  }

  async trim({ room, upTo }: Calls['trim']['asks']): Promise<undefined> {
    const known = this.#rooms.get(room)
    if (known === undefined || known.first > upTo) return
    // What is said meanwhile is not among the facts that are looked at.
    const end = Math.min(upTo, known.last)
    const lasting = new RetainedFacts()
    try {
      for (const fact of this.#trimmer.facts(known)) {
        if (fact === undefined) await this.#letOthers()
        else lasting.take(fact)
      }
      while (!this.#trimmer.step(known, end, lasting)) await this.#letOthers()
      for (let from: number | undefined = 0; from !== undefined; ) {
        await this.#letOthers()
        from = this.#trimmer.tidy(known, from, lasting)
      }
    } catch (error) {
      if (!isDiskFull(error)) throw error
      this.#log.warn('the disk is full: old messages are forgotten later', { room })
    }
  }

  /** Where the disk is, is for whoever runs the host. */
  #noteFull(isFull: boolean): void {
    if (isFull && !this.#isFull)
      this.#log.warn('the disk is full: what is said is refused until there is room', { directory: this.#directory })
    this.#isFull = isFull
  }

  /** A checkpoint that is due; called when the answer to an append is out. */
  settle(): void {
    if (this.#checkpointer.isDue) this.#checkpointer.run()
  }

  /** Between two steps: a checkpoint where one is due, and what was asked meanwhile. */
  async #letOthers(): Promise<void> {
    this.settle()
    await nextTurn()
  }

  get isBehind(): boolean {
    return this.#search.isBehind
  }

  /** A short step of what may wait. False when it cannot go on for now. */
  idleStep(): boolean {
    const went = this.#search.step()
    this.settle()
    return went
  }

  close(): void {
    this.#checkpointer.run('TRUNCATE')
    this.#db.close()
  }

  /** Lets go without touching the disk more than it must: what failed once is not tried again (C76). */
  abandon(): void {
    try {
      this.#db.close()
    } catch (error) {
      this.#log.warn('the failed journal could not be closed', { error: String(error) })
    }
  }
}
