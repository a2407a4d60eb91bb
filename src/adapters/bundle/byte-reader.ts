import { BadBundle } from './bad-bundle.ts'

const NOTHING = new Uint8Array(0)

/** Pulls bytes in the amounts that a format needs, out of a source that gives them as it likes. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Uint8Array = NOTHING

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** So many bytes, or `BadBundle` where there are fewer. For small counts only: `count` must not come from outside. */
  async exactly(count: number): Promise<Uint8Array> {
    const taken: Uint8Array[] = []
    for await (const piece of this.pieces(count)) taken.push(Uint8Array.from(piece))
    return Buffer.concat(taken, count)
  }

  /** The same in pieces, each good until the next is asked for. */
  async *pieces(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0; ) {
      const piece = (await this.#some()).subarray(0, left)
      if (piece.length === 0) throw new BadBundle('it ends before its end')
      left -= piece.length
      this.#rest = this.#rest.subarray(piece.length)
      yield piece
    }
  }

  /** All remaining bytes. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = await this.#some()
      this.#rest = NOTHING
      if (piece.length === 0) return
      yield piece
    }
  }

  async close(): Promise<void> {
    await this.#source.return?.()
  }

  async #some(): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#source.next()
      if (done === true) return NOTHING
      this.#rest = value
    }
    return this.#rest
  }
}
