import { type Observable, Subject } from 'rxjs'
import type { Appended, SharedJournal, Trimmed } from '#domain/ports/journal.ts'
import type { Batch } from '#domain/room/batch.ts'
import { MemoryJournal } from './journal.ts'

const BEHIND: Appended = { status: 'behind' }

/** The log of several hosts in one process: what they append, in one order. */
export class SharedLog {
  readonly #batches: Batch[] = []
  readonly #journals = new Set<MemorySharedJournal>()

  join(journal: MemorySharedJournal): void {
    this.#journals.add(journal)
  }

  leave(journal: MemorySharedJournal): void {
    this.#journals.delete(journal)
  }

  /** What the log has behind a place. */
  after(place: number): readonly Batch[] {
    return this.#batches.slice(place)
  }

  /** Answers the place behind them. */
  add(batches: readonly Batch[]): number {
    this.#batches.push(...batches)
    // The others hear of it later.
    queueMicrotask(() => {
      for (const journal of this.#journals) journal.hear()
    })
    return this.#batches.length
  }

  async trim(trimmed: Trimmed): Promise<void> {
    for (const journal of this.#journals) await journal.takeTrim(trimmed)
  }
}

/** One host's journal on a log in memory. */
export class MemorySharedJournal extends MemoryJournal implements SharedJournal {
  readonly #log: SharedLog
  readonly #foreign = new Subject<Batch>()
  readonly #trimmed = new Subject<Trimmed>()
  /** How much of the log is here. */
  #place = 0
  #isHeld = false

  constructor(log: SharedLog) {
    super({ isCopy: true })
    this.#log = log
    log.join(this)
  }

  get foreign$(): Observable<Batch> {
    return this.#foreign.asObservable()
  }

  get trimmed$(): Observable<Trimmed> {
    return this.#trimmed.asObservable()
  }

  /** While it is held, it does not hear of the others but when it appends or asks. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    this.hear()
  }

  override async append(batches: readonly Batch[]): Promise<Appended> {
    const written = batches.filter(({ entries }) => entries.length > 0)
    const [first] = written
    if (written.some(({ room }) => room !== first?.room))
      throw new RangeError('an append to a shared journal is of one room')
    // Others may come first until here.
    await undefined
    if (this.#take().some(({ room }) => room === first?.room)) return BEHIND
    const appended = this.appendNow(written, false)
    if (appended.status === 'committed') this.#place = this.#log.add(written)
    return appended
  }

  override trim(room: string, upTo: number): Promise<void> {
    return this.#log.trim({ room, upTo })
  }

  async caughtUp(): Promise<boolean> {
    this.#take()
    return true
  }

  turn(): undefined {}

  giveUp(): void {}

  /** Others have appended something. */
  hear(): void {
    if (!this.#isHeld) this.#take()
  }

  async takeTrim(trimmed: Trimmed): Promise<void> {
    this.#take()
    await super.trim(trimmed.room, trimmed.upTo)
    this.#trimmed.next(trimmed)
  }

  override async close(): Promise<void> {
    this.#log.leave(this)
    await super.close()
  }

  #take(): readonly Batch[] {
    const found = this.#log.after(this.#place)
    this.#place += found.length
    for (const batch of found) {
      this.appendNow([batch])
      this.#foreign.next(batch)
    }
    return found
  }
}
