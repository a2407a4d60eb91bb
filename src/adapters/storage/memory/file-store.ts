import { createHash } from 'node:crypto'
import { Waiters } from '#domain/async/waiters.ts'
import type { Limit, Rejected } from '#domain/errors.ts'
import { fileTooLarge, noSpace } from '#domain/file-limits.ts'
import { type BoundedFileStore, bytesOf, type Digest, FileMissing, type FileWriter } from '#domain/ports/file-store.ts'

/** Limits of a file store in memory; 0, or left out: none. */
export interface MemoryFileStoreOptions {
  /** Bytes of the largest file; 1 GiB unless given. A larger one is refused with `FILE_TOO_LARGE`. */
  readonly maxFileBytes?: number
  /** Bytes of all files together. */
  readonly hostQuotaBytes?: number
  /** The same, as far as the machine has them. */
  readonly memoryBytes?: number
}

/** Keeps files in memory for as long as the object lives: suspended uploads are there again after `close` and `open`. */
export class MemoryFileStore implements BoundedFileStore {
  readonly maxFileBytes: number
  readonly bound: Limit
  readonly #most: number
  #used = 0
  readonly #files = new Map<string, MemoryFile>()
  readonly #writers = new Map<string, FileWriter>()
  #closed = new AbortController()

  constructor({ maxFileBytes = 0, hostQuotaBytes = 0, memoryBytes = 0 }: MemoryFileStoreOptions = {}) {
    this.maxFileBytes = maxFileBytes || Number.POSITIVE_INFINITY
    const [quota, memory] = [hostQuotaBytes || Number.POSITIVE_INFINITY, memoryBytes || Number.POSITIVE_INFINITY]
    this.#most = Math.min(quota, memory)
    this.bound = memory < quota ? { of: 'memory', bytes: memory } : { of: 'host', bytes: quota }
  }

  get bytesLeft(): number {
    return this.#most - this.#used
  }

  async measure(): Promise<void> {}

  async open(): Promise<void> {
    if (this.#closed.signal.aborted) this.#closed = new AbortController()
  }

  async close(): Promise<void> {
    for (const writer of this.#writers.values()) await writer.suspend()
    this.#closed.abort()
  }

  async create(id: string, size = 0): Promise<FileWriter | Rejected> {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new Error('a file id is 32 lower-case hexadecimal digits')
    if (this.#files.has(id)) throw new Error(`the file ${id} exists already`)
    if (size > this.maxFileBytes) return this.#tooLarge
    const file = new MemoryFile()
    this.#files.set(id, file)
    return this.#writer(id, file)
  }

  async resume(id: string, size = 0): Promise<FileWriter | Rejected | undefined> {
    const file = this.#files.get(id)
    if (!file) return undefined
    if (file.status === 'growing') throw new Error(`the file ${id} has a writer already`)
    return size > this.maxFileBytes ? this.#tooLarge : this.#writer(id, file)
  }

  async durable(id: string): Promise<number | undefined> {
    return this.#files.get(id)?.size
  }

  async duplicate(id: string, as: string): Promise<undefined> {
    const file = this.#files.get(id)
    if (file?.status !== 'whole') throw new FileMissing('there is no such file')
    if (this.#files.has(as)) throw new Error(`the file ${as} exists already`)
    this.#files.set(as, file.twin())
    this.#used += file.size
  }

  /** The bytes may go where they are not read any more; both count as before. */
  async share(id: string, as: string): Promise<void> {
    const [file, before] = [this.#files.get(id), this.#files.get(as)]
    if (file?.status !== 'whole' || before?.status !== 'whole') return
    this.#files.set(as, file.twin())
  }

  read(id: string, from = 0): AsyncIterable<Uint8Array> {
    if (!Number.isSafeInteger(from) || from < 0)
      throw new RangeError('a file is read from a whole number of bytes, 0 or more')
    return { [Symbol.asyncIterator]: () => this.#reader(id, from) }
  }

  async size(id: string): Promise<number | undefined> {
    const file = this.#files.get(id)
    return file?.status === 'whole' ? file.size : undefined
  }

  async remove(id: string): Promise<void> {
    const file = this.#files.get(id)
    if (!file || file.status === 'growing') return
    this.#forget(id, file)
    file.become('gone')
  }

  async sweep(keep: ReadonlySet<string>): Promise<number> {
    const left = [...this.#files].filter(([id, { status }]) => status === 'paused' && !keep.has(id))
    for (const [id] of left) await this.remove(id)
    return left.length
  }

  #writer(id: string, file: MemoryFile): FileWriter {
    const claim = (bytes: number): Rejected | undefined => {
      if (file.size + bytes > this.maxFileBytes) return this.#tooLarge
      if (bytes > this.bytesLeft) return noSpace(this.bound)
      this.#used += bytes
      return undefined
    }
    const writer = new MemoryWriter(file, claim, (status) => {
      this.#writers.delete(id)
      if (status === 'gone') this.#forget(id, file)
    })
    this.#writers.set(id, writer)
    return writer
  }

  #forget(id: string, file: MemoryFile): void {
    this.#files.delete(id)
    this.#used -= file.size
  }

  get #tooLarge(): Rejected {
    return fileTooLarge({ of: 'file', bytes: this.maxFileBytes })
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

  async *#pieces(id: string, from: number, stopped: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    const file = this.#files.get(id)
    if (!file) throw new FileMissing('there is no such file')
    const closed = this.#closed.signal
    const signal = AbortSignal.any([stopped, closed])
    const next = async (): Promise<Uint8Array | undefined> => {
      const piece = await file.piece(at, signal)
      if (closed.aborted) throw new FileMissing('the file store has been closed')
      return piece
    }
    let at = from
    for (let piece = await next(); piece; piece = await next()) {
      at += piece.length
      yield piece
    }
  }
}

/** The only writer of a file in memory, until it ends. */
class MemoryWriter implements FileWriter {
  readonly #file: MemoryFile
  readonly #claim: (bytes: number) => Rejected | undefined
  readonly #onEnd: (status: 'paused' | 'whole' | 'gone') => void
  #open = true
  #refused: Rejected | undefined

  constructor(
    file: MemoryFile,
    claim: (bytes: number) => Rejected | undefined,
    onEnd: (status: 'paused' | 'whole' | 'gone') => void,
  ) {
    this.#file = file
    this.#claim = claim
    this.#onEnd = onEnd
    file.become('growing')
  }

  get offset(): number {
    return this.#file.size
  }

  get durable(): number {
    return this.#file.size
  }

  async append(...pieces: readonly Uint8Array[]): Promise<Rejected | undefined> {
    this.#mustBeOpen()
    this.#refused ??= this.#claim(bytesOf(pieces))
    if (!this.#refused) for (const bytes of pieces) this.#file.append(bytes)
    return this.#refused
  }

  async sync(): Promise<Rejected | undefined> {
    this.#mustBeOpen()
    return this.#refused
  }

  digest(): string {
    return this.#file.digest()
  }

  async suspend(): Promise<void> {
    if (this.#open) this.#end('paused')
  }

  async finish(): Promise<Digest | Rejected> {
    this.#mustBeOpen()
    if (this.#refused) return this.#refused
    this.#end('whole')
    return { size: this.#file.size, sha256: this.#file.digest() }
  }

  async discard(): Promise<void> {
    if (this.#open) this.#end('gone')
  }

  #end(status: 'paused' | 'whole' | 'gone'): void {
    this.#open = false
    this.#file.become(status)
    this.#onEnd(status)
  }

  #mustBeOpen(): void {
    if (!this.#open) throw new FileMissing(`this upload has ended (${this.#file.status})`)
  }
}

const LONGEST_CHUNK_BYTES = 1024 * 1024

/** The bytes of one file, whole or on its way, and the readers that wait for more. */
class MemoryFile {
  #hash = createHash('sha256')
  readonly #chunks: Uint8Array[] = []
  /** The offset of each chunk in the file. */
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

  /** A file that is `gone` ends its readers with an error. */
  become(status: 'growing' | 'paused' | 'whole' | 'gone'): void {
    this.#status = status
    if (status === 'gone') this.#chunks.length = 0
    this.#waiters.release()
  }

  /** A whole file that shares the bytes of this one. */
  twin(): MemoryFile {
    const twin = new MemoryFile()
    twin.#hash = this.#hash.copy()
    twin.#chunks.push(...this.#chunks)
    twin.#starts.push(...this.#starts)
    twin.#size = this.#size
    twin.become('whole')
    return twin
  }

  /** A copy of the bytes from `at`; undefined at the end. Waits for the writers unless `signal` is aborted. */
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

/** Copies a `Buffer` too, whose own `slice` does not. */
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
