import type { FileHandle } from 'node:fs/promises'
import { Waiters } from '#domain/async/waiters.ts'
import { FileMissing, FileStoreFailed, type Pieces } from '#domain/ports/file-store.ts'
import { errorCode } from '#system/files/file-system.ts'
import { type DataDirectory, isFileId } from './data-directory.ts'
import type { Health } from './health.ts'
import { MOST_PAGES, PAGE_BYTES, PageCache, type PageLease, ReadAhead, type ReadInto } from './page-cache.ts'
import { durableBytes, openFile } from './partial-file.ts'

/** The progress of one file on its way, for its readers. */
export class ReaderNotifier {
  readonly #waiters = new Waiters()
  #written: number
  #status: 'growing' | 'paused' | 'whole' = 'paused'

  /** `written` bytes are readable at the start. */
  constructor(written: number) {
    this.#written = written
  }

  /** Readable bytes of the file. */
  get written(): number {
    return this.#written
  }

  get status(): 'growing' | 'paused' | 'whole' {
    return this.#status
  }

  grow(written: number): void {
    this.#written = written
    this.#become('growing')
  }

  /** The file has no writer now, and perhaps fewer readable bytes. */
  pause(written = this.#written): void {
    this.#written = written
    this.#become('paused')
  }

  end(): void {
    this.#become('whole')
  }

  /** Calls `wake` once, at the next change; the returned function cancels that. */
  onChange(wake: () => void): () => void {
    return this.#waiters.add(wake)
  }

  #become(status: 'growing' | 'paused' | 'whole'): void {
    this.#status = status
    this.#waiters.release()
  }
}

/** An open file, until its reader closes it. */
interface Descriptor {
  readonly handle: FileHandle
  close(): Promise<void>
}

/** The files that are open for reading: one descriptor for all readers of a file, or many of them would use up what the process may open (C71). */
class OpenFiles {
  readonly #files = new Map<string, { readonly handle: Promise<FileHandle | undefined>; readers: number }>()

  /** `openFile` opens it where no other reader has; undefined from it: there is no such file. */
  async open(id: string, openFile: () => Promise<FileHandle | undefined>): Promise<Descriptor | undefined> {
    const file = this.#files.get(id) ?? { handle: openFile(), readers: 0 }
    this.#files.set(id, file)
    file.readers += 1
    const close = async () => {
      file.readers -= 1
      if (file.readers > 0) return
      if (this.#files.get(id) === file) this.#files.delete(id)
      await (await file.handle)?.close()
    }
    try {
      const handle = await file.handle
      if (handle !== undefined) return { handle, close }
    } catch (error) {
      await close().catch(() => {})
      throw error
    }
    await close()
    return undefined
  }

  /** Who reads it goes on; who begins opens it anew: another file may have its name. */
  forget(id: string): void {
    this.#files.delete(id)
  }
}

/** Readers closer together than this share pages. */
const NEAR_BYTES = MOST_PAGES * PAGE_BYTES

/** The readers of a store, and the progress of the files on their way, with a writer now or not. */
export class ActiveReaders {
  /** Shared by several readers of one file. */
  readonly pages = new PageCache()
  readonly files = new OpenFiles()
  readonly #readers = new Map<string, Set<FileReader>>()
  readonly #notifiers = new Map<string, ReaderNotifier>()

  /** The progress of a file that is known to be on its way. */
  notifier(id: string): ReaderNotifier | undefined {
    return this.#notifiers.get(id)
  }

  /** The progress of a file on its way; `durable` bytes are readable if it is not known yet. */
  follow(id: string, durable: number): ReaderNotifier {
    const notifier = this.#notifiers.get(id) ?? new ReaderNotifier(durable)
    this.#notifiers.set(id, notifier)
    return notifier
  }

  add(reader: FileReader): void {
    const { id } = reader
    const readers = this.#readers.get(id) ?? new Set()
    this.#readers.set(id, readers.add(reader))
  }

  delete(reader: FileReader): void {
    const { id } = reader
    const readers = this.#readers.get(id)
    readers?.delete(reader)
    if (readers === undefined || readers.size > 0) return
    this.#readers.delete(id)
    this.pages.drop(id)
  }

  /** Whether another reader is near: only then shared pages are of use to both. */
  hasNeighbour(reader: FileReader): boolean {
    for (const other of this.#of(reader.id))
      if (other !== reader && Math.abs(other.at - reader.at) <= NEAR_BYTES) return true
    return false
  }

  /** The file is no longer on its way: it is whole. */
  completed(id: string): void {
    this.#notifiers.delete(id)
  }

  /** The file is gone. */
  removed(id: string): void {
    this.#notifiers.delete(id)
    this.files.forget(id)
    this.pages.drop(id)
    for (const reader of this.#of(id)) reader.fail(new FileMissing('the file has been removed'))
  }

  /** The file has only `size` bytes now; readers beyond that must not go on. */
  truncated(id: string, size: number): void {
    this.files.forget(id)
    this.pages.drop(id)
    for (const reader of this.#of(id)) reader.truncated(size)
  }

  fail(error: Error): void {
    for (const readers of this.#readers.values()) for (const reader of readers) reader.fail(error)
  }

  #of(id: string): Iterable<FileReader> {
    return this.#readers.get(id) ?? []
  }
}

export interface FileToRead {
  readonly id: string
  readonly from: number
  readonly pieces: Pieces
  readonly directory: DataDirectory
  readonly health: Health
  readonly readers: ActiveReaders
}

/**
 * One reader of one file, which keeps it open except while it waits for a file without a writer. Not a bare generator, because
 * `return()` and `fail` must also end a waiting one, where a generator would wait with it.
 */
export class FileReader implements AsyncIterator<Uint8Array, undefined> {
  readonly id: string
  readonly #file: FileToRead
  readonly #pieces: AsyncGenerator<Uint8Array, undefined>
  readonly #ahead = new ReadAhead()
  #descriptor: Descriptor | undefined
  /** The end of the bytes that were read, or are being read. */
  #reached: number
  /** The shared page behind the newest piece. */
  #lease: PageLease | undefined
  #error: Error | undefined
  #stopped = false
  #wake: () => void = () => {}

  constructor(file: FileToRead) {
    this.id = file.id
    this.#file = file
    this.#reached = file.from
    this.#pieces = this.#read()
  }

  /** The position of the reader. */
  get at(): number {
    return this.#reached
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#pieces.next()
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#stopped = true
    this.#wake()
    return this.#pieces.return(undefined)
  }

  fail(error: Error): void {
    this.#error = error
    this.#wake()
  }

  /** The file has only `size` bytes now. */
  truncated(size: number): void {
    this.#ahead.forget()
    if (this.#reached > this.#file.from && this.#reached > size)
      this.fail(new FileMissing('the file has fallen back behind what was read of it'))
  }

  async *#read(): AsyncGenerator<Uint8Array, undefined> {
    const { readers, from } = this.#file
    this.#check()
    readers.add(this)
    try {
      const progress = await this.#find()
      const size = progress ? undefined : (await this.#descriptor?.handle.stat())?.size
      for (let at = from; !this.#stopped; ) {
        this.#check()
        const end = progress?.written ?? size ?? 0
        if (at < end) {
          const piece = await this.#piece(at, end)
          at += piece.length
          yield piece
        } else if (progress && progress.status !== 'whole') await this.#change(progress)
        else return
      }
    } finally {
      readers.delete(this)
      await this.#close()
    }
  }

  /** Opens the file; answers its progress while it is on its way. It may become whole or partial just now: both names are tried. */
  async #find(): Promise<ReaderNotifier | undefined> {
    const { directory, readers } = this.#file
    if (!isFileId(this.id)) throw missing()
    let progress = readers.notifier(this.id)
    if (!progress) {
      const whole = () => openFile(directory.filePath(this.id))
      this.#descriptor = await readers.files.open(this.id, whole).catch(throwUnreadable)
      if (this.#descriptor) return undefined
      const durable = await durableBytes(directory, this.id).catch(throwUnreadable)
      if (durable === undefined && !readers.notifier(this.id)) throw missing()
      progress = readers.follow(this.id, durable ?? 0)
    }
    await this.#open()
    return progress
  }

  async #open(): Promise<FileHandle> {
    const { directory, readers } = this.#file
    const partialOrWhole = async () =>
      (await openFile(directory.partPath(this.id))) ?? (await openFile(directory.filePath(this.id)))
    this.#descriptor ??= await readers.files.open(this.id, partialOrWhole).catch(throwUnreadable)
    if (!this.#descriptor) throw missing()
    return this.#descriptor.handle
  }

  async #close(): Promise<void> {
    this.#endLease()
    await this.#ahead.end()
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    await descriptor?.close()
  }

  /** Pages end at the same places for everybody, so that readers of one file come together. */
  async #piece(at: number, end: number): Promise<Uint8Array> {
    this.#endLease()
    this.#reached = Math.min(end, at - (at % PAGE_BYTES) + PAGE_BYTES)
    const handle = await this.#open()
    // An ended reader must not bring back pages that were dropped with its file.
    this.#check()
    const read = (into: Buffer, position: number): Promise<number> => readInto(handle, into, position)
    const piece = this.#file.readers.hasNeighbour(this) ? await this.#shared(at, read) : await this.#own(at, end, read)
    this.#check()
    return piece
  }

  async #shared(at: number, read: ReadInto): Promise<Uint8Array> {
    const lease = await this.#file.readers.pages.piece(this.id, at, this.#reached, read)
    if (this.#file.pieces === 'lent') this.#lease = lease
    return lease.bytes
  }

  #endLease(): void {
    this.#lease?.end()
    this.#lease = undefined
  }

  /** Bytes for this reader only. Each piece is fresh unless it is lent: fresh ones cost 60 MB between collections. */
  async #own(at: number, end: number, read: ReadInto): Promise<Uint8Array> {
    const length = this.#reached - at
    if (this.#file.pieces === 'lent') return await this.#ahead.piece(at, length, end, read)
    const buffer = Buffer.allocUnsafeSlow(length)
    return buffer.subarray(0, await read(buffer, at))
  }

  #check(): void {
    this.#file.health.check()
    if (this.#error) throw this.#error
  }

  async #change(progress: ReaderNotifier): Promise<void> {
    const { status, written } = progress
    if (status === 'paused') await this.#close()
    if (this.#stopped || this.#error || progress.status !== status || progress.written !== written) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = progress.onChange(resolve)
    this.#wake = resolve
    await promise
    cancel()
  }
}

const missing = (): FileMissing => new FileMissing('there is no such file')

const readInto = async (handle: FileHandle, into: Buffer, position: number): Promise<number> => {
  const { bytesRead } = await handle.read(into, 0, into.length, position).catch(throwUnreadable)
  if (bytesRead === 0) throw new FileStoreFailed('a file has become shorter than it was; something else has changed it')
  return bytesRead
}

/** Ends this one reader: an unreadable file does not put written bytes in doubt. */
const throwUnreadable = (cause: unknown): never => {
  throw new FileStoreFailed(
    `a file could not be read (${errorCode(cause) ?? cause}); check the disk, and the limit of open files`,
    { cause },
  )
}
