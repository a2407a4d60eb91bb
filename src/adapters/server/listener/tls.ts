import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Cancel, Clock, Log } from '#domain/ports/system.ts'

export interface TlsSettings {
  /** The certificate of the host, followed by its chain if any, and its key; as PEM. */
  readonly cert: string | Buffer
  readonly key: string | Buffer
  /**
   * Called once a day with the time in milliseconds since 1970, for the certificate from then on. Its key must stay the same, or clients
   * that know the host will refuse it.
   */
  readonly renew?: (now: number) => Promise<Pick<TlsSettings, 'cert' | 'key'>>
}

const RENEW_MS = 24 * 3_600_000
const MIN_VERSION = 'TLSv1.2'

/** TLS on connections accepted by another server; it has no port of its own. */
export class TlsLayer {
  readonly #server: Server
  readonly #clock: Clock
  readonly #log: Log
  readonly #handshakeMs: number
  /** By the addresses of both ends, because Node does not tell which connection became a secure one. */
  readonly #handshakes = new Map<string, (secure: TLSSocket) => void>()
  #cert: string | Buffer
  #cancelRenewal: Cancel | undefined

  /** `failed` is called with the code of each failed handshake; its connection is over then. */
  constructor(
    { cert, key, renew }: TlsSettings,
    clock: Clock,
    log: Log,
    handshakeMs: number,
    failed: (code: string) => void,
  ) {
    this.#clock = clock
    this.#log = log
    this.#handshakeMs = handshakeMs
    this.#cert = cert
    const certificate = { cert, key, minVersion: MIN_VERSION } as const
    this.#server = createServer({ ...certificate, ALPNProtocols: ['http/1.1'], handshakeTimeout: 0 })
    if (renew !== undefined) this.#renewLater(renew)
    this.#server.on('secureConnection', (secure) => {
      // A handshake costs the host far more than the client (C123). Node only reports repeated ones.
      secure.disableRenegotiation()
      secure.on('error', () => secure.destroy())
      const secured = this.#handshakes.get(endsOf(secure))
      if (secured === undefined) secure.destroy()
      else secured(secure)
    })
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, secure) => {
      failed(error.code ?? error.message)
      secure.destroy()
    })
  }

  /**
   * Takes over a connection that began with a client hello; `head` holds its first bytes. `secured` is not called if the handshake
   * fails.
   */
  secure(socket: Socket, head: Buffer, secured: (secure: TLSSocket) => void): void {
    const ends = endsOf(socket)
    // For the whole handshake: Node's own timeout starts again with every byte (C68).
    const cancel = this.#clock.after(this.#handshakeMs, () => socket.destroy())
    const over = () => {
      cancel()
      this.#handshakes.delete(ends)
    }
    socket.once('close', over)
    this.#handshakes.set(ends, (secure) => {
      socket.off('close', over)
      over()
      secured(secure)
    })
    socket.unshift(head)
    this.#server.emit('connection', socket)
  }

  /** No renewal from now on. */
  close(): void {
    this.#cancelRenewal?.()
    this.#cancelRenewal = undefined
  }

  #renewLater(renew: NonNullable<TlsSettings['renew']>): void {
    this.#cancelRenewal = this.#clock.after(RENEW_MS, () => void this.#renewed(renew))
  }

  /** The new certificate is for later connections; the present ones keep theirs. */
  async #renewed(renew: NonNullable<TlsSettings['renew']>): Promise<void> {
    try {
      const { cert, key } = await renew(this.#clock.now())
      if (cert !== this.#cert) {
        this.#server.setSecureContext({ cert, key, minVersion: MIN_VERSION })
        this.#cert = cert
        this.#log.info('the certificate was made anew')
      }
    } catch (error) {
      this.#log.error('the certificate can not be made anew', { error: String(error) })
    }
    if (this.#cancelRenewal !== undefined) this.#renewLater(renew)
  }
}

const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  [remoteAddress, remotePort, localAddress, localPort].join()
