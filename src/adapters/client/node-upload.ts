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
  /** Left out where a key says whose the upload is. */
  readonly records?: ResumeStore
  readonly offered?: NonNullable<UploaderOptions['offered']>
  readonly files?: NonNullable<UploaderOptions['files']>
}

/** All in one request, but for the end, which brings the digest where that is not known before. */
export const inOneGo: Omit<UploadPolicy, 'digestMs'> = {
  lastPartBytes: 1024,
  leastPartBytes: Number.POSITIVE_INFINITY,
  mostPartBytes: Number.POSITIVE_INFINITY,
  ownOnly: false,
}

/** A disk is read quickly, so the digest comes first where it may spare something; elsewhere the file is read once. */
const policy: UploadPolicy = {
  ...inOneGo,
  digestMs: Number.POSITIVE_INFINITY,
  newDigestMs: 0,
  // More would be sent twice where a connection is cut, or the file be refused.
  wholeBytes: 256 * 1024,
}
/** What is in memory already is not read twice. */
const policyInMemory: UploadPolicy = { ...policy, newDigestMs: policy.digestMs }

/**
 * Sends a file of this machine's to a room, continuing an upload that the host has in part, and answers it whole and verified, or the
 * refusal. Throws the errors of `openSource`.
 */
export async function uploadFile(
  options: NodeUploadOptions,
  path: DiskPath,
  meta: FileMeta,
): Promise<SentFile | Refusal> {
  const first = await attempt(options, path, meta)
  // Bytes were changed on the way, or the file was while it was read: from the start, and only once (C112).
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

/** Sends a source, and keeps the address of its upload until it is whole. */
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

/** Sends a source that can be read once; a file is better sent with `uploadFile`, which can go on after a stop. */
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

/** Whether the host has more of it than when it was asked the last time. */
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

/** The bytes of a file or an archive, to be read from any byte on, and again. */
export interface ReadableBytes {
  readonly size: number
  /** A piece is good until three more were taken. */
  read(from: number): AsyncIterable<Uint8Array>
  /** Left out where every reading gives the same bytes, or tells otherwise. */
  changed?(): Promise<boolean>
}

/** Digests bytes as they are read, whether for that or to be sent. */
export class DigestedSource implements UploadSource {
  readonly size: number
  readonly #bytes: ReadableBytes
  readonly #report: OnTransferUpdate
  readonly #limit: number | undefined
  readonly #hash: Hash = createHash('sha256')
  /** So many bytes are in the hash. */
  #hashed = 0
  /** By their length. */
  readonly #prefixes = new Map<number, string>()
  /** Readings for digests, one after the other. */
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

  /** Throws where there are fewer bytes than the host was told to wait for. */
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

  /** What was read before is not hashed again. */
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
    // Of a file that was written to meanwhile, the sent bytes may be neither what it was nor what it is.
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

/** Addresses of unfinished uploads that the room lists only for their sender, who has no key: another process can continue them. */
export interface ResumeStore {
  find(upload: ResumableUpload): Promise<string | undefined>
  keep(upload: ResumableUpload, address: string): Promise<void>
  drop(upload: ResumableUpload): Promise<void>
}

/** The same again is the same upload, where its bytes are too. */
export interface ResumableUpload {
  /** `host:port` */
  readonly at: string
  readonly room: string
  readonly to?: string
  readonly name: string
  readonly size: number
}

/** A host forgets an upload that nobody goes on with after a day, and the ticket in its address ends then. */
const KEPT_MS = 24 * 3_600_000

/**
 * A ticket is in each address, so they are in files for their owner alone. Where nothing can be kept, an upload that loses its process
 * begins anew, as it would without this.
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

  /** Removes those that nobody came back for. */
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
