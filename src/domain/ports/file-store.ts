import { type Rejected, rejected } from '../errors.ts'

export interface Digest {
  /** Bytes. */
  readonly size: number
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

/**
 * `kept`: pieces stay as they are for as long as the reader likes. `lent`: each is good until the next is asked for, so that reading
 * costs one buffer. Several readers may get the same memory: nobody changes or transfers a piece.
 */
export type Pieces = 'kept' | 'lent'

/** The one writer of one file that is on its way. Calls may not overlap. */
export interface FileWriter {
  /** Bytes taken so far. */
  readonly offset: number
  /** Bytes that would survive a crash; the only offset that may be promised. Rises within `append` and `finish`. */
  readonly durable: number
  /**
   * Takes the next bytes; resolves when the next call may be made, which is the back pressure. The bytes must not be
   * changed by the caller until then. Refuses with `DISK_FULL` or `FILE_TOO_LARGE`; the writer is then good for
   * `suspend` and `discard` only.
   */
  append(bytes: Uint8Array): Promise<Rejected | undefined>
  /** Makes durable what was taken: `durable` is `offset` then. Refuses like `append`. */
  sync(): Promise<Rejected | undefined>
  /** SHA-256 of the bytes taken so far, 64 hexadecimal digits. */
  digest(): string
  /** Syncs and lets go of the file, which stays for `resume`; the writer is of no use then. Idempotent, without effect after the end. */
  suspend(): Promise<void>
  /** Makes the file whole: durable, digest known, never overwriting, its name durable too. */
  finish(): Promise<Digest | Rejected>
  /** Removes what was written; readers that follow it end with an error. Idempotent, and without effect after `finish`. */
  discard(): Promise<void>
}

/**
 * Keeps the bytes of files under ids that we made. Rejects with a `VaultBroken` when the store itself fails (I/O error
 * other than a full disk).
 */
export interface FileStore {
  /** Opens the store; idempotent. */
  open(): Promise<void>
  /** Suspends every writer, ends every reader, and lets go of the store. */
  close(): Promise<void>
  /**
   * Begins a file. `size`, where known, is held against the largest file that it takes and what is free at once; nothing is set aside for
   * it, and the place that it takes is that of the bytes that have come.
   */
  create(id: string, size?: number): Promise<FileWriter | Rejected>
  /**
   * Goes on with a file that is not whole and has no writer now: the writer's offset is what was durable, also after a crash of the
   * machine; what had arrived beyond is dropped. A file that became whole without anybody learning of it is taken up too.
   * Undefined where nothing is kept of it. Refuses like `create`; `size` is as there.
   */
  resume(id: string, size?: number): Promise<FileWriter | Rejected | undefined>
  /** Bytes from which `resume` would go on, or the durable ones of a file that is being written; undefined where nothing is kept. */
  durable(id: string): Promise<number | undefined>
  /**
   * Gives the whole file `id` the further id `as`, without copying where the store can; where it cannot, it may refuse with
   * `DISK_FULL`. Throws `VaultMissing` where there is no such file.
   */
  duplicate(id: string, as: string): Promise<Rejected | undefined>
  /**
   * The bytes from the offset `from`, in order, in pieces of at most 1 MiB that the caller may keep unless it asks to
   * be lent them. Of a file that is not whole it follows its writers, present and coming, and ends when the file is whole. Throws
   * `VaultMissing` where there is no such file, or where it is removed while it is read, or falls back behind what was read.
   */
  read(id: string, from?: number, pieces?: Pieces): AsyncIterable<Uint8Array>
  /** Size in bytes of a whole file, undefined where there is none under this id. */
  size(id: string): Promise<number | undefined>
  /** Removes a whole file, or what is kept of one that no writer holds; idempotent. */
  remove(id: string): Promise<void>
  /** Removes what is left of uploads that no writer of this process holds, but for those in `keep`; answers how many. */
  sweep(keep: ReadonlySet<string>): Promise<number>
}

/** A vault that knows when bytes came. */
export interface DatedFileStore extends FileStore {
  /** When what is kept of a file that is not whole was last written, in milliseconds since 1970; undefined where nothing is. */
  dateOf(id: string): Promise<number | undefined>
}

export const canDate = (fileStore: FileStore): fileStore is DatedFileStore => 'dateOf' in fileStore

/** A vault that keeps no more than so many bytes. */
export interface BoundedFileStore extends FileStore {
  /** Bytes that it would still take, by its own limit; the file system may have less. */
  readonly bytesLeft: number
  /** Bytes of the largest file that it takes. */
  readonly maxFileBytes: number
}

export const hasBound = (fileStore: FileStore): fileStore is BoundedFileStore => 'bytesLeft' in fileStore

export class FileStoreFailed extends Error {
  readonly code = 'VAULT_BROKEN'
}

export class FileMissing extends Error {
  readonly code = 'VAULT_MISSING'
}

/** The refusal of a file with more bytes than the store takes. */
export const fileTooLarge = (maxFileBytes: number): Rejected =>
  rejected(
    'FILE_TOO_LARGE',
    `a file may have at most ${Math.floor(maxFileBytes / 1e6)} MB here; split it, or ask the host to raise the limit`,
  )
