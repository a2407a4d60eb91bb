import type { FileHandle } from 'node:fs/promises'
import type { Semaphore } from '#domain/async/semaphore.ts'
import type { Cancel, Clock } from '#domain/ports/clock.ts'
import { FileMissing } from '#domain/ports/file-store.ts'
import { writeAll } from '#system/files/file-system.ts'
import type { ReaderNotifier } from './reader-notifier.ts'
import { WRITE_BUFFER_BYTES, WriteBuffer } from './write-buffer.ts'

export interface SyncedFileOptions {
  readonly handle: FileHandle
  readonly growth: ReaderNotifier
  readonly clock: Clock
  readonly syncEveryBytes: number
  readonly syncEveryMs: number
  /** Shared by all uploads: each fdatasync holds a thread of the pool that reads and writes need too. */
  readonly syncTurns: Semaphore
  /** Bytes that are in the file already, and durable. */
  readonly size: number
  /** Called after each sync: makes it true after a crash that so many bytes are durable. They count as such when it resolves. */
  promise(durable: number): Promise<void>
  /** Told at once of every write or sync that fails. */
  onFailure(cause: unknown): void
}

/** So many syncs' worth of bytes may be behind before `put` waits for the disk. */
const MOST_SYNCS_BEHIND = 4

/**
 * A file that is written from its beginning to its end: gathers, writes, and makes durable in the background. The first
 * failure of either is kept, ends all writing, and is thrown from then on; nothing is tried a second time (C76).
 */
export class SyncedFile {
  readonly #options: SyncedFileOptions
  readonly #slabs = new WriteBuffer()
  #taken = 0
  #written = 0
  #durable = 0
  #writing: Promise<void> | undefined
  #syncing: Promise<void> | undefined
  #cancelTimer: Cancel | undefined
  #failure: { readonly cause: unknown } | undefined

  constructor(options: SyncedFileOptions) {
    this.#options = options
    this.#taken = this.#written = this.#durable = options.size
  }

  get durable(): number {
    return this.#durable
  }

  /** Takes at most `SLAB_BYTES`; waits while the disk is too far behind. */
  async put(bytes: Uint8Array): Promise<void> {
    this.#check()
    while (this.#slabs.room < bytes.length) await this.#progress(this.#writing)
    this.#slabs.put(bytes)
    this.#taken += bytes.length
    this.#write()
    const mostBehind = this.#options.syncEveryBytes * MOST_SYNCS_BEHIND + WRITE_BUFFER_BYTES
    while (this.#taken - this.#durable > mostBehind) await this.#progress(this.#syncing ?? this.#writing)
  }

  /** Makes all durable that was taken. */
  async flush(): Promise<void> {
    this.#check()
    while (this.#writing) await this.#progress(this.#writing)
    while (this.#syncing) await this.#progress(this.#syncing)
    if (this.#durable === this.#taken) return
    this.#sync()
    await this.#progress(this.#syncing)
  }

  /** Writes and syncs what is left of a file that gets another name now, so that nothing is promised under this one. */
  async complete(): Promise<void> {
    this.#check()
    while (this.#writing) await this.#progress(this.#writing)
    while (this.#syncing) await this.#progress(this.#syncing)
    this.#cancelTimer?.()
    const { handle, syncTurns } = this.#options
    this.#syncing = syncTurns.run(() => handle.datasync()).catch((cause: unknown) => this.#fail(cause))
    await this.#progress(this.#syncing)
  }

  /** Begins nothing more, waits for what is under way, and closes. */
  async close(): Promise<void> {
    this.#failure ??= { cause: new FileMissing('this upload has been discarded') }
    this.#cancelTimer?.()
    await this.#writing
    await this.#syncing
    await this.#options.handle.close()
  }

  #write(): void {
    if (this.#writing || this.#slabs.filled === 0 || this.#failure) return
    const gathered = this.#slabs.swap()
    this.#writing = writeAll(this.#options.handle, gathered, this.#written).then(
      () => {
        this.#writing = undefined
        this.#written += gathered.length
        this.#slabs.reuse(gathered)
        this.#options.growth.grow(this.#written)
        this.#write()
        this.#syncIfDue()
      },
      (cause: unknown) => {
        this.#writing = undefined
        this.#fail(cause)
      },
    )
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
    const { handle, syncTurns, promise } = this.#options
    const sync = async (): Promise<number> => {
      const covered = this.#written
      if (this.#failure) return this.#durable
      await handle.datasync()
      await promise(covered)
      return covered
    }
    this.#syncing = syncTurns.run(sync).then(
      (durable) => {
        this.#syncing = undefined
        this.#durable = durable
        if (durable === this.#taken) this.#slabs.rest()
        this.#syncIfDue()
      },
      (cause: unknown) => {
        this.#syncing = undefined
        this.#fail(cause)
      },
    )
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
