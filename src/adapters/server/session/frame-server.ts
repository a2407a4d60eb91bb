import type { Door, Visitor } from '../connection/incoming-connection.ts'
import type { SessionParts } from './connection.ts'
import { SessionConnections } from './connections.ts'
import { FramesCarrier } from './frame-transport.ts'

/** Where programs come in that speak the Session protocol in frames: `docs/protocol.md`. */
export class FramesDoor extends SessionConnections implements Door {
  readonly #parts: SessionParts

  constructor(parts: SessionParts) {
    super(parts)
    this.#parts = parts
  }

  welcome(visitor: Visitor): void {
    const { clock, settings } = this.#parts
    this.add(new FramesCarrier(visitor, clock, settings.frameMs), visitor)
  }
}
