import { Semaphore } from '#domain/async/semaphore.ts'
import type { Limit, Rejected } from '#domain/errors.ts'
import { fileTooLarge } from '#domain/file-limits.ts'
import {
  type BoundedFileStore,
  type DatedFileStore,
  FileMissing,
  type FileWriter,
  type Pieces,
} from '#domain/ports/file-store.ts'
import type { Clock, Log } from '#domain/ports/system.ts'
import { errorCode } from '#system/files/file-system.ts'
import { DataDirectory, isFileId } from './data-directory.ts'
import { ActiveReaders, FileReader } from './file-reader.ts'
import { Health, refusal, Space } from './health.ts'
import { createPartialFile, durableBytes, type PartialFile, reopenWhole, resumePartialFile } from './partial-file.ts'
import { Upload, type UploadEnd, type UploadSettings } from './upload.ts'

export interface DiskFileStoreOptions {
  /** The data directory, which the caller has locked; files are kept in `files` below it. */
  readonly directory: string
  readonly log: Log
  readonly clock: Clock
  /** Bytes of one file; 0: as many as fit. */
  readonly maxFileBytes?: number
  /** Bytes of all files together; 0: as many as the disk has. */
  readonly hostQuotaBytes?: number
  /** Bytes that messages leave free on the disk: by default the greater of 64 MiB and 1 % of the file system. Files leave a quarter more. */
  readonly freeSpaceFloorBytes?: number
  readonly syncEveryBytes?: number
  readonly syncEveryMs?: number
}

const MIB = 1024 * 1024
const DEFAULTS = { maxFileBytes: 0, hostQuotaBytes: 0, syncEveryBytes: 2 * MIB, syncEveryMs: 1000 }
/** Half of Node's thread pool: the other half stays for reads and writes. */
const SYNCS_AT_ONCE = 2
/** The file has too many names, or the file system allows only one. */
const NO_MORE_NAMES = ['EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP']

/** Files in a directory: `files/<id>` when whole, `files/<id>.part` until then. */
export class DiskFileStore implements BoundedFileStore, DatedFileStore {
  readonly #log: Log
  readonly #directory: DataDirectory
  readonly #space: Space
  readonly #health: Health
  readonly #settings: UploadSettings
  readonly #uploads = new Map<string, Upload>()
  /** Ids whose writer is being opened. */
  readonly #beginning = new Set<string>()
  readonly #readers = new ActiveReaders()
  #opened: Promise<void> | undefined

  constructor({ directory, log, clock, freeSpaceFloorBytes, ...limits }: DiskFileStoreOptions) {
    const { hostQuotaBytes, maxFileBytes, ...settings } = { ...DEFAULTS, ...limits }
    this.#log = log
    this.#directory = new DataDirectory(directory)
    this.#space = new Space(this.#directory, { hostQuotaBytes, freeSpaceFloorBytes })
    this.#health = new Health((failed) => {
      log.error('file store failed', { error: failed.message })
      this.#readers.fail(failed)
    })
    const shared = {
      directory: this.#directory,
      space: this.#space,
      health: this.#health,
      syncs: new Semaphore(SYNCS_AT_ONCE),
    }
    this.#settings = { ...settings, ...shared, clock, maxFileBytes: maxFileBytes || Number.POSITIVE_INFINITY }
  }

  get bytesLeft(): number {
    return this.#space.left
  }

  get bound(): Limit {
    return this.#space.bound
  }

  get maxFileBytes(): number {
    return this.#settings.maxFileBytes
  }

  async measure(): Promise<void> {
    await this.#health.guard('looking for free space', () => this.#space.measure())
  }

  async open(): Promise<void> {
    this.#opened ??= this.#health.guard('opening the file store', async () => {
      await this.#directory.open()
      await this.#space.survey()
    })
    await this.#opened
  }

  async close(): Promise<void> {
    this.#opened = undefined
    // An error here means that the store failed, which is in the log already.
    await Promise.allSettled(Array.from(this.#uploads.values(), (upload) => upload.suspend()))
    this.#readers.fail(new FileMissing('the file store has been closed'))
    await this.#directory.close()
  }

  async create(id: string, size = 0): Promise<FileWriter | Rejected> {
    return await this.#alone(id, size, async () => {
      if ((await this.size(id)) !== undefined) throw new Error(`the file ${id} exists already`)
      const kept = await this.#health.guard('looking for an upload', () => this.#directory.partSize(id))
      if (kept !== undefined) throw new Error(`the upload ${id} has a file already`)
      this.#readers.follow(id, 0)
      const start = { counted: 0, durable: 0, size }
      const begun = await this.#begin(id, start, () => createPartialFile(this.#directory, id)).catch(
        (error: unknown) => {
          this.#readers.removed(id)
          throw error
        },
      )
      if ('type' in begun) this.#readers.removed(id)
      return begun
    })
  }

  async resume(id: string, size = 0): Promise<FileWriter | Rejected | undefined> {
    if (!isFileId(id)) return undefined
    return await this.#alone(id, size, async () => {
      const durable = await this.#health.guard('resuming an upload', async () => {
        this.#space.release(await reopenWhole(this.#directory, id))
        return await durableBytes(this.#directory, id)
      })
      if (durable === undefined) return undefined
      this.#readers.follow(id, durable).pause(durable)
      this.#readers.truncated(id, durable)
      const counted = await this.#health.guard('resuming an upload', () => this.#directory.countedPartSize(id))
      const start = { counted, durable, size: Math.max(size, durable) }
      return await this.#begin(id, start, (check) => resumePartialFile(this.#directory, id, check))
    })
  }

  async durable(id: string): Promise<number | undefined> {
    const upload = this.#uploads.get(id)
    if (upload?.hasBegun) return upload.durable
    if (!isFileId(id)) return undefined
    return await this.#health.guard(
      'looking for an upload',
      async () => (await this.#directory.size(id)) ?? (await durableBytes(this.#directory, id)),
    )
  }

  async dateOf(id: string): Promise<number | undefined> {
    if (!isFileId(id)) return undefined
    return await this.#health.guard('looking for an upload', () => this.#directory.partDate(id))
  }

  async duplicate(id: string, as: string): Promise<Rejected | undefined> {
    const size = await this.size(id)
    if (size === undefined) throw new FileMissing('there is no such file')
    if (this.#hasWriter(as) || (await this.durable(as)) !== undefined) throw new Error(`the file ${as} exists already`)
    try {
      await this.#directory.duplicate(id, as)
    } catch (cause) {
      const code = errorCode(cause) ?? ''
      if (NO_MORE_NAMES.includes(code)) return await this.#copy(id, as, size)
      if (code === 'ENOENT') throw new FileMissing('there is no such file', { cause })
      const refused = refusal(cause)
      if (!refused) throw this.#health.fail('naming a file', cause)
      return refused
    }
    await this.#health.guard('naming a file', () => this.#directory.syncTogether(this.#settings.syncs))
    return undefined
  }

  async share(id: string, as: string): Promise<void> {
    if (this.#hasWriter(id) || this.#hasWriter(as)) return
    try {
      this.#space.release(await this.#directory.share(id, as))
    } catch (error) {
      // It saves space, and nothing more: the file stays as it is.
      this.#log.warn('the same bytes are kept twice', { code: errorCode(error) })
    }
  }

  read(id: string, from = 0, pieces: Pieces = 'kept'): AsyncIterable<Uint8Array> {
    if (!Number.isSafeInteger(from) || from < 0)
      throw new RangeError('a file is read from a whole number of bytes, 0 or more')
    const file = { id, from, pieces, directory: this.#directory, health: this.#health, readers: this.#readers }
    return { [Symbol.asyncIterator]: () => new FileReader(file) }
  }

  async size(id: string): Promise<number | undefined> {
    return await this.#health.guard('looking for a file', async () =>
      isFileId(id) ? this.#directory.size(id) : undefined,
    )
  }

  /** Ids of all whole files, whether a room knows them or not. */
  async wholeFiles(): Promise<readonly string[]> {
    return await this.#health.guard('looking for files', () => this.#directory.wholeFiles())
  }

  async remove(id: string): Promise<void> {
    if (this.#hasWriter(id) || (await this.durable(id)) === undefined) return
    await this.#health.guard('removing a file', async () => {
      await this.#removeUnfinished(id)
      if ((await this.#directory.size(id)) !== undefined)
        this.#space.release((await this.#directory.remove(this.#directory.filePath(id))) ?? 0)
    })
    this.#readers.removed(id)
  }

  async sweep(keep: ReadonlySet<string>): Promise<number> {
    const removed = await this.#health.guard('removing leftovers', async () => {
      const leftovers = (await this.#directory.unfinished()).filter((id) => !this.#hasWriter(id) && !keep.has(id))
      for (const id of leftovers) {
        await this.#removeUnfinished(id)
        this.#readers.removed(id)
      }
      return leftovers.length
    })
    if (removed > 0) this.#log.info('leftovers of uploads removed', { count: removed })
    return removed
  }

  #hasWriter(id: string): boolean {
    return this.#uploads.has(id) || this.#beginning.has(id)
  }

  /** Makes the only writer for an upload of `size` bytes. */
  async #alone<Result>(id: string, size: number, make: () => Promise<Result>): Promise<Result | Rejected> {
    this.#health.check()
    if (this.#hasWriter(id)) throw new Error(`the upload ${id} has begun already`)
    const { maxFileBytes } = this.#settings
    if (size > maxFileBytes) return fileTooLarge({ of: 'file', bytes: maxFileBytes })
    this.#beginning.add(id)
    try {
      return await make()
    } finally {
      this.#beginning.delete(id)
    }
  }

  /** Claims space for the durable bytes, of which `counted` are claimed already; that is undone unless the upload begins. */
  async #begin(
    id: string,
    { counted, durable, size }: { readonly counted: number; readonly durable: number; readonly size: number },
    open: (check: () => void) => Promise<PartialFile>,
  ): Promise<Upload | Rejected> {
    const refused = this.#space.claim(durable - counted)
    if (refused) return refused
    const onEnd = (status: UploadEnd): void => this.#end(id, status)
    const upload = new Upload({ id, claimed: durable, notifier: this.#readers.follow(id, 0), onEnd }, this.#settings)
    this.#uploads.set(id, upload)
    let begun = false
    try {
      // Sizes announced by other uploads do not count: their bytes may never come.
      const full = await this.#health.guard('looking for free space', () => this.#space.check(size - durable))
      const outcome = full ?? (await upload.begin(open))
      begun = outcome === undefined
      // It may have become a copy of what readers have open.
      this.#readers.files.forget(id)
      return outcome ?? upload
    } finally {
      if (!begun) {
        this.#uploads.delete(id)
        this.#space.release(durable - counted)
      }
    }
  }

  #end(id: string, status: UploadEnd): void {
    this.#uploads.delete(id)
    switch (status) {
      case 'suspended':
        break
      case 'whole':
        this.#readers.completed(id)
        break
      case 'discarded':
        this.#readers.removed(id)
        break
      default:
        status satisfies never
    }
  }

  async #removeUnfinished(id: string): Promise<void> {
    const directory = this.#directory
    await directory.remove(directory.markPath(id))
    for (const path of [directory.partPath(id), directory.copyPath(id)])
      this.#space.release((await directory.remove(path)) ?? 0)
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
      const finished = await writer.finish()
      return 'type' in finished ? finished : undefined
    } finally {
      await writer.discard()
    }
  }
}
