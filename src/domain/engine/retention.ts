import { type Limit, type Rejected, rejected } from '../errors.ts'
import { fileTooLarge, noSpace } from '../file-limits.ts'
import type { RetentionLimits } from './limits.ts'

/** A complete file: what retention needs to know of it. */
export interface KeptFile {
  readonly id: string
  readonly bytes: number
  /** Time of its completion, in milliseconds since 1970. */
  readonly at: number
  /** Time at which its sender or its room lets it expire, in milliseconds since 1970; infinite without one. */
  readonly expiresAt: number
}

/** A file that needs space. */
export interface EvictionPlan {
  /** Its bytes so far, with those about to arrive. */
  readonly bytes: number
  /** The part of them that the file store does not hold yet. */
  readonly newBytes: number
  readonly newFiles: 0 | 1
}

/** Space taken by the files that exist. */
export interface FileUsage {
  /** Bytes of the room's complete files. */
  readonly wholeBytes: number
  /** Bytes received so far of the room's other unfinished files. */
  readonly arrivingBytes: number
  /** Number of files in all rooms. */
  readonly hostFiles: number
  /** Bytes that the file store can still take, and the limit that says so. */
  readonly storeBytesLeft: number
  readonly storeBound: Limit
  /** Bytes of the largest file that the file store takes. */
  readonly storeFileBytes: number
}

export const DAY_MS = 86_400_000

/**
 * What is missing for a new file: bytes in its room, bytes in the file store, file places on the host; nothing where a figure is 0 or
 * below.
 */
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
    // The free space of a disk does not tell its capacity.
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

/** Whether a new file fits without evicting others. */
export function isFree(wanted: EvictionPlan, usage: FileUsage, limits: RetentionLimits): boolean {
  const shortage = shortageOf(wanted, usage, limits)
  return !('type' in shortage) && !isShort(shortage)
}

/**
 * The files of the room (`whole` is ordered, oldest first) to evict for a new one. Never more than needed, and none if the new file
 * would not fit even then (C114). Files of other rooms are never evicted.
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

/** The files that are older than the host's limit at the time `now`. */
export const outOfDate = (
  whole: readonly KeptFile[],
  now: number,
  { fileDays }: RetentionLimits,
): readonly KeptFile[] => (fileDays === 0 ? [] : whole.filter(({ at }) => at + fileDays * DAY_MS < now))

/** The files whose own expiry time has passed. */
export const expired = (whole: readonly KeptFile[], now: number): readonly KeptFile[] =>
  whole.filter(({ expiresAt }) => expiresAt <= now)

/** A clock that jumps must not empty a room: after a jump, one sweep removes only a few of its files (C83). */
export const isTooManyAtOnce = (going: number, whole: number): boolean => going * 10 > whole

/** Notices when the wall clock and the monotonic clock drift apart. */
export class ClockJumpDetector {
  readonly #fileDays: number
  #apart: number
  #until = Number.NEGATIVE_INFINITY

  /** `newest`: time of the newest known file. A start long after that may be a start with a wrong clock. */
  constructor(now: number, elapsed: number, newest: number | undefined, { fileDays }: RetentionLimits) {
    this.#fileDays = fileDays
    this.#apart = now - elapsed
    if (newest !== undefined && now - newest > this.#fileDays * DAY_MS) this.#until = elapsed + DAY_MS
  }

  /** Whether the wall clock is still in doubt. After a jump, somebody has a day to set it right. */
  isWary(now: number, elapsed: number): boolean {
    const apart = now - elapsed
    // A difference below a day ages few files, and also arises when a machine sleeps.
    if (Math.abs(apart - this.#apart) > DAY_MS) this.#until = elapsed + DAY_MS
    this.#apart = apart
    return elapsed < this.#until
  }
}
