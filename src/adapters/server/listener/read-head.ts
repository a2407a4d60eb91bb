import type { Duplex } from 'node:stream'
import type { Cancel, Clock } from '#domain/ports/system.ts'

/** Interprets the first bytes of a connection; `undefined` if that is impossible. */
export interface HeadReader<T extends object> {
  /** Called with the bytes so far, each time more arrive; undefined: more are needed. */
  read(head: Buffer): T | undefined
  /** Called when time is up. A number: wait that many more milliseconds; undefined: close the connection. */
  late(head: Buffer): T | number | undefined
  /** Called when the peer has ended its side; undefined: close the connection. */
  ended(head: Buffer): T | undefined
}

/**
 * Reads just enough of a new connection to interpret it, and leaves it paused. `done` is called once, in the same tick, and never if the
 * connection closes first: a promise would be late for a client that ends its side with the same bytes.
 */
export function readHead<T extends object>(
  connection: Duplex,
  clock: Clock,
  ms: number,
  reader: HeadReader<T>,
  done: (found: T, head: Buffer) => void,
): void {
  let head: Buffer = Buffer.alloc(0)
  let cancel: Cancel = () => {}
  let over = false

  const stop = () => {
    over = true
    cancel()
    connection.off('data', read)
    connection.off('end', ended)
    connection.off('close', stop)
  }
  const finish = (found: T | undefined) => {
    stop()
    if (found === undefined) {
      connection.destroy()
      return
    }
    connection.pause()
    done(found, head)
  }
  const read = (chunk: Buffer) => {
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
    const found = reader.read(head)
    if (found !== undefined) finish(found)
  }
  const ended = () => finish(reader.ended(head))
  const wait = (forMs: number): void => {
    // A busy host may be later than its client: bytes that have arrived by now are read first.
    cancel = clock.after(forMs, () => clock.soon(late))
  }
  const late = () => {
    if (over) return
    const found = reader.late(head)
    if (typeof found === 'number') wait(found)
    else finish(found)
  }
  wait(ms)
  connection.on('data', read)
  connection.once('end', ended)
  connection.once('close', stop)
}
