import type { FastifyRequest } from 'fastify'
import type { Clock } from '#domain/ports/system.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { SharedRates } from '../connection/rate-limit.ts'
import type { HttpSettings } from './settings.ts'

/**
 * The rates of requests, by their cost. Connections cost an HTTP client nothing, so requests are counted. Each waits for its own tokens,
 * and for no other request of the same address.
 */
export class RequestRates {
  readonly #onLoopback: boolean
  readonly #rates: SharedRates

  constructor(clock: Clock, { linesPerSecond, linesBurst, rateOnLoopback }: HttpSettings) {
    this.#onLoopback = rateOnLoopback
    this.#rates = new SharedRates(clock, linesPerSecond, linesBurst)
  }

  /**
   * Resolves when `payer` has paid this number of lines: a request above the rate waits. False if the connection was closed in the
   * meantime.
   */
  async pay(payer: string, { loopback }: IncomingConnection, request: FastifyRequest, lines: number): Promise<boolean> {
    const { socket } = request.raw
    if (lines === 0 || (loopback && !this.#onLoopback)) return !socket.destroyed
    const gone = new AbortController()
    const close = () => gone.abort()
    if (socket.destroyed) close()
    socket.once('close', close)
    const outcome = await this.#rates.of(payer).take(lines, gone.signal)
    socket.off('close', close)
    return outcome === 'taken'
  }

  sweep(): void {
    this.#rates.sweep()
  }
}
