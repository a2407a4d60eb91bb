import type { Writable } from 'node:stream'

/**
 * The one writer of one connection. It says when the peer is behind (`full`), and the caller then stops following and reads
 * on from the journal later: what waits here stays below the mark and one batch, whatever the peer does.
 */
export class Outbox {
  readonly #connection: Writable
  readonly #markBytes: number
  readonly #drained: () => void
  #queued = 0

  /** `drained` is called each time the peer has taken everything after having been full. */
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

  /** Bytes that the peer's side has taken over so far. */
  get taken(): number {
    return this.#queued - this.#connection.writableLength
  }

  /** Queues bytes that nobody changes any more; several receivers may share them. */
  write(bytes: Uint8Array): void {
    if (!this.#connection.writable) return
    this.#queued += bytes.length
    this.#connection.write(bytes)
  }

  writeAll(pieces: readonly Uint8Array[]): void {
    const [only] = pieces
    if (pieces.length === 1 && only !== undefined) {
      this.write(only)
      return
    }
    this.#connection.cork()
    for (const piece of pieces) this.write(piece)
    this.#connection.uncork()
  }

  /** Resolves when the system has everything that was written, or the connection is over: whoever waits looks at `open` then. */
  flushed(): Promise<void> {
    if (this.#connection.writableLength === 0 || !this.open) return Promise.resolve()
    return new Promise((resolve) => {
      // Ends waiting in either case; the error itself arrives as the connection's own.
      const settle = () => {
        this.#connection.off('close', settle)
        resolve()
      }
      this.#connection.once('close', settle)
      this.#connection.write('', settle)
    })
  }

  get open(): boolean {
    return this.#connection.writable && !this.#connection.destroyed
  }

  readonly #onDrain = (): void => this.#drained()
}
