import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { subnetOf } from '#domain/names/subnet.ts'
import type { Cancel } from '#domain/ports/system.ts'
import {
  type ConnectionServer,
  type IncomingConnection,
  isLoopback,
  originOf,
  type ProxiedRequest,
  type ProxyConnection,
} from '../connection/incoming-connection.ts'
import { TrustedProxies } from '../connection/trusted-proxies.ts'
import { admit, refuseForeign, refusePlain, type Servers } from './admit.ts'
import { detectProtocol } from './detect-protocol.ts'
import { takeProxyHeader } from './proxy-protocol.ts'
import { TlsLayer, type TlsSettings } from './tls.ts'

export interface ListenerSettings {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Connections at once. */
  readonly connections: number
  /**
   * For each subnet other than loopback: an IPv4 address, or an IPv6 /64. The oldest unauthenticated connection makes place for the
   * next.
   */
  readonly connectionsPerAddress: number
  /**
   * Number of unauthenticated connections in all; never more than about a quarter (C68). Beyond that, the oldest from the subnet with
   * most of them makes place.
   */
  readonly unauthenticated: number
  /** Loopback belongs to this machine's own people, who are counted only with this setting. */
  readonly unauthenticatedOnLoopback: boolean
  /** A client silent for this long is taken for netcat, and greeted. */
  readonly silentMs: number
  /** With it, every connection must use TLS; without it, none. */
  readonly tls?: TlsSettings
  /** Time for a TLS handshake. */
  readonly handshakeMs: number
  /** The system probes a silent connection after this long. */
  readonly keepAliveMs: number
  /**
   * Networks (`10.0.0.0/8`) of trusted proxies: what they say about their clients is believed, in HTTP headers and in the PROXY
   * protocol. Their connections never count as this machine's own.
   */
  readonly trustProxy: readonly string[]
  /** A client that takes nothing for this long while data waits is closed. */
  readonly deadMs: number
  /** Time for the last message to everybody. */
  readonly farewellMs: number
}

export interface ListenerParts extends Servers {
  /** Its connections come through HTTP. */
  readonly webSocket: Omit<ConnectionServer, 'accept'>
  readonly memory: { readonly isShort: boolean }
}

/** A small host must still accept some at once. */
const FEW_UNAUTHENTICATED = 16
const SWEEP_MS = 30_000
const SAMPLE_MS = 1000
const DROP_LOG_MS = 10_000

/** The port is in use. */
export class PortInUse extends Error {
  readonly code = 'PORT_IN_USE'
}

/** One port for all protocols: detects each connection's protocol by its first bytes, and hands it to that server. */
export class TcpListener {
  readonly #settings: ListenerSettings
  readonly #parts: ListenerParts
  readonly #server: Server
  readonly #tls: TlsLayer | undefined
  /** As the servers see them: the TLS connections, not the sockets below. */
  readonly #sockets = new Set<Socket>()
  readonly #limiter: ConnectionLimiter<Destroyable>
  readonly #proxies: TrustedProxies
  readonly #servers: readonly Omit<ConnectionServer, 'accept'>[]
  #cancelSweep: Cancel = () => {}
  #cancelSample: Cancel = () => {}
  #dropsLoggedAt = Number.NEGATIVE_INFINITY
  #drops = 0

  constructor(settings: ListenerSettings, parts: ListenerParts) {
    this.#settings = settings
    this.#parts = parts
    this.#servers = [parts.line, parts.irc, parts.frames, parts.webSocket, parts.ssh, parts.http]
    this.#proxies = new TrustedProxies(settings.trustProxy)
    const { keepAliveMs, tls, handshakeMs } = settings
    this.#tls = tls && new TlsLayer(tls, parts.clock, parts.log, handshakeMs, (code) => this.#handshakeFailed(code))
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }
    this.#server = createServer(options, this.#connected)
    // libuv silently drops connections that it cannot open (C71): keep file descriptors free for the stores, and report drops.
    this.#server.maxConnections = maxConnections(settings.connections)
    const mostUnauthenticated = Math.min(
      settings.unauthenticated,
      Math.max(FEW_UNAUTHENTICATED, this.#server.maxConnections / 4),
    )
    this.#limiter = new ConnectionLimiter(settings.connectionsPerAddress, mostUnauthenticated)
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

  /** Accepts no new connections, and no input on the present ones. */
  stopReading(): void {
    this.#server.close()
    for (const server of this.#servers) server.stopReading()
  }

  /** Tells everybody the reason, and hangs up. */
  async close(why: string): Promise<void> {
    this.stopReading()
    this.#cancelSweep()
    this.#cancelSample()
    this.#tls?.close()
    await Promise.all(this.#servers.map((server) => server.close(why, this.#settings.farewellMs)))
    // Connections of unknown protocol.
    for (const socket of this.#sockets) if (!socket.writableEnded) socket.destroy()
  }

  readonly #connected = (socket: Socket): void => {
    const from = originOf(socket, this.#tls === undefined ? 'http' : 'https')
    if (this.#parts.memory.isShort) {
      this.#dropped('the host is short of memory')
      socket.destroy()
      return
    }
    if (this.#proxies.trusts(from.address)) {
      this.#keep(socket)
      this.#connectedProxy(socket, { ...from, loopback: false })
      return
    }
    const counted = this.#count(socket, from)
    if (counted === undefined) {
      socket.destroy()
      return
    }
    socket.on('close', counted.leave)
    this.#keep(socket)
    this.#admit(socket, { ...from, known: counted.known })
  }

  /**
   * A connection from a trusted proxy may name its client first. Otherwise it belongs to the proxy, and carries requests that name
   * theirs.
   */
  #connectedProxy(socket: Socket, from: Origin): void {
    const { clock, metrics } = this.#parts
    socket.on('error', () => metrics.count('connection_errors'))
    takeProxyHeader(socket, clock, this.#settings, (header) => {
      if (header.status === 'malformed') return refuseForeign(socket, 'proxy', this.#parts)
      if (header.client === undefined) {
        this.#admit(socket, { ...from, proxy: this.#proxy })
        socket.resume()
        return
      }
      const { address, at, tls } = header.client
      const scheme = tls || this.#tls !== undefined ? 'https' : 'http'
      const told = { address, loopback: false, base: `${scheme}://${at}` }
      const counted = this.#count(socket, told)
      if (counted === undefined) return void socket.destroy()
      socket.on('close', counted.leave)
      const isProxy = this.#proxies.trusts(address)
      this.#admit(socket, { ...told, known: counted.known, ...(isProxy ? { proxy: this.#proxy } : {}) })
      socket.resume()
    })
  }

  readonly #proxy: ProxyConnection = {
    trusts: (address) => this.#proxies.trusts(address),
    enter: (address, end) => this.#count({ destroy: end }, { address, loopback: false }),
  }

  /** Counts a connection of an address until `leave`; undefined if there are too many. */
  #count(connection: Destroyable, { address, loopback }: Origin): ProxiedRequest | undefined {
    const as = loopback && !this.#settings.unauthenticatedOnLoopback ? 'authenticated' : 'unauthenticated'
    const counted = this.#limiter.enter(connection, address, as, loopback)
    if (counted.status === 'full') {
      this.#dropped('one address has all the connections it may have')
      return undefined
    }
    if (counted.evicted !== undefined) {
      this.#dropped('too many are unauthenticated')
      counted.evicted.destroy()
    }
    return {
      known: () => this.#limiter.authenticate(connection, address),
      leave: () => this.#limiter.leave(connection, address),
    }
  }

  #admit(socket: Socket, from: Parameters<typeof admit>[1]): void {
    const { silentMs } = this.#settings
    const tls = this.#tls
    if (tls === undefined) {
      admit(socket, from, silentMs, this.#parts)
      return
    }
    const { clock, metrics } = this.#parts
    socket.on('error', () => metrics.count('connection_errors'))
    detectProtocol(socket, clock, silentMs, ({ verdict, head }) => {
      // SSH has its own encryption.
      if (verdict === 'ssh') return this.#parts.ssh.accept({ connection: socket, ...from, head })
      if (verdict !== 'tls') {
        const at = from.base?.replace('https://', '') ?? 'this address'
        return refusePlain(socket, { verdict, head }, at, this.#parts)
      }
      metrics.count('connections_tls')
      tls.secure(socket, head, (secure) => {
        this.#forget(socket)
        this.#keep(secure)
        admit(secure, from, silentMs, this.#parts)
      })
    })
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    this.#parts.metrics.gauge('connections', this.#sockets.size)
    // `once` would keep a wrapper for each connection, and the event comes once anyway.
    socket.on('close', () => this.#forget(socket))
  }

  #forget(socket: Socket): void {
    this.#sockets.delete(socket)
    this.#parts.metrics.gauge('connections', this.#sockets.size)
  }

  #handshakeFailed(code: string): void {
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
    // Better to lose the client that is furthest behind, and can resume, than everybody (C81).
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

interface Destroyable {
  destroy(): unknown
}

/** The origin of a connection. */
type Origin = Pick<IncomingConnection, 'address' | 'loopback' | 'base'>

interface SubnetConnections<Connection> {
  readonly authenticated: Set<Connection>
  /** Oldest first. */
  readonly unauthenticated: Set<Connection>
}

/** The outcome for a new connection: counted, perhaps in place of another one. */
type Counted<Connection> = { readonly status: 'counted'; readonly evicted?: Connection } | { readonly status: 'full' }

/**
 * Counts the connections of each subnet, and all unauthenticated ones. If there are too many, the oldest unauthenticated connection of
 * the subnet with most of them makes place for the next: so clients with the right credentials get to show them, whatever others at the
 * same address do. Loopback belongs to this machine's own people, who may have any number.
 */
export class ConnectionLimiter<Connection> {
  readonly #most: number
  readonly #mostUnauthenticated: number
  readonly #subnets = new Map<string, SubnetConnections<Connection>>()
  #unauthenticated = 0

  /** `most` for each subnet; `mostUnauthenticated` for all together. */
  constructor(most: number, mostUnauthenticated: number) {
    this.#most = most
    this.#mostUnauthenticated = mostUnauthenticated
  }

  /** `ours`: from this machine's own people, who may have any number. */
  enter(
    connection: Connection,
    address: string,
    as: 'unauthenticated' | 'authenticated',
    ours = isLoopback(address),
  ): Counted<Connection> {
    const key = subnetOf(address)
    const subnet = this.#subnets.get(key) ?? { authenticated: new Set(), unauthenticated: new Set() }
    const { authenticated, unauthenticated } = subnet
    const isFull = !ours && authenticated.size + unauthenticated.size >= this.#most
    const from = isFull ? subnet : this.#crowded(as)
    const [evicted] = from?.unauthenticated ?? []
    if (from !== undefined && evicted === undefined) return { status: 'full' }
    if (evicted !== undefined) this.#forget(evicted, from)
    this.#subnets.set(key, subnet)
    subnet[as].add(connection)
    if (as === 'unauthenticated') this.#unauthenticated++
    return evicted === undefined ? { status: 'counted' } : { status: 'counted', evicted }
  }

  /** From now on it makes place for no other. */
  authenticate(connection: Connection, address: string): void {
    const subnet = this.#subnets.get(subnetOf(address))
    if (subnet?.unauthenticated.delete(connection) !== true) return
    this.#unauthenticated--
    subnet.authenticated.add(connection)
  }

  leave(connection: Connection, address: string): void {
    const key = subnetOf(address)
    const subnet = this.#subnets.get(key)
    this.#forget(connection, subnet)
    if (subnet?.authenticated.size === 0 && subnet.unauthenticated.size === 0) this.#subnets.delete(key)
  }

  #forget(connection: Connection, subnet: SubnetConnections<Connection> | undefined): void {
    if (subnet?.unauthenticated.delete(connection) === true) this.#unauthenticated--
    else subnet?.authenticated.delete(connection)
  }

  /** The subnet whose oldest unauthenticated connection has to make place; undefined if there is none. */
  #crowded(as: 'unauthenticated' | 'authenticated'): SubnetConnections<Connection> | undefined {
    if (as === 'authenticated' || this.#unauthenticated < this.#mostUnauthenticated) return undefined
    let most: SubnetConnections<Connection> = { authenticated: new Set(), unauthenticated: new Set() }
    for (const each of this.#subnets.values()) if (each.unauthenticated.size > most.unauthenticated.size) most = each
    return most
  }
}

/** File descriptors for the stores, for transfers, and for the process itself. */
const RESERVED_FILES = 256

/** The number of connections that may be open: the wanted number, unless the process may have fewer file descriptors. */
export function maxConnections(wanted: number): number {
  const limit = openFileLimit()
  return limit === undefined
    ? wanted
    : Math.max(16, Math.min(wanted, limit - Math.min(RESERVED_FILES, Math.floor(limit / 2))))
}

/** The soft limit of this process, if the system tells it (Linux). */
function openFileLimit(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return found?.[1] === undefined ? undefined : Number(found[1])
  } catch {
    // Not Linux: nothing tells the limit.
    return undefined
  }
}
