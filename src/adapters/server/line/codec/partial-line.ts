const NOTHING = Buffer.alloc(0)
const SMALLEST_BYTES = 64

/**
 * A line whose end has not come yet. It doubles as it grows, so that one byte a segment costs no more than the bytes
 * (C1), and it copies, so that ten waiting bytes do not keep a segment of 64 KiB alive.
 */
export class PartialLine {
  #bytes = NOTHING
  #length = 0

  get length(): number {
    return this.#length
  }

  get lastByte(): number | undefined {
    return this.#bytes[this.#length - 1]
  }

  /** What there is so far. */
  peek(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  append(chunk: Buffer, from: number, to: number): void {
    const needed = this.#length + to - from
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(SMALLEST_BYTES, 2 * this.#bytes.length, needed))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    this.#length += chunk.copy(this.#bytes, this.#length, from, to)
  }

  appendBytes(bytes: readonly number[]): void {
    this.append(Buffer.from(bytes), 0, bytes.length)
  }

  /** As if the last character, or all, had not come. */
  erase(what: 'character' | 'line'): void {
    let length = what === 'line' ? 0 : Math.max(0, this.#length - 1)
    while (length > 0 && ((this.#bytes[length] as number) & 0xc0) === 0x80) length--
    this.#length = length
  }

  /** Hands the bytes out and starts empty. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length)
    this.#bytes = NOTHING
    this.#length = 0
    return bytes
  }
}
