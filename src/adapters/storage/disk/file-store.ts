import { Semaphore } from '#domain/async/semaphore.ts'
import type { Rejected } from '#domain/errors.ts'
import type { Clock } from '#domain/ports/clock.ts'
import {
  type BoundedFileStore,
  type DatedFileStore,
  FileMissing,
  type FileWriter,
  type Pieces,
} from '#domain/ports/file-store.ts'
import type { Log } from '#domain/ports/log.ts'
import { errorCode } from '#system/files/file-system.ts'
import { DataDirectory, isFileId } from './data-directory.ts'
import { fileTooLarge, refusal } from './errors.ts'
import { FileReader } from './file-reader.ts'
import { Health } from './health.ts'
import { LiveReader } from './live-reader.ts'
import { durableBytes, keptPart, newPart, type PartialFile, takeUp } from './partial-file.ts'
import { Space } from './space.ts'
import { Upload, type UploadSettings } from './upload.ts'

export interface DiskFileStoreOptions {
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
const DEFAULTS = { maxFileBytes: 4096 * MIB, maxSpoolBytes: 20_480 * MIB, syncEveryBytes: 2 * MIB, syncEveryMs: 1000 }
/** Half of Node's pool of threads: the other half stays for reads and writes. */
const SYNCS_AT_ONCE = 2
/** A file has too many names, or the file system gives it only one. */
const NO_MORE_NAMES = ['EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP']

/** Files in a directory: `files/<id>` when whole, `files/<id>.part` until then. */
export class DiskFileStore implements BoundedFileStore, DatedFileStore {
  readonly #log: Log
  readonly #folder: DataDirectory
  readonly #space: Space
  readonly #health: Health
  readonly #settings: UploadSettings
  readonly #uploads = new Map<string, Upload>()
  /** Ids for which a writer is being made. */
  readonly #beginning = new Set<string>()
  readonly #following = new LiveReader()
  #opened: Promise<void> | undefined

  constructor({ directory, log, clock, freeSpaceFloorBytes, ...limits }: DiskFileStoreOptions) {
    const { maxSpoolBytes, ...settings } = { ...DEFAULTS, ...limits }
    this.#log = log
    this.#folder = new DataDirectory(directory)
    this.#space = new Space(this.#folder, { maxSpoolBytes, freeSpaceFloorBytes })
    this.#health = new Health((broken) => {
      log.error('vault broken', { error: broken.message })
      this.#following.fail(broken)
    })
    const shared = {
      folder: this.#folder,
      space: this.#space,
      health: this.#health,
      syncTurns: new Semaphore(SYNCS_AT_ONCE),
    }
    this.#settings = { ...settings, ...shared, clock }
  }

  get bytesLeft(): number {
    return this.#space.left
  }

  get maxFileBytes(): number {
    return this.#settings.maxFileBytes
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
    // A failure among these is the store's, which has been told to the log.
    await Promise.allSettled(Array.from(this.#uploads.values(), (upload) => upload.suspend()))
    this.#following.fail(new FileMissing('the vault has been closed'))
    await this.#folder.close()
  }

  async create(id: string, size = 0): Promise<FileWriter | Rejected> {
    return await this.#alone(id, size, async () => {
      if ((await this.size(id)) !== undefined) throw new Error(`the file ${id} exists already`)
      const kept = await this.#health.guard('looking for an upload', () => this.#folder.partSize(id))
      if (kept !== undefined) throw new Error(`the upload ${id} has a file already`)
      this.#following.follow(id, 0)
      const begun = await this.#begin(id, { counted: 0, there: 0, size }, () => newPart(this.#folder, id)).catch(
        (error: unknown) => {
          this.#following.remove(id)
          throw error
        },
      )
      if ('type' in begun) this.#following.remove(id)
      return begun
    })
  }

  async resume(id: string, size = 0): Promise<FileWriter | Rejected | undefined> {
    if (!isFileId(id)) return undefined
    return await this.#alone(id, size, async () => {
      const durable = await this.#health.guard('taking up an upload', async () => {
        this.#space.release(await takeUp(this.#folder, id))
        return await durableBytes(this.#folder, id)
      })
      if (durable === undefined) return undefined
      this.#following.follow(id, durable).pause(durable)
      this.#following.fallBack(id, durable)
      const counted = await this.#health.guard('taking up an upload', () => this.#folder.countedPartSize(id))
      const start = { counted, there: durable, size: Math.max(size, durable) }
      return await this.#begin(id, start, (check) => keptPart(this.#folder, id, check))
    })
  }

  async durable(id: string): Promise<number | undefined> {
    const upload = this.#uploads.get(id)
    if (upload?.hasBegun) return upload.durable
    if (!isFileId(id)) return undefined
    return await this.#health.guard(
      'looking for an upload',
      async () => (await this.#folder.size(id)) ?? (await durableBytes(this.#folder, id)),
    )
  }

  async dateOf(id: string): Promise<number | undefined> {
    if (!isFileId(id)) return undefined
    return await this.#health.guard('looking for an upload', () => this.#folder.partDate(id))
  }

  async duplicate(id: string, as: string): Promise<Rejected | undefined> {
    const size = await this.size(id)
    if (size === undefined) throw new FileMissing('there is no such file')
    if (this.#isHeld(as) || (await this.durable(as)) !== undefined) throw new Error(`the file ${as} exists already`)
    try {
      await this.#folder.duplicate(id, as)
    } catch (cause) {
      const code = errorCode(cause) ?? ''
      if (NO_MORE_NAMES.includes(code)) return await this.#copy(id, as, size)
      if (code === 'ENOENT') throw new FileMissing('there is no such file', { cause })
      const refused = refusal(cause)
      if (!refused) throw this.#health.fail('naming a file', cause)
      return refused
    }
    await this.#health.guard('naming a file', () => this.#settings.syncTurns.run(() => this.#folder.sync()))
    return undefined
  }

  read(id: string, from = 0, pieces: Pieces = 'kept'): AsyncIterable<Uint8Array> {
    if (!Number.isSafeInteger(from) || from < 0)
      throw new RangeError('a file is read from a whole number of bytes, 0 or more')
    const file = { id, from, pieces, folder: this.#folder, health: this.#health, following: this.#following }
    return { [Symbol.asyncIterator]: () => new FileReader(file) }
  }

  async size(id: string): Promise<number | undefined> {
    return await this.#health.guard('looking for a file', async () =>
      isFileId(id) ? this.#folder.size(id) : undefined,
    )
  }

  /** Ids of all whole files, whether a room knows them or not. */
  async wholeFiles(): Promise<readonly string[]> {
    return await this.#health.guard('looking for files', () => this.#folder.wholeFiles())
  }

  async remove(id: string): Promise<void> {
    if (this.#isHeld(id) || (await this.durable(id)) === undefined) return
    await this.#health.guard('removing a file', async () => {
      await this.#removeUnfinished(id)
      if ((await this.#folder.size(id)) !== undefined)
        this.#space.release((await this.#folder.remove(this.#folder.whole(id))) ?? 0)
    })
    this.#following.remove(id)
  }

  async sweep(keep: ReadonlySet<string>): Promise<number> {
    const removed = await this.#health.guard('removing leftovers', async () => {
      const leftovers = (await this.#folder.unfinished()).filter((id) => !this.#isHeld(id) && !keep.has(id))
      for (const id of leftovers) {
        await this.#removeUnfinished(id)
        this.#following.remove(id)
      }
      return leftovers.length
    })
    if (removed > 0) this.#log.info('leftovers of uploads removed', { count: removed })
    return removed
  }

  #isHeld(id: string): boolean {
    return this.#uploads.has(id) || this.#beginning.has(id)
  }

  /** Makes a writer for an upload of `size` bytes while nobody else does. */
  async #alone<Result>(id: string, size: number, make: () => Promise<Result>): Promise<Result | Rejected> {
    this.#health.check()
    if (this.#isHeld(id)) throw new Error(`the upload ${id} has begun already`)
    const { maxFileBytes } = this.#settings
    if (size > maxFileBytes) return fileTooLarge(maxFileBytes)
    this.#beginning.add(id)
    try {
      return await make()
    } finally {
      this.#beginning.delete(id)
    }
  }

  /** Speaks for the bytes that are there, of which `counted` are counted already; that is undone unless there is an upload in the end. */
  async #begin(
    id: string,
    { counted, there: claimed, size }: { readonly counted: number; readonly there: number; readonly size: number },
    open: (check: () => void) => Promise<PartialFile>,
  ): Promise<Upload | Rejected> {
    const refused = this.#space.claim(claimed - counted)
    if (refused) return refused
    const onEnd = (status: 'suspended' | 'whole' | 'discarded'): void => this.#end(id, status)
    const upload = new Upload({ id, claimed, growth: this.#following.follow(id, 0), onEnd }, this.#settings)
    this.#uploads.set(id, upload)
    let begun = false
    try {
      // What others have told does not count: it may never come.
      const full = await this.#health.guard('looking for free space', () => this.#space.check(size - claimed))
      const outcome = full ?? (await upload.begin(open))
      begun = outcome === undefined
      return outcome ?? upload
    } finally {
      if (!begun) {
        this.#uploads.delete(id)
        this.#space.release(claimed - counted)
      }
    }
  }

  #end(id: string, status: 'suspended' | 'whole' | 'discarded'): void {
    this.#uploads.delete(id)
    switch (status) {
      case 'suspended':
        break
      case 'whole':
        this.#following.forget(id)
        break
      case 'discarded':
        this.#following.remove(id)
        break
      default:
        status satisfies never
    }
  }

  async #removeUnfinished(id: string): Promise<void> {
    const folder = this.#folder
    await folder.remove(folder.mark(id))
    for (const path of [folder.part(id), folder.copy(id)]) this.#space.release((await folder.remove(path)) ?? 0)
  }

  /** For a file that can have no further name. */
  async #copy(id: string, as: string, size: number): Promise<Rejected | undefined> {
    const writer = await this.create(as, size)
    if ('type' in writer) return writer
    try {
      for await (const piece of this.read(id, 0, 'lent')) {
        const refused = await writer.append(piece)
        if (refused) return refused
      }
      const whole = await writer.finish()
      return 'type' in whole ? whole : undefined
    } finally {
      await writer.discard()
    }
  }
}
