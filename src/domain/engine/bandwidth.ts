import type { Clock } from '../ports/system.ts'

/** Bytes per second, up and down counted together; 0 stands for no cap. */
export interface BandwidthCaps {
  /** For each transfer: one upload, or one reader's download. */
  readonly transfer: number
  /** For all transfers of this host together. */
  readonly host: number
}

/** One transfer's share of the caps. */
export interface RateLimiterLease {
  /** The largest amount to move at once, so that bytes flow steadily under a small cap. */
  readonly pieceBytes: number
  /** Counts bytes about to move; answers a promise if they must wait. One call at a time. */
  pass(bytes: number): Promise<void> | undefined
  /** Ends the wait: it resolves, and costs the other transfers nothing. */
  giveUp(): void
}

/** For bytes that do not leave the host. */
export const unlimited: RateLimiterLease = { pieceBytes: Infinity, pass: () => undefined, giveUp: () => {} }

/** The bytes of one turn; then comes the next transfer. */
const TURN_BYTES = 16 * 1024
/** A transfer that paused briefly may catch up with the others by this much. */
const LAG_BYTES = 4 * TURN_BYTES
/** An idle cap saves up for this long. */
const BURST_SECONDS = 0.05
const PIECES_PER_SECOND = 10
const LEAST_PIECE_BYTES = 1024

/**
 * Limits each transfer to a rate of its own and all of them to a common rate; both can change at any time. Fair by bytes: of the waiting
 * transfers, the one that was given least comes next, a little at a time. So a transfer slower than its share leaves the rest to the
 * others.
 */
export class Bandwidth {
  readonly #clock: Clock
  readonly #host: ByteBucket
  readonly #waiting = new Set<Waiting>()
  #caps: BandwidthCaps
  /** The `given` of the transfer served last, at that time. */
  #level = 0
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, caps: BandwidthCaps) {
    this.#clock = clock
    this.#caps = caps
    this.#host = new ByteBucket(clock.elapsed())
  }

  get caps(): BandwidthCaps {
    return this.#caps
  }

  /** Changes the caps at once, also for waiting transfers. */
  set(caps: Partial<BandwidthCaps>): void {
    // The time so far counts at the old rates.
    this.#refill()
    this.#caps = { ...this.#caps, ...caps }
    this.#serve()
  }

  /** `moves` is called with all bytes about to move. */
  open(moves: (bytes: number) => void = () => {}): RateLimiterLease {
    const lease: Lease = { bucket: new ByteBucket(this.#clock.elapsed()), given: 0 }
    const pieceBytes = () => this.#pieceBytes()
    return {
      get pieceBytes() {
        return pieceBytes()
      },
      pass: (bytes) => {
        moves(bytes)
        return this.#caps.host === 0 && this.#caps.transfer === 0 ? undefined : this.#pass(lease, bytes)
      },
      giveUp: () => this.#giveUp(lease),
    }
  }

  #pieceBytes(): number {
    const { host, transfer } = this.#caps
    const least = Math.min(host || Infinity, transfer || Infinity)
    return Math.max(LEAST_PIECE_BYTES, Math.floor(least / PIECES_PER_SECOND))
  }

  #pass(lease: Lease, bytes: number): Promise<void> | undefined {
    lease.given = Math.max(lease.given, this.#level - LAG_BYTES)
    const waiting: Waiting = { lease, left: bytes, done: undefined }
    this.#waiting.add(waiting)
    this.#serve()
    if (!this.#waiting.has(waiting)) return undefined
    return new Promise((resolve) => {
      waiting.done = resolve
    })
  }

  #giveUp(lease: Lease): void {
    for (const waiting of this.#waiting) {
      if (waiting.lease !== lease) continue
      this.#waiting.delete(waiting)
      waiting.done?.()
    }
    this.#serve()
  }

  /** Grants the available bytes, and runs again when there are more. */
  #serve(): void {
    this.#refill()
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const bytes = Math.min(next.left, TURN_BYTES)
      const { lease } = next
      this.#level = Math.max(this.#level, lease.given)
      lease.given += bytes
      if (this.#caps.host > 0) this.#host.bytes -= bytes
      if (this.#caps.transfer > 0) lease.bucket.bytes -= bytes
      next.left -= bytes
      if (next.left > 0) continue
      this.#waiting.delete(next)
      next.done?.()
    }
    this.#cancelTimer?.()
    this.#cancelTimer = this.#waiting.size === 0 ? undefined : this.#clock.after(this.#missingMs(), () => this.#serve())
  }

  #refill(): void {
    const now = this.#clock.elapsed()
    this.#host.refill(now, this.#caps.host)
    for (const { lease } of this.#waiting) lease.bucket.refill(now, this.#caps.transfer)
  }

  /** Of the transfers that can be served now, the one that was given least. */
  #next(): Waiting | undefined {
    if (this.#caps.host > 0 && this.#host.bytes <= 0) return undefined
    let next: Waiting | undefined
    for (const each of this.#waiting) {
      if (this.#caps.transfer > 0 && each.lease.bucket.bytes <= 0) continue
      if (next === undefined || each.lease.given < next.lease.given) next = each
    }
    return next
  }

  /** Time until some transfer can be served. */
  #missingMs(): number {
    const { host, transfer } = this.#caps
    let lease = transfer > 0 ? Infinity : 0
    if (transfer > 0)
      for (const { lease: each } of this.#waiting) lease = Math.min(lease, each.bucket.missingMs(transfer))
    return Math.max(1, Math.ceil(Math.max(lease, host > 0 ? this.#host.missingMs(host) : 0)))
  }
}

interface Lease {
  readonly bucket: ByteBucket
  /** Bytes given so far, as the order of turns counts them. */
  given: number
}

interface Waiting {
  readonly lease: Lease
  left: number
  done: (() => void) | undefined
}

/** Bytes that may still move; below 0 after a turn that took more than was left. */
class ByteBucket {
  bytes = 0
  #at: number

  constructor(now: number) {
    this.#at = now
  }

  refill(now: number, perSecond: number): void {
    this.bytes = Math.min(perSecond * BURST_SECONDS, this.bytes + ((now - this.#at) / 1000) * perSecond)
    this.#at = now
  }

  missingMs(perSecond: number): number {
    return this.bytes > 0 ? 0 : (-this.bytes / perSecond) * 1000 + 1
  }
}
