import type { Clock } from '../../../domain/ports/clock.ts'
import { HouseholdBuckets } from './household-buckets.ts'
import { TokenBucket } from './token-bucket.ts'

const SECONDS_PER_MINUTE = 60

export interface GuessSettings {
  /** Failed tries of one household, and of all together, before what is shown is not looked at any more. */
  readonly guessesPerMinuteAndAddress: number
  readonly guessesPerMinute: number
}

/** How often somebody may show what opens nothing, each household and all together (C119). */
export class Guesses {
  readonly #all: TokenBucket
  readonly #households: HouseholdBuckets

  constructor(clock: Clock, { guessesPerMinute: all, guessesPerMinuteAndAddress: each }: GuessSettings) {
    this.#all = new TokenBucket(clock, all / SECONDS_PER_MINUTE, all)
    this.#households = new HouseholdBuckets(clock, each / SECONDS_PER_MINUTE, each)
  }

  /** Whether what this address shows is looked at at all. */
  mayTry(address: string): boolean {
    return this.#all.has(1) && this.#households.of(address).has(1)
  }

  failed(address: string): void {
    this.#all.charge(1)
    this.#households.of(address).charge(1)
  }

  sweep(): void {
    this.#households.sweep()
  }
}
