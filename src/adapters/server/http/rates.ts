import type { Duplex } from 'node:stream'
import type { Clock } from '#domain/ports/system.ts'
import { subnetOf } from '../connection/address.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { SharedRates } from '../connection/rate-limit.ts'
import type { HttpSettings } from './settings.ts'

/** Who pays for a request: a member of a room, by their key, or else everybody at an address together. */
export interface Payer extends Pick<IncomingConnection, 'address' | 'loopback'> {
  readonly connection: Duplex
  readonly member: string | undefined
}

/**
 * How fast requests may be made, by what they cost. Connections cost a client of this door nothing, so they are not what is counted; but
 * each waits for its own: nobody behind a stranger at the same address.
 */
export class Rates {
  readonly #onLoopback: boolean
  readonly #rates: SharedRates

  constructor(clock: Clock, { linesPerSecond, linesBurst, rateOnLoopback }: HttpSettings) {
    this.#onLoopback = rateOnLoopback
    this.#rates = new SharedRates(clock, linesPerSecond, linesBurst)
  }

  /** Resolves when so many lines may be said: what is over the rate waits. False where the connection was closed meanwhile. */
  async pay({ address, connection, loopback, member }: Payer, lines: number): Promise<boolean> {
    if (lines === 0 || (loopback && !this.#onLoopback)) return !connection.destroyed
    const gone = new AbortController()
    const close = () => gone.abort()
    if (connection.destroyed) close()
    connection.once('close', close)
    const rate = this.#rates.of(member === undefined ? subnetOf(address) : `member ${member}`)
    const outcome = await rate.take(lines, gone.signal)
    connection.off('close', close)
    return outcome === 'taken'
  }

  sweep(): void {
    this.#rates.sweep()
  }
}
