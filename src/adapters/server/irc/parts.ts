import type { ClientSessionParts } from '../connection/client-session.ts'
import type { KeyRegistry } from '../connection/key-registry.ts'
import type { SharedRates } from '../connection/rate-limit.ts'
import type { LineRenderer } from '../line/render.ts'
import type { LineSettings } from '../line/settings.ts'
import type { Persons } from '../security/persons.ts'
import type { Monitors } from './monitors.ts'
import type { IrcRenderer } from './render.ts'
import type { Verb } from './verb.ts'

/** The parts of the host that a connection of IRC uses; `On` is that. */
export interface IrcConnectionParts<On> extends ClientSessionParts {
  /** Names this connection's person to the engine. */
  readonly id: string
  readonly settings: LineSettings
  readonly renderer: IrcRenderer
  /** For the addresses of files. */
  readonly links: LineRenderer
  readonly keys: KeyRegistry
  readonly persons: Persons
  /** Logins of each subnet. */
  readonly logins: SharedRates
  readonly monitors: Monitors
  /** What it understands: `verbs.ts`. */
  readonly verbNamed: (word: string) => Verb<On> | undefined
  /** Name and version of the program. */
  readonly program: string
}
