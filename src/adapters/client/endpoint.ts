import { open, readFile, rm, stat } from 'node:fs/promises'
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { addAbortSignal, type Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { failureText } from '#domain/names/text.ts'
import { errorCode, makeDirectory, replaceFile } from '#system/files/file-system.ts'
import { textOf } from '#system/files/text.ts'
import { fingerprintOf } from '#system/tls/fingerprint.ts'
import { labelOf, type RoomAddress } from './address.ts'
import { NotTrusted } from './errors.ts'

export type HostAddress = Pick<RoomAddress, 'host' | 'port' | 'tls' | 'fingerprint' | 'basePath' | 'http'>

/** Opens one more connection to a host. The signal ends the attempt. */
export type Dial = (signal: AbortSignal, reading?: Reading) => Duplex | Promise<Duplex>

/**
 * How a connection is read. One that is read through its `data` events only can have `large` pieces, which are valid until 1 MiB more
 * has arrived. For a file that saves a third of the processor time.
 */
export type Reading = 'large'

/** The connection settings of one host, with its display name. */
export class Endpoint {
  readonly host: string
  readonly port: number
  /** `host:port` as people write it. */
  readonly at: string
  /** The base path of its addresses; empty without one. */
  readonly basePath: string
  /** The start of its links. */
  readonly base: string
  /** Whether there may be an HTTP proxy in between. */
  readonly http: boolean
  readonly #dial: Dial

  constructor({ host, port, tls, basePath = '', http = false }: HostAddress, dial: Dial) {
    this.host = host
    this.port = port
    this.at = labelOf(host, port)
    this.basePath = basePath
    this.base = `${tls ? 'https' : 'http'}://${this.at}${basePath}`
    this.http = http
    this.#dial = dial
  }

  /** One more connection, still unused. */
  async open(signal: AbortSignal, reading?: Reading): Promise<Duplex> {
    return await this.#dial(signal, reading)
  }
}

/** Mobile networks forget connections that are silent for longer. */
const KEEP_ALIVE_MS = 60_000

/** Throws `NotTrusted` for a host that must not be spoken to. */
export type Trust = Pick<KnownHosts, 'allowPlain' | 'allow'>

/** Connects without TLS, or over TLS as long as the host proves its known key. Rejects with the system's error, or with `NotTrusted`. */
export const dialHost = (address: HostAddress, known: Trust): Dial =>
  address.tls ? dialTls(address, known) : dialTcp(address, known)

const dialTcp =
  ({ host, port }: HostAddress, known: Trust): Dial =>
  async (signal, reading) => {
    await known.allowPlain(labelOf(host, port))
    return await kept(
      readLarge(reading, (onread) => connect({ host, port, ...onread })),
      'connect',
      signal,
    )
  }

const dialTls =
  ({ host, port, fingerprint }: HostAddress, known: Trust): Dial =>
  async (signal, reading) => {
    const socket = readLarge(reading, (onread) =>
      connectTls({
        host,
        port,
        minVersion: 'TLSv1.2',
        ALPNProtocols: ['http/1.1'],
        // The key decides, not the certificate's issuer.
        rejectUnauthorized: false,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...onread,
      }),
    )
    await kept(socket, 'secureConnect', signal).catch(withoutTls)
    try {
      await known.allow(labelOf(host, port), keyOf(socket), fingerprint)
      return socket
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

/** A host without TLS hangs up on the first bytes of a handshake. */
function withoutTls(error: unknown): never {
  if (errorCode(error) !== 'ECONNRESET') throw error
  throw new Error('it hung up before TLS began; if it speaks none, leave out tls://', { cause: error })
}

const RING_BYTES = 2 * 1024 * 1024
const MOST_READ_BYTES = 512 * 1024

/** Node's own reads are 64 KiB, each into new memory. */
function readLarge<Connection extends Socket>(
  reading: Reading | undefined,
  open: (options: { readonly onread?: OnReadOpts }) => Connection,
): Connection {
  if (reading === undefined) return open({})
  const ring = Buffer.allocUnsafeSlow(RING_BYTES)
  let at = 0
  const socket: Connection = open({
    onread: {
      buffer: () => {
        if (at + MOST_READ_BYTES > RING_BYTES) at = 0
        return ring.subarray(at, at + MOST_READ_BYTES)
      },
      callback: (length) => {
        at += length
        return socket.emit('data', ring.subarray(at - length, at))
      },
    },
  })
  return socket
}

function keyOf(socket: TLSSocket): PresentedKey {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw new Error('it shows no certificate')
  return { fingerprint: fingerprintOf(certificate), until: certificate.validToDate }
}

/** Resolves when it is connected; rejects when it breaks before that. */
function kept<Connection extends Socket>(
  socket: Connection,
  made: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>()
  addAbortSignal(signal, socket)
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
  socket.once(made, () => {
    socket.off('error', reject)
    resolve(socket)
  })
  socket.once('error', reject)
  return promise
}

/** News about a host's TLS key, for the person who connects. */
export type TrustNews =
  /** First contact with this host: its key is trusted, and expected from now on. */
  | { readonly type: 'met'; readonly at: string; readonly fingerprint: string }
  /** It showed the right key, with an expired certificate. */
  | { readonly type: 'ended'; readonly at: string; readonly since: Date }
  | { readonly type: 'unkept'; readonly path: string; readonly why: string }

export interface PresentedKey {
  readonly fingerprint: string
  readonly until: Date
}

const LOCK_MS = 20
const STALE_LOCK_MS = 3000

/**
 * The hosts reached over TLS, with the key of each: a line `host:port sha256:…` for each, in a file readable by its owner only (trust on
 * first use, C123). Several programs may use the file at once.
 */
export class KnownHosts {
  readonly #path: string
  readonly #report: (news: TrustNews) => void
  readonly #reported = new Set<string>()

  constructor(path: string, report: (news: TrustNews) => void = () => {}) {
    this.#path = path
    this.#report = report
  }

  /** Throws `NotTrusted` for a host known to use TLS: nobody connects without TLS by mistake, or because an attacker strips it. */
  async allowPlain(at: string): Promise<void> {
    if (!(await this.#read()).has(at)) return
    throw new NotTrusted(
      'TLS_REQUIRED',
      `${at} was reached over TLS before, and is not spoken to in plain; write tls://${at}, or remove its line from ${this.#path}`,
    )
  }

  /** Throws `NotTrusted` unless the key is the requested one or, without a request, the known one. */
  async allow(at: string, { fingerprint, until }: PresentedKey, wanted: string | undefined): Promise<void> {
    if (wanted !== undefined && wanted !== fingerprint)
      throw new NotTrusted(
        'HOST_CHANGED',
        `${at} shows the key ${fingerprint}, and not ${wanted}; nothing was said to it`,
      )
    const known = (await this.#read()).get(at)
    if (known !== fingerprint) {
      if (known !== undefined && wanted === undefined) throw this.#changed(at, known, fingerprint)
      if (wanted === undefined) this.#report({ type: 'met', at, fingerprint })
      await this.#remember(at, fingerprint, known)
    }
    if (until.getTime() < Date.now() && !this.#reported.has(at)) this.#report({ type: 'ended', at, since: until })
    this.#reported.add(at)
  }

  #changed(at: string, known: string, shown: string): NotTrusted {
    return new NotTrusted(
      'HOST_CHANGED',
      `${at} does not show the key that it is known by. It was ${known}, and is now ${shown}. Either the host was set up anew, or somebody stands ` +
        `between you and it; nothing was said to it. Ask whoever hosts for the fingerprint. If it is right, write tls://${at}#${shown} once, ` +
        `or remove its line from ${this.#path}`,
    )
  }

  /** `before`: the entry read a moment ago; another process may have added one in the meantime. */
  async #remember(at: string, fingerprint: string, before: string | undefined): Promise<void> {
    try {
      await makeDirectory(dirname(this.#path), 0o700)
      await locked(`${this.#path}.lock`, async () => {
        const hosts = await this.#read()
        const now = hosts.get(at)
        if (now === fingerprint) return
        if (now !== before && now !== undefined) throw this.#changed(at, now, fingerprint)
        await this.#write(hosts.set(at, fingerprint))
      })
    } catch (error) {
      if (error instanceof NotTrusted) throw error
      this.#report({ type: 'unkept', path: this.#path, why: failureText(error) })
    }
  }

  async #read(): Promise<Map<string, string>> {
    const bytes = await readFile(this.#path).catch((error: unknown) => {
      // Also if a parent is not a directory: then no host is known. An unreadable file is an error.
      if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return Buffer.alloc(0)
      // A separate error, so that it is not reported as a host that does not answer.
      throw new NotTrusted(
        'NOT_ALLOWED',
        `${this.#path} can't be read (${errorCode(error) ?? failureText(error)}), and it says by which keys hosts are known; make it readable`,
      )
    })
    const text = textOf(bytes)
    if (typeof text !== 'string') throw new NotTrusted(text.code, `${this.#path} can't be read: ${text.message}`)
    const lines = text.split('\n').map((line) => line.trim().split(/\s+/))
    return new Map(lines.flatMap(([at = '', key]) => (key === undefined || at.startsWith('#') ? [] : [[at, key]])))
  }

  #write(hosts: ReadonlyMap<string, string>): Promise<void> {
    return replaceFile(this.#path, [...hosts].map(([at, key]) => `${at} ${key}\n`).join(''))
  }
}

/** Runs while no other process does. A process that died in between holds the others up only briefly. */
async function locked(path: string, run: () => Promise<void>): Promise<void> {
  while (true) {
    const lock = await open(path, 'wx', 0o600).catch((error: unknown) => {
      if (errorCode(error) === 'EEXIST') return undefined
      throw error
    })
    if (lock !== undefined) {
      await lock.close()
      break
    }
    const since = (await stat(path).catch(() => undefined))?.mtimeMs
    if (since !== undefined && Date.now() - since > STALE_LOCK_MS) await rm(path, { force: true })
    else await pause(LOCK_MS)
  }
  try {
    await run()
  } finally {
    await rm(path, { force: true })
  }
}
