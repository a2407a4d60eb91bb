import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

const BLOCK_BYTES = 1024 * 1024

/** A file that is not in memory: no two blocks of it are the same, and any part of it can be made again. */
export class Sample {
  readonly size: number
  readonly #block: Buffer

  constructor(size: number, seed = 0) {
    this.size = size
    const key = Buffer.alloc(16)
    key.writeUInt32BE(seed)
    this.#block = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(BLOCK_BYTES))
  }

  *bytes(from = 0, to = this.size): Generator<Buffer> {
    for (let at = from; at < to; ) {
      const number = Math.floor(at / BLOCK_BYTES)
      const block = Buffer.from(this.#block)
      block.writeUInt32BE(number)
      const start = at - number * BLOCK_BYTES
      const piece = block.subarray(start, Math.min(BLOCK_BYTES, start + to - at))
      at += piece.length
      yield piece
    }
  }

  /** Of the whole, or of its beginning. */
  sha256(to = this.size, encoding: 'hex' | 'base64' = 'hex'): string {
    const hash = createHash('sha256')
    for (const piece of this.bytes(0, to)) hash.update(piece)
    return hash.digest(encoding)
  }

  async save(path: string): Promise<void> {
    const file = createWriteStream(path)
    for (const piece of this.bytes()) if (!file.write(piece)) await once(file, 'drain')
    file.end()
    await once(file, 'close')
  }
}
