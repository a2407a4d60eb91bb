import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Clock } from '../../../domain/ports/clock.ts'

export interface TlsSettings {
  /** What the host shows, with the certificates above it where there are some, and its key; as PEM. */
  readonly cert: string | Buffer
  readonly key: string | Buffer
}

type Secured = (secure: TLSSocket) => void

/** Makes plain connections of encrypted ones. Has no port of its own: connections are given to it with `secure`. */
export class TlsLayer {
  readonly #server: Server
  readonly #clock: Clock
  readonly #handshakeMs: number
  /** By where both ends are, because Node does not say of which connection a secure one was made. */
  readonly #shaking = new Map<string, Secured>()

  /** `failed` hears why a connection does not become a secure one; it is over then. */
  constructor({ cert, key }: TlsSettings, clock: Clock, handshakeMs: number, failed: (code: string) => void) {
    this.#clock = clock
    this.#handshakeMs = handshakeMs
    this.#server = createServer({ cert, key, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], handshakeTimeout: 0 })
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
}

const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string =>
  [remoteAddress, remotePort, localAddress, localPort].join()
