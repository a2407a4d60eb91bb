import { subnetOf } from '#domain/names/subnet.ts'
import type { Clock } from '#domain/ports/system.ts'
import { SharedRates } from '../connection/rate-limit.ts'

const SECONDS_PER_MINUTE = 60
/** People remembered after a right answer, for each secret that can be guessed. */
const MOST_KNOWN = 1000

export interface FailedAttemptSettings {
  /** Wrong attempts at one room's password, from one subnet and in all. */
  readonly guessesPerMinuteAndAddress: number
  readonly guessesPerMinute: number
  /** Beyond that, an attempt waits for its turn; if that is further away than this, it is refused. */
  readonly guessWaitMs: number
  /** A connection is closed after this many wrong attempts. */
  readonly guessesPerConnection: number
  /** The answer to a wrong attempt takes at least this long. */
  readonly guessFloorMs: number
}

/** A permitted attempt. It counts as wrong until `right` is called. */
export interface Attempt {
  right(): void
}

interface AttemptSource {
  readonly connection: object
  readonly address: string
  readonly person?: string
}

/**
 * Counts attempts at secrets that people choose and others can guess: passwords of rooms. Our own secrets have 130 bits, and are not
 * counted. Each room has attempts of its own, and so has a person after one right answer: others at the same address cannot use those up
 * (C119).
 */
export class FailedAttempts {
  readonly #settings: FailedAttemptSettings
  readonly #each: SharedRates
  readonly #all: SharedRates
  readonly #wrong = new WeakMap<object, number>()
  readonly #known = new Map<string, Set<string>>()
  readonly #hosts: () => number

  /** `hosts`: the number of hosts that are alive, including this one. Each allows its share. */
  constructor(clock: Clock, settings: FailedAttemptSettings, hosts = () => 1) {
    this.#hosts = hosts
    const { guessesPerMinute: all, guessesPerMinuteAndAddress: each } = settings
    this.#settings = settings
    this.#each = new SharedRates(clock, each / SECONDS_PER_MINUTE, each)
    this.#all = new SharedRates(clock, all / SECONDS_PER_MINUTE, all)
  }

  /** Resolves when an attempt at `target` may be made, or at once to the number of milliseconds after which to come again. */
  async next(target: string, { address, person }: AttemptSource): Promise<Attempt | number> {
    const isKnown = person !== undefined && this.#known.get(target)?.has(person) === true
    const own = this.#each.of(`${target} ${isKnown ? `person ${person}` : subnetOf(address)}`)
    const rates = isKnown ? [own] : [own, this.#all.of(target)]
    // The hosts share one number of attempts, so an attempt at one of them uses as much as an attempt at each.
    const price = Math.min(this.#hosts(), this.#settings.guessesPerMinuteAndAddress)
    const delayMs = Math.max(...rates.map((rate) => rate.delayFor(price)))
    if (delayMs > this.#settings.guessWaitMs) return delayMs
    await Promise.all(rates.map((rate) => rate.take(price)))
    return {
      right: () => {
        for (const rate of rates) rate.giveBack(price)
        if (person !== undefined) this.#remember(target, person)
      },
    }
  }

  /** The connection has had too many wrong attempts, and must be closed. */
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
