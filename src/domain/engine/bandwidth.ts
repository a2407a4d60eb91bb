import type { Clock } from '../ports/system.ts'

/** Bytes per second, up and down counted together; 0 stands for no cap. */
export interface BandwidthCaps {
  /** Of each transfer: one upload, or one reader's download. */
  readonly transfer: number
  /** Of all transfers of this host together. */
  readonly host: number
}

/** One transfer's way through the caps. */
export interface RateLimiterLease {
  /** The most to pass at once, so that bytes flow under a small cap rather than come in heaps. */
  readonly pieceBytes: number
  /** Counts bytes that are about to move; answers a promise when they must wait. One call at a time. */
  pass(bytes: number): Promise<void> | undefined
  /** Whatever waits is not wanted any more: it costs the others nothing, and resolves. */
  giveUp(): void
}

/** For bytes that do not leave the host. */
export const unlimited: RateLimiterLease = { pieceBytes: Infinity, pass: () => undefined, giveUp: () => {} }

/** The bytes of one turn; then it is the next transfer's. */
const TURN_BYTES = 16 * 1024
/** How far one that was away for a moment may be behind the others and still be given it later. */
const LAG_BYTES = 4 * TURN_BYTES
/** An idle cap saves up for so long. */
const BURST_SECONDS = 0.05
const PIECES_PER_SECOND = 10
const LEAST_PIECE_BYTES = 1024

/**
 * Holds transfers to a rate of their own and to one that they share, changeable at any time. Fair by bytes: of those that wait
 * the one that was given least is next, a little at a time, so a transfer that is slower than its share leaves the rest to the others.
 */
export class Bandwidth {
  readonly #clock: Clock
  readonly #host: Allowance
  readonly #waiting = new Set<Waiting>()
  #caps: BandwidthCaps
  /** The share of the last one served, at that time. */
  #level = 0
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, caps: BandwidthCaps) {
    this.#clock = clock
    this.#caps = caps
    this.#host = new Allowance(clock.elapsed())
  }

  get caps(): BandwidthCaps {
    return this.#caps
  }

  /** Changes the caps at once, also for waiting transfers. */
  set(caps: Partial<BandwidthCaps>): void {
    // The time until now counts at the old rates.
    this.#refill()
    this.#caps = { ...this.#caps, ...caps }
    this.#serve()
  }

  /** `moves` hears of all bytes that are about to move. */
  open(moves: (bytes: number) => void = () => {}): RateLimiterLease {
    const lane: Lane = { allowance: new Allowance(this.#clock.elapsed()), given: 0 }
    const pieceBytes = () => this.#pieceBytes()
    return {
      get pieceBytes() {
        return pieceBytes()
      },
      pass: (bytes) => {
        moves(bytes)
        return this.#caps.host === 0 && this.#caps.transfer === 0 ? undefined : this.#pass(lane, bytes)
      },
      giveUp: () => this.#giveUp(lane),
    }
  }

  #pieceBytes(): number {
    const { host, transfer } = this.#caps
    const least = Math.min(host || Infinity, transfer || Infinity)
    return Math.max(LEAST_PIECE_BYTES, Math.floor(least / PIECES_PER_SECOND))
  }

  #pass(lane: Lane, bytes: number): Promise<void> | undefined {
    lane.given = Math.max(lane.given, this.#level - LAG_BYTES)
    const waiting: Waiting = { lane, left: bytes, done: undefined }
    this.#waiting.add(waiting)
    this.#serve()
    if (!this.#waiting.has(waiting)) return undefined
    return new Promise((resolve) => {
      waiting.done = resolve
    })
  }

  #giveUp(lane: Lane): void {
    for (const waiting of this.#waiting) {
      if (waiting.lane !== lane) continue
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
      const { lane } = next
      this.#level = Math.max(this.#level, lane.given)
      lane.given += bytes
      if (this.#caps.host > 0) this.#host.bytes -= bytes
      if (this.#caps.transfer > 0) lane.allowance.bytes -= bytes
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
    for (const { lane } of this.#waiting) lane.allowance.refill(now, this.#caps.transfer)
  }

  /** Of those that may have something now, the one that was given least. */
  #next(): Waiting | undefined {
    if (this.#caps.host > 0 && this.#host.bytes <= 0) return undefined
    let next: Waiting | undefined
    for (const each of this.#waiting) {
      if (this.#caps.transfer > 0 && each.lane.allowance.bytes <= 0) continue
      if (next === undefined || each.lane.given < next.lane.given) next = each
    }
    return next
  }

  /** How long until somebody can be given something. */
  #missingMs(): number {
    const { host, transfer } = this.#caps
    let lane = transfer > 0 ? Infinity : 0
    if (transfer > 0)
      for (const { lane: each } of this.#waiting) lane = Math.min(lane, each.allowance.missingMs(transfer))
    return Math.max(1, Math.ceil(Math.max(lane, host > 0 ? this.#host.missingMs(host) : 0)))
  }
}

interface Lane {
  readonly allowance: Allowance
  /** Bytes given so far, as the order of turns counts them. */
  given: number
}

interface Waiting {
  readonly lane: Lane
  left: number
  done: (() => void) | undefined
}

/** Bytes that may still move; below 0 after a turn that took more than there was. */
class Allowance {
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
