import { setMaxListeners } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { pause } from '#domain/async/backoff.ts'
import type { Cancel } from '#domain/ports/system.ts'
import { hangUp } from '../connection/idle.ts'
import type { Browsed, ConnectionServer, IncomingConnection } from '../connection/incoming-connection.ts'
import { isLoopback, originOf, schemeOf } from '../connection/incoming-connection.ts'
import { ServedBytes } from '../files/download-slots.ts'
import { type HttpContext, RequestNames, type Route } from './auth.ts'
import { HttpConnection } from './connection.ts'
import { type Refusal, refuseRaw } from './errors.ts'
import { OpenFolders } from './files/open-folders.ts'
import { type ForwardedFault, forwardedOf, type RequestOrigin } from './forwarded.ts'
import { belowBase, headFault, type IsOurs, malformed, originFault, ownNames, straighten } from './request-checks.ts'
import { RequestRates } from './request-rates.ts'
import type { HttpServerParts, HttpSettings } from './settings.ts'
import { streamFormats } from './stream-formats.ts'

const WATCH_MS = 1000
type Handle = (request: IncomingMessage, response: ServerResponse) => void

/** The server for curl, browsers and programs: `docs/reference/http.md`. It has no port of its own: it is given connections. */
export class HttpServer implements ConnectionServer, Browsed {
  readonly #context: HttpContext
  readonly #closing = new AbortController()
  readonly #connections = new Map<Duplex, HttpConnection>()
  /** The origins of requests that came through a trusted proxy. */
  readonly #proxied = new WeakMap<IncomingMessage, RequestOrigin>()
  readonly #isOurs: IsOurs
  readonly #server: Server
  #app: FastifyInstance | undefined
  #routes: readonly Route[] = []
  #opening: Promise<void> | undefined
  #handle: Handle = (request, response) => void this.#openFor(request, response)
  #status: 'open' | 'closing' = 'open'
  #cancelWatch: Cancel | undefined

  constructor(parts: HttpServerParts) {
    const { engine, clock, settings } = parts
    setMaxListeners(0, this.#closing.signal)
    this.#isOurs = ownNames(settings.hostNames)
    this.#context = {
      ...parts,
      names: new RequestNames(engine),
      rates: new RequestRates(clock, settings),
      served: new ServedBytes(),
      folders: new OpenFolders(),
      streamFormats: streamFormats(settings.basePath),
      closing: this.#closing.signal,
      originOf: (request) => this.#originOf(request),
    }
    this.#server = this.#nodeServer(settings)
  }

  /**
   * Loads the modules that answer requests. The first request does so too, and waits for it; a start does not, nor does a host without
   * browsers.
   */
  open(): Promise<void> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  /** The table of all its routes, once it is open. */
  get routes(): readonly Route[] {
    return this.#routes
  }

  serves(address: string): boolean {
    for (const { incoming } of this.#connections.values()) if (incoming.address === address) return true
    return false
  }

  accept(incoming: IncomingConnection): void {
    const { connection, head } = incoming
    const { clock, log } = this.#context
    this.#keep(incoming)
    connection.on('error', (error) => {
      log.info('a connection broke', { error: 'code' in error ? String(error.code) : error.message })
    })
    // Node destroys a connection after its last answer: bytes still arriving would reset it, and the answer would be lost.
    connection.destroySoon = () => hangUp(connection, clock)
    connection.unshift(head)
    this.#server.emit('connection', connection)
    connection.resume()
  }

  /** Answers a request received by another server, if it is for rooms or files; false otherwise. */
  serve(request: IncomingMessage, response: ServerResponse): boolean {
    const { page, settings } = this.#context
    const target = belowBase(request.url ?? '', settings.basePath)
    if (!(page === undefined ? ROOMS : ROOMS_AND_PAGE).test(target)) return false
    this.#borrow(request.socket)
    this.#take(request, response)
    return true
  }

  /** The same for a request to switch protocols. */
  serveUpgrade(request: IncomingMessage, connection: Socket, head: Buffer): boolean {
    const { settings, webSockets } = this.#context
    const { headers, method, url = '' } = request
    if (!webSockets.wants({ headers, url: belowBase(url, settings.basePath), ...(method && { method }) })) return false
    this.#borrow(connection)
    this.#upgrade(request, connection, head)
    return true
  }

  stopReading(): void {
    this.#status = 'closing'
    this.#server.closeIdleConnections()
  }

  /** Streams end, and other answers have `ms` for their rest. */
  async close(_why: string, ms: number): Promise<void> {
    this.stopReading()
    this.#closing.abort()
    const all = [...this.#connections.values()]
    const late = pause(this.#context.clock, ms)
    await Promise.race([late, Promise.all(all.map((connection) => connection.settled()))])
    for (const connection of this.#connections.values()) connection.end()
    this.#cancelWatch?.()
    // Only ends the search for slow requests: there is no port to close.
    this.#server.close()
    await this.#opening?.catch(() => {})
    await this.#app?.close()
  }

  sweep(ms: number): void {
    const now = this.#context.clock.elapsed()
    for (const connection of this.#connections.values()) connection.sweep(now, ms)
    this.#context.rates.sweep()
    this.#context.accessControl.sweep()
  }

  async #open(): Promise<void> {
    const { application } = await import('./routes.ts')
    let handle = this.#handle
    const { app, routes } = await application(this.#context, (made) => {
      handle = made
      return this.#server
    })
    this.#app = app
    this.#routes = routes
    this.#handle = handle
  }

  async #openFor(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.open()
    } catch (error) {
      this.#context.log.error('what answers requests could not be loaded', { error: String(error) })
      response.destroy()
    }
    if (!response.destroyed) this.#handle(request, response)
  }

  /** Node's HTTP server without a port: it is given connections with `emit('connection')`. */
  #nodeServer(settings: HttpSettings): Server {
    const { webSockets } = this.#context
    const handle = (request: IncomingMessage, response: ServerResponse) => this.#take(request, response)
    const wants = (request: IncomingMessage) => {
      straighten(request, settings.basePath)
      return webSockets.wants(request)
    }
    const server = createServer(
      {
        maxHeaderSize: settings.headBytes,
        headersTimeout: settings.headMs,
        connectionsCheckingInterval: Math.max(10, Math.min(1000, settings.headMs / 2)),
        // Bodies are limited by their progress instead, so that a long one has its time.
        requestTimeout: 0,
        keepAliveTimeout: settings.idleMs,
        insecureHTTPParser: false,
        shouldUpgradeCallback: wants,
      },
      handle,
    )
    // One more than allowed, since Node drops the rest, and we want to notice.
    server.maxHeadersCount = settings.headers + 1
    // A client that has ended its own side still wants the answer.
    Object.assign(server, { httpAllowHalfOpen: true })
    // Otherwise Node sends "continue" before we have seen the request.
    server.on('checkContinue', handle)
    server.on('checkExpectation', handle)
    server.on('connect', (_request, connection) => this.#connectionOf(connection).fail(noTunnel))
    server.on('upgrade', (request, connection, head) => {
      // Before Node 24.9, a request for any protocol comes here.
      if (wants(request)) this.#upgrade(request, connection, head)
      else this.#connectionOf(connection).fail(otherProtocol)
    })
    server.on('clientError', (error: NodeJS.ErrnoException, connection) => {
      // After an error of the connection itself, nobody is left to answer.
      if (!connection.destroyed) this.#connectionOf(connection).fail(faultOf(error))
    })
    // Node begins to look for slow requests when a server listens, which this one never does.
    server.emit('listening')
    return server
  }

  #keep(incoming: IncomingConnection): void {
    const { connection } = incoming
    const { clock, settings } = this.#context
    if (this.#cancelWatch === undefined) this.#watch()
    this.#connections.set(connection, new HttpConnection(incoming, clock, settings))
    connection.once('close', () => this.#connections.delete(connection))
  }

  /** Takes in a connection of another server. */
  #borrow(connection: Socket): void {
    if (!this.#connections.has(connection)) this.#keep({ connection, ...originOf(connection), head: Buffer.alloc(0) })
  }

  #connectionOf(connection: Duplex): HttpConnection {
    const found = this.#connections.get(connection)
    if (found === undefined) throw new Error('a request came from a connection that was not accepted')
    return found
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    straighten(request, this.#context.settings.basePath)
    const connection = this.#connections.get(request.socket)
    connection?.serve(request, response, () => {
      const fault = this.#fault(request) ?? this.#count(request, response)
      // Node drops requests after one that switches protocols.
      if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false
      if (fault === undefined) {
        if (this.#context.nodes?.serve(request, response) !== true) this.#handle(request, response)
        return
      }
      // Nothing else on such a connection is for us.
      response.shouldKeepAlive = false
      refuseRaw(response, fault)
    })
  }

  /** Makes it a WebSocket, or fails. */
  #upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    const found = this.#connectionOf(connection)
    const fault = found.busy ? tooEarly : (this.#fault(request) ?? this.#count(request, connection))
    if (fault !== undefined) {
      found.fail(fault)
      return
    }
    const { incoming } = this.#originOf(request)
    this.#connections.delete(connection)
    this.#context.webSockets.upgrade(request, { ...incoming, head })
  }

  /** Counts a request through a proxy as a connection of its client, until its answer or its connection has ended. */
  #count(request: IncomingMessage, answer: ServerResponse | Duplex): Refusal | undefined {
    const origin = this.#proxied.get(request)
    if (origin?.incoming.proxy === undefined) return undefined
    const { incoming } = origin
    const place = incoming.proxy?.enter(incoming.address, () => request.socket.destroy())
    if (place === undefined) return tooManyConnections
    answer.once('close', () => place.leave())
    this.#proxied.set(request, { ...origin, incoming: { ...incoming, known: () => place.known() } })
    return undefined
  }

  #originOf(request: IncomingMessage): RequestOrigin {
    const { incoming } = this.#connectionOf(request.socket)
    return this.#proxied.get(request) ?? { incoming, scheme: schemeOf(incoming), host: request.headers.host }
  }

  /** Reads what a trusted proxy says about the request. */
  #readForwarded(request: IncomingMessage): Refusal | undefined {
    const origin = this.#originOf(request)
    const { proxy } = origin.incoming
    const client = this.#context.nodes?.clientOf(request)
    if (client !== undefined) origin.incoming.known?.()
    if (client !== undefined && client !== '') {
      const incoming = { ...origin.incoming, address: client, loopback: isLoopback(client) }
      this.#proxied.set(request, { ...origin, incoming })
      return undefined
    }
    if (proxy === undefined) return undefined
    const forwarded = forwardedOf(request.headers, proxy.trusts)
    if ('fault' in forwarded) return FORWARDED_FAULTS[forwarded.fault]
    const { address = origin.incoming.address, scheme = origin.scheme, host = origin.host } = forwarded
    this.#proxied.set(request, { incoming: { ...origin.incoming, address }, scheme, host })
    return undefined
  }

  /** The fault of a request, whatever its path. */
  #fault(request: IncomingMessage): Refusal | undefined {
    const { headers } = this.#context.settings
    if (this.#status === 'closing') return closed
    return (
      headFault(request, headers) ??
      this.#readForwarded(request) ??
      originFault(request, this.#originOf(request), this.#isOurs)
    )
  }

  #watch(): void {
    const now = this.#context.clock.elapsed()
    for (const connection of this.#connections.values()) connection.watch(now)
    this.#cancelWatch = this.#context.clock.after(WATCH_MS, () => this.#watch())
  }
}

/** The addresses that it serves without a port of its own, without and with a page. */
const ROOMS = /^\/(?:rooms|files)(?:[/?]|$)/
const ROOMS_AND_PAGE = /^\/(?:(?:rooms|files|assets)(?:[/?]|$)|\?|$)/

function faultOf({ code }: NodeJS.ErrnoException): Refusal {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'TIMEOUT', message: 'the head of this request took too long; send it in one go' }
    case 'HPE_HEADER_OVERFLOW':
      return {
        code: 'HEAD_TOO_LARGE',
        message: 'the head of this request is too large; send a shorter address and fewer headers',
      }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return {
        code: 'TOO_LARGE',
        message: 'the chunk extensions of this request are too large; send chunks without them',
      }
    default:
      return malformed
  }
}

const FORWARDED_FAULTS: Readonly<Record<ForwardedFault, Refusal>> = {
  malformed: {
    code: 'BAD_REQUEST',
    message: 'the proxy tells no client that can be read; have it set X-Forwarded-For to the address of its client',
  },
  contradictory: {
    code: 'BAD_REQUEST',
    message: 'X-Forwarded-For and Forwarded name different clients; have the proxy remove the one that it does not set',
  },
}
const tooManyConnections: Refusal = {
  code: 'BUSY',
  message: 'this address has all the connections it may have; close some, then ask again',
}
const tooEarly: Refusal = {
  code: 'BAD_REQUEST',
  message: 'an earlier request on this connection is not answered yet; wait for its answer, then upgrade',
}
const closed: Refusal = { code: 'CLOSED', message: 'the host stops; ask again in a moment' }
const otherProtocol: Refusal = { code: 'BAD_REQUEST', message: 'this host has no such protocol; /ws is for WebSockets' }
const noTunnel: Refusal = { code: 'METHOD_NOT_ALLOWED', message: 'this host is no proxy; ask for its own addresses' }
