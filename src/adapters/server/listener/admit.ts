import type { Duplex } from 'node:stream'
import type { Clock, Log, Metrics } from '#domain/ports/system.ts'
import { hangUp } from '../connection/hang-up.ts'
import type { Browsed, ConnectionServer, IncomingConnection } from '../connection/incoming-connection.ts'
import { sniffConnection } from './protocol-detector.ts'

/** What connections of any protocol come in by. */
export interface Entrance {
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  readonly line: ConnectionServer
  readonly http: ConnectionServer & Pick<Browsed, 'serves'>
  readonly frames: ConnectionServer
}

/** Tells a connection's protocol by its first bytes and hands it to that door; one that is silent for `silentMs` is a line client. */
export function admit(
  connection: Duplex,
  from: Omit<IncomingConnection, 'connection' | 'head'>,
  silentMs: number,
  { clock, frames, http, line, log, metrics }: Entrance,
): void {
  // Until a door takes over, a broken connection is nobody's news; afterwards the door reports it.
  connection.on('error', () => metrics.count('connection_errors'))
  sniffConnection(connection, clock, silentMs, ({ verdict, head }) => {
    metrics.count(`connections_${verdict}`)
    const incoming = { connection, ...from, head }
    switch (verdict) {
      case 'line':
        line.accept({ ...incoming, hidden: head.length === 0 && http.serves(from.address) })
        break
      case 'http':
        http.accept(incoming)
        break
      case 'frames':
        frames.accept(incoming)
        break
      case 'tls':
      case 'binary':
      case 'foreign':
        // Whatever it is, it does not read text, so it is told nothing; nothing of what it sent goes anywhere else.
        log.info('refused a connection of another protocol', { protocol: verdict })
        hangUp(connection, clock)
        break
      default:
        verdict satisfies never
    }
  })
}
