import type { Clock } from '../../../domain/ports/clock.ts'
import { householdOf } from '../shared/address.ts'
import { TokenBucket } from '../shared/token-bucket.ts'
import type { Visitor } from '../shared/visitor.ts'
import type { HttpSettings } from './settings.ts'

/** How fast each address may speak. Connections cost a client of this door nothing, so they are not what is counted. */
export class Rates {
  readonly #clock: Clock
  readonly #settings: HttpSettings
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(clock: Clock, settings: HttpSettings) {
    this.#clock = clock
    this.#settings = settings
  }

  /** Resolves when so many lines may be said: what is over the rate waits. */
  async wait({ address, loopback }: Visitor, lines: number): Promise<void> {
    const { linesPerSecond, linesBurst, rateOnLoopback } = this.#settings
    if (loopback && !rateOnLoopback) return
    const key = householdOf(address)
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#clock, linesPerSecond, linesBurst)
    this.#buckets.set(key, bucket)
    if (bucket.charge(lines)) await bucket.ready()
  }

  /** Forgets those that have nothing to remember. */
  sweep(): void {
    for (const [key, bucket] of this.#buckets) if (bucket.full) this.#buckets.delete(key)
  }
}
