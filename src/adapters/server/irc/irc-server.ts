import { forTerminal } from '#domain/names/text.ts'
import type { Ids } from '#domain/ports/system.ts'
import { translatorFor } from '#i18n/i18n.ts'
import type { ClientSessionParts } from '../connection/client-session.ts'
import { Connections } from '../connection/connections.ts'
import { type ConnectionServer, type IncomingConnection, knownAt } from '../connection/incoming-connection.ts'
import type { KeyRegistry } from '../connection/key-registry.ts'
import { SharedRates } from '../connection/rate-limit.ts'
import { LineRenderer } from '../line/render.ts'
import type { LineSettings } from '../line/settings.ts'
import type { Persons } from '../security/persons.ts'
import type { SignedLinks } from '../security/signed-links.ts'
import { IrcConnection } from './connection.ts'
import { Monitors } from './monitors.ts'
import { IrcPeople } from './people.ts'
import { IrcRenderer } from './render.ts'
import { verbNamed } from './verbs.ts'

/** From one subnet, off loopback. */
const LOGINS_PER_MINUTE = 20
const SECONDS_PER_MINUTE = 60

export interface IrcServerParts extends ClientSessionParts {
  readonly signedLinks: SignedLinks
  readonly ids: Ids
  readonly keys: KeyRegistry
  readonly persons: Persons
  /** Those of the line server: people who type get the same, whatever they type at. */
  readonly settings: LineSettings
  readonly program: string
  /** What the host calls itself. */
  readonly name: string
}

/** Serves clients of IRC: `docs/reference/irc.md`. */
export class IrcServer extends Connections implements ConnectionServer {
  readonly #parts: IrcServerParts
  readonly #renderer: IrcRenderer
  readonly #links: LineRenderer
  readonly #logins: SharedRates
  readonly #monitors: Monitors

  constructor(parts: IrcServerParts) {
    super(parts.clock)
    this.#parts = parts
    const words = translatorFor(parts.settings.language, forTerminal, false)
    this.#renderer = new IrcRenderer(words, new IrcPeople(parts.name))
    this.#logins = new SharedRates(parts.clock, LOGINS_PER_MINUTE / SECONDS_PER_MINUTE, LOGINS_PER_MINUTE)
    this.#monitors = new Monitors(parts.engine)
    this.#links = new LineRenderer(words, parts.signedLinks, parts.accessControl)
  }

  override sweep(ms: number): void {
    super.sweep(ms)
    this.#logins.sweep()
  }

  accept(incoming: IncomingConnection): void {
    const { ids, signedLinks: _, ...parts } = this.#parts
    const known = { renderer: this.#renderer, links: this.#links, logins: this.#logins, monitors: this.#monitors }
    const shared = { ...known, verbNamed, id: ids.next() }
    const here = knownAt(incoming, parts.settings.publicUrl)
    this.add(incoming.connection, new IrcConnection(here, { ...parts, ...shared }))
  }
}
