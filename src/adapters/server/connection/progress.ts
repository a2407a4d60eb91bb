export interface ProgressLimits {
  /** Nothing comes for so long. */
  readonly stallMs: number
  /** Fewer than `leastBytes` come in so long: a byte now and then takes a place, and uses it for nothing (C34). */
  readonly windowMs: number
  readonly leastBytes: number
}

/** Whether what a peer sends comes as it should. Times are the clock's `elapsed`, bytes are counted from the beginning. */
export class Progress {
  readonly #limits: ProgressLimits
  #bytes: number
  #movedAt: number
  #windowBytes: number
  #windowAt: number

  constructor(limits: ProgressLimits, now: number, bytes = 0) {
    this.#limits = limits
    this.#bytes = this.#windowBytes = bytes
    this.#movedAt = this.#windowAt = now
  }

  /** So many bytes have come by now. */
  reached(bytes: number, now: number): void {
    if (bytes === this.#bytes) return
    this.#bytes = bytes
    this.#movedAt = now
    if (bytes - this.#windowBytes >= this.#limits.leastBytes) this.waited(now)
  }

  /** It was not the peer who was waited for. */
  waited(now: number): void {
    this.#movedAt = this.#windowAt = now
    this.#windowBytes = this.#bytes
  }

  /** Milliseconds until it has failed. */
  leftMs(now: number): number {
    const { stallMs, windowMs } = this.#limits
    return Math.min(this.#movedAt + stallMs, this.#windowAt + windowMs) - now
  }

  /** Bytes came, though too few. */
  isTrickle(now: number): boolean {
    return this.#movedAt + this.#limits.stallMs > now
  }
}
