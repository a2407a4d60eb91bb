import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { rejected } from '#domain/errors.ts'
import type { Clock, Log, Metrics } from '#domain/ports/system.ts'
import { joinFrame } from '#protocol/frames.ts'
import { encodeMessage } from '#protocol/messages.ts'
import { hangUp } from '../connection/idle.ts'
import type { Browsed, ConnectionServer, IncomingConnection } from '../connection/incoming-connection.ts'
import { rawRefusal } from '../http/errors.ts'
import { type Detected, detectProtocol } from './detect-protocol.ts'

/** The servers of all protocols. */
export interface Servers {
  /** The base path of the host's addresses; empty without one. */
  readonly basePath: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly line: ConnectionServer
  readonly http: ConnectionServer & Pick<Browsed, 'serves'>
  readonly frames: ConnectionServer
  readonly irc: ConnectionServer
  readonly ssh: ConnectionServer
}

/** A client of a busy machine, or with a lost first packet, sends something within this many times a line client's silence. */
const LATE = 5

/** Detects a connection's protocol by its first bytes and hands it to that server; one silent for `silentMs` belongs to a line client. */
export function admit(
  connection: Duplex,
  from: Omit<IncomingConnection, 'connection' | 'head'>,
  silentMs: number,
  servers: Servers,
): void {
  const { basePath, clock, frames, http, irc, line, metrics, ssh } = servers
  // Until a server takes over, nobody needs to know about a broken connection; afterwards the server reports it.
  connection.on('error', () => metrics.count('connection_errors'))
  const mayBeBrowser = () => http.serves(from.address)
  const hiddenMs = () => (mayBeBrowser() ? Number.POSITIVE_INFINITY : LATE * silentMs)
  const accept = ({ verdict, head }: Detected) => {
    metrics.count(`connections_${verdict}`)
    const incoming = { connection, ...from, ...(from.base && { base: from.base + basePath }), head }
    switch (verdict) {
      case 'line':
        line.accept({ ...incoming, ...(head.length === 0 && { hiddenMs: hiddenMs() }) })
        break
      case 'http':
        http.accept(incoming)
        break
      case 'frames':
        frames.accept(incoming)
        break
      case 'irc':
        irc.accept(incoming)
        break
      case 'ssh':
        ssh.accept(incoming)
        break
      case 'tls':
      case 'binary':
      case 'foreign':
        refuseForeign(connection, verdict, servers)
        break
      default:
        verdict satisfies never
    }
  }
  detectProtocol(connection, clock, silentMs, accept, mayBeBrowser)
}

/** Closes a connection of an unknown protocol. It does not read text, so it is told nothing, and nothing it sent goes anywhere else. */
export function refuseForeign(
  connection: Duplex,
  protocol: string,
  { clock, log }: Pick<Servers, 'clock' | 'log'>,
): void {
  log.info('refused a connection of another protocol', { protocol })
  hangUp(connection, clock)
}

/**
 * Closes a connection without TLS to a host that requires it, and says so in the client's protocol. Nothing that it sent gets in (C123).
 * `at` is the address that it used.
 */
export function refusePlain(
  socket: Socket,
  { verdict, head }: { readonly verdict: Exclude<Detected['verdict'], 'tls' | 'ssh'>; readonly head: Buffer },
  at: string,
  servers: Pick<Servers, 'clock' | 'log' | 'metrics'>,
): void {
  if (verdict === 'binary' || verdict === 'foreign') {
    refuseForeign(socket, verdict, servers)
    return
  }
  servers.metrics.count('connections_plain')
  socket.write((verdict === 'http' ? pageOverTls(head) : undefined) ?? plainRefusal(verdict, at))
  hangUp(socket, servers.clock)
}

const CODE = 'TLS_REQUIRED'

/** The TLS address of the page that a browser asked for without TLS. Not to be cached: the host may run without TLS another day. */
function pageOverTls(head: Buffer): string | undefined {
  const text = head.toString('latin1')
  const [, target] = /^(?:GET|HEAD) (\/[\x21-\x7e]*) HTTP\/1\.1\r\n/.exec(text) ?? []
  const [, host] = /\r\nhost: *([\w.:[\]-]+) *\r\n/i.exec(text) ?? []
  if (target === undefined || host === undefined || !/\r\naccept:[^\r\n]*\btext\/html\b/i.test(text)) return undefined
  const fields = ['HTTP/1.1 308 Permanent Redirect', `Location: https://${host}${target}`, 'Cache-Control: no-store']
  return [...fields, 'Content-Length: 0', 'Connection: close', '', ''].join('\r\n')
}

function plainRefusal(protocol: 'line' | 'http' | 'frames' | 'irc', at: string): string | Uint8Array {
  switch (protocol) {
    case 'line':
      return `! ${CODE} this host speaks only TLS; come with: openssl s_client -quiet -connect ${at}\n`
    case 'http':
      return rawRefusal({ code: CODE, message: `this host speaks only TLS; ask https://${at}` })
    case 'irc':
      return `ERROR :${CODE} this host speaks only TLS; connect to ${at} with TLS\r\n`
    case 'frames':
      return joinFrame(
        encodeMessage({ ...rejected(CODE, `this host speaks only TLS; write tls://${at}`), type: 'bye' }),
      )
    default:
      return protocol satisfies never
  }
}
