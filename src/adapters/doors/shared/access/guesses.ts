import type { Clock } from '../../../../domain/ports/clock.ts'
import { HouseholdBuckets } from '../household-buckets.ts'
import { TokenBucket } from '../token-bucket.ts'

const SECONDS_PER_MINUTE = 60

export interface GuessSettings {
  /** Failed tries of one household, and of all together, before what is shown is not looked at any more. */
  readonly guessesPerMinuteAndAddress: number
  readonly guessesPerMinute: number
  /** The same of one connection, for as long as it lasts. */
  readonly guessesPerConnection: number
  /** A failed try is answered no sooner than this. */
  readonly guessFloorMs: number
}

export interface Guesser {
  readonly connection: object
  readonly address: string
}

/** How often somebody may show what opens nothing: each connection, each household, and all together (C119). */
export class Guesses {
  readonly #all: TokenBucket
  readonly #households: HouseholdBuckets
  readonly #perConnection: number
  readonly #tries = new WeakMap<object, number>()

  constructor(clock: Clock, settings: GuessSettings) {
    const { guessesPerMinute: all, guessesPerMinuteAndAddress: each, guessesPerConnection } = settings
    this.#all = new TokenBucket(clock, all / SECONDS_PER_MINUTE, all)
    this.#households = new HouseholdBuckets(clock, each / SECONDS_PER_MINUTE, each)
    this.#perConnection = guessesPerConnection
  }

  /** Whether what somebody shows is looked at at all. */
  mayTry({ connection, address }: Guesser): boolean {
    return !this.isSpent(connection) && this.#all.has(1) && this.#households.of(address).has(1)
  }

  isSpent(connection: object): boolean {
    return (this.#tries.get(connection) ?? 0) >= this.#perConnection
  }

  failed({ connection, address }: Guesser): void {
    this.#tries.set(connection, (this.#tries.get(connection) ?? 0) + 1)
    this.#all.charge(1)
    this.#households.of(address).charge(1)
  }

  sweep(): void {
    this.#households.sweep()
  }
}
