import { forTerminal } from '#domain/names/text.ts'
import type { Ids } from '#domain/ports/system.ts'
import { translatorFor } from '#i18n/i18n.ts'
import type { Language } from '#i18n/translator.ts'
import type { ClientSessionParts } from '../connection/client-session.ts'
import { Connections } from '../connection/connections.ts'
import { type ConnectionServer, type IncomingConnection, knownAt } from '../connection/incoming-connection.ts'
import type { SignedLinks } from '../security/signed-links.ts'
import { LineConnection, type LineConnectionParts } from './connection.ts'
import { LineRenderer } from './render.ts'
import { SentinelChecks } from './sentinel.ts'
import type { LineSettings } from './settings.ts'

export interface LineServerParts extends ClientSessionParts {
  readonly signedLinks: SignedLinks
  readonly ids: Ids
  readonly settings: LineSettings
}

/** Serves netcat and the seed's own client: `docs/reference/line-protocol.md`. */
export class LineServer extends Connections implements ConnectionServer {
  readonly #ids: Ids
  /** Of all connections. */
  readonly #parts: LineConnectionParts

  constructor(parts: LineServerParts) {
    super(parts.clock)
    const { ids, settings, ...ports } = parts
    this.#ids = ids
    const rendererIn = (language: Language) =>
      new LineRenderer(translatorFor(language, forTerminal, false), parts.signedLinks, parts.accessControl)
    this.#parts = {
      ...ports,
      settings,
      client: { ...settings, perSecond: settings.linesPerSecond, burst: settings.linesBurst, lostReason: 'left' },
      checks: new SentinelChecks(),
      renderers: { en: rendererIn('en'), id: rendererIn('id') },
    }
  }

  accept(incoming: IncomingConnection): void {
    const here = knownAt(incoming, this.#parts.settings.publicUrl)
    this.add(incoming.connection, new LineConnection(here, this.#parts, this.#ids.next()))
  }
}
