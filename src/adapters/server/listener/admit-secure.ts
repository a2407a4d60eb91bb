import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { hangUp } from '../connection/hang-up.ts'
import { hereOf, originOf } from '../connection/origin-of.ts'
import { admit, type Entrance } from './admit.ts'
import { refusePlain } from './plain-refusal.ts'
import { sniffConnection } from './protocol-detector.ts'
import type { TlsLayer } from './tls.ts'

/**
 * Lets in what speaks TLS, to the door of what it says within; what comes in plain is told so and goes nowhere (C123). `secured` hears of
 * each connection that the doors have in place of its socket.
 */
export function admitSecure(
  socket: Socket,
  tls: TlsLayer,
  silentMs: number,
  entrance: Entrance,
  known: () => void,
  secured: (secure: TLSSocket) => void,
): void {
  const { clock, log, metrics } = entrance
  socket.on('error', () => metrics.count('connection_errors'))
  sniffConnection(socket, clock, silentMs, ({ verdict, head }) => {
    switch (verdict) {
      case 'tls':
        metrics.count('connections_tls')
        tls.secure(socket, head, (secure) => {
          secured(secure)
          admit(secure, { ...originOf(secure), known }, silentMs, entrance)
        })
        break
      case 'line':
      case 'http':
      case 'frames':
        metrics.count('connections_plain')
        refusePlain(socket, verdict, hereOf(socket) ?? 'this address', clock)
        break
      case 'binary':
      case 'foreign':
        log.info('refused a connection of another protocol', { protocol: verdict })
        hangUp(socket, clock)
        break
      default:
        verdict satisfies never
    }
  })
}
