import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { WholeFile } from '#domain/room/events.ts'
import type { UploadMeta } from '#domain/session.ts'
import type { DiskPath } from '#system/files/disk-path.ts'
import { makeDirectory, replaceFile } from '#system/files/file-system.ts'
import { openSource, type Source } from '#system/files/source.ts'
import type { ApiClient } from './api-client.ts'
import { chunked } from './chunked.ts'
import { FileChanged, isRefusal, type Refusal } from './errors.ts'
import type { ClientSettings } from './settings.ts'
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
  uploadStream,
} from './uploader.ts'

export interface NodeUploadOptions extends TransferOptions {
  readonly settings: Pick<ClientSettings, 'readBytes' | 'pieceBytes' | 'pieceMs'>
  readonly room: string
  /** Left out where a key says whose the upload is. */
  readonly records?: ResumeStore
  readonly offered?: NonNullable<UploaderOptions['offered']>
}

/** A disk is read quickly: the digest comes first, and all the rest in one request. */
const policy: UploadPolicy = {
  digestMs: Number.POSITIVE_INFINITY,
  lastPartBytes: Number.POSITIVE_INFINITY,
  leastPartBytes: Number.POSITIVE_INFINITY,
  mostPartBytes: Number.POSITIVE_INFINITY,
  ownOnly: false,
}

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
    return await runUpload(options, new FileSource(source, size, options), meta, policy)
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

class FileSource implements UploadSource {
  readonly size: number
  readonly #source: Source
  readonly #report: OnTransferUpdate
  readonly #limit: number | undefined

  constructor(source: Source, size: number, { report, limit }: Pick<TransferOptions, 'report' | 'limit'>) {
    this.#source = source
    this.size = size
    this.#report = report
    this.#limit = limit
  }

  changed(): Promise<boolean> {
    return this.#source.changed()
  }

  digest(offsets: readonly number[]): SourceDigest {
    const { size } = this
    const prefixes = new Map(offsets.map((bytes) => [bytes, Promise.withResolvers<string>()]))
    let known: string | undefined
    const whole = digestOf(this.#source.bytes(), prefixes, (done) =>
      this.#report({ type: 'hashing', done, total: size }),
    ).then((digest) => {
      if (digest.size !== size) throw new FileChanged('the file changed while it was read')
      known = digest.sha256
      return digest.sha256
    })
    // Their failure is heard where they are awaited.
    for (const { promise, reject } of prefixes.values()) {
      promise.catch(() => {})
      whole.catch(reject)
    }
    return {
      whole,
      get known() {
        return known
      },
      prefix: (bytes) => prefixes.get(bytes)?.promise,
      close: () => {},
    }
  }

  body(from: number): AsyncIterable<Uint8Array> {
    return paced(exactly(this.size - from, this.#source.bytes(from)), this.#limit)
  }
}

/** Reads a file once, for its own digest and those of its first bytes. */
async function digestOf(
  bytes: AsyncIterable<Uint8Array>,
  prefixes: ReadonlyMap<number, PromiseWithResolvers<string>>,
  hashed: (bytes: number) => void,
): Promise<{ readonly sha256: string; readonly size: number }> {
  const hash = createHash('sha256')
  const wanted = [...prefixes.keys()].sort((one, other) => one - other)
  let size = 0
  const settle = () => prefixes.get(size)?.resolve(hash.copy().digest('hex'))
  for await (const piece of bytes) {
    let at = 0
    for (let next = wanted[0]; next !== undefined && next <= size + piece.length - at; next = wanted[0]) {
      const part = piece.subarray(at, at + next - size)
      hash.update(part)
      at += part.length
      size += part.length
      settle()
      wanted.shift()
    }
    hash.update(piece.subarray(at))
    size += piece.length - at
    hashed(size)
  }
  if (wanted[0] === size) settle()
  return { sha256: hash.digest('hex'), size }
}

/** Throws where there are fewer bytes than the host was told to wait for. */
async function* exactly(length: number, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = length
  for await (const piece of pieces) {
    left -= piece.length
    yield piece
  }
  if (left > 0) throw new FileChanged('the file changed while it was sent')
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
