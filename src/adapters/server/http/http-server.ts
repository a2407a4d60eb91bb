import { setMaxListeners } from 'node:events'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { pause } from '#domain/async/backoff.ts'
import type { Cancel } from '#domain/ports/system.ts'
import { hangUp } from '../connection/hang-up.ts'
import type { Browsed, ConnectionServer, IncomingConnection } from '../connection/incoming-connection.ts'
import { originOf } from '../connection/origin-of.ts'
import { application } from './application.ts'
import { HttpConnection } from './connection.ts'
import { type Refusal, refuseRaw } from './errors.ts'
import { GuestNames } from './guest-names.ts'
import type { ServedRoute } from './near-misses.ts'
import { headFault, httpServer } from './node-server.ts'
import { type IsOurs, originFault, ownNames } from './origin.ts'
import type { HttpParts, HttpServerParts } from './parts.ts'
import { Rates } from './rates.ts'
import { straighten } from './target.ts'

const WATCH_MS = 1000

/** Where curl, browsers and programs come in: `docs/http.md`. */
export class HttpServer implements ConnectionServer, Browsed {
  readonly #parts: HttpParts
  readonly #closing = new AbortController()
  readonly #connections = new Map<Duplex, HttpConnection>()
  readonly #routes: ServedRoute[] = []
  readonly #isOurs: IsOurs
  readonly #server: Server
  readonly #app: FastifyInstance
  #handle: (request: IncomingMessage, response: ServerResponse) => void = () => {}
  #status: 'open' | 'closing' = 'open'
  #cancelWatch: Cancel = () => {}

  constructor(parts: HttpServerParts) {
    const { engine, clock, settings } = parts
    setMaxListeners(0, this.#closing.signal)
    this.#isOurs = ownNames(settings.hostNames)
    this.#parts = {
      ...parts,
      names: new GuestNames(engine),
      rates: new Rates(clock, settings),
      closing: this.#closing.signal,
      visitorOf: (request) => this.#of(request.socket).incoming,
    }
    const fail = (connection: Duplex, why: Refusal) => this.#of(connection).fail(why)
    const upgrades = {
      wants: (request: IncomingMessage) => {
        straighten(request)
        return this.#parts.webSockets.wants(request)
      },
      take: (request: IncomingMessage, connection: Duplex, head: Buffer) => this.#upgrade(request, connection, head),
    }
    const handle: RequestListener = (request, response) => this.#take(request, response)
    this.#server = httpServer(settings, fail, handle, upgrades)
    this.#app = application(this.#parts, this.#routes, (handle) => {
      this.#handle = handle
      return this.#server
    })
  }

  /** To be awaited before anybody is welcome. */
  async open(): Promise<void> {
    await this.#app.ready()
    this.#watch()
  }

  /** What it serves, once it is open. */
  get routes(): readonly ServedRoute[] {
    return this.#routes
  }

  serves(address: string): boolean {
    for (const { incoming } of this.#connections.values()) if (incoming.address === address) return true
    return false
  }

  accept(incoming: IncomingConnection): void {
    const { connection, head } = incoming
    const { clock, settings, log } = this.#parts
    this.#connections.set(connection, new HttpConnection(incoming, clock, settings))
    connection.once('close', () => this.#connections.delete(connection))
    connection.on('error', (error) => {
      log.info('a connection broke', { error: 'code' in error ? String(error.code) : error.message })
    })
    // Node destroys a connection behind its last answer: what still came in by then would reset it, and take the answer away.
    connection.destroySoon = () => hangUp(connection, clock)
    connection.unshift(head)
    this.#server.emit('connection', connection)
    connection.resume()
  }

  /** Answers a request that another server took, where it is for the rooms or their files; false where it is not. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const { page } = this.#parts
    if (!(page === undefined ? ROOMS : ROOMS_AND_PAGE).test(request.url ?? '')) return false
    this.#lent(request.socket)
    this.#take(request, response)
    return true
  }

  /** The same for a request to speak another protocol. */
  serveUpgrade(request: IncomingMessage, connection: Socket, head: Buffer): boolean {
    if (!this.#parts.webSockets.wants(request)) return false
    this.#lent(connection)
    const fault = this.#upgrade(request, connection, head)
    if (fault !== undefined) this.#of(connection).fail(fault)
    return true
  }

  stopReading(): void {
    this.#status = 'closing'
    this.#server.closeIdleConnections()
  }

  /** Streams end, and what else is being answered has `ms` for it. */
  async close(_why: string, ms: number): Promise<void> {
    this.stopReading()
    this.#closing.abort()
    const all = [...this.#connections.values()]
    const late = pause(this.#parts.clock, ms)
    await Promise.race([late, Promise.all(all.map((connection) => connection.settled()))])
    for (const connection of this.#connections.values()) connection.end()
    this.#cancelWatch()
    // Only lets go of what looks for slow requests: there is no port to close.
    this.#server.close()
    await this.#app.close()
  }

  sweep(ms: number): void {
    const now = this.#parts.clock.elapsed()
    for (const connection of this.#connections.values()) connection.sweep(now, ms)
    this.#parts.rates.sweep()
    this.#parts.accessControl.sweep()
  }

  #lent(connection: Socket): void {
    if (this.#connections.has(connection)) return
    const { clock, settings } = this.#parts
    const incoming = { connection, ...originOf(connection), head: Buffer.alloc(0) }
    this.#connections.set(connection, new HttpConnection(incoming, clock, settings))
    connection.once('close', () => this.#connections.delete(connection))
  }

  #of(connection: Duplex): HttpConnection {
    const found = this.#connections.get(connection)
    if (found === undefined) throw new Error('a request came from a connection that was not welcomed')
    return found
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    straighten(request)
    const connection = this.#connections.get(request.socket)
    connection?.serve(request, response, () => {
      const fault = this.#fault(request)
      // Node drops what came behind one that asks for another protocol.
      if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false
      if (fault === undefined) return this.#handle(request, response)
      // Nothing that such a connection goes on to say is for us.
      response.shouldKeepAlive = false
      refuseRaw(response, fault)
    })
  }

  /** Answers what is wrong with it; nothing where it is a WebSocket from now on. */
  #upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): Refusal | undefined {
    const { incoming, busy } = this.#of(connection)
    const fault = busy ? tooEarly : this.#fault(request)
    if (fault !== undefined) return fault
    this.#connections.delete(connection)
    this.#parts.webSockets.upgrade(request, { ...incoming, head })
    return undefined
  }

  /** What holds on all paths, whatever is behind them. */
  #fault(request: IncomingMessage): Refusal | undefined {
    const { headers } = this.#parts.settings
    if (this.#status === 'closing') return closed
    return headFault(request, headers) ?? originFault(request, this.#isOurs)
  }

  #watch(): void {
    const now = this.#parts.clock.elapsed()
    for (const connection of this.#connections.values()) connection.watch(now)
    this.#cancelWatch = this.#parts.clock.after(WATCH_MS, () => this.#watch())
  }
}

/** What it serves where it has no port of its own, without and with a page. */
const ROOMS = /^\/(?:rooms|files)(?:[/?]|$)/
const ROOMS_AND_PAGE = /^\/(?:(?:rooms|files|assets)(?:[/?]|$)|\?|$)/
const tooEarly: Refusal = { code: 'BAD_REQUEST', message: 'what was asked for before is not answered yet' }
const closed: Refusal = { code: 'CLOSED', message: 'the host stops; ask again in a moment' }
