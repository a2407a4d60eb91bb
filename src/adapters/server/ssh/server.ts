import type { ParsedKey } from 'ssh2'
import { forTerminal } from '#domain/names/text.ts'
import { languageOf, translatorFor } from '#i18n/i18n.ts'
import { type eventLine, pastLine } from '#i18n/render-event.ts'
import type { Language } from '#i18n/translator.ts'
import { Connections } from '../connection/connections.ts'
import { type EventFormat, formatOf, jsonLines } from '../connection/event-format.ts'
import type { ConnectionServer, IncomingConnection } from '../connection/incoming-connection.ts'
import type { SshChannel } from './channel.ts'
import { SshConnection } from './connection.ts'
import type { SshHostKey } from './host-key.ts'
import type { SshServerParts, Texts } from './parts.ts'
import type { Library } from './transport.ts'

/** Serves `ssh`, `scp` and `sftp`: `docs/reference/ssh.md`. It has no port of its own: connections are given to it. */
export class SshServer extends Connections implements ConnectionServer {
  readonly #parts: SshServerParts
  /** One for all readers: a batch is encoded once for each notation. */
  readonly #json: EventFormat
  readonly #texts = new Map<Language, Texts>()
  readonly #screens = new Set<SshChannel>()
  /** Loaded for the first client. */
  #library: Promise<{ readonly library: Library; readonly key: ParsedKey }> | undefined

  constructor(parts: SshServerParts) {
    super(parts.clock)
    this.#parts = parts
    this.#json = jsonLines(parts.basePath)
  }

  /** By which clients know this host again. */
  get fingerprint(): string {
    return this.#parts.hostKey.fingerprint
  }

  accept(incoming: IncomingConnection): void {
    const { log } = this.#parts
    const { connection, head } = incoming
    connection.pause()
    this.#library ??= load(this.#parts.hostKey)
    this.#library
      .then(({ library, key }) => {
        if (connection.destroyed) return
        connection.unshift(head)
        this.add(connection, new SshConnection(incoming, library, key, this.#textsFor, this.#screens, this.#parts))
      })
      .catch((error: unknown) => {
        log.error('an SSH connection can not be taken', { error: String(error) })
        connection.destroy()
      })
  }

  /** In the language that a client's environment asks for, or else the host's. */
  readonly #textsFor = (env: ReadonlyMap<string, string>): Texts => {
    const language =
      env.has('LANG') || env.has('LC_ALL') ? languageOf(Object.fromEntries(env)) : this.#parts.line.language
    const known = this.#texts.get(language)
    if (known !== undefined) return known
    const words = translatorFor(language, forTerminal, false)
    const line = (event: Parameters<typeof eventLine>[0]) => {
      const text = pastLine(event, words)
      return text === '' ? '' : `${text}\n`
    }
    const texts = { words, lines: formatOf(line), json: this.#json }
    this.#texts.set(language, texts)
    return texts
  }
}

async function load(hostKey: SshHostKey): Promise<{ readonly library: Library; readonly key: ParsedKey }> {
  const { default: library } = await import('ssh2')
  const key = library.utils.parseKey(hostKey.openSsh)
  if (key instanceof Error) throw key
  return { library, key: Array.isArray(key) ? key[0] : key }
}
