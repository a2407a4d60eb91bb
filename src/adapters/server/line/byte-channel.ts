/**
 * A file's bytes between the connection that pushes and the upload that pulls: bounded, because the pusher waits once more
 * than `markBytes` are in it.
 */
export class ByteChannel implements AsyncIterable<Uint8Array> {
  readonly #markBytes: number
  #pieces: Uint8Array[] = []
  #bytes = 0
  #status: 'open' | 'ended' | 'given up' = 'open'
  #failure: Error | undefined
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined

  constructor(markBytes: number) {
    this.#markBytes = markBytes
  }

  /** Answers a promise when the pusher should wait before it pushes again. */
  push(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#status !== 'open') return undefined
    this.#pieces.push(bytes)
    this.#bytes += bytes.length
    this.#wakeReader?.()
    if (this.#bytes <= this.#markBytes) return undefined
    return new Promise((resolve) => {
      this.#wakeWriter = resolve
    })
  }

  /** No more bytes come; with `failure`, because the file was cut. */
  end(failure?: Error): void {
    if (this.#status !== 'open') return
    this.#status = 'ended'
    this.#failure = failure
    this.#wakeReader?.()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    try {
      while (true) {
        const pieces = this.#pieces
        this.#pieces = []
        for (const bytes of pieces) {
          yield bytes
          this.#bytes -= bytes.length
          if (this.#bytes <= this.#markBytes / 2) this.#release()
        }
        if (this.#failure !== undefined) throw this.#failure
        if (this.#pieces.length > 0) continue
        if (this.#status !== 'open') return
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve
        })
        this.#wakeReader = undefined
      }
    } finally {
      // The upload ended before its bytes did: what still comes is of no use, and the pusher must not wait for ever.
      this.#status = 'given up'
      this.#pieces = []
      this.#release()
    }
  }

  #release(): void {
    this.#wakeWriter?.()
    this.#wakeWriter = undefined
  }
}
