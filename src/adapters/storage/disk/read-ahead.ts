import { PAGE_BYTES, type ReadInto } from './page-cache.ts'

interface Reading {
  readonly at: number
  readonly bytes: Promise<Uint8Array>
}

/**
 * Reads a file page by page into two buffers of its own: while the reader has the bytes of one, the next are read into the other,
 * so that the disk does not wait for the network, nor the network for the disk.
 */
export class ReadAhead {
  #lent: Buffer | undefined
  #spare: Buffer | undefined
  #ahead: Reading | undefined

  /** At most `length` bytes from `at` on, good until the next are asked for. Those behind them, up to `end`, are read meanwhile. */
  async piece(at: number, length: number, end: number, read: ReadInto): Promise<Uint8Array> {
    const ahead = this.#ahead
    this.#ahead = undefined
    const [lent, spare] = [this.#lent, this.#spare]
    this.#lent = spare
    this.#spare = lent
    let piece: Uint8Array
    if (ahead?.at === at) piece = await ahead.bytes
    else {
      await ahead?.bytes.catch(() => {})
      this.#lent ??= Buffer.allocUnsafeSlow(PAGE_BYTES)
      piece = await fill(this.#lent, at, length, read)
    }
    const next = at + piece.length
    const toCome = Math.min(PAGE_BYTES - (next % PAGE_BYTES), end - next)
    if (toCome > 0) {
      this.#spare ??= Buffer.allocUnsafeSlow(PAGE_BYTES)
      const bytes = fill(this.#spare, next, toCome, read)
      // Whoever asks for them hears of it.
      bytes.catch(() => {})
      this.#ahead = { at: next, bytes }
    }
    return piece
  }

  /** What was read ahead may be others' bytes by now. */
  forget(): void {
    if (this.#ahead !== undefined) this.#ahead = { ...this.#ahead, at: Number.NaN }
  }

  /** Resolves when nothing is being read any more. */
  async end(): Promise<void> {
    await this.#ahead?.bytes.catch(() => {})
    this.#ahead = undefined
  }
}

async function fill(into: Buffer, at: number, length: number, read: ReadInto): Promise<Uint8Array> {
  const bytesRead = await read(into.subarray(0, length), at)
  return into.subarray(0, bytesRead)
}
