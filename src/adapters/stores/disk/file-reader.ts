import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { type Pieces, VaultBroken, VaultMissing } from '../../../domain/ports/vault.ts'
import { errorCode } from './error-code.ts'
import { type Folder, isFileId } from './folder.ts'
import type { Growth } from './growth.ts'
import type { Health } from './health.ts'

export interface FileToRead {
  readonly id: string
  readonly from: number
  readonly pieces: Pieces
  readonly folder: Folder
  readonly health: Health
  /** Asked when reading begins; undefined when no upload has this id. */
  growth(): Growth | undefined
  /** Told of a reader when it begins and when it ends. */
  readonly readers: Set<FileReader>
}

/** Large pieces decide the speed of a download; each is fresh, unless it is only lent: fresh ones cost 60 MB between collections. */
const PIECE_BYTES = 1024 * 1024
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * One reader of one file with a descriptor of its own. Not a bare generator, because `return()` and `fail` must also end
 * one that waits for a stalled upload, where a generator would wait with it.
 */
export class FileReader implements AsyncIterator<Uint8Array, undefined> {
  readonly id: string
  readonly #file: FileToRead
  readonly #pieces: AsyncGenerator<Uint8Array, undefined>
  #error: Error | undefined
  #stopped = false
  #wake: () => void = () => {}

  constructor(file: FileToRead) {
    this.id = file.id
    this.#file = file
    this.#pieces = this.#read()
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#pieces.next()
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#stopped = true
    this.#wake()
    return this.#pieces.return(undefined)
  }

  /** Ends the reader with an error at its next step. */
  fail(error: Error): void {
    this.#error = error
    this.#wake()
  }

  async *#read(): AsyncGenerator<Uint8Array, undefined> {
    const { readers, from, pieces } = this.#file
    this.#check()
    const growth = this.#file.growth()
    readers.add(this)
    let handle: FileHandle | undefined
    let lent: Buffer | undefined
    try {
      handle = await this.#open(growth)
      const size = growth ? undefined : (await handle.stat()).size
      for (let at = from; !this.#stopped; ) {
        this.#check()
        const end = growth?.written ?? size ?? 0
        if (at < end) {
          const length = Math.min(end - at, PIECE_BYTES)
          const buffer = lent !== undefined && lent.length >= length ? lent : Buffer.allocUnsafeSlow(length)
          if (pieces === 'lent') lent = buffer
          const piece = await readPiece(handle, at, buffer.subarray(0, length))
          this.#check()
          at += piece.length
          yield piece
        } else if (growth && !growth.whole) await this.#change(growth)
        else return
      }
    } finally {
      readers.delete(this)
      await handle?.close()
    }
  }

  /** An upload's file changes its name when it is whole, perhaps just now: so first the one, then the other. */
  async #open(growth: Growth | undefined): Promise<FileHandle> {
    const { folder } = this.#file
    const known = isFileId(this.id)
    const part = known && growth ? await openFile(folder.part(this.id)) : undefined
    const handle = known && !part ? await openFile(folder.whole(this.id)) : part
    if (!handle) throw new VaultMissing('there is no such file')
    return handle
  }

  #check(): void {
    this.#file.health.check()
    if (this.#error) throw this.#error
  }

  async #change(growth: Growth): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const callOff = growth.onChange(resolve)
    this.#wake = resolve
    await promise
    callOff()
  }
}

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

const readPiece = async (handle: FileHandle, position: number, buffer: Buffer): Promise<Uint8Array> => {
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, position).catch((cause: unknown) => {
    throw unreadable(cause)
  })
  if (bytesRead === 0) throw new VaultBroken('a file has become shorter than it was; something else has changed it')
  return bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead)
}

/** Ends this one reader: that a file cannot be read does not make what is written doubtful. */
const unreadable = (cause: unknown): VaultBroken =>
  new VaultBroken(
    `a file could not be read (${errorCode(cause) ?? cause}); check the disk, and the limit of open files`,
    { cause },
  )
