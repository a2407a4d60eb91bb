import { setMaxListeners } from 'node:events'
import type { ParsedKey } from 'ssh2'
import type { Cancel } from '#domain/ports/system.ts'
import type { ServedConnection } from '../connection/connections.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import type { SshChannel } from './channel.ts'
import { CommandRun } from './exec/run.ts'
import { EXIT } from './exit-status.ts'
import { Login } from './login.ts'
import type { IncomingChannel, SshServerParts, Texts } from './parts.ts'
import { parseScp } from './scp/codec.ts'
import { ScpRun } from './scp/run.ts'
import { SftpSession } from './sftp/session.ts'
import { ChatRun } from './shell/chat-run.ts'
import {
  type Library,
  type LoginAnswer,
  type LoginRequest,
  type SshHandler,
  SshTransport,
  type Start,
} from './transport.ts'

/** One SSH connection: its login, and what runs on its channels. */
export class SshConnection implements ServedConnection, SshHandler {
  readonly #incoming: IncomingConnection
  readonly #parts: SshServerParts
  readonly #textsFor: (env: ReadonlyMap<string, string>) => Texts
  readonly #transport: SshTransport
  readonly #login: Login
  /** Of its person, where that has no key. */
  readonly #id: string
  readonly #cancelTimeout: Cancel

  constructor(
    incoming: IncomingConnection,
    library: Library,
    hostKey: ParsedKey,
    textsFor: (env: ReadonlyMap<string, string>) => Texts,
    parts: SshServerParts,
  ) {
    const { accessControl, clock, ids, knownKeys, line, log, ssh } = parts
    const { address, connection } = incoming
    this.#incoming = incoming
    this.#parts = parts
    this.#textsFor = textsFor
    this.#id = ids.next()
    this.#login = new Login({ accessControl, knownKeys, address, id: this.#id, room: line.room })
    setMaxListeners(0, connection)
    this.#cancelTimeout = clock.after(ssh.loginMs, () => this.#transport.end())
    connection.once('close', () => this.#cancelTimeout())
    this.#transport = new SshTransport(library, hostKey, incoming, this, { clock, log, settings: ssh })
  }

  login(user: string, request: LoginRequest): Promise<LoginAnswer> {
    return this.#login.answer(user, request)
  }

  loggedIn(): void {
    this.#cancelTimeout()
    this.#incoming.known?.()
    this.#parts.metrics.count('ssh_logins')
  }

  begin(start: Start, channel: SshChannel): void {
    const texts = this.#textsFor(start.env)
    const incoming: IncomingChannel = { ...this.#incoming, connection: channel, head: Buffer.alloc(0) }
    setMaxListeners(0, channel)
    // Its own failures are told where it is run.
    channel.on('error', () => {})
    const [identity, id, parts] = [this.#login.identity, this.#id, this.#parts]
    switch (start.type) {
      case 'exec': {
        const scp = parseScp(start.command)
        const run =
          scp === undefined
            ? new CommandRun(incoming, identity, id, texts, parts).run(start.command)
            : new ScpRun({ incoming, identity, id, parts }).run(scp)
        this.#run(channel, run)
        return
      }
      case 'sftp':
        this.#run(channel, new SftpSession({ incoming, identity, id, parts }).run())
        return
      case 'shell':
        this.#run(channel, new ChatRun(incoming, identity, id, texts, start.isTerminal, parts).run())
        return
      default:
        start satisfies never
    }
  }

  stopReading(): void {
    this.#transport.stopReading()
  }

  async farewell(why: string): Promise<void> {
    const channels = [...this.#transport.channels]
    for (const channel of channels) {
      channel.note(`! RESTART ${why}`)
      channel.exit(EXIT.incomplete)
    }
    await Promise.all(channels.map((channel) => channel.gone()))
    this.#transport.end()
  }

  sweep(now: number, ms: number): void {
    for (const channel of this.#transport.channels) if (channel.stalledMs(now) > ms) this.#incoming.connection.destroy()
  }

  /** An error of ours ends what ran on one channel (C90). */
  #run(channel: SshChannel, work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#parts.log.error('an SSH channel was closed because of an error of ours', {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
      channel.destroy()
    })
  }
}
