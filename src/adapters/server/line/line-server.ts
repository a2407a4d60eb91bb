import { pause } from '#domain/async/backoff.ts'
import type { Engine } from '#domain/engine/engine.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Clock, Ids, Log, Metrics } from '#domain/ports/system.ts'
import { translatorFor } from '#i18n/i18n.ts'
import type { ConnectionServer, IncomingConnection } from '../connection/incoming-connection.ts'
import type { AccessControl } from '../security/access-control.ts'
import type { SignedLinks } from '../security/signed-links.ts'
import { LineConnection } from './connection.ts'
import { LineRenderer } from './render.ts'
import { SentinelChecks } from './sentinel.ts'
import type { LineSettings } from './settings.ts'

export interface LineServerParts {
  readonly engine: Engine
  readonly accessControl: AccessControl
  readonly signedLinks: SignedLinks
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
  readonly settings: LineSettings
}

/** Where netcat and the seed's own client come in: `docs/line-protocol.md`. */
export class LineServer implements ConnectionServer {
  readonly #parts: LineServerParts
  readonly #checks = new SentinelChecks()
  readonly #renderer: LineRenderer
  readonly #connections = new Set<LineConnection>()

  constructor(parts: LineServerParts) {
    this.#parts = parts
    const words = translatorFor(parts.settings.language, forTerminal, false)
    this.#renderer = new LineRenderer(words, parts.signedLinks, parts.accessControl)
  }

  accept(incoming: IncomingConnection): void {
    const { ids, ...parts } = this.#parts
    const shared = { checks: this.#checks, renderer: this.#renderer }
    const connection = new LineConnection(incoming, { ...parts, ...shared, id: ids.next() }, (gone) =>
      this.#connections.delete(gone),
    )
    this.#connections.add(connection)
  }

  stopReading(): void {
    for (const connection of this.#connections) connection.stopReading()
  }

  async close(why: string, ms: number): Promise<void> {
    const all = [...this.#connections]
    const late = pause(this.#parts.clock, ms)
    await Promise.race([late, Promise.all(all.map((connection) => connection.farewell(why)))])
    for (const connection of all) if (this.#connections.has(connection)) connection.hangUp()
  }

  sweep(ms: number): void {
    const now = this.#parts.clock.elapsed()
    for (const connection of this.#connections) connection.sweep(now, ms)
  }
}
