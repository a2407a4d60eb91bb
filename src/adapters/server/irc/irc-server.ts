import { forTerminal } from '#domain/names/text.ts'
import type { Ids } from '#domain/ports/system.ts'
import { translatorFor } from '#i18n/i18n.ts'
import type { ClientSessionParts } from '../connection/client-session.ts'
import { Connections } from '../connection/connections.ts'
import type { ConnectionServer, IncomingConnection } from '../connection/incoming-connection.ts'
import { LineRenderer } from '../line/render.ts'
import type { LineSettings } from '../line/settings.ts'
import type { SignedLinks } from '../security/signed-links.ts'
import { IrcConnection } from './connection.ts'
import { IrcPeople } from './people.ts'
import { IrcRenderer } from './render.ts'
import { verbNamed } from './verbs.ts'

export interface IrcServerParts extends ClientSessionParts {
  readonly signedLinks: SignedLinks
  readonly ids: Ids
  /** Those of the line server: people who type get the same, whatever they type at. */
  readonly settings: LineSettings
  readonly program: string
}

/** Serves clients of IRC: `docs/reference/irc.md`. */
export class IrcServer extends Connections implements ConnectionServer {
  readonly #parts: IrcServerParts
  readonly #renderer: IrcRenderer
  readonly #links: LineRenderer

  constructor(parts: IrcServerParts) {
    super(parts.clock)
    this.#parts = parts
    const words = translatorFor(parts.settings.language, forTerminal, false)
    this.#renderer = new IrcRenderer(words, new IrcPeople())
    this.#links = new LineRenderer(words, parts.signedLinks, parts.accessControl)
  }

  accept(incoming: IncomingConnection): void {
    const { ids, signedLinks: _, ...parts } = this.#parts
    const shared = { renderer: this.#renderer, links: this.#links, verbNamed, id: ids.next() }
    this.add(incoming.connection, new IrcConnection(incoming, { ...parts, ...shared }))
  }
}
