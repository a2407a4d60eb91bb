import type { Limit, Rejected } from '../errors.ts'

/** Size and digest of a file's bytes. */
export interface Digest {
  /** Bytes. */
  readonly size: number
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

/**
 * `kept`: a piece stays valid as long as the reader likes. `lent`: a piece is valid until the next one is requested, so that reading
 * costs one buffer. Several readers may get the same memory: nobody may change or transfer a piece.
 */
export type Pieces = 'kept' | 'lent'

/** The total bytes of some pieces. */
export const bytesOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, { length }) => sum + length, 0)

/** The only writer of one unfinished file. Calls must not overlap. */
export interface FileWriter {
  /** Bytes taken so far. */
  readonly offset: number
  /** Bytes that would survive a crash; the only offset that may be promised. Rises within `append` and `finish`. */
  readonly durable: number
  /**
   * Takes the next bytes, in consecutive pieces; resolves when the next call may be made, which is the back pressure. The caller must
   * not change them until then. Refuses with `DISK_FULL` or `FILE_TOO_LARGE`; afterwards the writer is good for `suspend` and `discard`
   * only.
   */
  append(...pieces: readonly Uint8Array[]): Promise<Rejected | undefined>
  /** Makes all bytes taken durable: `durable` is `offset` then. Refuses like `append`. */
  sync(): Promise<Rejected | undefined>
  /** SHA-256 of the bytes taken so far, 64 hexadecimal digits. */
  digest(): string
  /** Syncs and closes the file, which stays for `resume`; ends the writer. Idempotent, without effect after the end. */
  suspend(): Promise<void>
  /** Completes the file: durable, with its digest, never overwriting another, and with a durable name. */
  finish(): Promise<Digest | Rejected>
  /** Removes the file; its readers end with an error. Idempotent, and without effect after `finish`. */
  discard(): Promise<void>
}

/**
 * Keeps the bytes of files under ids made by this host. Rejects with a `FileStoreFailed` if the store itself fails (an I/O error other
 * than a full disk).
 */
export interface FileStore {
  /** Opens the store; idempotent. */
  open(): Promise<void>
  /** Suspends every writer, ends every reader, and closes the store. */
  close(): Promise<void>
  /**
   * Begins a file. A known `size` is checked at once against the largest allowed file and the free space. No space is reserved: only
   * received bytes count.
   */
  create(id: string, size?: number): Promise<FileWriter | Rejected>
  /**
   * Continues a partial file that has no writer. The writer's offset is the durable part, even after a crash of the machine; later bytes
   * are dropped. A complete file whose completion was never reported becomes partial again. Undefined if nothing of it is left. Refuses
   * like `create`, with the same `size`.
   */
  resume(id: string, size?: number): Promise<FileWriter | Rejected | undefined>
  /** The offset at which `resume` would continue, or the durable bytes of a file with a writer; undefined if nothing of it is left. */
  durable(id: string): Promise<number | undefined>
  /**
   * Adds the id `as` to the complete file `id`, without a copy if the store can; otherwise it may refuse with `DISK_FULL`. Throws
   * `FileMissing` if there is no such file.
   */
  duplicate(id: string, as: string): Promise<Rejected | undefined>
  /** Stores two complete files with the same bytes only once. Does nothing if the store cannot. */
  share(id: string, as: string): Promise<void>
  /**
   * The bytes from the offset `from`, in order, in pieces of at most 1 MiB. For a partial file, it follows present and future writers,
   * and ends when the file is complete. Throws `FileMissing` if there is no such file, or if it is removed, or falls back behind the
   * bytes already read, during the reading.
   */
  read(id: string, from?: number, pieces?: Pieces): AsyncIterable<Uint8Array>
  /** Size in bytes of a complete file; undefined if there is none with this id. */
  size(id: string): Promise<number | undefined>
  /** Removes a complete file, or a partial one without a writer; idempotent. */
  remove(id: string): Promise<void>
  /** Removes partial files without a writer in this process, except those in `keep`. Answers their number. */
  sweep(keep: ReadonlySet<string>): Promise<number>
}

/** A file store that knows when bytes arrived. */
export interface DatedFileStore extends FileStore {
  /** The time of the last write to a partial file, in milliseconds since 1970; undefined if there is none. */
  dateOf(id: string): Promise<number | undefined>
}

export const canDate = (fileStore: FileStore): fileStore is DatedFileStore => 'dateOf' in fileStore

/** A file store that knows the space it takes. */
export interface BoundedFileStore extends FileStore {
  /** Bytes that it can still take, as far as it knows, since others may write to the same disk. Below 0 if it holds more than allowed. */
  readonly bytesLeft: number
  /** The limit that sets `bytesLeft` at the moment: the quota of the host, its disk, or its memory. */
  readonly bound: Limit
  /** Bytes of the largest file it takes; infinite without a limit of its own. */
  readonly maxFileBytes: number
  /** Measures again how many bytes are left. */
  measure(): Promise<void>
}

export const hasBound = (fileStore: FileStore): fileStore is BoundedFileStore => 'bytesLeft' in fileStore

/** What rooms know about a file. */
export interface KnownFile {
  /** In a cluster: the host that receives it; undefined once it is complete. */
  readonly home?: string
  /** Undefined until it is complete. */
  readonly whole?: Digest
}

/** A file store shared with other hosts: a file not found here is read from another host, and kept here. */
export interface SharedFileStore extends FileStore {
  /** The name of this host in the cluster. */
  readonly host: string
  /**
   * Call it first. `known` answers what rooms know about a file: nothing is copied from another host without a digest to verify it.
   * `orphaned` is called with an upload that has bytes here and whose home is gone. It resolves once this host has taken the upload over,
   * or has removed its bytes.
   */
  know(known: (id: string) => Promise<KnownFile | undefined>, orphaned: (id: string) => Promise<void>): void
  /** Removes this host's bytes of an upload that another host took over, unless they are the complete file known to the room. */
  recheck(id: string): Promise<void>
  /**
   * Has the files among these copied that are on this host alone. Answers their number, and the files that no host has. Rejects if
   * another host does not answer.
   */
  spread(ids: readonly string[]): Promise<{ readonly copying: number; readonly missing: readonly string[] }>
  /** Call it with all complete files once the host has started: files that no other host has are copied. */
  check(ids: readonly string[]): void
}

export interface LostFile {
  readonly room: string
  readonly name: string
}

/** The files of a host that is lost for good. */
export interface ForgottenHost {
  /** Number of files that only this host has now, and that are being copied. */
  readonly copying: number
  /** Files that no host has. */
  readonly lost: readonly LostFile[]
}

export const isSharedFileStore = (fileStore: FileStore): fileStore is SharedFileStore => 'know' in fileStore

/** The store failed (an I/O error other than a full disk); the host stops. */
export class FileStoreFailed extends Error {
  readonly code = 'VAULT_BROKEN'
}

/** There is no such file, or it was removed during the reading. */
export class FileMissing extends Error {
  readonly code = 'VAULT_MISSING'
}

/** The hosts that have the file cannot be reached at the moment. */
export class FileAway extends FileMissing {}
