import { createHash } from 'node:crypto'
import { type Digest, type Vault, VaultMissing, type VaultWriter } from '../../../domain/ports/vault.ts'
import { type Rejected, rejected } from '../../../domain/rejection.ts'

export interface MemoryVaultOptions {
  readonly maxFileBytes?: number
}

const LONGEST_CHUNK_BYTES = 1024 * 1024
const DEFAULT_MAX_FILE_BYTES = 1024 * 1024 * 1024

/** Keeps files in memory, for as long as the process lives. */
export class MemoryVault implements Vault {
  readonly #maxFileBytes: number
  readonly #files = new Map<string, MemoryFile>()

  constructor({ maxFileBytes = DEFAULT_MAX_FILE_BYTES }: MemoryVaultOptions = {}) {
    this.#maxFileBytes = maxFileBytes
  }

  async open(): Promise<void> {}

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.discard()
  }

  async create(id: string, size = 0): Promise<VaultWriter | Rejected> {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new Error('a file id is 32 lower-case hexadecimal digits')
    if (this.#files.has(id)) throw new Error(`the file ${id} exists already`)
    if (size > this.#maxFileBytes) return fileTooLarge(this.#maxFileBytes)
    const file = new MemoryFile(this.#maxFileBytes, () => this.#files.delete(id))
    this.#files.set(id, file)
    return file
  }

  read(id: string, from = 0): AsyncIterable<Uint8Array> {
    if (!Number.isSafeInteger(from) || from < 0)
      throw new RangeError('a file is read from a whole number of bytes, 0 or more')
    return { [Symbol.asyncIterator]: () => this.#reader(id, from) }
  }

  async size(id: string): Promise<number | undefined> {
    const file = this.#files.get(id)
    return file?.status === 'whole' ? file.offset : undefined
  }

  async remove(id: string): Promise<void> {
    const file = this.#files.get(id)
    if (file?.status !== 'whole') return
    this.#files.delete(id)
    file.vanish()
  }

  /** An upload in memory ends with its process, so there are never leftovers. */
  async sweep(): Promise<number> {
    return 0
  }

  /** Not a generator: `return()` must also end a reader that waits for a stalled upload. */
  #reader(id: string, from: number): AsyncIterator<Uint8Array, undefined> {
    const stop = new AbortController()
    const pieces = this.#pieces(id, from, stop.signal)
    return {
      next: () => pieces.next(),
      return: () => {
        stop.abort()
        return pieces.return(undefined)
      },
    }
  }

  async *#pieces(id: string, from: number, signal: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    const file = this.#files.get(id)
    if (!file) throw new VaultMissing('there is no such file')
    let at = from
    for (let piece = await file.piece(at, signal); piece; piece = await file.piece(at, signal)) {
      at += piece.length
      yield piece
    }
  }
}

/** One file in memory, and its writer. */
class MemoryFile implements VaultWriter {
  readonly #maxBytes: number
  readonly #onDiscard: () => void
  readonly #hash = createHash('sha256')
  readonly #chunks: Uint8Array[] = []
  /** Where each chunk begins in the file. */
  readonly #starts: number[] = []
  readonly #waiting = new Set<() => void>()
  #status: 'growing' | 'whole' | 'gone' = 'growing'
  #refused: Rejected | undefined
  #size = 0

  constructor(maxBytes: number, onDiscard: () => void) {
    this.#maxBytes = maxBytes
    this.#onDiscard = onDiscard
  }

  get offset(): number {
    return this.#size
  }

  get durable(): number {
    return this.#size
  }

  get status(): 'growing' | 'whole' | 'gone' {
    return this.#status
  }

  async append(bytes: Uint8Array): Promise<Rejected | undefined> {
    this.#mustGrow()
    if (this.#size + bytes.length > this.#maxBytes) this.#refused ??= fileTooLarge(this.#maxBytes)
    if (this.#refused) return this.#refused
    for (let start = 0; start < bytes.length; start += LONGEST_CHUNK_BYTES) {
      const chunk = copy(bytes.subarray(start, start + LONGEST_CHUNK_BYTES))
      this.#hash.update(chunk)
      this.#chunks.push(chunk)
      this.#starts.push(this.#size)
      this.#size += chunk.length
    }
    this.#wake()
    return undefined
  }

  async finish(): Promise<Digest | Rejected> {
    this.#mustGrow()
    if (this.#refused) return this.#refused
    this.#status = 'whole'
    this.#wake()
    return { size: this.#size, sha256: this.#hash.digest('hex') }
  }

  async discard(): Promise<void> {
    if (this.#status !== 'growing') return
    this.vanish()
    this.#onDiscard()
  }

  /** The file is no more, whole or not; whoever reads it learns that. */
  vanish(): void {
    this.#status = 'gone'
    this.#chunks.length = 0
    this.#wake()
  }

  /** The bytes from `at`, in a copy; undefined at the end. Waits for the writer unless `signal` is aborted. */
  async piece(at: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    while (this.#status === 'growing' && at >= this.#size && !signal.aborted) await this.#change(signal)
    if (this.#status === 'gone') throw new VaultMissing('the file has been removed')
    if (at >= this.#size) return undefined
    const index = this.#chunkAt(at)
    const chunk = this.#chunks[index]
    return chunk && copy(chunk.subarray(at - (this.#starts[index] ?? 0)))
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

  #mustGrow(): void {
    if (this.#status !== 'growing') throw new VaultMissing(`this upload has ended (${this.#status})`)
  }

  async #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = () => resolve()
    this.#waiting.add(wake)
    signal.addEventListener('abort', wake, { once: true })
    await promise
    signal.removeEventListener('abort', wake)
    this.#waiting.delete(wake)
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}

const fileTooLarge = (maxBytes: number): Rejected =>
  rejected(
    'FILE_TOO_LARGE',
    `a file may have at most ${Math.floor(maxBytes / 1e6)} MB here; split it, or ask the host to raise the limit`,
  )

/** A copy also of a `Buffer`, whose own `slice` makes none. */
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
