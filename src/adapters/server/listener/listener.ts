import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Cancel } from '#domain/ports/system.ts'
import type { ConnectionServer } from '../connection/incoming-connection.ts'
import { originOf } from '../connection/origin-of.ts'
import { admit, type Entrance } from './admit.ts'
import { admitSecure } from './admit-secure.ts'
import { ConnectionLimiter } from './connection-limiter.ts'
import { maxConnections } from './open-files.ts'
import { TlsLayer, type TlsSettings } from './tls.ts'

export interface ListenerSettings {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly connections: number
  /** For each address off loopback; an IPv6 /64 counts as one. The oldest that has not come in anywhere makes place for the next. */
  readonly connectionsPerAddress: number
  /**
   * Of all connections, those that have not come in anywhere yet; and never more than about a quarter (C68). Beyond it the oldest of the
   * address that has most of them makes place.
   */
  readonly strangers: number
  /** Loopback is this machine's own people: they are not counted unless this says so. */
  readonly strangersOnLoopback: boolean
  readonly silentMs: number
  /** With it, nothing is spoken in plain; without it, nothing in TLS. */
  readonly tls?: TlsSettings
  /** A handshake of TLS must be over by then. */
  readonly handshakeMs: number
  readonly keepAliveMs: number
  /** A peer that takes nothing for this long with data waiting is closed. */
  readonly deadMs: number
  /** How long the last words to everyone may take. */
  readonly farewellMs: number
}

export interface ListenerParts extends Entrance {
  /** Its connections come by way of HTTP. */
  readonly webSocket: Omit<ConnectionServer, 'accept'>
  readonly memory: { readonly isShort: boolean }
}

/** A small host must still be able to take in some at once. */
const FEW_STRANGERS = 16
const SWEEP_MS = 30_000
const SAMPLE_MS = 1000
const DROP_LOG_MS = 10_000

/** The port could not be had. */
export class PortInUse extends Error {
  readonly code = 'PORT_IN_USE'
}

/** One port for everything: tells each connection's protocol by its first bytes and hands it to that server. */
export class TcpListener {
  readonly #settings: ListenerSettings
  readonly #parts: ListenerParts
  readonly #server: Server
  readonly #tls: TlsLayer | undefined
  /** As the doors have them: over TLS, not what lies below it. */
  readonly #sockets = new Set<Socket>()
  readonly #addresses: ConnectionLimiter<Socket>
  readonly #servers: readonly Omit<ConnectionServer, 'accept'>[]
  #cancelSweep: Cancel = () => {}
  #cancelSample: Cancel = () => {}
  #dropsLoggedAt = Number.NEGATIVE_INFINITY
  #drops = 0

  constructor(settings: ListenerSettings, parts: ListenerParts) {
    this.#settings = settings
    this.#parts = parts
    this.#servers = [parts.line, parts.frames, parts.webSocket, parts.http]
    const { keepAliveMs, tls, handshakeMs } = settings
    this.#tls = tls && new TlsLayer(tls, parts.clock, parts.log, handshakeMs, (code) => this.#unsecured(code))
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }
    this.#server = createServer(options, this.#connected)
    // libuv drops what it can't open in silence (C71): keep files free for the stores, and say so when it happens.
    this.#server.maxConnections = maxConnections(settings.connections)
    const mostStrangers = Math.min(settings.strangers, Math.max(FEW_STRANGERS, this.#server.maxConnections / 4))
    this.#addresses = new ConnectionLimiter(settings.connectionsPerAddress, mostStrangers)
    this.#server.on('drop', () => this.#dropped('the host has all the connections it can take'))
  }

  /** Rejects with `PortInUse`, or with the system's error. */
  async listen(): Promise<AddressInfo> {
    const { host, port } = this.#settings
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'EADDRINUSE' ? new PortInUse(`port ${port} is in use`, { cause: error }) : error),
      )
      this.#server.listen({ host, port, backlog: 1024 }, resolve)
    })
    this.#server.removeAllListeners('error')
    this.#server.on('error', (error) => this.#parts.log.error('the listener failed', { error: error.message }))
    this.#sweep()
    this.#sample()
    return this.#server.address() as AddressInfo
  }

  /** Takes in nobody and nothing more. */
  stopReading(): void {
    this.#server.close()
    for (const server of this.#servers) server.stopReading()
  }

  /** Tells everybody why, and hangs up. */
  async close(why: string): Promise<void> {
    this.stopReading()
    this.#cancelSweep()
    this.#cancelSample()
    this.#tls?.close()
    await Promise.all(this.#servers.map((server) => server.close(why, this.#settings.farewellMs)))
    // Those that had not said yet what they are.
    for (const socket of this.#sockets) if (!socket.writableEnded) socket.destroy()
  }

  readonly #connected = (socket: Socket): void => {
    const from = originOf(socket)
    const { address } = from
    const { silentMs } = this.#settings
    if (this.#parts.memory.isShort) {
      this.#dropped('the host is short of memory')
      socket.destroy()
      return
    }
    const as = from.loopback && !this.#settings.strangersOnLoopback ? 'member' : 'stranger'
    const counted = this.#addresses.enter(socket, address, as)
    if (counted.status === 'full') {
      this.#dropped('one address has all the connections it may have')
      socket.destroy()
      return
    }
    if (counted.evicted !== undefined) {
      this.#dropped('too many have come in nowhere yet')
      counted.evicted.destroy()
    }
    const known = () => this.#addresses.known(socket, address)
    socket.once('close', () => this.#addresses.leave(socket, address))
    this.#keep(socket)
    if (this.#tls === undefined) admit(socket, { ...from, known }, silentMs, this.#parts)
    else
      admitSecure(socket, this.#tls, silentMs, this.#parts, known, (secure) => {
        this.#forget(socket)
        this.#keep(secure)
      })
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    this.#parts.metrics.gauge('connections', this.#sockets.size)
    socket.once('close', () => this.#forget(socket))
  }

  #forget(socket: Socket): void {
    this.#sockets.delete(socket)
    this.#parts.metrics.gauge('connections', this.#sockets.size)
  }

  #unsecured(code: string): void {
    this.#parts.metrics.count('handshakes_failed')
    this.#parts.log.info('a connection did not come to speak TLS', { code })
  }

  #sweep(): void {
    for (const server of this.#servers) server.sweep(this.#settings.deadMs)
    this.#cancelSweep = this.#parts.clock.after(SWEEP_MS, () => this.#sweep())
  }

  #sample(): void {
    let waiting = 0
    let largest: Socket | undefined
    for (const socket of this.#sockets) {
      waiting += socket.writableLength
      if (socket.writableLength > (largest?.writableLength ?? 0)) largest = socket
    }
    this.#parts.metrics.gauge('outbox_bytes', waiting)
    // Rather the one who is furthest behind, and can come back to where it was, than everybody (C81).
    if (this.#parts.memory.isShort && largest !== undefined) {
      this.#parts.metrics.count('connections_shed')
      largest.destroy()
    }
    this.#cancelSample = this.#parts.clock.after(SAMPLE_MS, () => this.#sample())
  }

  #dropped(why: string): void {
    this.#drops++
    this.#parts.metrics.count('connections_dropped')
    const now = this.#parts.clock.elapsed()
    if (now - this.#dropsLoggedAt < DROP_LOG_MS) return
    this.#parts.log.warn('dropped new connections', { why, dropped: this.#drops })
    this.#dropsLoggedAt = now
    this.#drops = 0
  }
}
