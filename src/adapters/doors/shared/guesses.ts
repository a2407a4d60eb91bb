import type { Clock } from '../../../domain/ports/clock.ts'
import { householdOf } from './address.ts'
import { TokenBucket } from './token-bucket.ts'

const SECONDS_PER_MINUTE = 60

export interface GuessSettings {
  /** Failed tries of one household, and of all together, before what is shown is not looked at any more. */
  readonly guessesPerMinuteAndAddress: number
  readonly guessesPerMinute: number
}

/** How often somebody may show what opens nothing, each household and all together (C119). */
export class Guesses {
  readonly #clock: Clock
  readonly #settings: GuessSettings
  readonly #all: TokenBucket
  readonly #households = new Map<string, TokenBucket>()

  constructor(clock: Clock, settings: GuessSettings) {
    this.#clock = clock
    this.#settings = settings
    this.#all = this.#perMinute(settings.guessesPerMinute)
  }

  /** Whether what this address shows is looked at at all. */
  mayTry(address: string): boolean {
    return this.#all.has(1) && (this.#households.get(householdOf(address))?.has(1) ?? true)
  }

  failed(address: string): void {
    const household = householdOf(address)
    const bucket = this.#households.get(household) ?? this.#perMinute(this.#settings.guessesPerMinuteAndAddress)
    this.#households.set(household, bucket)
    bucket.charge(1)
    this.#all.charge(1)
  }

  /** Forgets those that have nothing to remember. */
  sweep(): void {
    for (const [household, bucket] of this.#households) if (bucket.full) this.#households.delete(household)
  }

  #perMinute(tries: number): TokenBucket {
    return new TokenBucket(this.#clock, tries / SECONDS_PER_MINUTE, tries)
  }
}
