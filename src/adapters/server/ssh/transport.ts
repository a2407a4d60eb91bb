import type { Duplex } from 'node:stream'
import type { AuthContext, Connection, KeyboardAuthContext, ParsedKey, PseudoTtyInfo, Session } from 'ssh2'
import type { Clock, Log } from '#domain/ports/system.ts'
import { hangUp } from '../connection/idle.ts'
import { type ChannelLink, type LibraryChannel, SshChannel } from './channel.ts'
import { fingerprintOf } from './host-key.ts'
import type { SshSettings } from './settings.ts'
import type { TerminalKind } from './shell/screen.ts'

// The library stays behind this file and `channel.ts`.

/** How a client may go on to log in. */
export type LoginMethod = 'publickey' | 'keyboard-interactive' | 'password'

/** One request of a client to log in. */
export type LoginRequest =
  /** `isProven`: signed with the key; else the client asks whether to sign. */
  | { readonly method: 'publickey'; readonly key: PublicKey; readonly isProven: boolean }
  | { readonly method: 'password'; readonly password: string }
  /** A question is answered without an echo; undefined: the client has given up. */
  | { readonly method: 'keyboard-interactive'; ask(question: string): Promise<string | undefined> }

export interface PublicKey {
  readonly blob: Buffer
  readonly fingerprint: string
}

/** `isPartial`: right, and not enough. `ended`: no more is taken from this client. */
export type LoginAnswer =
  | 'accepted'
  | 'ended'
  | { readonly methods: readonly LoginMethod[]; readonly isPartial?: boolean }

/** What a client begins on a channel, and the variables of its environment that are taken. */
export type Start = { readonly env: ReadonlyMap<string, string>; readonly terminal: TerminalKind | undefined } & (
  | { readonly type: 'exec'; readonly command: string }
  | { readonly type: 'shell' | 'sftp' }
)

/** The owner of one connection: it decides. */
export interface SshHandler {
  login(user: string, request: LoginRequest): Promise<LoginAnswer>
  loggedIn(): void
  begin(start: Start, channel: SshChannel): void
}

export interface TransportParts {
  readonly clock: Clock
  readonly log: Log
  readonly settings: SshSettings
}

export type Library = typeof import('ssh2')

const METHODS: readonly LoginMethod[] = ['publickey', 'keyboard-interactive', 'password']
/** Ciphers that check what they decrypt, in one pass over the bytes; all others need a MAC beside them. */
const GCM = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'] as const
const ANY = [...GCM, 'aes128-ctr', 'aes256-ctr'] as const
/** The client's list decides, and these would take CTR with a MAC before GCM if they were offered both. */
const HAS_GCM = /^SSH-2\.0-(?:OpenSSH_|PuTTY_Release_0\.(?:7[89]|[89]\d))/
const ALGORITHMS = {
  // No groups of primes: they are dear, and anybody may ask for one. The older name first: where it is the newer, dropbear counts a guess as
  // right that it never sends, and waits.
  kex: ['curve25519-sha256@libssh.org', 'curve25519-sha256', 'ecdh-sha2-nistp256'],
  serverHostKey: ['ssh-ed25519'],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-256'],
  compress: ['none'],
} as const
const TAKEN_ENV = new Set(['LANG', 'LC_ALL', 'LC_MESSAGES', 'NO_COLOR', 'COLORTERM'])
const MOST_ENV_CHARS = 64
/** A client that takes packets of no byte would keep the library in a loop. */
const LEAST_PACKET_BYTES = 1024
/** After so much of a client's input others have their turn: it is decrypted in one step. */
const LARGE_CHUNK_BYTES = 16 * 1024
const SIGNALS = new Set(['INT', 'TERM', 'HUP', 'QUIT', 'KILL'])

/** One SSH connection: key exchange, logging in and channels, as much of each as this host takes. */
export class SshTransport implements ChannelLink {
  readonly #socket: Duplex
  readonly #handler: SshHandler
  readonly #parts: TransportParts
  readonly #library: Library
  readonly #channels = new Set<SshChannel>()
  /** Channels that the client has opened, whether something runs on them or not. */
  #opened = 0
  #connection: Connection | undefined
  #status: 'login' | 'open' | 'stopped' | 'ended' = 'login'
  #requests = 0
  #loginBytes = 0

  /** `head`: the first bytes, with the client's banner; they are back in the socket. */
  constructor(
    library: Library,
    hostKey: ParsedKey,
    { connection: socket, head }: { readonly connection: Duplex; readonly head: Buffer },
    handler: SshHandler,
    parts: TransportParts,
  ) {
    this.#socket = socket
    this.#handler = handler
    this.#parts = parts
    this.#library = library
    const cipher = HAS_GCM.test(head.toString('latin1')) ? GCM : ANY
    const server = new library.Server({
      hostKeys: [{ key: hostKey as never }],
      ident: 'tamtam',
      // Its types know fewer algorithms than it does.
      algorithms: { ...ALGORITHMS, cipher } as never,
      // The system's own does.
      keepaliveInterval: 0,
    })
    server.on('connection', (client) => this.#connected(client))
    server.on('error', (error: Error) => this.#failed(error))
    socket.once('close', () => this.#closed())
    // Half of a connection is none.
    socket.once('end', () => this.end())
    socket.on('drain', () => this.#drained())
    server.injectSocket(socket as never)
  }

  get channels(): ReadonlySet<SshChannel> {
    return this.#channels
  }

  /** Reads nothing more. */
  stopReading(): void {
    if (this.#status !== 'ended') this.#status = 'stopped'
    this.#socket.pause()
  }

  /** Reads again what a client does about channels that are over. */
  readClosing(): void {
    if (this.#status === 'stopped') this.#socket.resume()
  }

  /** Ends the connection behind what was written. */
  end(): void {
    if (this.#status === 'ended') return
    this.#status = 'ended'
    try {
      this.#connection?.end()
    } catch {
      // Its state does not matter any more.
    }
    hangUp(this.#socket, this.#parts.clock)
  }

  // Of `ChannelLink`.

  get isFull(): boolean {
    return this.#socket.writableLength > this.#parts.settings.outboxMarkBytes
  }

  get isExchangingKeys(): boolean {
    return internals(this.#connection)._protocol._kexinit !== undefined
  }

  /** Calls `then` once the socket has taken what waits, and no exchange of keys is under way; never where the connection ends first. */
  whenReady(then: () => void): void {
    if (this.#status === 'ended' || this.#socket.destroyed) return
    if (this.isFull) this.#socket.once('drain', () => this.whenReady(then))
    else if (this.isExchangingKeys) this.#connection?.once('rekey', () => setImmediate(() => this.whenReady(then)))
    else then()
  }

  #connected(client: Connection): void {
    this.#connection = client
    client.on('error', (error) => this.#failed(error))
    client.on('authentication', (context) => this.#guarded(this.#login(context)))
    client.once('ready', () => this.#guard(() => this.#ready()))
    client.on('session', (accept, reject) => this.#guard(() => this.#open(accept, reject)))
    // Behind the library's own listener.
    this.#socket.on('data', (chunk: Buffer) => this.#took(chunk))
  }

  /** Writing never waits in the library: so nothing more is read from a client that does not take its answers. */
  #took(chunk: Buffer): void {
    const { loginBytes, channelBytes } = this.#parts.settings
    if (this.#status === 'login') {
      this.#loginBytes += chunk.length
      if (this.#loginBytes > loginBytes) {
        this.end()
        return
      }
    }
    if ([...this.#channels].some(({ unread }) => unread > channelBytes)) {
      this.#abuse('more than its window')
      return
    }
    if (this.isFull) this.#socket.pause()
    else if (chunk.length >= LARGE_CHUNK_BYTES) {
      this.#socket.pause()
      setImmediate(() => this.#drained())
    }
  }

  #drained(): void {
    if ((this.#status === 'login' || this.#status === 'open') && !this.isFull) this.#socket.resume()
  }

  async #login(context: AuthContext): Promise<void> {
    this.#requests++
    if (this.#requests > this.#parts.settings.loginRequests) {
      this.end()
      return
    }
    const request = this.#requestOf(context)
    const refused: LoginAnswer = { methods: METHODS }
    const answer = request === undefined ? refused : await this.#handler.login(context.username, request)
    if (this.#status === 'ended') return
    if (answer === 'accepted') context.accept()
    else if (answer === 'ended') this.end()
    else context.reject([...answer.methods], answer.isPartial)
  }

  /** Undefined where it is always refused. */
  #requestOf(context: AuthContext): LoginRequest | undefined {
    switch (context.method) {
      case 'publickey': {
        const { data } = context.key
        const key = { blob: data, fingerprint: fingerprintOf(data) }
        const { signature, blob, hashAlgo } = context
        const parsed = this.#library.utils.parseKey(data)
        const known = Array.isArray(parsed) ? parsed[0] : parsed
        if (known === undefined || known instanceof Error) return undefined
        // RSA signs with SHA-1 where no hash is named.
        if (known.type === 'ssh-dss' || (known.type === 'ssh-rsa' && hashAlgo === undefined)) return undefined
        if (signature === undefined || blob === undefined) return { method: 'publickey', key, isProven: false }
        const isRight = known.verify(blob, signature, hashAlgo) === true
        return isRight ? { method: 'publickey', key, isProven: true } : undefined
      }
      case 'password':
        return { method: 'password', password: context.password }
      case 'keyboard-interactive':
        return { method: 'keyboard-interactive', ask: (question) => asked(context, question) }
      default:
        return undefined
    }
  }

  #ready(): void {
    if (this.#status === 'login') this.#status = 'open'
    this.#handler.loggedIn()
  }

  #open(accept: () => Session, reject: () => void): void {
    if (this.#status !== 'open' || this.#opened >= this.#parts.settings.channelsPerConnection) {
      reject()
      return
    }
    const session = accept()
    this.#opened++
    if (internals(session)._chanInfo.outgoing.packetSize < LEAST_PACKET_BYTES) {
      this.#abuse('packets too small')
      return
    }
    const env = new Map<string, string>()
    let terminal: TerminalKind | undefined
    let channel: SshChannel | undefined
    const begin = (open: () => LibraryChannel | undefined, start: (common: Pick<Start, 'env' | 'terminal'>) => Start) =>
      this.#guard(() => {
        const opened = channel === undefined ? open() : undefined
        if (opened === undefined) return
        channel = new SshChannel(opened, this)
        this.#keep(channel)
        if (terminal !== undefined) channel.resize(terminal)
        this.#handler.begin(start({ env, terminal }), channel)
      })
    session.on('env', (taken, refused, { key, val }: { key: string; val: string }) => {
      const isTaken = TAKEN_ENV.has(key) && val.length <= MOST_ENV_CHARS
      if (isTaken) env.set(key, val)
      if (isTaken) taken?.()
      else refused?.()
    })
    session.on('pty', (taken, _, { term, cols, rows }: PseudoTtyInfo & { readonly term?: string }) => {
      terminal = { type: (term ?? '').slice(0, MOST_ENV_CHARS), columns: cols, rows }
      taken?.()
    })
    session.on('window-change', (taken, _, { cols, rows }) => {
      taken?.()
      if (terminal !== undefined) channel?.resize({ columns: cols, rows })
    })
    session.on('signal', (taken, _, { name }) => {
      taken?.()
      if (SIGNALS.has(name)) channel?.emit('signal')
    })
    session.on('exec', (open, _, { command }) => begin(open, (common) => ({ ...common, type: 'exec', command })))
    session.on('shell', (open) => begin(open, (common) => ({ ...common, type: 'shell' })))
    session.on('subsystem', (open, refused, { name }) => {
      if (name === 'sftp') begin(open, (common) => ({ ...common, type: 'sftp' }))
      else refused()
    })
    session.once('close', () => {
      this.#opened--
      channel?.destroy()
    })
  }

  #keep(channel: SshChannel): void {
    this.#channels.add(channel)
    channel.once('close', () => this.#channels.delete(channel))
  }

  #closed(): void {
    this.#status = 'ended'
    for (const channel of this.#channels) channel.destroy()
  }

  #abuse(why: string): void {
    this.#parts.log.warn('an SSH connection was ended', { why })
    this.#status = 'ended'
    this.#socket.destroy()
  }

  /** The library takes errors in its callbacks for the client's, and says nothing (C90). */
  #guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#bug(error)
    }
  }

  #guarded(work: Promise<void>): void {
    work.catch((error: unknown) => this.#bug(error))
  }

  #bug(error: unknown): void {
    this.#parts.log.error('an SSH connection was closed because of an error of ours', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    this.#socket.destroy()
  }

  #failed(error: Error & { readonly level?: string }): void {
    this.#parts.log.info('an SSH connection broke', { error: error.level ?? 'protocol' })
    this.end()
  }
}

/** Fields of the library without which it could not be kept within bounds. */
interface Internals {
  /** Set while keys are exchanged: what is written meanwhile gathers in memory. */
  readonly _protocol: { readonly _kexinit: unknown }
  readonly _chanInfo: { readonly outgoing: { readonly packetSize: number } }
}

const internals = (of: unknown): Internals => of as Internals

function asked(context: KeyboardAuthContext, question: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    // An abort comes as an error in place of the answers.
    context.prompt([{ prompt: question, echo: false }], (answers: unknown) =>
      resolve(Array.isArray(answers) && typeof answers[0] === 'string' ? answers[0] : undefined),
    )
  })
}
