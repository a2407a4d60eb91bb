import type { Limit, Rejected } from '../errors.ts'

/** Size and digest of a file's bytes. */
export interface Digest {
  /** Bytes. */
  readonly size: number
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

/**
 * `kept`: pieces stay valid for as long as the reader likes. `lent`: each is valid until the next is asked for, so that reading costs one
 * buffer. Several readers may get the same memory: nobody may change or transfer a piece.
 */
export type Pieces = 'kept' | 'lent'

/** The bytes that pieces have together. */
export const bytesOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, { length }) => sum + length, 0)

/** The only writer of one file on its way. Calls may not overlap. */
export interface FileWriter {
  /** Bytes taken so far. */
  readonly offset: number
  /** Bytes that would survive a crash; the only offset that may be promised. Rises within `append` and `finish`. */
  readonly durable: number
  /**
   * Takes the next bytes, in pieces that follow each other; resolves when the next call may be made, which is the back pressure. The
   * caller must not change them until then. Refuses with `DISK_FULL` or `FILE_TOO_LARGE`; the writer is then good for
   * `suspend` and `discard` only.
   */
  append(...pieces: readonly Uint8Array[]): Promise<Rejected | undefined>
  /** Makes all bytes taken durable: `durable` is `offset` then. Refuses like `append`. */
  sync(): Promise<Rejected | undefined>
  /** SHA-256 of the bytes taken so far, 64 hexadecimal digits. */
  digest(): string
  /** Syncs and closes the file, which stays for `resume`; ends the writer. Idempotent, without effect after the end. */
  suspend(): Promise<void>
  /** Makes the file whole: durable, digest known, never overwriting, its name durable too. */
  finish(): Promise<Digest | Rejected>
  /** Removes the file; its readers end with an error. Idempotent, and without effect after `finish`. */
  discard(): Promise<void>
}

/**
 * Keeps the bytes of files under ids that we made. Rejects with a `FileStoreFailed` when the store itself fails (an I/O error other
 * than a full disk).
 */
export interface FileStore {
  /** Opens the store; idempotent. */
  open(): Promise<void>
  /** Suspends every writer, ends every reader, and closes the store. */
  close(): Promise<void>
  /**
   * Begins a file. A known `size` is checked at once against the largest allowed file and the free space; no space is reserved, only
   * bytes that have come count.
   */
  create(id: string, size?: number): Promise<FileWriter | Rejected>
  /**
   * Goes on with a partial file that has no writer: the writer's offset is the durable part, also after a crash of the machine; bytes
   * beyond it are dropped. A whole file whose end was never reported becomes partial again. Undefined when nothing is kept of it.
   * Refuses like `create`; `size` is as there.
   */
  resume(id: string, size?: number): Promise<FileWriter | Rejected | undefined>
  /** The offset at which `resume` would go on, or the durable bytes of a file with a writer; undefined when nothing is kept. */
  durable(id: string): Promise<number | undefined>
  /**
   * Gives the whole file `id` the further id `as`, without a copy if the store can; otherwise it may refuse with `DISK_FULL`. Throws
   * `FileMissing` when there is no such file.
   */
  duplicate(id: string, as: string): Promise<Rejected | undefined>
  /** Keeps the bytes of `as` only once, as those of `id`: both are whole, and have the same bytes. Without effect where that is not possible. */
  share(id: string, as: string): Promise<void>
  /**
   * The bytes from the offset `from`, in order, in pieces of at most 1 MiB. Of a partial file it follows the writers, present and future,
   * and ends when the file is whole. Throws `FileMissing` when there is no such file, or when it is removed or falls back behind the
   * bytes read while it is read.
   */
  read(id: string, from?: number, pieces?: Pieces): AsyncIterable<Uint8Array>
  /** Size in bytes of a whole file; undefined when there is none under this id. */
  size(id: string): Promise<number | undefined>
  /** Removes a whole file, or a partial one without a writer; idempotent. */
  remove(id: string): Promise<void>
  /** Removes partial files without a writer of this process, except those in `keep`; answers how many. */
  sweep(keep: ReadonlySet<string>): Promise<number>
}

/** A file store that knows when bytes came. */
export interface DatedFileStore extends FileStore {
  /** The time of the last write to a partial file, in milliseconds since 1970; undefined when there is none. */
  dateOf(id: string): Promise<number | undefined>
}

export const canDate = (fileStore: FileStore): fileStore is DatedFileStore => 'dateOf' in fileStore

/** A file store that knows how much it takes. */
export interface BoundedFileStore extends FileStore {
  /** Bytes that it may still take, as far as it knows: others may write on the same disk. Below 0 where it has more than it may. */
  readonly bytesLeft: number
  /** The limit behind `bytesLeft` now: the quota of the host, its disk, or its memory. */
  readonly bound: Limit
  /** Bytes of the largest file that it takes; infinite without a limit of its own. */
  readonly maxFileBytes: number
  /** Finds out anew how many bytes are left. */
  measure(): Promise<void>
}

export const hasBound = (fileStore: FileStore): fileStore is BoundedFileStore => 'bytesLeft' in fileStore

/** What the rooms tell of a file. */
export interface KnownFile {
  /** The host that it comes in at, of several that share their files; undefined where it is whole. */
  readonly home?: string
  /** Undefined while it arrives. */
  readonly whole?: Digest
}

/** A file store whose whole files other hosts have as well: what is not here is read there, and kept here. */
export interface SharedFileStore extends FileStore {
  /** This host's name, among those that share their files. */
  readonly host: string
  /** To be called before all else. `known` answers what the rooms tell of a file: without their digest nothing of another host is kept. */
  know(known: (id: string) => Promise<KnownFile | undefined>): void
  /** To be called with all whole files once the host has started: those that no other host has are copied. */
  check(ids: readonly string[]): void
}

export const isSharedFileStore = (fileStore: FileStore): fileStore is SharedFileStore => 'know' in fileStore

/** The store failed (an I/O error other than a full disk); the host stops. */
export class FileStoreFailed extends Error {
  readonly code = 'VAULT_BROKEN'
}

/** There is no such file, or it was removed while it was read. */
export class FileMissing extends Error {
  readonly code = 'VAULT_MISSING'
}

/** The hosts that have the file cannot be reached just now. */
export class FileAway extends FileMissing {}
