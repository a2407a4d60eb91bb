import { createHash, type Hash } from 'node:crypto'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { WholeFile } from '#domain/room/events.ts'
import type { UploadMeta } from '#domain/session.ts'
import type { DiskPath } from '#system/files/disk-path.ts'
import { makeDirectory, replaceFile } from '#system/files/file-system.ts'
import { openSource } from '#system/files/source.ts'
import type { ApiClient } from './api-client.ts'
import { chunked } from './chunked.ts'
import { FileChanged, isRefusal, type Refusal } from './errors.ts'
import type { ClientSettings } from './settings.ts'
import { uploadStream } from './stream-upload.ts'
import { type OnTransferUpdate, paced, type TransferOptions } from './transfers.ts'
import { fileStatus } from './tus.ts'
import {
  type FileMeta,
  type SentFile,
  type SourceDigest,
  Uploader,
  type UploaderOptions,
  type UploadPolicy,
  type UploadSource,
} from './uploader.ts'

export interface NodeUploadOptions extends TransferOptions {
  readonly settings: Pick<ClientSettings, 'readBytes' | 'pieceBytes' | 'pieceMs'>
  readonly room: string
  /** Left out if a key identifies the owner of the upload. */
  readonly records?: ResumeStore
  readonly offered?: NonNullable<UploaderOptions['offered']>
  readonly files?: NonNullable<UploaderOptions['files']>
}

/** All in one request, except for the end, which brings the digest if it is not known before. */
export const inOneGo: Omit<UploadPolicy, 'digestMs'> = {
  lastPartBytes: 1024,
  leastPartBytes: Number.POSITIVE_INFINITY,
  mostPartBytes: Number.POSITIVE_INFINITY,
  ownOnly: false,
}

/** Reading a disk is quick, so the digest comes first if it may save an upload; otherwise the file is read once. */
const policy: UploadPolicy = {
  ...inOneGo,
  digestMs: Number.POSITIVE_INFINITY,
  newDigestMs: 0,
  // With larger files, more would be sent twice after a cut, or before a refusal.
  wholeBytes: 256 * 1024,
}
/** What is in memory already is not read twice. */
const policyInMemory: UploadPolicy = { ...policy, newDigestMs: policy.digestMs }

/**
 * Sends a file of this machine to a room, continuing an upload that the host has in part. Answers the complete, verified file, or the
 * refusal. Throws the errors of `openSource`.
 */
export async function uploadFile(
  options: NodeUploadOptions,
  path: DiskPath,
  meta: FileMeta,
): Promise<SentFile | Refusal> {
  const first = await attempt(options, path, meta)
  // Bytes were damaged on the way, or the file changed while it was read: once more from the start (C112).
  const again = isRefusal(first) && ['HASH_MISMATCH', 'FILE_CHANGED'].includes(first.code)
  return again ? await attempt(options, path, meta) : first
}

async function attempt(options: NodeUploadOptions, path: DiskPath, meta: FileMeta): Promise<SentFile | Refusal> {
  const source = await openSource(path, options.settings.readBytes)
  try {
    const { size } = source
    if (size === undefined)
      return await uploadPipe(options, source.bytes(), {
        name: meta.name,
        ...addressed(meta),
        ...expiring(meta),
      })
    const bytes = { size, read: (from: number) => source.bytes(from, 'lent'), changed: () => source.changed() }
    const policyOfSize = size <= options.settings.readBytes ? policyInMemory : policy
    return await runUpload(options, new DigestedSource(bytes, options), meta, policyOfSize)
  } finally {
    await source.close()
  }
}

/** Sends a source, and keeps the address of its upload until it is complete. */
export async function runUpload(
  options: NodeUploadOptions,
  source: UploadSource,
  meta: FileMeta,
  policy: UploadPolicy,
): Promise<SentFile | Refusal> {
  const { api, room, records } = options
  const record = { at: api.http.at, room, name: meta.name, size: source.size, ...addressed(meta) }
  const kept = api.fileAt(await records?.find(record))
  const offered = async (id: string | undefined) => {
    if (id !== undefined && api.hasTicket(id)) await records?.keep(record, api.filePath(id))
  }
  const alive = (id: string, from: number) => gettingFurther(api, id, from)
  const sent = await new Uploader({ ...options, policy, kept, offered, alive }, source, meta).run()
  if (!isRefusal(sent)) await records?.drop(record)
  return sent
}

const addressed = ({ to }: FileMeta) => (to === undefined ? {} : { to })

const expiring = ({ expiresInSeconds }: FileMeta) => (expiresInSeconds === undefined ? {} : { expiresInSeconds })

/** Sends a source that can be read only once. For a file, use `uploadFile`, which can continue after a stop. */
export function uploadPipe(
  options: NodeUploadOptions,
  source: AsyncIterable<Uint8Array>,
  meta: UploadMeta,
): Promise<WholeFile | Refusal> {
  const { pieceBytes, pieceMs } = options.settings
  const newDigest = () => {
    const hash = createHash('sha256')
    return { update: (bytes: Uint8Array) => void hash.update(bytes), digest: () => hash.digest() }
  }
  return uploadStream({ ...options, newDigest }, chunked(paced(source, options.limit), pieceBytes, pieceMs), meta)
}

/** Whether the host has more of it than at the last call. */
function gettingFurther(api: ApiClient, id: string, from: number): () => Promise<boolean> {
  let reached = from
  return async () => {
    const status = await fileStatus(api, id)
    if (isRefusal(status)) return false
    const further = status.status === 'whole' || status.offset > reached
    if (status.status === 'arriving') reached = status.offset
    return further
  }
}

/** The bytes of a file or an archive, readable from any byte and repeatedly. */
export interface ReadableBytes {
  readonly size: number
  /** A piece is valid until three more were taken. */
  read(from: number): AsyncIterable<Uint8Array>
  /** Left out if every reading gives the same bytes, or reports a change itself. */
  changed?(): Promise<boolean>
}

/** Hashes bytes as they are read, for the digest or for sending. */
export class DigestedSource implements UploadSource {
  readonly size: number
  readonly #bytes: ReadableBytes
  readonly #report: OnTransferUpdate
  readonly #limit: number | undefined
  readonly #hash: Hash = createHash('sha256')
  /** Number of bytes in the hash. */
  #hashed = 0
  /** Digests of prefixes, by their length. */
  readonly #prefixes = new Map<number, string>()
  /** Passes over the file for digests, one after the other. */
  #reading: Promise<unknown> = Promise.resolve()

  constructor(bytes: ReadableBytes, { report, limit }: Pick<TransferOptions, 'report' | 'limit'>) {
    this.#bytes = bytes
    this.size = bytes.size
    this.#report = report
    this.#limit = limit
  }

  changed(): Promise<boolean> {
    return this.#bytes.changed?.() ?? Promise.resolve(false)
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
    return paced(this.#read(from, to), this.#limit)
  }

  /** Throws if there are fewer bytes than announced to the host. */
  async *#read(from: number, to: number): AsyncGenerator<Uint8Array> {
    let at = from
    if (at < to)
      for await (const piece of this.#bytes.read(from)) {
        const bytes = piece.subarray(0, to - at)
        this.#took(at, bytes)
        at += bytes.length
        yield bytes
        if (at >= to) return
      }
    if (at < to) throw new FileChanged('the file changed while it was read')
  }

  /** Bytes hashed before are not hashed again. */
  #took(at: number, bytes: Uint8Array): void {
    if (at > this.#hashed) return
    const fresh = bytes.subarray(this.#hashed - at)
    this.#hash.update(fresh)
    this.#hashed += fresh.length
  }

  #prefix(bytes: number, wanted: readonly number[]): Promise<string> {
    const read = this.#reading.then(async () => this.#prefixes.get(bytes) ?? (await this.#digestTo(bytes, wanted)))
    this.#reading = read.catch(() => {})
    return read
  }

  async #digestTo(bytes: number, wanted: readonly number[]): Promise<string> {
    if (this.#hashed > bytes) return await this.#again(bytes)
    for (const next of [...wanted.filter((each) => each > this.#hashed && each < bytes), bytes]) {
      for await (const piece of this.#read(this.#hashed, next))
        if (piece.length > 0) this.#report({ type: 'hashing', done: this.#hashed, total: this.size })
      this.#prefixes.set(next, this.#hash.copy().digest('hex'))
    }
    const digest = this.#prefixes.get(bytes) as string
    // If the file was written to in the meantime, the sent bytes may match neither its old nor its new content.
    if (bytes === this.size && (await this.changed()) && (await this.#again(bytes)) !== digest) {
      this.#prefixes.delete(bytes)
      throw new FileChanged('the file changed while it was read')
    }
    return digest
  }

  async #again(bytes: number): Promise<string> {
    const hash = createHash('sha256')
    for await (const piece of this.#bytes.read(0)) {
      const rest = piece.subarray(0, bytes)
      hash.update(rest)
      bytes -= rest.length
      if (bytes === 0) break
    }
    return hash.digest('hex')
  }
}

/** Addresses of unfinished uploads that the room lists only for their sender, who has no key: with them another process can continue. */
export interface ResumeStore {
  find(upload: ResumableUpload): Promise<string | undefined>
  keep(upload: ResumableUpload, address: string): Promise<void>
  drop(upload: ResumableUpload): Promise<void>
}

/** Identifies an upload: the same values again mean the same upload, if the bytes match too. */
export interface ResumableUpload {
  /** `host:port` */
  readonly at: string
  readonly room: string
  readonly to?: string
  readonly name: string
  readonly size: number
}

/** A host forgets an upload without progress after a day, and the ticket in its address ends then. */
const KEPT_MS = 24 * 3_600_000

/**
 * Each address has a ticket in it, so the files are readable by their owner only. If nothing can be kept, an upload whose process ends
 * starts again, as it would without this.
 */
export class DiskResumeStore implements ResumeStore {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async find(upload: ResumableUpload): Promise<string | undefined> {
    return await readFile(this.#pathOf(upload), 'utf8').catch(() => undefined)
  }

  async keep(upload: ResumableUpload, address: string): Promise<void> {
    try {
      await makeDirectory(this.#directory, 0o700)
      await this.#tidy()
      await replaceFile(this.#pathOf(upload), address)
    } catch {
      // It is sent all the same.
    }
  }

  async drop(upload: ResumableUpload): Promise<void> {
    await rm(this.#pathOf(upload), { force: true }).catch(() => {})
  }

  /** Removes addresses of uploads that nobody continued. */
  async #tidy(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name)
      const found = await stat(path).catch(() => undefined)
      if (found !== undefined && Date.now() - found.mtimeMs > KEPT_MS) await rm(path, { force: true })
    }
  }

  #pathOf({ at, room, to = '', name, size }: ResumableUpload): string {
    const key = createHash('sha256').update(JSON.stringify([at, room, to, name, size]))
    return join(this.#directory, key.digest('hex'))
  }
}
