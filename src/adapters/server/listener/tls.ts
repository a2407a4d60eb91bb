import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Cancel, Clock, Log } from '#domain/ports/system.ts'

export interface TlsSettings {
  /** What the host shows, with the certificates above it where there are some, and its key; as PEM. */
  readonly cert: string | Buffer
  readonly key: string | Buffer
  /**
   * Asked once a day, with the time in milliseconds since 1970, for what is to be shown from then on. Its key must be the same, or
   * clients that know the host will refuse it.
   */
  readonly renew?: (now: number) => Promise<Pick<TlsSettings, 'cert' | 'key'>>
}

const LOOK_MS = 24 * 3_600_000
const MIN_VERSION = 'TLSv1.2'

type Secured = (secure: TLSSocket) => void

/** Makes plain connections of encrypted ones. Has no port of its own: connections are given to it with `secure`. */
export class TlsLayer {
  readonly #server: Server
  readonly #clock: Clock
  readonly #log: Log
  readonly #handshakeMs: number
  /** By where both ends are, because Node does not say of which connection a secure one was made. */
  readonly #shaking = new Map<string, Secured>()
  #cert: string | Buffer
  #cancelLook: Cancel | undefined

  /** `failed` hears why a connection does not become a secure one; it is over then. */
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
    const shown = { cert, key, minVersion: MIN_VERSION } as const
    this.#server = createServer({ ...shown, ALPNProtocols: ['http/1.1'], handshakeTimeout: 0 })
    if (renew !== undefined) this.#look(renew)
    this.#server.on('secureConnection', (secure) => {
      // A handshake costs the host far more than it costs the peer (C123). Node only tells of another one.
      secure.disableRenegotiation()
      secure.on('error', () => secure.destroy())
      const secured = this.#shaking.get(endsOf(secure))
      if (secured === undefined) secure.destroy()
      else secured(secure)
    })
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, secure) => {
      failed(error.code ?? error.message)
      secure.destroy()
    })
  }

  /** Takes over a connection that began with a hello; `head` is what was read of it. */
  secure(socket: Socket, head: Buffer, secured: Secured): void {
    const ends = endsOf(socket)
    // Of the whole handshake: a time-out of Node's own begins anew with every byte (C68).
    const cancel = this.#clock.after(this.#handshakeMs, () => socket.destroy())
    const over = () => {
      cancel()
      this.#shaking.delete(ends)
    }
    socket.once('close', over)
    this.#shaking.set(ends, (secure) => {
      socket.off('close', over)
      over()
      secured(secure)
    })
    socket.unshift(head)
    this.#server.emit('connection', socket)
  }

  /** Nothing is renewed any more. */
  close(): void {
    this.#cancelLook?.()
    this.#cancelLook = undefined
  }

  #look(renew: NonNullable<TlsSettings['renew']>): void {
    this.#cancelLook = this.#clock.after(LOOK_MS, () => void this.#renewed(renew))
  }

  /** Connections that come after it are shown the new certificate; those that are there go on with what they were shown. */
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
    if (this.#cancelLook !== undefined) this.#look(renew)
  }
}

const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  [remoteAddress, remotePort, localAddress, localPort].join()
