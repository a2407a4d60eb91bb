import type { Log } from '#domain/ports/system.ts'
import type { ConnectionServer, IncomingConnection } from '../connection/incoming-connection.ts'

/** A server whose code is loaded with its first connection, so that an unused protocol costs nothing at the start. */
export class LazyServer implements ConnectionServer {
  readonly #load: () => Promise<ConnectionServer>
  readonly #log: Log
  #loading: Promise<void> | undefined
  #server: ConnectionServer | undefined
  #isStopped = false

  constructor(load: () => Promise<ConnectionServer>, log: Log) {
    this.#load = load
    this.#log = log
  }

  accept(incoming: IncomingConnection): void {
    if (this.#server !== undefined) {
      this.#server.accept(incoming)
      return
    }
    this.#loading ??= this.#load().then((server) => {
      this.#server = server
      if (this.#isStopped) server.stopReading()
    })
    const { connection } = incoming
    this.#loading
      .then(() => {
        if (!connection.destroyed) this.#server?.accept(incoming)
      })
      .catch((error) => {
        this.#log.error('a server could not be loaded', { error: String(error) })
        connection.destroy()
      })
  }

  stopReading(): void {
    this.#isStopped = true
    this.#server?.stopReading()
  }

  async close(why: string, ms: number): Promise<void> {
    await this.#loading?.catch(() => {})
    await this.#server?.close(why, ms)
  }

  sweep(ms: number): void {
    this.#server?.sweep(ms)
  }
}
