import type { Clock } from '../ports/clock.ts'

/** How much one connection may ask for: what is over the rate waits, nothing is dropped. */
export class TokenBucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #at: number

  /** `perSecond` 0 stands for no limit. */
  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#at = clock.elapsed()
  }

  /** Takes up to `wanted` tokens and answers how many there were. */
  take(wanted: number): number {
    if (this.#perSecond === 0) return wanted
    this.#refill()
    const taken = Math.max(0, Math.min(wanted, Math.floor(this.#tokens)))
    this.#tokens -= taken
    return taken
  }

  /** Takes `tokens` even where there are none, and answers whether that is so: then `ready` waits for them. */
  charge(tokens: number): boolean {
    if (this.#perSecond === 0) return false
    this.#refill()
    this.#tokens -= tokens
    return this.#tokens < 0
  }

  /** Gives back what was taken and not used. */
  give(tokens: number): void {
    this.#refill()
    this.#tokens = Math.min(this.#burst, this.#tokens + tokens)
  }

  /** What there is just now; below 0 in debt. */
  get tokens(): number {
    this.#refill()
    return this.#tokens
  }

  /** Whether there is nothing to remember: nobody has taken anything for a while. */
  get full(): boolean {
    this.#refill()
    return this.#tokens >= this.#burst
  }

  /** Resolves when there is a token to take. */
  ready(): Promise<void> {
    this.#refill()
    const missing = 1 - this.#tokens
    if (missing <= 0 || this.#perSecond === 0) return Promise.resolve()
    return new Promise((resolve) => this.#clock.after(Math.ceil((missing / this.#perSecond) * 1000), resolve))
  }

  #refill(): void {
    const now = this.#clock.elapsed()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
  }
}
