import type { Appended } from '#domain/ports/journal.ts'
import type { Batch } from '#domain/room/batch.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'

/** Keeps in memory, but does with each append and read what the test says. */
export class ScriptedJournal extends MemoryJournal {
  /** What it was asked to append, call for call. */
  readonly appends: (readonly Batch[])[] = []
  /** Taken one by one, before anything is kept: an answer that the append gets, or an error that it fails with. */
  readonly script: (Appended | Error)[] = []
  readonly #held: (() => void)[] = []
  #holding = false
  #readsHeld: (() => void)[] | undefined
  closed = false

  /** Appends wait from now on until `release`. */
  hold(): void {
    this.#holding = true
  }

  /** Lets the appends go that wait; those to come too, unless `one`. */
  release(one = false): void {
    this.#holding = one
    for (const go of this.#held.splice(0)) go()
  }

  get waiting(): number {
    return this.#held.length
  }

  /** Pages that were asked for wait, with what they held when they were asked for, until `releaseReads`. */
  holdReads(): void {
    this.#readsHeld = []
  }

  releaseReads(): void {
    const held = this.#readsHeld ?? []
    this.#readsHeld = undefined
    for (const go of held) go()
  }

  get waitingReads(): number {
    return this.#readsHeld?.length ?? 0
  }

  override async append(batches: readonly Batch[]): Promise<Appended> {
    if (this.closed) throw new Error('this journal is closed')
    this.appends.push(batches)
    if (this.#holding) await new Promise<void>((resolve) => this.#held.push(resolve))
    const scripted = this.script.shift()
    if (scripted instanceof Error) throw scripted
    return scripted ?? super.append(batches)
  }

  override async read(room: string, after: number, limit: number): Promise<readonly Batch[]> {
    const page = await super.read(room, after, limit)
    const held = this.#readsHeld
    if (held !== undefined) await new Promise<void>((resolve) => held.push(resolve))
    return page
  }

  override async close(): Promise<void> {
    this.closed = true
  }

  override async open(): Promise<void> {
    this.closed = false
  }
}
