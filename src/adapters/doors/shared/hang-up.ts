import type { Duplex } from 'node:stream'
import type { Clock } from '../../../domain/ports/clock.ts'

const GRACE_MS = 2000

/**
 * Ends a connection after what was written to it. What still comes in is read over until the peer ends too, or for two
 * seconds: closing on unread bytes would reset the connection, and the peer might lose our last words.
 */
export function hangUp(connection: Duplex, clock: Clock): void {
  if (connection.destroyed) return
  connection.removeAllListeners('data')
  connection.on('data', () => {})
  connection.resume()
  const cancel = clock.after(GRACE_MS, () => connection.destroy())
  connection.once('close', cancel)
  connection.once('end', () => connection.destroySoon?.())
  connection.end()
}

declare module 'node:stream' {
  interface Duplex {
    /** Of sockets: destroys once everything is written. */
    destroySoon?(): void
  }
}
