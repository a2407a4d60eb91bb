import { setMaxListeners } from 'node:events'
import { Agent } from 'node:http'
import type { Duplex } from 'node:stream'
import { labelOf } from './address.ts'
import type { Dial, Where } from './dial.ts'

/** How one host is reached, and what it is called. */
export class Endpoint {
  readonly host: string
  readonly port: number
  /** `host:port` as a person writes it. */
  readonly at: string
  /** Where its links begin. */
  readonly base: string
  readonly #dial: Dial

  constructor({ host, port, tls }: Where, dial: Dial) {
    this.host = host
    this.port = port
    this.at = labelOf(host, port)
    this.base = `${tls ? 'https' : 'http'}://${this.at}`
    this.#dial = dial
  }

  /** One more connection, on which nothing was said yet. */
  async open(signal: AbortSignal): Promise<Duplex> {
    return await this.#dial(signal)
  }
}

type Made = (error: Error | null, connection: Duplex) => void

/** Makes the connections of requests. */
export class ConnectAgent extends Agent {
  readonly #way: Endpoint
  readonly #closing = new AbortController()

  constructor(way: Endpoint) {
    super({ keepAlive: false })
    setMaxListeners(0, this.#closing.signal)
    this.#way = way
  }

  override createConnection(_options: object, made?: Made): undefined {
    const failed = made as ((error: Error) => void) | undefined
    this.#way.open(this.#closing.signal).then((connection) => made?.(null, connection), failed)
  }

  override destroy(): void {
    this.#closing.abort()
    super.destroy()
  }
}
