import { type Limit, type Rejected, rejected } from '../errors.ts'
import { fileTooLarge, noSpace } from '../file-limits.ts'
import type { RetentionLimits } from './limits.ts'

/** A whole file, as far as it matters for how long it stays. */
export interface KeptFile {
  readonly id: string
  readonly bytes: number
  /** When it was whole, in milliseconds since 1970. */
  readonly at: number
  /** When its sender or its room wants it to go, in milliseconds since 1970; infinite where neither does. */
  readonly expiresAt: number
}

/** A file that is to have room. */
export interface EvictionPlan {
  /** As many of its bytes as have come, or are about to. */
  readonly bytes: number
  /** Those that the file store does not hold yet. */
  readonly newBytes: number
  readonly newFiles: 0 | 1
}

/** The files that are there already. */
export interface FileUsage {
  /** Bytes of the room's whole files. */
  readonly wholeBytes: number
  /** Bytes that have come of other files on their way into the room. */
  readonly arrivingBytes: number
  /** Files of all rooms. */
  readonly hostFiles: number
  /** Bytes that the file store may still take, and by which limit. */
  readonly storeBytesLeft: number
  readonly storeBound: Limit
  /** Bytes of the largest file that the file store takes. */
  readonly storeFileBytes: number
}

export const DAY_MS = 86_400_000

/** How much is missing for a new file: bytes in its room, bytes in the file store, places for files on the host; none where not above 0. */
interface Shortage {
  readonly over: number
  readonly missing: number
  readonly tooMany: number
}

const isShort = ({ over, missing, tooMany }: Shortage): boolean => over > 0 || missing > 0 || tooMany > 0

function shortageOf(wanted: EvictionPlan, usage: FileUsage, limits: RetentionLimits): Shortage | Rejected {
  const { wholeBytes, arrivingBytes, hostFiles, storeBytesLeft, storeBound } = usage
  const quota = limits.roomQuotaBytes || Number.POSITIVE_INFINITY
  const exceeded = tightest(
    { of: 'file', bytes: Math.min(limits.maxFileBytes || Number.POSITIVE_INFINITY, usage.storeFileBytes) },
    { of: 'room', bytes: quota },
    // A disk's free space says nothing of its capacity.
    ...(storeBound.of === 'disk' ? [] : [storeBound]),
  )
  if (wanted.bytes > exceeded.bytes) return fileTooLarge(exceeded)
  if (arrivingBytes + wanted.bytes > quota) return noSpace({ of: 'room', bytes: quota })
  return {
    over: arrivingBytes + wholeBytes + wanted.bytes - quota,
    missing: wanted.newBytes - storeBytesLeft,
    tooMany: hostFiles + wanted.newFiles - (limits.filesPerHost || Number.POSITIVE_INFINITY),
  }
}

/** Whether a new file has room without any going for it. */
export function isFree(wanted: EvictionPlan, usage: FileUsage, limits: RetentionLimits): boolean {
  const shortage = shortageOf(wanted, usage, limits)
  return !('type' in shortage) && !isShort(shortage)
}

/**
 * Which of the room's files (`whole`, oldest first) have to go for a new one; never more than needed, and none where it could not
 * have room after all (C114). Other rooms' files are never touched.
 */
export function makeRoom(
  wanted: EvictionPlan,
  usage: FileUsage,
  whole: Iterable<KeptFile>,
  limits: RetentionLimits,
): readonly KeptFile[] | Rejected {
  const shortage = shortageOf(wanted, usage, limits)
  if ('type' in shortage) return shortage
  let { over, missing, tooMany } = shortage
  const going: KeptFile[] = []
  for (const file of whole) {
    if (!isShort({ over, missing, tooMany })) break
    going.push(file)
    over -= file.bytes
    missing -= file.bytes
    tooMany--
  }
  if (missing > 0) return noSpace(usage.storeBound)
  if (tooMany > 0)
    return rejected(
      'TOO_MANY_FILES',
      `the host keeps ${limits.filesPerHost} files, as many as it may; try again once some are removed`,
    )
  return going
}

export const tightest = (first: Limit, ...more: readonly Limit[]): Limit =>
  more.reduce((least, limit) => (limit.bytes < least.bytes ? limit : least), first)

/** Which of the files have been kept long enough at the time `now`, by the host's limit. */
export const outOfDate = (
  whole: readonly KeptFile[],
  now: number,
  { fileDays }: RetentionLimits,
): readonly KeptFile[] => (fileDays === 0 ? [] : whole.filter(({ at }) => at + fileDays * DAY_MS < now))

/** Those whose own time has come. */
export const expired = (whole: readonly KeptFile[], now: number): readonly KeptFile[] =>
  whole.filter(({ expiresAt }) => expiresAt <= now)

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
    // A difference under a day ages few files, and also arises when a machine sleeps.
    if (Math.abs(apart - this.#apart) > DAY_MS) this.#until = elapsed + DAY_MS
    this.#apart = apart
    return elapsed < this.#until
  }
}
