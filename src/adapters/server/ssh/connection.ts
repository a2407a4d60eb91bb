import { setMaxListeners } from 'node:events'
import type { ParsedKey } from 'ssh2'
import { rejected } from '#domain/errors.ts'
import type { Cancel } from '#domain/ports/system.ts'
import type { ServedConnection } from '../connection/connections.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import type { SshChannel } from './channel.ts'
import { CommandRun } from './exec/run.ts'
import { Login } from './login.ts'
import type { IncomingChannel, RunParts, SshServerParts, Texts } from './parts.ts'
import { EXIT, tooManyTerminals } from './refusals.ts'
import { parseScp } from './scp/codec.ts'
import { ScpRun } from './scp/run.ts'
import { SftpSession } from './sftp/session.ts'
import { ChatRun } from './shell/chat-run.ts'
import { isCapable } from './shell/screen.ts'
import { ScreenRun } from './shell/screen-run.ts'
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
  /** Those that have a screen, of all connections. */
  readonly #screens: Set<SshChannel>
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
    screens: Set<SshChannel>,
    parts: SshServerParts,
  ) {
    const { accessControl, clock, ids, knownKeys, line, log, ssh } = parts
    const { address, connection } = incoming
    this.#incoming = incoming
    this.#parts = parts
    this.#textsFor = textsFor
    this.#screens = screens
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
    channel.once('signal', () => channel.exit(EXIT.interrupted))
    const of = { incoming, identity: this.#login.identity, id: this.#id, parts: this.#parts, texts }
    switch (start.type) {
      case 'exec': {
        const scp = parseScp(start.command)
        this.#run(channel, scp === undefined ? new CommandRun(of).run(start.command) : new ScpRun(of).run(scp))
        return
      }
      case 'sftp':
        this.#run(channel, new SftpSession(of).run())
        return
      case 'shell':
        this.#run(channel, this.#chat(of, start))
        return
      default:
        start satisfies never
    }
  }

  /** On the screen of a terminal that has one, while there is a place. */
  #chat(of: RunParts, { env, terminal }: Start): Promise<void> {
    if (terminal === undefined || !isCapable(terminal)) return new ChatRun(of, terminal !== undefined).run()
    const { connection: channel } = of.incoming
    if (this.#screens.size >= this.#parts.ssh.terminals) return new ChatRun(of, true, tooManyTerminals).run()
    this.#screens.add(channel)
    channel.once('close', () => this.#screens.delete(channel))
    return new ScreenRun(of, terminal, env).run()
  }

  stopReading(): void {
    this.#transport.stopReading()
  }

  async farewell(why: string): Promise<void> {
    const channels = [...this.#transport.channels]
    for (const channel of channels) {
      // A screen goes before the reason is told.
      if (channel.emit('farewell', rejected('RESTART', why))) continue
      channel.note(`! RESTART ${why}`)
      channel.exit(EXIT.incomplete)
    }
    await Promise.all(channels.map((channel) => channel.gone()))
    // A client that is told of the end of the connection before it has closed its channels forgets their exit status.
    this.#transport.readClosing()
    await Promise.all(channels.map((channel) => channel.over()))
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
