import type { Writable } from 'node:stream'

/**
 * The one writer of one connection. `full` tells that the peer is behind; the caller then stops following the room and reads on from
 * the journal later: the waiting bytes stay below `markBytes` and one batch, whatever the peer does.
 */
export class Outbox {
  readonly #connection: Writable
  readonly #markBytes: number
  readonly #drained: () => void
  #queued = 0
  #takenBefore = -1
  #movedAt = 0

  /** `drained` is called each time the peer has taken everything that waited. */
  constructor(connection: Writable, markBytes: number, drained: () => void) {
    this.#connection = connection
    this.#markBytes = Math.max(markBytes, connection.writableHighWaterMark)
    this.#drained = drained
    connection.on('drain', this.#onDrain)
  }

  get full(): boolean {
    return this.#connection.writableLength > this.#markBytes
  }

  /** Bytes that wait for the peer. */
  get waiting(): number {
    return this.#connection.writableLength
  }

  /** Bytes that the peer has taken so far. */
  get taken(): number {
    return this.#queued - this.#connection.writableLength
  }

  /** For how many milliseconds the peer has taken nothing although something waits: between the times at which this is asked. */
  stalledMs(now: number): number {
    const { taken } = this
    if (taken !== this.#takenBefore || this.waiting === 0) {
      this.#takenBefore = taken
      this.#movedAt = now
    }
    return now - this.#movedAt
  }

  /** Queues bytes that nobody changes any more; several receivers may share them. */
  write(bytes: Uint8Array): void {
    if (!this.#connection.writable) return
    this.#queued += bytes.length
    this.#connection.write(bytes)
  }

  writeAll(pieces: readonly Uint8Array[]): void {
    if (pieces.length === 1) {
      this.write(pieces[0] as Uint8Array)
      return
    }
    this.#connection.cork()
    for (const piece of pieces) this.write(piece)
    this.#connection.uncork()
  }

  /** Resolves when the system has everything that was written, or the connection is over: `open` tells which. */
  flushed(): Promise<void> {
    const connection = this.#connection
    if (connection.writableLength === 0 || connection.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      // Ends waiting in either case; the error itself arrives as the connection's own.
      const settle = () => {
        connection.off('close', settle)
        resolve()
      }
      connection.once('close', settle)
      if (connection.writable) connection.write('', settle)
      else connection.once('finish', settle)
    })
  }

  /** Hears nothing more of the connection, which others go on writing to. */
  detach(): void {
    this.#connection.off('drain', this.#onDrain)
  }

  get open(): boolean {
    return this.#connection.writable && !this.#connection.destroyed
  }

  readonly #onDrain = (): void => this.#drained()
}
