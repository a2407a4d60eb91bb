import { type Limit, type Rejected, rejected } from '#domain/errors.ts'
import { fileTooLarge, noSpace } from '#domain/file-limits.ts'
import { FileStoreFailed } from '#domain/ports/file-store.ts'
import { errorCode, filesFloorOf, freeBytes, isDiskFull, isOutOfDescriptors } from '#system/files/file-system.ts'
import type { DataDirectory } from './data-directory.ts'

/**
 * Whether the store can still be trusted. After a failed write or fdatasync nobody knows the content of the disk, and a second fdatasync
 * would report success for lost pages (C76): so nothing is tried again, and everything is refused from then on.
 */
export class Health {
  readonly #onFailed: (failed: FileStoreFailed) => void
  #failed: FileStoreFailed | undefined

  constructor(onFailed: (failed: FileStoreFailed) => void) {
    this.#onFailed = onFailed
  }

  get failed(): FileStoreFailed | undefined {
    return this.#failed
  }

  check(): void {
    if (this.#failed) throw this.#failed
  }

  /** Records that the store failed; answers the error to throw. */
  fail(doing: string, cause: unknown): FileStoreFailed {
    if (!this.#failed) {
      const message = `${doing} failed (${errorCode(cause) ?? cause}); check the disk that holds the data directory, then start again`
      this.#failed = new FileStoreFailed(message, { cause })
      this.#onFailed(this.#failed)
    }
    return this.#failed
  }

  /** Runs a task whose every error means that the store failed, except a lack of descriptors. */
  async guard<Result>(doing: string, task: () => Promise<Result>): Promise<Result> {
    this.check()
    try {
      return await task()
    } catch (cause) {
      throw isOutOfDescriptors(cause) ? cause : this.fail(doing, cause)
    }
  }
}

/** The refusal of one upload that a system error stands for; undefined for errors that mean a failed store. */
export const refusal = (cause: unknown): Rejected | undefined => {
  if (isDiskFull(cause)) return noSpace({ of: 'disk', bytes: 0 })
  if (isOutOfDescriptors(cause)) return rejected('BUSY', 'the host has too many files open; try again soon')
  if (errorCode(cause) === 'EFBIG') return fileTooLarge({ of: 'disk', bytes: 0 })
  return undefined
}

export interface SpaceLimits {
  /** Bytes that whole files and uploads may take together; 0: as many as the disk has. */
  readonly hostQuotaBytes: number
  /** Bytes that messages leave free on the file system; undefined is the greater of 64 MiB and 1 %. Files leave a quarter more. */
  readonly freeSpaceFloorBytes: number | undefined
}

/** Counts the bytes of the store and checks the free space of the file system (C74, C114). */
export class Space {
  readonly #directory: DataDirectory
  readonly #limits: SpaceLimits
  #claimed = 0
  /** Bytes that the file system had above the floor of files when it was last measured, less the claims since. */
  #free = Number.POSITIVE_INFINITY
  #floor = 0

  constructor(directory: DataDirectory, limits: SpaceLimits) {
    this.#directory = directory
    this.#limits = limits
  }

  /** Counts the files in the directory. */
  async survey(): Promise<void> {
    this.#claimed = await this.#directory.survey()
    await this.measure()
  }

  async measure(): Promise<void> {
    const fileSystem = await this.#directory.fileSystem()
    this.#floor = filesFloorOf(fileSystem, this.#limits.freeSpaceFloorBytes)
    this.#free = freeBytes(fileSystem) - this.#floor
  }

  /** Bytes that may still be claimed. */
  get left(): number {
    return Math.min(this.#quotaLeft, this.#free)
  }

  /** The limit behind `left` now. */
  get bound(): Limit {
    if (this.#free < this.#quotaLeft) return { of: 'disk', bytes: this.#floor }
    return { of: 'host', bytes: this.#limits.hostQuotaBytes || Number.POSITIVE_INFINITY }
  }

  get #quotaLeft(): number {
    return (this.#limits.hostQuotaBytes || Number.POSITIVE_INFINITY) - this.#claimed
  }

  /** Negative bytes are given back. */
  claim(bytes: number): Rejected | undefined {
    if (bytes > 0 && bytes > this.#quotaLeft) return noSpace({ of: 'host', bytes: this.#limits.hostQuotaBytes })
    this.release(-bytes)
    return undefined
  }

  release(bytes: number): void {
    this.#claimed -= bytes
    this.#free += bytes
  }

  /** Refuses when `bytes` more would leave the file system with less than the floor of files. */
  async check(bytes: number): Promise<Rejected | undefined> {
    await this.measure()
    return bytes > this.#free ? noSpace({ of: 'disk', bytes: this.#floor }) : undefined
  }
}
