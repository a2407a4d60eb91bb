import type { SessionParts } from '../shared/session/connection.ts'
import { SessionConnections } from '../shared/session/connections.ts'
import type { Door, Visitor } from '../shared/visitor.ts'
import { FramesCarrier } from './carrier.ts'

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
