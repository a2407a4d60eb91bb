import type { FolderCheck } from '#domain/ports/folder-check.ts'
import { listFolder } from './listing.ts'

/** Reads an archive that can be opened at any byte, mostly forward: it is opened anew only to go back, or past more than `SKIP_BYTES`. */
export class ArchiveReader {
  readonly #open: (from: number) => AsyncIterable<Uint8Array>
  #pieces: AsyncIterator<Uint8Array> | undefined
  /** The rest of the newest piece, and where it begins. */
  #rest: Uint8Array = new Uint8Array()
  #at = 0

  constructor(open: (from: number) => AsyncIterable<Uint8Array>) {
    this.#open = open
  }

  /** `length` bytes from `from` on; fewer only where the archive ends. */
  readonly read = async (from: number, length: number): Promise<Uint8Array> => {
    const parts: Uint8Array[] = []
    // A copy: `slice` of a Buffer is none.
    for await (const part of this.pieces(from, length)) parts.push(Buffer.from(part))
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
  }

  /** The same, piece by piece; each is valid until the next is asked for. */
  async *pieces(from: number, length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      const piece = await this.#pieceAt(from + length - left)
      if (piece.length === 0) return
      const taken = piece.subarray(0, left)
      this.#rest = piece.subarray(taken.length)
      this.#at += taken.length
      left -= taken.length
      yield taken
    }
  }

  async close(): Promise<void> {
    const pieces = this.#pieces
    this.#pieces = undefined
    this.#rest = new Uint8Array()
    await pieces?.return?.()
  }

  async #pieceAt(from: number): Promise<Uint8Array> {
    if (from < this.#at || from > this.#at + this.#rest.length + SKIP_BYTES) await this.close()
    if (this.#pieces === undefined) {
      this.#pieces = this.#open(from)[Symbol.asyncIterator]()
      this.#at = from
    }
    while (from >= this.#at + this.#rest.length) {
      this.#at += this.#rest.length
      const next = await this.#pieces.next()
      if (next.done === true) {
        await this.close()
        return this.#rest
      }
      this.#rest = next.value
    }
    this.#rest = this.#rest.subarray(from - this.#at)
    this.#at = from
    return this.#rest
  }
}

/** Reading so much costs less than opening a file again. */
const SKIP_BYTES = 256 * 1024

export const checkFolder: FolderCheck = async (read, name) => {
  const archive = new ArchiveReader(read)
  try {
    const listing = await listFolder(archive.read, name)
    return 'type' in listing ? listing : { files: listing.files, bytes: listing.bytes }
  } finally {
    await archive.close()
  }
}
