import { createHash, type Hash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { FolderArchive } from '#folder/pack.ts'
import type { Skipped } from '#folder/walk.ts'
import type { DiskPath } from '#system/files/disk-path.ts'
import { isRefusal, type Refusal } from './errors.ts'
import { type NodeUploadOptions, runUpload, uploadFile } from './node-upload.ts'
import { type OnTransferUpdate, paced, type TransferOptions } from './transfers.ts'
import type { FileMeta, SentFile, SourceDigest, UploadPolicy, UploadSource } from './uploader.ts'

/** A file or folder that the room has now. */
export interface SentPath extends SentFile {
  /** Parts of a folder that are missing in it. */
  readonly skipped?: readonly Skipped[]
}

/** Its digest is known only at its end, since files may change until they are sent; a request for the end of all archives gives it time. */
const policy: UploadPolicy = {
  digestMs: 0,
  lastPartBytes: 1024,
  leastPartBytes: Number.POSITIVE_INFINITY,
  mostPartBytes: Number.POSITIVE_INFINITY,
  ownOnly: false,
}

/**
 * Sends a file or a folder of this machine's to a room, going on with whatever of it the host has already. Throws what `openSource` and `walk` throw.
 */
export async function uploadPath(
  options: NodeUploadOptions,
  path: DiskPath,
  meta: FileMeta,
): Promise<SentPath | Refusal> {
  return await ((await isFolder(path)) ? uploadFolder : uploadFile)(options, path, meta)
}

export const isFolder = async (path: DiskPath): Promise<boolean> =>
  (await stat(path).catch(unreadable))?.isDirectory() ?? false

/** Opening it tells why. */
const unreadable = () => undefined

/**
 * Sends a folder as one archive. Each file is read once; where an earlier process has sent a part of the archive, that part is read for its digest.
 */
async function uploadFolder(options: NodeUploadOptions, path: DiskPath, meta: FileMeta): Promise<SentPath | Refusal> {
  const first = await attempt(options, path, meta)
  // A file was read again after a cut, and was another then: from the start, and only once.
  return isRefusal(first) && first.code === 'HASH_MISMATCH' ? await attempt(options, path, meta) : first
}

async function attempt(options: NodeUploadOptions, path: DiskPath, meta: FileMeta): Promise<SentPath | Refusal> {
  const archive = await FolderArchive.open(path)
  const { files, bytes } = archive
  const folder = { files, bytes }
  const sent = await runUpload(options, new FolderSource(archive, options), { ...meta, folder }, policy)
  const { skipped } = archive
  return isRefusal(sent) || skipped.length === 0 ? sent : { ...sent, skipped }
}

/** Digests the archive as it is read. */
class FolderSource implements UploadSource {
  readonly size: number
  readonly #archive: FolderArchive
  readonly #report: OnTransferUpdate
  readonly #limit: number | undefined
  readonly #hash: Hash = createHash('sha256')
  /** So many bytes are in the hash. */
  #hashed = 0
  /** By their length. */
  readonly #prefixes = new Map<number, string>()
  /** Readings for digests, one after the other. */
  #reading: Promise<unknown> = Promise.resolve()

  constructor(archive: FolderArchive, { report, limit }: Pick<TransferOptions, 'report' | 'limit'>) {
    this.#archive = archive
    this.size = archive.size
    this.#report = report
    this.#limit = limit
  }

  digest(prefixes: readonly number[]): SourceDigest {
    const wanted = [...prefixes].sort((one, other) => one - other)
    const source = this
    return {
      get whole() {
        return source.#prefix(source.size, wanted)
      },
      get known() {
        return source.#prefixes.get(source.size)
      },
      prefix: (bytes) => source.#prefix(bytes, wanted),
      close: () => {},
    }
  }

  body(from: number, to: number): AsyncIterable<Uint8Array> {
    return paced(this.#bytes(from, to), this.#limit)
  }

  async *#bytes(from: number, to: number): AsyncGenerator<Uint8Array> {
    let at = from
    for await (const piece of this.#archive.read(from)) {
      const bytes = piece.subarray(0, to - at)
      this.#took(at, bytes)
      at += bytes.length
      yield bytes
      if (at >= to) return
    }
  }

  /** What was read before is not hashed again. */
  #took(at: number, bytes: Uint8Array): void {
    if (at > this.#hashed) return
    const fresh = bytes.subarray(this.#hashed - at)
    this.#hash.update(fresh)
    this.#hashed += fresh.length
    if (this.#hashed === this.size) this.#prefixes.set(this.size, this.#hash.copy().digest('hex'))
  }

  #prefix(bytes: number, wanted: readonly number[]): Promise<string> {
    const read = this.#reading.then(async () => this.#prefixes.get(bytes) ?? (await this.#read(bytes, wanted)))
    this.#reading = read.catch(() => {})
    return read
  }

  async #read(bytes: number, wanted: readonly number[]): Promise<string> {
    if (this.#hashed > bytes) return await this.#again(bytes)
    for (const next of [...wanted.filter((each) => each > this.#hashed && each < bytes), bytes]) {
      for await (const piece of this.#bytes(this.#hashed, next)) {
        if (piece.length > 0) this.#report({ type: 'hashing', done: this.#hashed, total: this.size })
      }
      this.#prefixes.set(next, this.#hash.copy().digest('hex'))
    }
    return this.#prefixes.get(bytes) as string
  }

  async #again(bytes: number): Promise<string> {
    const hash = createHash('sha256')
    for await (const piece of this.#bytes(0, bytes)) hash.update(piece)
    return hash.digest('hex')
  }
}
