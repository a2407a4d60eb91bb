import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { link, open } from 'node:fs/promises'
import type { Clock } from '../../../domain/ports/clock.ts'
import { type Digest, VaultMissing, type VaultWriter } from '../../../domain/ports/vault.ts'
import { type Rejected, rejected } from '../../../domain/rejection.ts'
import { errorCode, isDiskFull } from './error-code.ts'
import type { Folder } from './folder.ts'
import { Growth } from './growth.ts'
import type { Health } from './health.ts'
import { SLAB_BYTES } from './slabs.ts'
import { diskFull, type Space } from './space.ts'
import { SyncedFile } from './synced-file.ts'
import type { Turns } from './turns.ts'

/** What all uploads of a vault share. */
export interface UploadSettings {
  readonly folder: Folder
  readonly maxFileBytes: number
  readonly syncEveryBytes: number
  readonly syncEveryMs: number
  readonly clock: Clock
  readonly space: Space
  readonly health: Health
  readonly syncTurns: Turns
}

/** Never follows and never opens what is there already (C51, C53); nobody but the host's own user reads it. */
const PART_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
const PART_MODE = 0o600
const SPACE_CHECK_BYTES = 8 * 1024 * 1024

export const fileTooLarge = (maxFileBytes: number): Rejected =>
  rejected(
    'FILE_TOO_LARGE',
    `a file may have at most ${Math.floor(maxFileBytes / 1e6)} MB here; split it, or ask the host to raise the limit`,
  )

/** One upload: `<id>.part` until it is whole. */
export class Upload implements VaultWriter {
  readonly growth = new Growth()
  readonly #id: string
  readonly #settings: UploadSettings
  readonly #hash = createHash('sha256')
  readonly #onEnd: (whole: boolean) => void
  #file: SyncedFile | undefined
  #claimed: number
  #spaceCheckedAt = 0
  #offset = 0
  #refused: Rejected | undefined
  #status: 'open' | 'finishing' | 'failed' | 'whole' | 'discarded' | 'suspended' = 'open'
  #ending: Promise<unknown> | undefined

  /** `claimed` bytes are spoken for in the space. `onEnd` is called when the upload is whole or discarded. */
  constructor(id: string, claimed: number, settings: UploadSettings, onEnd: (whole: boolean) => void) {
    this.#id = id
    this.#claimed = claimed
    this.#settings = settings
    this.#onEnd = onEnd
  }

  /** Goes on with what is there. */
  async resume(size: number): Promise<Rejected | undefined> {
    const { folder, clock, syncEveryBytes, syncEveryMs, syncTurns, health } = this.#settings
    const onFailure = (cause: unknown): void => {
      if (!refusal(cause)) health.fail('keeping an upload', cause)
    }
    const handle = await open(folder.part(this.#id), constants.O_RDWR | constants.O_NOFOLLOW)
    const { growth } = this
    const piece = Buffer.allocUnsafeSlow(SLAB_BYTES)
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(piece, 0, Math.min(SLAB_BYTES, size - at), at)
      this.#hash.update(piece.subarray(0, bytesRead))
      at += bytesRead
    }
    this.#offset = size
    const options = { handle, growth, clock, syncEveryBytes, syncEveryMs, syncTurns, onFailure, from: size }
    this.#file = new SyncedFile(options)
    growth.grow(size)
    return undefined
  }

  async sync(): Promise<Rejected | undefined> {
    this.#settings.health.check()
    if (this.#refused) return this.#refused
    try {
      await this.#opened().flush()
      return undefined
    } catch (cause) {
      return this.#refuse('keeping an upload', cause)
    }
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  async suspend(): Promise<void> {
    if (this.#status !== 'open') return
    await this.sync()
    this.#status = 'suspended'
    await this.#file?.close()
    this.#settings.space.release(this.#claimed - this.#offset)
    this.#onEnd(true)
  }

  /** Makes the file; to be called first, and once. */
  async begin(): Promise<Rejected | undefined> {
    const { folder, clock, syncEveryBytes, syncEveryMs, syncTurns, health } = this.#settings
    const onFailure = (cause: unknown): void => {
      if (!refusal(cause)) health.fail('keeping an upload', cause)
    }
    try {
      const handle = await open(folder.part(this.#id), PART_FLAGS, PART_MODE)
      const { growth } = this
      this.#file = new SyncedFile({ handle, growth, clock, syncEveryBytes, syncEveryMs, syncTurns, onFailure })
      return undefined
    } catch (cause) {
      const code = errorCode(cause) ?? ''
      if (['EMFILE', 'ENFILE'].includes(code))
        return rejected('BUSY', 'the host has too many files open; try again soon')
      if (['EEXIST', 'ELOOP'].includes(code)) throw new Error(`the upload ${this.#id} has a file already`, { cause })
      return this.#refuse('beginning an upload', cause)
    }
  }

  get offset(): number {
    return this.#offset
  }

  get durable(): number {
    return this.#file?.durable ?? 0
  }

  /** Bytes promised to the sender that are not on the disk yet. */
  get toCome(): number {
    return this.#claimed - this.growth.written
  }

  async append(bytes: Uint8Array): Promise<Rejected | undefined> {
    this.#settings.health.check()
    if (this.#refused) return this.#refused
    const file = this.#opened()
    this.#refused = await this.#admit(bytes.length)
    if (this.#refused) return this.#refused
    // In pieces, so that the hash of none holds up the event loop for long.
    for (let start = 0; start < bytes.length; start += SLAB_BYTES) {
      const piece = bytes.subarray(start, start + SLAB_BYTES)
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
    if (this.#ending) await this.#ending
    if (this.#status === 'whole' || this.#status === 'discarded' || this.#status === 'suspended') return
    this.#status = 'discarded'
    const discarded = this.#remove()
    this.#ending = discarded.catch(() => {})
    await discarded
  }

  /** The file must be durable before it has its name, and the name before anybody is told (C80). */
  async #publish(file: SyncedFile): Promise<Digest | Rejected> {
    const { folder, syncTurns, health, space } = this.#settings
    try {
      await file.flush()
      await file.close()
      await link(folder.part(this.#id), folder.whole(this.#id))
    } catch (cause) {
      this.#status = 'failed'
      if (errorCode(cause) === 'EEXIST')
        throw new Error(`a file ${this.#id} exists already; it stays as it is`, { cause })
      return this.#refuse('finishing an upload', cause)
    }
    await health.guard('naming an upload', async () => {
      await folder.remove(folder.part(this.#id))
      await syncTurns.take(() => folder.sync())
    })
    this.#status = 'whole'
    space.release(this.#claimed - this.#offset)
    this.#onEnd(true)
    this.growth.end()
    return { size: this.#offset, sha256: this.#hash.digest('hex') }
  }

  async #remove(): Promise<void> {
    const { folder, health, space } = this.#settings
    this.#onEnd(false)
    await this.#file?.close().catch(() => {})
    // What a broken store holds is left for the next start to judge.
    if (health.broken) return
    await health.guard('removing an upload', () => folder.remove(folder.part(this.#id)))
    space.release(this.#claimed)
  }

  #opened(): SyncedFile {
    if (this.#status !== 'open' || !this.#file) throw new VaultMissing(`this upload has ended (${this.#status})`)
    return this.#file
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
    if (cause instanceof VaultMissing) throw cause
    this.#refused ??= refusal(cause)
    if (!this.#refused) throw this.#settings.health.fail(doing, cause)
    return this.#refused
  }
}

/** What of the system's errors is a refusal of one upload; any other means that the store is broken. */
const refusal = (cause: unknown): Rejected | undefined => {
  if (isDiskFull(cause)) return diskFull()
  if (errorCode(cause) === 'EFBIG')
    return rejected('FILE_TOO_LARGE', "the host's file system takes no file of this size; split it")
  return undefined
}
