import { statfsSync } from 'node:fs'

const LOOK_EVERY_MS = 1000
/** Everybody in the room reads it: where the disk is stands in the log. */
export const DISK_FULL = "the host's disk is full; once there is room, messages are taken again without a restart"
const FLOOR_BYTES = 64 * 1024 * 1024
const FLOOR_SHARE = 0.01

/** Keeps some room free on the disk, so that what runs beside the journal (the log, the files' last parts) can go on. */
export class FreeSpace {
  readonly #directory: string
  readonly #floorBytes: number | undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  #shortage: string | undefined

  /** `floorBytes` is 64 MiB or 1 % of the disk, whichever is more, unless given. */
  constructor(directory: string, floorBytes: number | undefined) {
    this.#directory = directory
    this.#floorBytes = floorBytes
  }

  /** What to tell people while too little is free; looks at the disk at most once a second. */
  shortage(): string | undefined {
    const now = performance.now()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return this.#shortage
    this.#lookedAt = now
    const { bavail, bsize, blocks } = statfsSync(this.#directory)
    const floor = this.#floorBytes ?? Math.max(FLOOR_BYTES, blocks * bsize * FLOOR_SHARE)
    this.#shortage = bavail * bsize < floor ? DISK_FULL : undefined
    return this.#shortage
  }
}
