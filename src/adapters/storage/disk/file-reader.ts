import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { FileMissing, FileStoreFailed, type Pieces } from '#domain/ports/file-store.ts'
import { errorCode } from '#system/files/file-system.ts'
import { type DataDirectory, isFileId } from './data-directory.ts'
import type { Health } from './health.ts'
import type { LiveReader, LiveReaderSource } from './live-reader.ts'
import { type Loan, PAGE_BYTES, type ReadInto } from './page-cache.ts'
import { durableBytes } from './partial-file.ts'
import { ReadAhead } from './read-ahead.ts'
import type { ReaderNotifier } from './reader-notifier.ts'

export interface FileToRead {
  readonly id: string
  readonly from: number
  readonly pieces: Pieces
  readonly folder: DataDirectory
  readonly health: Health
  /** Told of a reader when it begins and when it ends. */
  readonly following: LiveReader
}

const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * One reader of one file with a descriptor of its own, but not while it waits for a file that nobody writes. Not a bare
 * generator, because `return()` and `fail` must also end one that waits, where a generator would wait with it.
 */
export class FileReader implements AsyncIterator<Uint8Array, undefined>, LiveReaderSource {
  readonly id: string
  readonly #file: FileToRead
  readonly #pieces: AsyncGenerator<Uint8Array, undefined>
  #handle: FileHandle | undefined
  /** Up to where bytes were read, or are being read. */
  #reached: number
  readonly #ahead = new ReadAhead()
  /** Of the shared page that the newest piece is of. */
  #loan: Loan | undefined
  #error: Error | undefined
  #stopped = false
  #wake: () => void = () => {}

  constructor(file: FileToRead) {
    this.id = file.id
    this.#file = file
    this.#reached = file.from
    this.#pieces = this.#read()
  }

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

  fallBack(size: number): void {
    const { from } = this.#file
    this.#ahead.forget()
    if (this.#reached > from && this.#reached > size)
      this.fail(new FileMissing('the file has fallen back behind what was read of it'))
  }

  async *#read(): AsyncGenerator<Uint8Array, undefined> {
    const { following, from } = this.#file
    this.#check()
    following.begin(this)
    try {
      const growth = await this.#find()
      const size = growth ? undefined : (await this.#handle?.stat())?.size
      for (let at = from; !this.#stopped; ) {
        this.#check()
        const end = growth?.written ?? size ?? 0
        if (at < end) {
          const piece = await this.#piece(at, end)
          at += piece.length
          yield piece
        } else if (growth && growth.status !== 'whole') await this.#change(growth)
        else return
      }
    } finally {
      following.end(this)
      await this.#letGo()
    }
  }

  /** Opens the file; answers its growth where it is on its way. It may be whole or taken up just now, so it is looked for under both names. */
  async #find(): Promise<ReaderNotifier | undefined> {
    const { folder, following } = this.#file
    if (!isFileId(this.id)) throw missing()
    let growth = following.growth(this.id)
    if (!growth) {
      this.#handle = await openFile(folder.whole(this.id))
      if (this.#handle) return undefined
      const durable = await durableBytes(folder, this.id).catch((cause: unknown) => {
        throw unreadable(cause)
      })
      if (durable === undefined && !following.growth(this.id)) throw missing()
      growth = following.follow(this.id, durable ?? 0)
    }
    await this.#open()
    return growth
  }

  async #open(): Promise<FileHandle> {
    const { folder } = this.#file
    this.#handle ??= (await openFile(folder.part(this.id))) ?? (await openFile(folder.whole(this.id)))
    if (!this.#handle) throw missing()
    return this.#handle
  }

  async #letGo(): Promise<void> {
    this.#giveBack()
    await this.#ahead.end()
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  /** Pages end where they do for everybody, so that those who read the same file come together. */
  async #piece(at: number, end: number): Promise<Uint8Array> {
    const { following } = this.#file
    this.#giveBack()
    this.#reached = Math.min(end, at - (at % PAGE_BYTES) + PAGE_BYTES)
    const handle = await this.#open()
    // A reader that has been ended must not bring back pages that were dropped with its file.
    this.#check()
    const read = (into: Buffer, position: number): Promise<number> => readInto(handle, into, position)
    const piece = following.hasCompany(this) ? await this.#shared(at, read) : await this.#own(at, end, read)
    this.#check()
    return piece
  }

  async #shared(at: number, read: ReadInto): Promise<Uint8Array> {
    const loan = await this.#file.following.pages.piece(this.id, at, this.#reached, read)
    if (this.#file.pieces === 'lent') this.#loan = loan
    return loan.bytes
  }

  #giveBack(): void {
    this.#loan?.end()
    this.#loan = undefined
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

  async #change(growth: ReaderNotifier): Promise<void> {
    const { status, written } = growth
    if (status === 'paused') await this.#letGo()
    if (this.#stopped || this.#error || growth.status !== status || growth.written !== written) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const callOff = growth.onChange(resolve)
    this.#wake = resolve
    await promise
    callOff()
  }
}

const missing = (): FileMissing => new FileMissing('there is no such file')

/** Undefined where there is no regular file; what else may lie there is neither followed nor waited for (C51, C53). */
const openFile = async (path: string): Promise<FileHandle | undefined> => {
  const handle = await open(path, READ_FLAGS).catch((error: unknown) => {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes(errorCode(error) ?? '')) return undefined
    throw unreadable(error)
  })
  if (!handle || (await handle.stat()).isFile()) return handle
  await handle.close()
  return undefined
}

const readInto = async (handle: FileHandle, into: Buffer, position: number): Promise<number> => {
  const { bytesRead } = await handle.read(into, 0, into.length, position).catch((cause: unknown) => {
    throw unreadable(cause)
  })
  if (bytesRead === 0) throw new FileStoreFailed('a file has become shorter than it was; something else has changed it')
  return bytesRead
}

/** Ends this one reader: that a file cannot be read does not make what is written doubtful. */
const unreadable = (cause: unknown): FileStoreFailed =>
  new FileStoreFailed(
    `a file could not be read (${errorCode(cause) ?? cause}); check the disk, and the limit of open files`,
    { cause },
  )
