import type { Clock } from '#domain/ports/system.ts'
import { subnetOf } from '../connection/address.ts'
import { type SharedRate, SharedRates } from '../connection/rate-limit.ts'

const SECONDS_PER_MINUTE = 60
/** Who is remembered to have come in by what people choose, for each thing that is guessed at. */
const MOST_KNOWN = 1000

export interface FailedAttemptSettings {
  /** Wrong tries at one room's password from one address, and from all addresses together. */
  readonly guessesPerMinuteAndAddress: number
  readonly guessesPerMinute: number
  /** A try beyond that waits for its turn; where that is further off than this, it is refused. */
  readonly guessWaitMs: number
  /** A connection that stays open ends after so many wrong ones. */
  readonly guessesPerConnection: number
  /** A wrong one is answered no sooner than this. */
  readonly guessFloorMs: number
}

/** A try that may be made now. It counts as wrong until it was right. */
export interface Attempt {
  right(): void
}

export interface AttemptSource {
  readonly connection: object
  readonly address: string
  readonly person?: string
}

/**
 * How often somebody may show what people choose, and can be guessed: a room's password. What is ours has 130 bits, and is not counted. Tries
 * at one room are no tries at another, and whoever was right once has tries of their own: a stranger at the same address uses up none of
 * them (C119).
 */
export class FailedAttempts {
  readonly #settings: FailedAttemptSettings
  readonly #each: SharedRates
  readonly #all: SharedRates
  readonly #wrong = new WeakMap<object, number>()
  readonly #known = new Map<string, Set<string>>()

  constructor(clock: Clock, settings: FailedAttemptSettings) {
    const { guessesPerMinute: all, guessesPerMinuteAndAddress: each } = settings
    this.#settings = settings
    this.#each = new SharedRates(clock, each / SECONDS_PER_MINUTE, each)
    this.#all = new SharedRates(clock, all / SECONDS_PER_MINUTE, all)
  }

  /** Resolves when a try at `target` may be made, or at once to the milliseconds after which it makes sense to come again. */
  async next(target: string, { address, person }: AttemptSource): Promise<Attempt | number> {
    const isKnown = person !== undefined && this.#known.get(target)?.has(person) === true
    const own = this.#each.of(`${target} ${isKnown ? `person ${person}` : subnetOf(address)}`)
    const rates: readonly SharedRate[] = isKnown ? [own] : [own, this.#all.of(target)]
    const delayMs = Math.max(...rates.map((rate) => rate.delayMs))
    if (delayMs > this.#settings.guessWaitMs) return delayMs
    await Promise.all(rates.map((rate) => rate.take(1)))
    return {
      right: () => {
        for (const rate of rates) rate.giveBack(1)
        if (person !== undefined) this.#remember(target, person)
      },
    }
  }

  /** So much of what it showed was wrong that the connection ends. */
  isSpent(connection: object): boolean {
    return (this.#wrong.get(connection) ?? 0) >= this.#settings.guessesPerConnection
  }

  wrong(connection: object): void {
    this.#wrong.set(connection, (this.#wrong.get(connection) ?? 0) + 1)
  }

  sweep(): void {
    this.#each.sweep()
    this.#all.sweep()
  }

  #remember(target: string, person: string): void {
    const known = this.#known.get(target) ?? new Set()
    this.#known.set(target, known)
    known.delete(person)
    known.add(person)
    const [oldest] = known
    if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest)
  }
}
