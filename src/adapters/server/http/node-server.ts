import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Refusal } from './errors.ts'
import type { HttpSettings } from './settings.ts'

/** What becomes of requests to speak another protocol from then on. */
export interface Upgrades {
  /** Whether it is one that this host has; others are answered as if they had not asked. */
  wants(request: IncomingMessage): boolean
  /** Answers why the connection does not become one of that protocol. */
  take(request: IncomingMessage, connection: Duplex, head: Buffer): Refusal | undefined
}

/**
 * Node's HTTP server without a port of its own: connections are given to it with `emit('connection')`. `fail` hears of what came on one of
 * them and is no request, or none for us.
 */
export function httpServer(
  settings: HttpSettings,
  fail: (connection: Duplex, why: Refusal) => void,
  handle: RequestListener,
  upgrades: Upgrades,
): Server {
  const server = createServer(
    {
      maxHeaderSize: settings.headBytes,
      headersTimeout: settings.headMs,
      connectionsCheckingInterval: Math.max(10, Math.min(1000, settings.headMs / 2)),
      // Bodies are held to their progress instead, so that a long one has its time.
      requestTimeout: 0,
      keepAliveTimeout: settings.idleMs,
      insecureHTTPParser: false,
      shouldUpgradeCallback: (request) => upgrades.wants(request),
    },
    handle,
  )
  // One more than allowed: what is over is left out, and should be seen.
  server.maxHeadersCount = settings.headers + 1
  // Who has ended its own side still wants the answer.
  Object.assign(server, { httpAllowHalfOpen: true })
  // Otherwise Node says "go on" before we have looked at the request.
  server.on('checkContinue', handle)
  server.on('checkExpectation', handle)
  server.on('connect', (_request, connection) => fail(connection, noTunnel))
  server.on('upgrade', (request, connection, head) => {
    // Before Node 24.9 whoever asks for any protocol comes here.
    const fault = upgrades.wants(request) ? upgrades.take(request, connection, head) : otherProtocol
    if (fault !== undefined) fail(connection, fault)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, connection) => {
    // What broke the connection itself leaves nobody to answer.
    if (!connection.destroyed) fail(connection, faultOf(error))
  })
  // Node begins to look for requests that take too long when a server listens; this one never does.
  server.emit('listening')
  return server
}

/** What is wrong with a request that Node understood. */
export function headFault(request: IncomingMessage, most: number): Refusal | undefined {
  const { rawHeaders, httpVersion, headers, method = '' } = request
  if (rawHeaders.length > 2 * most) return tooManyHeaders
  if (httpVersion !== '1.0' && httpVersion !== '1.1') return malformed
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length > 1) return malformed
  const { expect, 'transfer-encoding': coding, 'content-length': length } = headers
  // Its body would be taken for none (RFC 1945 section 7.2.2).
  if (httpVersion === '1.0' && /^(?:PUT|POST|PATCH)$/.test(method) && length === undefined) return noLength
  if (expect !== undefined && httpVersion === '1.1' && expect.toLowerCase() !== '100-continue') return badExpectation
  return coding === undefined || coding.toLowerCase() === 'chunked' ? undefined : malformed
}

function faultOf({ code }: NodeJS.ErrnoException): Refusal {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { code: 'TIMEOUT', message: 'the head of this request took too long' }
    case 'HPE_HEADER_OVERFLOW':
      return { code: 'HEAD_TOO_LARGE', message: 'the head of this request is too large' }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { code: 'TOO_LARGE', message: 'the chunks of this request say too much beside their bytes' }
    default:
      return malformed
  }
}

const malformed: Refusal = { code: 'BAD_REQUEST', message: 'this is no HTTP/1.1 request that can be understood' }
const noLength: Refusal = { code: 'BAD_REQUEST', message: 'HTTP/1.0 needs a Content-Length for what it sends' }
const tooManyHeaders: Refusal = { code: 'HEAD_TOO_LARGE', message: 'this request has too many headers' }
const badExpectation: Refusal = { code: 'BAD_EXPECTATION', message: 'only 100-continue can be expected' }
const otherProtocol: Refusal = { code: 'BAD_REQUEST', message: 'this host has no such protocol' }
const noTunnel: Refusal = { code: 'METHOD_NOT_ALLOWED', message: 'this host is no proxy' }
