import type { FileHandle } from 'node:fs/promises'
import type { Semaphore } from '#domain/async/semaphore.ts'
import { FileMissing } from '#domain/ports/file-store.ts'
import type { Cancel, Clock } from '#domain/ports/system.ts'
import { writeAll } from '#system/files/file-system.ts'
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

/** Two of these are a writer's memory. Larger ones measured no faster. */
export const WRITE_BUFFER_BYTES = 512 * 1024
/** `put` waits for the disk when more syncs' worth of bytes than this are behind. */
const MOST_SYNCS_BEHIND = 4

/**
 * A file that is written from start to end: buffers, writes, and makes durable in the background. The first failure is kept, ends all
 * writing, and is thrown from then on; nothing is tried a second time (C76).
 */
export class SyncedFile {
  readonly #options: SyncedFileOptions
  readonly #buffer = new WriteBuffer()
  #taken: number
  #written: number
  #durable: number
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

  /** Takes at most `WRITE_BUFFER_BYTES`; waits while the disk is too far behind. */
  async put(bytes: Uint8Array): Promise<void> {
    this.#check()
    while (this.#buffer.room < bytes.length) await this.#progress(this.#writing)
    this.#buffer.put(bytes)
    this.#taken += bytes.length
    this.#write()
    const mostBehind = this.#options.syncEveryBytes * MOST_SYNCS_BEHIND + WRITE_BUFFER_BYTES
    while (this.#taken - this.#durable > mostBehind) await this.#progress(this.#syncing ?? this.#writing)
  }

  /** Makes all bytes taken durable. */
  async flush(): Promise<void> {
    await this.#settle()
    if (this.#durable === this.#taken) return
    this.#sync()
    await this.#progress(this.#syncing)
  }

  /** Writes and syncs the rest of a file that gets its final name now, without recording it as durable under the old one. */
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

  #write(): void {
    if (this.#writing || this.#buffer.filled === 0 || this.#failure) return
    const bytes = this.#buffer.swap()
    this.#writing = writeAll(this.#options.handle, bytes, this.#written).then(
      () => {
        this.#writing = undefined
        this.#written += bytes.length
        this.#buffer.reuse(bytes)
        this.#options.notifier.grow(this.#written)
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
        if (durable === this.#taken) this.#buffer.rest()
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

/** Collects bytes in one buffer while another is being written, so that small appends share a write. Allocated on first use. */
class WriteBuffer {
  #current: Uint8Array | undefined
  #spare: Uint8Array | undefined
  #filled = 0

  get filled(): number {
    return this.#filled
  }

  /** Bytes that fit until the next `swap`. */
  get room(): number {
    return WRITE_BUFFER_BYTES - this.#filled
  }

  /** Copies bytes that fit. */
  put(bytes: Uint8Array): void {
    this.#current ??= this.#spare ?? Buffer.allocUnsafeSlow(WRITE_BUFFER_BYTES)
    if (this.#current === this.#spare) this.#spare = undefined
    this.#current.set(bytes, this.#filled)
    this.#filled += bytes.length
  }

  /** Takes the collected bytes out; the caller gives them back with `reuse` once they are written. */
  swap(): Uint8Array {
    const collected = (this.#current ?? new Uint8Array()).subarray(0, this.#filled)
    this.#current = undefined
    this.#filled = 0
    return collected
  }

  reuse(collected: Uint8Array): void {
    this.#spare = new Uint8Array(collected.buffer)
  }

  /** Frees the spare memory until bytes come again. */
  rest(): void {
    this.#spare = undefined
  }
}
