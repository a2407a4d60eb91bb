import type { FileHandle } from 'node:fs/promises'
import type { Semaphore } from '#domain/async/semaphore.ts'
import { FileMissing } from '#domain/ports/file-store.ts'
import type { Cancel, Clock } from '#domain/ports/system.ts'
import { writeAllOf } from '#system/files/file-system.ts'
import type { ReaderNotifier } from './file-reader.ts'

export interface SyncedFileOptions {
  readonly handle: FileHandle
  readonly notifier: ReaderNotifier
  readonly clock: Clock
  readonly syncEveryBytes: number
  readonly syncEveryMs: number
  /** Shared by all uploads: each fdatasync holds a thread of the pool that reads and writes need too. */
  readonly syncs: Semaphore
  /** Bytes in the file at the start, all durable. */
  readonly size: number
  /** Called after each sync: records durably that so many bytes are durable. They count as such when it resolves. */
  recordDurable(durable: number): Promise<void>
  /** Called at once for every failed write or sync. */
  onFailure(cause: unknown): void
}

/** `write` waits for the disk when more syncs' worth of bytes than this are behind. */
const MOST_SYNCS_BEHIND = 4

/**
 * A file that is written from start to end, and made durable in the background. The first failure is kept, ends all
 * writing, and is thrown from then on; nothing is tried a second time (C76).
 */
export class SyncedFile {
  readonly #options: SyncedFileOptions
  #written: number
  #durable: number
  #writing: Promise<void> | undefined
  #syncing: Promise<void> | undefined
  #cancelTimer: Cancel | undefined
  #failure: { readonly cause: unknown } | undefined

  constructor(options: SyncedFileOptions) {
    this.#options = options
    this.#written = this.#durable = options.size
  }

  get durable(): number {
    return this.#durable
  }

  /** Resolves once the bytes are written; waits while the disk is too far behind. Calls may not overlap. */
  async write(pieces: readonly Uint8Array[]): Promise<void> {
    this.#check()
    const { handle, notifier, syncEveryBytes } = this.#options
    this.#writing = writeAllOf(handle, pieces, this.#written).then(
      (bytes) => {
        this.#writing = undefined
        this.#written += bytes
        notifier.grow(this.#written)
        this.#syncIfDue()
      },
      (cause: unknown) => {
        this.#writing = undefined
        this.#fail(cause)
      },
    )
    await this.#progress(this.#writing)
    while (this.#written - this.#durable > syncEveryBytes * MOST_SYNCS_BEHIND) await this.#progress(this.#syncing)
  }

  /** Makes all written bytes durable. */
  async flush(): Promise<void> {
    await this.#settle()
    if (this.#durable === this.#written) return
    this.#sync()
    await this.#progress(this.#syncing)
  }

  /** Syncs the rest of a file that gets its final name now, without recording it as durable under the old one. */
  async complete(): Promise<void> {
    await this.#settle()
    this.#cancelTimer?.()
    const { handle, syncs } = this.#options
    this.#syncing = syncs.run(() => handle.datasync()).catch((cause: unknown) => this.#fail(cause))
    await this.#progress(this.#syncing)
  }

  /** Starts nothing more, waits for writes and syncs under way, and closes. */
  async close(): Promise<void> {
    this.#failure ??= { cause: new FileMissing('this upload has been discarded') }
    this.#cancelTimer?.()
    await this.#writing
    await this.#syncing
    await this.#options.handle.close()
  }

  #syncIfDue(): void {
    const { clock, syncEveryBytes, syncEveryMs } = this.#options
    if (this.#written === this.#durable || this.#failure) return
    if (this.#written - this.#durable >= syncEveryBytes) this.#sync()
    else this.#cancelTimer ??= clock.after(syncEveryMs, () => this.#sync())
  }

  #sync(): void {
    if (this.#syncing || this.#failure) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    const { handle, syncs, recordDurable } = this.#options
    const sync = async (): Promise<number> => {
      const covered = this.#written
      if (this.#failure) return this.#durable
      await handle.datasync()
      await recordDurable(covered)
      return covered
    }
    this.#syncing = syncs.run(sync).then(
      (durable) => {
        this.#syncing = undefined
        this.#durable = durable
        this.#syncIfDue()
      },
      (cause: unknown) => {
        this.#syncing = undefined
        this.#fail(cause)
      },
    )
  }

  /** Waits until nothing is being written or synced. */
  async #settle(): Promise<void> {
    this.#check()
    while (this.#writing) await this.#progress(this.#writing)
    while (this.#syncing) await this.#progress(this.#syncing)
  }

  async #progress(step: Promise<void> | undefined): Promise<void> {
    await step
    this.#check()
  }

  #fail(cause: unknown): void {
    this.#failure ??= { cause }
    this.#options.onFailure(cause)
  }

  #check(): void {
    if (this.#failure) throw this.#failure.cause
  }
}
