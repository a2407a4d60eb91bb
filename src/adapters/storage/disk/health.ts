import { type Rejected, rejected } from '#domain/errors.ts'
import { FileStoreFailed } from '#domain/ports/file-store.ts'
import { errorCode, hasFreeSpace, isDiskFull, isOutOfDescriptors } from '#system/files/file-system.ts'
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

const diskFull = (): Rejected =>
  rejected('DISK_FULL', "the host's disk is full; try again once there is room, or send a smaller file")

/** The refusal of one upload that a system error stands for; undefined for errors that mean a failed store. */
export const refusal = (cause: unknown): Rejected | undefined => {
  if (isDiskFull(cause)) return diskFull()
  if (isOutOfDescriptors(cause)) return rejected('BUSY', 'the host has too many files open; try again soon')
  if (errorCode(cause) === 'EFBIG')
    return rejected('FILE_TOO_LARGE', "the host's file system takes no file of this size; split it")
  return undefined
}

export interface SpaceLimits {
  /** Bytes that whole files and uploads may take together. */
  readonly maxSpoolBytes: number
  /** Bytes that stay free on the file system; undefined is the greater of 64 MiB and 1 %. */
  readonly freeSpaceFloorBytes: number | undefined
}

/** Counts the bytes of the store and checks the free space of the file system (C74, C114). */
export class Space {
  readonly #directory: DataDirectory
  readonly #limits: SpaceLimits
  #claimed = 0

  constructor(directory: DataDirectory, limits: SpaceLimits) {
    this.#directory = directory
    this.#limits = limits
  }

  /** Counts the files in the directory. */
  async survey(): Promise<void> {
    this.#claimed = await this.#directory.survey()
  }

  /** Bytes that may still be claimed. */
  get left(): number {
    return this.#limits.maxSpoolBytes - this.#claimed
  }

  /** Negative bytes are given back. */
  claim(bytes: number): Rejected | undefined {
    const { maxSpoolBytes } = this.#limits
    if (bytes > 0 && this.#claimed + bytes > maxSpoolBytes) {
      const limit = `${Math.floor(maxSpoolBytes / 1e6)} MB`
      return rejected(
        'DISK_FULL',
        `the host keeps at most ${limit} of files and has no room for this one; try again once some are removed`,
      )
    }
    this.#claimed += bytes
    return undefined
  }

  release(bytes: number): void {
    this.#claimed -= bytes
  }

  /** Refuses when `bytes` more would leave the file system with less than its floor. */
  async check(bytes: number): Promise<Rejected | undefined> {
    const fileSystem = await this.#directory.fileSystem()
    return hasFreeSpace(fileSystem, bytes, this.#limits.freeSpaceFloorBytes) ? undefined : diskFull()
  }
}
