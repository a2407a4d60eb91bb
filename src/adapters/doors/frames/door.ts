import type { SessionParts } from '../shared/session/connection.ts'
import { SessionConnections } from '../shared/session/connections.ts'
import type { Door, Visitor } from '../shared/visitor.ts'
import { FramesCarrier } from './carrier.ts'

/** Where programs come in that speak the Session protocol in frames: `docs/protocol.md`. */
export class FramesDoor implements Door {
  readonly #parts: SessionParts
  readonly #connections: SessionConnections

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#connections = new SessionConnections(parts)
  }

  welcome(visitor: Visitor): void {
    const { clock, settings } = this.#parts
    this.#connections.add(new FramesCarrier(visitor, clock, settings.frameMs), visitor)
  }

  stopReading(): void {
    this.#connections.stopReading()
  }

  close(why: string, ms: number): Promise<void> {
    return this.#connections.close(why, ms)
  }

  sweep(ms: number): void {
    this.#connections.sweep(ms)
  }
}
