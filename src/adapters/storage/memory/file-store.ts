import type { Rejected } from '#domain/errors.ts'
import { FileMissing, type FileStore, type FileWriter } from '#domain/ports/file-store.ts'
import { MemoryFile } from './memory-file.ts'
import { fileTooLarge, MemoryWriter } from './memory-writer.ts'

export interface MemoryFileStoreOptions {
  readonly maxFileBytes?: number
}

const DEFAULT_MAX_FILE_BYTES = 1024 * 1024 * 1024

/** Keeps files in memory, for as long as it lives itself: what was suspended is there again after `close` and `open`. */
export class MemoryFileStore implements FileStore {
  readonly #maxFileBytes: number
  readonly #files = new Map<string, MemoryFile>()
  readonly #writers = new Map<string, FileWriter>()
  #closed = new AbortController()

  constructor({ maxFileBytes = DEFAULT_MAX_FILE_BYTES }: MemoryFileStoreOptions = {}) {
    this.#maxFileBytes = maxFileBytes
  }

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
    if (size > this.#maxFileBytes) return fileTooLarge(this.#maxFileBytes)
    const file = new MemoryFile()
    this.#files.set(id, file)
    return this.#writer(id, file)
  }

  async resume(id: string, size = 0): Promise<FileWriter | Rejected | undefined> {
    const file = this.#files.get(id)
    if (!file) return undefined
    if (file.status === 'growing') throw new Error(`the file ${id} has a writer already`)
    return size > this.#maxFileBytes ? fileTooLarge(this.#maxFileBytes) : this.#writer(id, file)
  }

  async durable(id: string): Promise<number | undefined> {
    return this.#files.get(id)?.size
  }

  async duplicate(id: string, as: string): Promise<undefined> {
    const file = this.#files.get(id)
    if (file?.status !== 'whole') throw new FileMissing('there is no such file')
    if (this.#files.has(as)) throw new Error(`the file ${as} exists already`)
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
    this.#files.delete(id)
    file.become('gone')
  }

  async sweep(keep: ReadonlySet<string>): Promise<number> {
    const left = [...this.#files].filter(([id, { status }]) => status === 'paused' && !keep.has(id))
    for (const [id] of left) await this.remove(id)
    return left.length
  }

  #writer(id: string, file: MemoryFile): FileWriter {
    const writer = new MemoryWriter(file, this.#maxFileBytes, (status) => {
      this.#writers.delete(id)
      if (status === 'gone') this.#files.delete(id)
    })
    this.#writers.set(id, writer)
    return writer
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
      if (closed.aborted) throw new FileMissing('the vault has been closed')
      return piece
    }
    let at = from
    for (let piece = await next(); piece; piece = await next()) {
      at += piece.length
      yield piece
    }
  }
}
