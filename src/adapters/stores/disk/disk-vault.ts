import { link, rename } from 'node:fs/promises'
import type { Clock } from '../../../domain/ports/clock.ts'
import type { Log } from '../../../domain/ports/log.ts'
import { type LinkingVault, type Pieces, VaultMissing, type VaultWriter } from '../../../domain/ports/vault.ts'
import type { Rejected } from '../../../domain/rejection.ts'
import { errorCode } from './error-code.ts'
import { FileReader } from './file-reader.ts'
import { Folder, isFileId } from './folder.ts'
import { Health } from './health.ts'
import { Space } from './space.ts'
import { Turns } from './turns.ts'
import { fileTooLarge, Upload, type UploadSettings } from './upload.ts'

export interface DiskVaultOptions {
  /** The data directory, which the caller has locked; files are kept in `files` below it. */
  readonly directory: string
  readonly log: Log
  readonly clock: Clock
  readonly maxFileBytes?: number
  readonly maxSpoolBytes?: number
  /** The greater of 64 MiB and 1 % of the file system unless told otherwise. */
  readonly freeSpaceFloorBytes?: number
  readonly syncEveryBytes?: number
  readonly syncEveryMs?: number
}

const MIB = 1024 * 1024
const DEFAULTS = { maxFileBytes: 4096 * MIB, maxSpoolBytes: 20_480 * MIB, syncEveryBytes: 8 * MIB, syncEveryMs: 1000 }
/** Half of Node's pool of threads: the other half stays for reads and writes. */
const SYNCS_AT_ONCE = 2

/** Files in a directory: `files/<id>` when whole, `files/<id>.part` until then. */
export class DiskVault implements LinkingVault {
  readonly #log: Log
  readonly #folder: Folder
  readonly #space: Space
  readonly #health: Health
  readonly #settings: UploadSettings
  readonly #uploads = new Map<string, Upload>()
  readonly #readers = new Set<FileReader>()
  #opened: Promise<void> | undefined

  constructor({ directory, log, clock, freeSpaceFloorBytes, ...limits }: DiskVaultOptions) {
    const { maxSpoolBytes, ...settings } = { ...DEFAULTS, ...limits }
    this.#log = log
    this.#folder = new Folder(directory)
    this.#space = new Space(this.#folder, { maxSpoolBytes, freeSpaceFloorBytes })
    this.#health = new Health((broken) => {
      log.error('vault broken', { error: broken.message })
      for (const reader of this.#readers) reader.fail(broken)
    })
    const shared = {
      folder: this.#folder,
      space: this.#space,
      health: this.#health,
      syncTurns: new Turns(SYNCS_AT_ONCE),
    }
    this.#settings = { ...settings, ...shared, clock }
  }

  async open(): Promise<void> {
    this.#opened ??= this.#health.guard('opening the vault', async () => {
      await this.#folder.open()
      await this.#space.survey()
    })
    await this.#opened
  }

  async close(): Promise<void> {
    this.#opened = undefined
    await Promise.all(Array.from(this.#uploads.values(), (upload) => upload.suspend().catch(() => {})))
    for (const reader of this.#readers) reader.fail(new VaultMissing('the vault has been closed'))
    await this.#folder.close()
  }

  async create(id: string, size = 0): Promise<VaultWriter | Rejected> {
    this.#health.check()
    if (this.#uploads.has(id)) throw new Error(`the upload ${id} has begun already`)
    const { maxFileBytes } = this.#settings
    const refused = size > maxFileBytes ? fileTooLarge(maxFileBytes) : this.#space.claim(size)
    return refused ?? (await this.#begin(id, size))
  }

  async resume(id: string, _size = 0): Promise<VaultWriter | Rejected | undefined> {
    this.#health.check()
    if (this.#uploads.has(id)) throw new Error(`the upload ${id} has begun already`)
    const kept = await this.durable(id)
    if (kept === undefined) return undefined
    const upload: Upload = new Upload(id, kept, this.#settings, (whole) => this.#end(id, whole))
    this.#uploads.set(id, upload)
    if ((await this.size(id)) !== undefined) await rename(this.#folder.whole(id), this.#folder.part(id))
    const refused = await upload.resume(kept)
    return refused ?? upload
  }

  async durable(id: string): Promise<number | undefined> {
    return isFileId(id) ? ((await this.#folder.size(id)) ?? (await this.#folder.partSize(id))) : undefined
  }

  async duplicate(id: string, as: string): Promise<Rejected | undefined> {
    if ((await this.size(id)) === undefined) throw new VaultMissing('there is no such file')
    await link(this.#folder.whole(id), this.#folder.whole(as))
    await this.#folder.sync()
    return undefined
  }

  read(id: string, from = 0, pieces: Pieces = 'kept'): AsyncIterable<Uint8Array> {
    if (!Number.isSafeInteger(from) || from < 0)
      throw new RangeError('a file is read from a whole number of bytes, 0 or more')
    const growth = () => this.#uploads.get(id)?.growth
    const file = { id, from, pieces, folder: this.#folder, health: this.#health, readers: this.#readers, growth }
    return { [Symbol.asyncIterator]: () => new FileReader(file) }
  }

  async size(id: string): Promise<number | undefined> {
    return await this.#health.guard('looking for a file', async () =>
      isFileId(id) ? this.#folder.size(id) : undefined,
    )
  }

  async remove(id: string): Promise<void> {
    if (!isFileId(id) || this.#uploads.has(id) || (await this.durable(id)) === undefined) return
    const size = await this.#health.guard('removing a file', async () => {
      const whole = (await this.#folder.remove(this.#folder.whole(id))) ?? 0
      return whole + ((await this.#folder.remove(this.#folder.part(id))) ?? 0)
    })
    this.#space.release(size)
    this.#failReaders(id)
  }

  async sweep(keep: ReadonlySet<string>): Promise<number> {
    const removed = await this.#health.guard('removing leftovers', async () => {
      const leftovers = (await this.#folder.parts()).filter((id) => !this.#uploads.has(id) && !keep.has(id))
      for (const id of leftovers) this.#space.release((await this.#folder.remove(this.#folder.part(id))) ?? 0)
      return leftovers.length
    })
    if (removed > 0) this.#log.info('leftovers of uploads removed', { count: removed })
    return removed
  }

  async link(id: string, path: string): Promise<'linked' | 'exists' | 'elsewhere'> {
    if ((await this.size(id)) === undefined) throw new VaultMissing('there is no such file')
    try {
      await link(this.#folder.whole(id), path)
      return 'linked'
    } catch (error) {
      const code = errorCode(error) ?? ''
      if (code === 'EEXIST') return 'exists'
      if (['EXDEV', 'EPERM', 'EMLINK'].includes(code)) return 'elsewhere'
      throw error
    }
  }

  /** `claimed` bytes have been spoken for; they are given back unless there is an upload in the end. */
  async #begin(id: string, claimed: number): Promise<Upload | Rejected> {
    const upload = new Upload(id, claimed, this.#settings, (whole) => this.#end(id, whole))
    this.#uploads.set(id, upload)
    let begun = false
    try {
      if ((await this.size(id)) !== undefined) throw new Error(`the file ${id} exists already`)
      let toCome = 0
      for (const other of this.#uploads.values()) toCome += other.toCome
      const full = await this.#health.guard('looking for free space', () => this.#space.check(toCome))
      const refused = full ?? (await upload.begin())
      begun = refused === undefined
      return refused ?? upload
    } finally {
      if (!begun) {
        this.#uploads.delete(id)
        this.#space.release(claimed)
      }
    }
  }

  #end(id: string, whole: boolean): void {
    this.#uploads.delete(id)
    if (!whole) this.#failReaders(id)
  }

  #failReaders(id: string): void {
    for (const reader of this.#readers) if (reader.id === id) reader.fail(new VaultMissing('the file has been removed'))
  }
}
