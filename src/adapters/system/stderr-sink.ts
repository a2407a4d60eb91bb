/** What lines are written to: `process.stderr`, or a stream in tests. */
export interface LineStream {
  readonly writableLength: number
  write(line: string): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** Lines that may wait, in bytes, for a reader that has stopped. */
const WAITING_BYTES = 256 * 1024

/**
 * Writes log lines without ever waiting for whoever reads them (C89): past `WAITING_BYTES`, or when the stream is closed
 * or its disk full, a line is dropped and counted. Node keeps lines for a full pipe or socket in memory and writes on.
 */
export class StderrSink {
  readonly #stream: LineStream
  #dropped = 0

  constructor(stream: LineStream = process.stderr) {
    this.#stream = stream
    // One error can stand for several lines that waited; that it happened at all is what counts.
    stream.on('error', () => {
      this.#dropped += 1
    })
  }

  /** Lines that nobody will see. */
  get dropped(): number {
    return this.#dropped
  }

  write(line: string): void {
    if (this.#stream.writableLength > WAITING_BYTES) {
      this.#dropped += 1
      return
    }
    try {
      this.#stream.write(line)
    } catch {
      this.#dropped += 1 // a file is written at once, and its disk may be full
    }
  }
}
