import type { Clock } from '../ports/system.ts'
import { pause } from './backoff.ts'

/** A rate with a burst: what exceeds the rate waits, nothing is dropped. */
export class TokenBucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #at: number

  /** `perSecond` 0: no limit. */
  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#at = clock.elapsed()
  }

  /** Takes up to `wanted` tokens and answers the number taken. */
  take(wanted: number): number {
    if (this.#perSecond === 0) return wanted
    this.#refill()
    const taken = Math.max(0, Math.min(wanted, Math.floor(this.#tokens)))
    this.#tokens -= taken
    return taken
  }

  /** Takes `tokens` even if there are fewer. True if that makes a debt, which `ready` waits for. */
  charge(tokens: number): boolean {
    if (this.#perSecond === 0) return false
    this.#refill()
    this.#tokens -= tokens
    return this.#tokens < 0
  }

  /** Gives back unused tokens. */
  give(tokens: number): void {
    this.#refill()
    this.#tokens = Math.min(this.#burst, this.#tokens + tokens)
  }

  /** Tokens at the moment; below 0 in debt. */
  get tokens(): number {
    this.#refill()
    return this.#tokens
  }

  /** Nothing was taken for a while: a new bucket would be no different. */
  get full(): boolean {
    this.#refill()
    return this.#tokens >= this.#burst
  }

  /** Resolves when there is a token to take. */
  ready(): Promise<void> {
    this.#refill()
    const missing = 1 - this.#tokens
    if (missing <= 0 || this.#perSecond === 0) return Promise.resolve()
    return pause(this.#clock, Math.ceil((missing / this.#perSecond) * 1000))
  }

  #refill(): void {
    const now = this.#clock.elapsed()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) / 1000) * this.#perSecond)
    this.#at = now
  }
}
