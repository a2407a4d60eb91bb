import type { ConnectionServer, IncomingConnection } from '../connection/incoming-connection.ts'
import type { SessionParts } from './connection.ts'
import { SessionConnections } from './connections.ts'
import { FrameTransport } from './frame-transport.ts'

/** Where programs come in that speak the Session protocol in frames: `docs/protocol.md`. */
export class FrameSessionServer extends SessionConnections implements ConnectionServer {
  readonly #parts: SessionParts

  constructor(parts: SessionParts) {
    super(parts)
    this.#parts = parts
  }

  accept(incoming: IncomingConnection): void {
    const { clock, settings } = this.#parts
    this.add(new FrameTransport(incoming, clock, settings.frameMs), incoming)
  }
}
