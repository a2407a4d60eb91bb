/** A file that a client reads, in any order; in order it is opened once. Calls may not overlap. */
export class ReadingFile {
  readonly #open: (from: number) => AsyncIterable<Uint8Array>
  #pieces: AsyncIterator<Uint8Array> | undefined
  #rest: Uint8Array | undefined
  #at = 0
  #isClosed = false

  /** `open` gives the bytes from any one on; each piece is valid until the next is asked for. Throws what that throws. */
  constructor(open: (from: number) => AsyncIterable<Uint8Array>) {
    this.#open = open
  }

  /** Copies the bytes from `offset` on. Answers how many: fewer than there is place for only at the end. */
  async fill(offset: number, into: Buffer): Promise<number> {
    if (this.#pieces === undefined || this.#at !== offset) await this.#seek(offset)
    let filled = 0
    while (filled < into.length && !this.#isClosed) {
      const piece = this.#rest ?? (await this.#next())
      if (piece === undefined) break
      const part = piece.subarray(0, into.length - filled)
      into.set(part, filled)
      filled += part.length
      this.#rest = part.length < piece.length ? piece.subarray(part.length) : undefined
    }
    this.#at += filled
    return filled
  }

  /** Also ends a reading that waits for bytes that are still to come. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pieces?.return?.()
  }

  async #seek(offset: number): Promise<void> {
    await this.#pieces?.return?.()
    this.#pieces = this.#open(offset)[Symbol.asyncIterator]()
    this.#rest = undefined
    this.#at = offset
  }

  async #next(): Promise<Uint8Array | undefined> {
    const piece = await this.#pieces?.next()
    return piece?.done === true ? undefined : piece?.value
  }
}
