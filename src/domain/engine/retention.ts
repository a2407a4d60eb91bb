import { type Rejected, rejected } from '../errors.ts'

/** A whole file, as far as it matters for how long it stays. */
export interface KeptFile {
  readonly id: string
  readonly bytes: number
  /** When it was whole, in milliseconds since 1970. */
  readonly at: number
}

/** A file that is to have room. */
export interface EvictionPlan {
  /** As many of its bytes as have come, or are about to. */
  readonly bytes: number
  /** Those that the vault does not hold yet. */
  readonly newBytes: number
  readonly newFiles: 0 | 1
}

/** What is there already. */
export interface FileUsage {
  /** The room's whole files, oldest first. */
  readonly whole: readonly KeptFile[]
  /** Bytes that have come of other files on their way into the room. */
  readonly arrivingBytes: number
  /** Files of all rooms. */
  readonly hostFiles: number
  /** Bytes that the vault may still take, by its own limit. */
  readonly vaultBytesLeft: number
  /** Bytes of the largest file that the vault takes. */
  readonly vaultFileBytes: number
}

/** 0 stands for no limit. */
export interface RetentionLimits {
  /** Bytes of files that one room keeps. */
  readonly roomFileBytes: number
  /** Files of all rooms, whole or on their way. */
  readonly filesPerHost: number
  /** Days that a whole file stays. */
  readonly fileDays: number
}

const DAY_MS = 86_400_000

/**
 * Which of the room's files have to go for a new one, the oldest first; never more than needed, and none where it could not
 * have room after all (C114). Other rooms' files are never touched.
 */
export function makeRoom(
  wanted: EvictionPlan,
  holdings: FileUsage,
  limits: RetentionLimits,
): readonly KeptFile[] | Rejected {
  const { whole, arrivingBytes, hostFiles, vaultBytesLeft } = holdings
  const quota = limits.roomFileBytes || Number.POSITIVE_INFINITY
  const most = Math.min(quota, holdings.vaultFileBytes)
  if (wanted.bytes > most)
    return rejected(
      'FILE_TOO_LARGE',
      `this host takes files of at most ${Math.floor(most / 1e6)} MB; send a smaller one`,
    )
  if (arrivingBytes + wanted.bytes > quota) return fullOfUnfinished
  let over = arrivingBytes + wanted.bytes - quota
  for (const { bytes } of whole) over += bytes
  let missing = wanted.newBytes - vaultBytesLeft
  let tooMany = hostFiles + wanted.newFiles - (limits.filesPerHost || Number.POSITIVE_INFINITY)
  const going: KeptFile[] = []
  for (const file of whole) {
    if (over <= 0 && missing <= 0 && tooMany <= 0) break
    going.push(file)
    over -= file.bytes
    missing -= file.bytes
    tooMany--
  }
  if (missing > 0)
    return rejected('DISK_FULL', 'the host has no room for this file; try again once some of other rooms are removed')
  if (tooMany > 0)
    return rejected('TOO_MANY_FILES', 'the host keeps as many files as it may; try again once some are removed')
  return going
}

/** What comes into the room leaves no place in it, whatever of its whole files goes. */
export const fullOfUnfinished: Rejected = rejected(
  'DISK_FULL',
  'as much is arriving as this room keeps; try again once it is through',
)

/** Which of the files have been kept long enough at the time `now`. */
export const outOfDate = (
  whole: readonly KeptFile[],
  now: number,
  { fileDays }: RetentionLimits,
): readonly KeptFile[] => (fileDays === 0 ? [] : whole.filter(({ at }) => at + fileDays * DAY_MS < now))

/** A clock that has jumped must not empty a room: after a jump only a few of its files go in one sweep (C83). */
export const isTooManyAtOnce = (going: number, whole: number): boolean => going * 10 > whole

/** Notices that the time of day has moved apart from the time that passes. */
export class ClockJumpDetector {
  readonly #fileDays: number
  #apart: number
  #until = Number.NEGATIVE_INFINITY

  /** `newest` is when the host last heard of a file: a start long after it may be one with a wrong clock. */
  constructor(now: number, elapsed: number, newest: number | undefined, { fileDays }: RetentionLimits) {
    this.#fileDays = fileDays
    this.#apart = now - elapsed
    if (newest !== undefined && now - newest > this.#fileDays * DAY_MS) this.#until = elapsed + DAY_MS
  }

  /** Whether the time of day is not to be trusted yet: a day is left for somebody to set it right. */
  isWary(now: number, elapsed: number): boolean {
    const apart = now - elapsed
    // Less than a day ages few files, and is what a machine that slept looks like.
    if (Math.abs(apart - this.#apart) > DAY_MS) this.#until = elapsed + DAY_MS
    this.#apart = apart
    return elapsed < this.#until
  }
}
