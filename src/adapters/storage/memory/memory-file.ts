import { createHash } from 'node:crypto'
import { Waiters } from '#domain/async/waiters.ts'
import { FileMissing } from '#domain/ports/file-store.ts'

const LONGEST_CHUNK_BYTES = 1024 * 1024

/** The bytes of one file, whole or on its way, and who waits for more of them. */
export class MemoryFile {
  #hash = createHash('sha256')
  readonly #chunks: Uint8Array[] = []
  /** Where each chunk begins in the file. */
  readonly #starts: number[] = []
  readonly #waiters = new Waiters()
  #status: 'growing' | 'paused' | 'whole' | 'gone' = 'growing'
  #size = 0

  get size(): number {
    return this.#size
  }

  get status(): 'growing' | 'paused' | 'whole' | 'gone' {
    return this.#status
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  append(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += LONGEST_CHUNK_BYTES) {
      this.#push(copy(bytes.subarray(start, start + LONGEST_CHUNK_BYTES)))
    }
    this.#waiters.release()
  }

  /** The file is no more when it is `gone`; whoever reads it learns that. */
  become(status: 'growing' | 'paused' | 'whole' | 'gone'): void {
    this.#status = status
    if (status === 'gone') this.#chunks.length = 0
    this.#waiters.release()
  }

  /** A whole file of the same bytes, which the two share. */
  twin(): MemoryFile {
    const twin = new MemoryFile()
    twin.#hash = this.#hash.copy()
    twin.#chunks.push(...this.#chunks)
    twin.#starts.push(...this.#starts)
    twin.#size = this.#size
    twin.become('whole')
    return twin
  }

  /** The bytes from `at`, in a copy; undefined at the end. Waits for the writers unless `signal` is aborted. */
  async piece(at: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const comes = () => this.#status === 'growing' || this.#status === 'paused'
    while (comes() && at >= this.#size && !signal.aborted) await this.#waiters.wait(signal)
    if (this.#status === 'gone') throw new FileMissing('the file has been removed')
    if (at >= this.#size) return undefined
    const index = this.#chunkAt(at)
    const chunk = this.#chunks[index]
    return chunk && copy(chunk.subarray(at - (this.#starts[index] ?? 0)))
  }

  #push(chunk: Uint8Array): void {
    this.#hash.update(chunk)
    this.#chunks.push(chunk)
    this.#starts.push(this.#size)
    this.#size += chunk.length
  }

  /** The last chunk that begins at or before `at`. */
  #chunkAt(at: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#starts[middle] ?? 0) <= at) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** A copy also of a `Buffer`, whose own `slice` makes none. */
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
