import type { Clock } from '../../../domain/ports/clock.ts'
import { HouseholdBuckets } from '../shared/household-buckets.ts'
import type { Visitor } from '../shared/visitor.ts'
import type { HttpSettings } from './settings.ts'

/** How fast each address may speak. Connections cost a client of this door nothing, so they are not what is counted. */
export class Rates {
  readonly #onLoopback: boolean
  readonly #households: HouseholdBuckets

  constructor(clock: Clock, { linesPerSecond, linesBurst, rateOnLoopback }: HttpSettings) {
    this.#onLoopback = rateOnLoopback
    this.#households = new HouseholdBuckets(clock, linesPerSecond, linesBurst)
  }

  /** Resolves when so many lines may be said: what is over the rate waits. */
  async wait({ address, loopback }: Visitor, lines: number): Promise<void> {
    if (loopback && !this.#onLoopback) return
    const bucket = this.#households.of(address)
    if (bucket.charge(lines)) await bucket.ready()
  }

  sweep(): void {
    this.#households.sweep()
  }
}
