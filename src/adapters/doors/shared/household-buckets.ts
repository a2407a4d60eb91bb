import type { Clock } from '../../../domain/ports/clock.ts'
import { householdOf } from './address.ts'
import { TokenBucket } from './token-bucket.ts'

/** A token bucket for each household that has taken something lately. */
export class HouseholdBuckets {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /** That of the household which an address belongs to. */
  of(address: string): TokenBucket {
    const household = householdOf(address)
    const bucket = this.#buckets.get(household) ?? new TokenBucket(this.#clock, this.#perSecond, this.#burst)
    this.#buckets.set(household, bucket)
    return bucket
  }

  /** Forgets those that have nothing to remember. */
  sweep(): void {
    for (const [household, bucket] of this.#buckets) if (bucket.full) this.#buckets.delete(household)
  }
}
