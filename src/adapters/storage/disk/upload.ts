import { createHash, type Hash } from 'node:crypto'
import type { Semaphore } from '#domain/async/semaphore.ts'
import type { Rejected } from '#domain/errors.ts'
import type { Clock } from '#domain/ports/clock.ts'
import { type Digest, FileMissing, type FileWriter } from '#domain/ports/file-store.ts'
import { errorCode } from '#system/files/file-system.ts'
import type { DataDirectory } from './data-directory.ts'
import { DurableMark } from './durable-mark.ts'
import { fileTooLarge, refusal } from './errors.ts'
import type { Health } from './health.ts'
import type { PartialFile } from './partial-file.ts'
import type { ReaderNotifier } from './reader-notifier.ts'
import type { Space } from './space.ts'
import { SyncedFile } from './synced-file.ts'
import { WRITE_BUFFER_BYTES } from './write-buffer.ts'

/** What all uploads of a vault share. */
export interface UploadSettings {
  readonly folder: DataDirectory
  readonly maxFileBytes: number
  readonly syncEveryBytes: number
  readonly syncEveryMs: number
  readonly clock: Clock
  readonly space: Space
  readonly health: Health
  readonly syncTurns: Semaphore
}

export interface UploadStart {
  readonly id: string
  /** Bytes that are spoken for in the space. */
  readonly claimed: number
  readonly growth: ReaderNotifier
  /** Called when the upload is suspended, whole or discarded. */
  onEnd(status: 'suspended' | 'whole' | 'discarded'): void
}

const SPACE_CHECK_BYTES = 8 * 1024 * 1024

/** One writer of an upload: `<id>.part` until it is whole, and `<id>.durable` beside it once something is durable. */
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
  #status: 'open' | 'finishing' | 'failed' | 'suspended' | 'whole' | 'discarded' = 'open'
  #ending: Promise<unknown> | undefined

  constructor(start: UploadStart, settings: UploadSettings) {
    this.#start = start
    this.#settings = settings
    this.#claimed = start.claimed
    this.#mark = new DurableMark(settings.folder.mark(start.id), start.id)
  }

  /** Takes the file in hand; to be called first, and once. The check that `open` gets throws when the upload ends meanwhile. */
  async begin(open: (check: () => void) => Promise<PartialFile>): Promise<Rejected | undefined> {
    const { clock, syncEveryBytes, syncEveryMs, syncTurns, health } = this.#settings
    const { id, growth } = this.#start
    const onFailure = (cause: unknown): void => {
      if (!refusal(cause)) health.fail('keeping an upload', cause)
    }
    const promise = (durable: number): Promise<void> => this.#promise(durable)
    try {
      const { handle, hash, size } = await open(() => this.#mustBeOpen())
      if (this.#status !== 'open') await handle.close()
      this.#mustBeOpen()
      const options = { handle, growth, clock, syncEveryBytes, syncEveryMs, syncTurns, promise, onFailure, size }
      this.#file = new SyncedFile(options)
      this.#hash = hash
      this.#offset = size
      this.#spaceCheckedAt = size
      growth.grow(size)
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

  async append(bytes: Uint8Array): Promise<Rejected | undefined> {
    this.#settings.health.check()
    if (this.#refused) return this.#refused
    const file = this.#opened()
    this.#refused = await this.#admit(bytes.length)
    if (this.#refused) return this.#refused
    // In pieces, so that the hash of none holds up the event loop for long.
    for (let start = 0; start < bytes.length; start += WRITE_BUFFER_BYTES) {
      const piece = bytes.subarray(start, start + WRITE_BUFFER_BYTES)
      this.#hash.update(piece)
      this.#offset += piece.length
      try {
        await file.put(piece)
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

  /** The file must be durable before it has its name, and the name before anybody is told (C80). */
  async #publish(file: SyncedFile): Promise<Digest | Rejected> {
    const { folder, syncTurns, health, space } = this.#settings
    const { id, growth, onEnd } = this.#start
    try {
      await file.complete()
      await this.#close()
      await folder.publish(id)
    } catch (cause) {
      this.#status = 'failed'
      if (errorCode(cause) === 'EEXIST') throw new Error(`a file ${id} exists already; it stays as it is`, { cause })
      return this.#refuse('finishing an upload', cause)
    }
    await health.guard('naming an upload', async () => {
      await folder.unpart(id)
      await syncTurns.run(() => folder.sync())
    })
    this.#status = 'whole'
    space.release(this.#claimed - this.#offset)
    onEnd('whole')
    growth.end()
    return { size: this.#offset, sha256: this.#hash.digest('hex') }
  }

  /** What is not durable then, for want of space, is dropped by whoever resumes. */
  async #keep(): Promise<void> {
    const { folder, health, space, syncTurns } = this.#settings
    const { id, growth, onEnd } = this.#start
    try {
      if (this.#file && !this.#refused && !health.broken) {
        const refused = await this.#makeDurable(this.#file)
        // Where nothing has come yet, the name is what stays.
        if (!refused && !this.#mark.isOpen)
          await health.guard('suspending an upload', () => syncTurns.run(() => folder.sync()))
      }
    } finally {
      await this.#close().catch(() => {})
      growth.pause()
      onEnd('suspended')
    }
    if (health.broken) return
    const kept = await health.guard('suspending an upload', () => folder.partSize(id))
    space.release(this.#claimed - (kept ?? 0))
  }

  async #remove(): Promise<void> {
    const { folder, health, space } = this.#settings
    const { id, onEnd } = this.#start
    onEnd('discarded')
    await this.#close().catch(() => {})
    // What a broken store holds is left for the next start to judge.
    if (health.broken) return
    await health.guard('removing an upload', () => folder.unpart(id))
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

  /** An offset is worth nothing after a crash if the file has no name then, so that comes first. */
  async #promise(durable: number): Promise<void> {
    if (!this.#mark.isOpen) {
      await this.#mark.open()
      await this.#settings.folder.sync()
    }
    await this.#mark.write(durable)
  }

  #opened(): SyncedFile {
    this.#mustBeOpen()
    if (!this.#file) throw new FileMissing('this upload has not begun')
    return this.#file
  }

  #mustBeOpen(): void {
    if (this.#status !== 'open') throw new FileMissing(`this upload has ended (${this.#status})`)
  }

  /** Holds `length` more bytes against the limits, before any of them is taken (C31, C74). */
  async #admit(length: number): Promise<Rejected | undefined> {
    const { maxFileBytes, space, health } = this.#settings
    const size = this.#offset + length
    if (size > maxFileBytes) return fileTooLarge(maxFileBytes)
    if (size > this.#claimed) {
      const full = space.claim(size - this.#claimed)
      if (full) return full
      this.#claimed = size
    }
    if (size - this.#spaceCheckedAt < SPACE_CHECK_BYTES) return undefined
    this.#spaceCheckedAt = size
    return await health.guard('looking for free space', () => space.check(0))
  }

  /** Refuses this one upload, or throws when the store is broken. */
  #refuse(doing: string, cause: unknown): Rejected {
    if (cause instanceof FileMissing) throw cause
    this.#refused ??= refusal(cause)
    if (!this.#refused) throw this.#settings.health.fail(doing, cause)
    return this.#refused
  }
}
