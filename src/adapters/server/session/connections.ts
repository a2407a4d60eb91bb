import { pause } from '#domain/async/backoff.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { SessionConnection, type SessionParts } from './connection.ts'
import type { MessageTransport } from './transport.ts'

/** What a door is whose people have sessions, but for how they come in: its connections. */
export class SessionConnections {
  readonly #parts: SessionParts
  readonly #all = new Set<SessionConnection>()

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  protected add(transport: MessageTransport, incoming: IncomingConnection): void {
    const gone = (connection: SessionConnection) => {
      this.#all.delete(connection)
    }
    this.#all.add(new SessionConnection(transport, incoming, this.#parts, gone))
  }

  stopReading(): void {
    for (const connection of this.#all) connection.stopReading()
  }

  async close(why: string, ms: number): Promise<void> {
    const all = [...this.#all]
    const late = pause(this.#parts.clock, ms)
    await Promise.race([late, Promise.all(all.map((connection) => connection.farewell(why)))])
    for (const connection of this.#all) connection.hangUp(why)
  }

  sweep(ms: number): void {
    const now = this.#parts.clock.elapsed()
    for (const connection of this.#all) connection.sweep(now, ms)
  }
}
