import { type Rejected, rejected } from '#domain/errors.ts'
import type { DataDirectory } from './data-directory.ts'
import { diskFull } from './errors.ts'

export interface SpaceLimits {
  /** Bytes that whole files and uploads may take together. */
  readonly maxSpoolBytes: number
  /** Bytes that stay free on the file system; undefined is the greater of 64 MiB and 1 %. */
  readonly freeSpaceFloorBytes: number | undefined
}

const LEAST_FLOOR_BYTES = 64 * 1024 * 1024

/** Counts what the vault holds and looks at what the file system has left (C74, C114). */
export class Space {
  readonly #folder: DataDirectory
  readonly #limits: SpaceLimits
  #claimed = 0

  constructor(folder: DataDirectory, limits: SpaceLimits) {
    this.#folder = folder
    this.#limits = limits
  }

  /** Counts what is there. */
  async survey(): Promise<void> {
    this.#claimed = await this.#folder.survey()
  }

  /** Bytes that may still be claimed. */
  get left(): number {
    return this.#limits.maxSpoolBytes - this.#claimed
  }

  /** Fewer bytes than none are given back. */
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

  /** Whether the file system has room for `bytes` and the floor besides. */
  async check(bytes: number): Promise<Rejected | undefined> {
    const { free, total } = await this.#folder.space()
    const floor = this.#limits.freeSpaceFloorBytes ?? Math.max(LEAST_FLOOR_BYTES, total / 100)
    return free - bytes >= floor ? undefined : diskFull()
  }
}
