import { createHash, type Hash } from 'node:crypto'
import type { Semaphore } from '#domain/async/semaphore.ts'
import type { Rejected } from '#domain/errors.ts'
import { fileTooLarge } from '#domain/file-limits.ts'
import { bytesOf, type Digest, FileMissing, type FileWriter } from '#domain/ports/file-store.ts'
import type { Clock } from '#domain/ports/system.ts'
import { errorCode } from '#system/files/file-system.ts'
import type { DataDirectory } from './data-directory.ts'
import type { ReaderNotifier } from './file-reader.ts'
import { type Health, refusal, type Space } from './health.ts'
import { DurableMark, type PartialFile } from './partial-file.ts'
import { SyncedFile } from './synced-file.ts'

/** Shared by all uploads of a store. */
export interface UploadSettings {
  readonly directory: DataDirectory
  /** Infinite without a limit. */
  readonly maxFileBytes: number
  readonly syncEveryBytes: number
  readonly syncEveryMs: number
  readonly clock: Clock
  readonly space: Space
  readonly health: Health
  readonly syncs: Semaphore
}

/** The ways in which an upload ends. */
export type UploadEnd = 'suspended' | 'whole' | 'discarded'

export interface UploadStart {
  readonly id: string
  /** Bytes that are claimed already. */
  readonly claimed: number
  readonly notifier: ReaderNotifier
  onEnd(status: UploadEnd): void
}

const SPACE_CHECK_BYTES = 8 * 1024 * 1024
/** So much is written and hashed at a time: hashing more would block the event loop for long. */
const STEP_BYTES = 512 * 1024

/** The writer of one upload: `<id>.part` until it is whole, with `<id>.durable` beside it once bytes are durable. */
export class Upload implements FileWriter {
  readonly #start: UploadStart
  readonly #settings: UploadSettings
  readonly #mark: DurableMark
  #hash: Hash = createHash('sha256')
  #file: SyncedFile | undefined
  #claimed: number
  #spaceCheckedAt = 0
  #offset = 0
  #refused: Rejected | undefined
  #status: 'open' | 'finishing' | 'failed' | UploadEnd = 'open'
  #ending: Promise<unknown> | undefined

  constructor(start: UploadStart, settings: UploadSettings) {
    this.#start = start
    this.#settings = settings
    this.#claimed = start.claimed
    this.#mark = new DurableMark(settings.directory.markPath(start.id), start.id)
  }

  /** Opens the file; called first, and once. The `check` for `open` throws when the upload ends meanwhile. */
  async begin(open: (check: () => void) => Promise<PartialFile>): Promise<Rejected | undefined> {
    const { clock, syncEveryBytes, syncEveryMs, syncs, health } = this.#settings
    const { id, notifier } = this.#start
    const onFailure = (cause: unknown): void => {
      if (!refusal(cause)) health.fail('keeping an upload', cause)
    }
    const recordDurable = (durable: number): Promise<void> => this.#recordDurable(durable)
    try {
      const { handle, hash, size } = await open(() => this.#mustBeOpen())
      if (this.#status !== 'open') await handle.close()
      this.#mustBeOpen()
      const options = { handle, notifier, clock, syncEveryBytes, syncEveryMs, syncs, recordDurable, onFailure, size }
      this.#file = new SyncedFile(options)
      this.#hash = hash
      this.#offset = size
      this.#spaceCheckedAt = size
      notifier.grow(size)
      return undefined
    } catch (cause) {
      if (['EEXIST', 'ELOOP', 'ENXIO'].includes(errorCode(cause) ?? ''))
        throw new Error(`the upload ${id} has a file already, or no proper one`, { cause })
      return this.#refuse('beginning an upload', cause)
    }
  }

  get offset(): number {
    return this.#offset
  }

  get durable(): number {
    return this.#status === 'whole' ? this.#offset : (this.#file?.durable ?? 0)
  }

  get hasBegun(): boolean {
    return this.#file !== undefined
  }

  async append(...pieces: readonly Uint8Array[]): Promise<Rejected | undefined> {
    this.#settings.health.check()
    if (this.#refused) return this.#refused
    const file = this.#opened()
    this.#refused = await this.#admit(bytesOf(pieces))
    if (this.#refused) return this.#refused
    for (const step of stepsOf(pieces)) {
      const written = file.write(step)
      // While the pool writes them.
      for (const piece of step) this.#hash.update(piece)
      this.#offset += bytesOf(step)
      try {
        await written
      } catch (cause) {
        return this.#refuse('keeping an upload', cause)
      }
    }
    return undefined
  }

  async sync(): Promise<Rejected | undefined> {
    this.#settings.health.check()
    if (this.#refused) return this.#refused
    return await this.#makeDurable(this.#opened())
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  async suspend(): Promise<void> {
    await this.#endAs('suspended', () => this.#keep())
  }

  async finish(): Promise<Digest | Rejected> {
    this.#settings.health.check()
    if (this.#refused) return this.#refused
    const file = this.#opened()
    this.#status = 'finishing'
    const finished = this.#publish(file)
    this.#ending = finished.catch(() => {})
    return await finished
  }

  async discard(): Promise<void> {
    await this.#endAs('discarded', () => this.#remove())
  }

  async #endAs(status: 'suspended' | 'discarded', end: () => Promise<void>): Promise<void> {
    if (this.#ending) await this.#ending
    if (['suspended', 'whole', 'discarded'].includes(this.#status)) return
    this.#status = status
    const ended = end()
    this.#ending = ended.catch(() => {})
    await ended
  }

  /** The file must be durable before it has its name, and the name before the result is known (C80). */
  async #publish(file: SyncedFile): Promise<Digest | Rejected> {
    const { directory, health, space } = this.#settings
    const { id, notifier, onEnd } = this.#start
    try {
      await file.complete()
      await this.#close()
      await directory.publish(id)
    } catch (cause) {
      this.#status = 'failed'
      if (errorCode(cause) === 'EEXIST') throw new Error(`a file ${id} exists already; it stays as it is`, { cause })
      return this.#refuse('finishing an upload', cause)
    }
    await health.guard('naming an upload', async () => {
      await directory.removePart(id)
      await this.#syncNames()
    })
    this.#status = 'whole'
    space.release(this.#claimed - this.#offset)
    onEnd('whole')
    notifier.end()
    return { size: this.#offset, sha256: this.#hash.digest('hex') }
  }

  /** Bytes that can't be made durable, for want of space, are dropped by `resume`. */
  async #keep(): Promise<void> {
    const { directory, health, space } = this.#settings
    const { id, notifier, onEnd } = this.#start
    try {
      if (this.#file && !this.#refused && !health.failed) {
        const refused = await this.#makeDurable(this.#file)
        // Without any bytes yet, the name is all there is to keep.
        if (!refused && !this.#mark.isOpen) await health.guard('suspending an upload', () => this.#syncNames())
      }
    } finally {
      await this.#close().catch(() => {})
      notifier.pause()
      onEnd('suspended')
    }
    if (health.failed) return
    const kept = await health.guard('suspending an upload', () => directory.partSize(id))
    space.release(this.#claimed - (kept ?? 0))
  }

  async #remove(): Promise<void> {
    const { directory, health, space } = this.#settings
    const { id, onEnd } = this.#start
    onEnd('discarded')
    await this.#close().catch(() => {})
    // The next start judges the files of a failed store.
    if (health.failed) return
    await health.guard('removing an upload', () => directory.removePart(id))
    space.release(this.#claimed)
  }

  async #close(): Promise<void> {
    await this.#file?.close()
    await this.#mark.close()
  }

  async #makeDurable(file: SyncedFile): Promise<Rejected | undefined> {
    try {
      await file.flush()
      await this.#mark.sync()
      return undefined
    } catch (cause) {
      return this.#refuse('keeping an upload', cause)
    }
  }

  /** A durable offset is worthless if a crash loses the file's name, so the name is synced first. */
  async #recordDurable(durable: number): Promise<void> {
    if (!this.#mark.isOpen) {
      await this.#mark.open()
      await this.#settings.directory.sync()
    }
    await this.#mark.write(durable)
  }

  async #syncNames(): Promise<void> {
    const { directory, syncs } = this.#settings
    await directory.syncTogether(syncs)
  }

  #opened(): SyncedFile {
    this.#mustBeOpen()
    if (!this.#file) throw new FileMissing('this upload has not begun')
    return this.#file
  }

  #mustBeOpen(): void {
    if (this.#status !== 'open') throw new FileMissing(`this upload has ended (${this.#status})`)
  }

  /** Checks `length` more bytes against the limits, before any of them is taken (C31, C74). */
  async #admit(length: number): Promise<Rejected | undefined> {
    const { maxFileBytes, space, health } = this.#settings
    const size = this.#offset + length
    if (size > maxFileBytes) return fileTooLarge({ of: 'file', bytes: maxFileBytes })
    if (size > this.#claimed) {
      const full = space.claim(size - this.#claimed)
      if (full) return full
      this.#claimed = size
    }
    if (size - this.#spaceCheckedAt < SPACE_CHECK_BYTES) return undefined
    this.#spaceCheckedAt = size
    return await health.guard('looking for free space', () => space.check(0))
  }

  /** Refuses this one upload, or throws when the store has failed. */
  #refuse(doing: string, cause: unknown): Rejected {
    if (cause instanceof FileMissing) throw cause
    this.#refused ??= refusal(cause)
    if (!this.#refused) throw this.#settings.health.fail(doing, cause)
    return this.#refused
  }
}

/** The pieces as they are, but for those longer than a step. */
function* stepsOf(pieces: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  let step: Uint8Array[] = []
  let bytes = 0
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += STEP_BYTES) {
      const part = piece.length <= STEP_BYTES ? piece : piece.subarray(at, at + STEP_BYTES)
      if (bytes + part.length > STEP_BYTES && bytes > 0) {
        yield step
        step = []
        bytes = 0
      }
      step.push(part)
      bytes += part.length
    }
  if (bytes > 0) yield step
}
