import type { Duplex } from 'node:stream'
import type { Clock } from '#domain/ports/clock.ts'

const GRACE_MS = 2000

/**
 * Ends a connection after what was written to it. What still comes in is read over until the peer ends too, or for `graceMs`:
 * closing on unread bytes would reset the connection, and the peer might lose our last words.
 */
export function hangUp(connection: Duplex, clock: Clock, graceMs = GRACE_MS): void {
  if (connection.destroyed) return
  readOver(connection)
  const cancel = clock.after(graceMs, () => connection.destroy())
  connection.once('close', cancel)
  connection.once('end', () => {
    if (connection.writableFinished) connection.destroy()
    else connection.once('finish', () => connection.destroy())
  })
  connection.end()
}

/** Nothing that still comes in is for anybody. */
export function readOver(connection: Duplex): void {
  connection.removeAllListeners('data')
  connection.on('data', () => {})
  connection.resume()
}

declare module 'node:stream' {
  interface Duplex {
    /** Of sockets: what Node calls behind the last thing that it writes to one. */
    destroySoon?(): void
  }
}
