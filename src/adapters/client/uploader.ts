import { safeFileName } from '#domain/names/file-name.ts'
import type { Folder, WholeFile } from '#domain/room/events.ts'
import type { FileRow } from '#protocol/schema.ts'
import type { ApiClient, RequestBody } from './api-client.ts'
import { FileChanged, isGone, isPassing, isRefusal, type Refusal, refusal } from './errors.ts'
import { listFiles } from './queries.ts'
import type { TransferOptions } from './transfers.ts'
import { createUpload, type FileStatus, fileStatus, removeUpload, sendPart } from './tus.ts'

/** A file at the sender's end: it can be read from any byte, and repeatedly. Reading throws `FileChanged` if that fails. */
export interface UploadSource {
  /** In bytes. */
  readonly size: number
  /** Begins one pass over the file, for its digest and the digests of its first `prefixes` bytes. */
  digest(prefixes: readonly number[]): SourceDigest
  /** The bytes from `from` up to, but not including, `to`. */
  body(from: number, to: number): RequestBody | Promise<RequestBody>
  /** Whether the file was written to since it was opened, if that can be known. */
  changed?(): Promise<boolean>
}

/** SHA-256, 64 hexadecimal digits. */
export interface SourceDigest {
  readonly whole: Promise<string>
  /** Undefined until the whole file has been read. */
  readonly known: string | undefined
  /** Undefined for a length that was not requested. */
  prefix(bytes: number): Promise<string> | undefined
  close(): void
}

/** How uploads are sent on this platform. */
export interface UploadPolicy {
  /** Time to wait for the digest before the file is offered; 0: no waiting. Without it the digest follows with the last bytes. */
  readonly digestMs: number
  /** The same if the room has no file of this size, so that a digest cannot save any bytes. Left out: `digestMs`. */
  readonly newDigestMs?: number
  /** A file up to this size with a known digest is offered and sent in one request. Left out: none. */
  readonly wholeBytes?: number
  /** Without the digest, this part at the end waits for it. */
  readonly lastPartBytes: number
  /** A request carries the bytes of about one second, within these limits. */
  readonly leastPartBytes: number
  readonly mostPartBytes: number
  /** Continues only its own uploads, and ends when another sender of the same file was faster. */
  readonly ownOnly: boolean
}

export interface UploaderOptions extends Omit<TransferOptions, 'limit'> {
  readonly room: string
  readonly policy: UploadPolicy
  /** The room's files, if several uploads share one list; `again` asks for a newer one. By default they are requested. */
  readonly files?: (again: boolean) => Promise<readonly KnownFile[] | Refusal>
  /** An unfinished upload of this file that the room shows to its sender only. */
  readonly kept?: string | undefined
  /** The room shows none of its files: only `kept` may be continued. */
  readonly blind?: boolean
  /** Ids of uploads that this client already has in progress. */
  readonly taken?: () => ReadonlySet<string>
  /** For long requests: tells whether the host got further than `from`, and later, than at the last call. */
  readonly alive?: (id: string, from: number) => () => Promise<boolean>
  /** Called when the host has the upload, or has lost it; awaited before the first bytes are sent. */
  readonly offered?: (id: string | undefined) => void | Promise<void>
}

/** The facts about a room's file that matter to an upload. */
export type KnownFile = Pick<FileRow, 'id' | 'name' | 'status'> &
  Partial<Pick<FileRow, 'size' | 'sha256' | 'audience' | 'byId' | 'folder'>>

export interface FileMeta {
  /** Its name in the room. */
  readonly name: string
  /** The name of the one person that it is for. */
  readonly to?: string | undefined
  /** Id of the sending member: an upload with an audience is continued by its own sender only. */
  readonly by?: string
  /** Its bytes are the archive of a folder. */
  readonly folder?: Folder
  /** Seconds until it expires; left out: as long as the host keeps files. */
  readonly expiresInSeconds?: number | undefined
}

/** A file that the room has now, under its name there. */
export interface SentFile extends WholeFile {
  /** The room already had these bytes, so none were sent. */
  readonly already?: true
}

/**
 * One upload, over as many connections as needed. It continues whatever the host has of the file, found by name, size and bytes; creates
 * it otherwise; sends from the host's durable offset, and asks for that again after each interruption.
 */
export class Uploader {
  readonly #options: UploaderOptions
  readonly #source: UploadSource
  readonly #meta: FileMeta
  #digest: SourceDigest | undefined
  #id: string | undefined
  /** It was created here, so nobody else needs it. */
  #isOwn = false
  #isWithdrawn = false
  /** The room's files of this size; undefined: not requested yet, or to be requested again. */
  #alike: readonly KnownFile[] | undefined
  /** The room's list was requested before. */
  #isAgain = false
  #partBytes: number

  constructor(options: UploaderOptions, source: UploadSource, meta: FileMeta) {
    this.#options = options
    this.#source = source
    this.#meta = meta
    this.#partBytes = options.policy.leastPartBytes
  }

  /**
   * Sends the file. Refuses with `FILE_CHANGED` or `HASH_MISMATCH` if the sent bytes are not the file; the host keeps none of them.
   * After a refusal, or an abort, which throws the signal's reason, it may be called again, and continues.
   */
  async run(signal?: AbortSignal): Promise<SentFile | Refusal> {
    const { api } = this.#options
    try {
      const sent = await this.#carry(signal)
      if (!isRefusal(sent)) {
        const name = safeFileName(sent.name, sent.id)
        return typeof name === 'string' ? { ...sent, name } : sent
      }
      if (sent.code !== 'HASH_MISMATCH') return sent
      // It would begin again at 0, and without bytes nobody can tell whose file it is.
      if (this.#id !== undefined) await removeUpload(api, this.#id).catch(() => {})
      this.#forget()
      return (await this.#source.changed?.()) === true ? changed : sent
    } catch (error) {
      if (!(error instanceof FileChanged)) throw error
      // Nobody else has its bytes.
      if (this.#isOwn && this.#id !== undefined) await removeUpload(api, this.#id).catch(() => {})
      this.#forget()
      return changed
    }
  }

  /** The host is back: ends the pause before a retry. */
  hurry(): void {
    this.#options.retries.hurry()
  }

  /** Withdraws the host's part of it. Call it after `run` was aborted. */
  async withdraw(): Promise<void> {
    this.#isWithdrawn = true
    if (this.#id !== undefined) await removeUpload(this.#options.api, this.#id)
  }

  close(): void {
    this.#digest?.close()
    this.#digest = undefined
  }

  async #carry(signal: AbortSignal | undefined): Promise<SentFile | Refusal> {
    const { retries, policy } = this.#options
    const { size } = this.#source
    let already = size > 0
    let best = 0
    return await retries.until<SentFile>(
      async () => {
        if (this.#id === undefined && this.#alike === undefined) {
          // The upload succeeded; only the answer was lost.
          if (this.#isAgain) already = false
          const why = await this.#find(signal)
          if (why !== undefined) return why
        }
        const begun = this.#id === undefined ? await this.#create(signal) : undefined
        if (begun !== undefined && (isRefusal(begun) || 'sha256' in begun)) return begun
        const id = this.#id as string
        const status = begun ?? (await fileStatus(this.#options.api, id))
        signal?.throwIfAborted()
        if (isRefusal(status)) return isGone(status) ? this.#lost() : status
        if (status.status === 'whole') {
          const sha256 = await this.#digesting().whole
          if (status.sha256 !== undefined && status.sha256 !== sha256) return otherBytes
          return { ...this.#asSent(id, sha256), ...(already ? { already } : {}) }
        }
        if (status.offset > best) retries.progressed()
        best = Math.max(best, status.offset)
        already = false
        return await this.#send(id, status, signal)
      },
      { signal, passes: (why) => isPassing(why) && !(policy.ownOnly && why.code === 'FENCED') },
    )
  }

  /** The furthest of the room's unfinished uploads that begin like this file, by comparison of their bytes (C111). */
  async #find(signal: AbortSignal | undefined): Promise<Refusal | undefined> {
    const { api, room, retries, policy, taken, kept, blind = false } = this.#options
    const { size } = this.#source
    const { files = () => listFiles(api, room) } = this.#options
    const listed = blind ? [] : await retries.until<readonly KnownFile[]>(() => files(this.#isAgain), { signal })
    this.#isAgain = true
    if (isRefusal(listed)) return listed
    const alike = listed.filter((row) => row.size === size)
    const found = await retries.until(
      () => candidates(api, alike, { ...this.#meta, size }, { kept, taken: taken?.(), policy }),
      { signal },
    )
    signal?.throwIfAborted()
    if (isRefusal(found)) return found
    this.#alike = alike
    const digest = this.#digesting(found.map(({ offset }) => offset))
    const sha256 = await within(digest, this.#digestMs)
    for (const { id, offset, promised, prefix } of found) {
      if (promised !== undefined && sha256 !== undefined && promised !== sha256) continue
      // Empty uploads all have the same digest, and those of others show none.
      const isSure = promised !== undefined && promised === sha256
      if (offset === 0 || prefix === undefined ? !isSure : (await digest.prefix(offset)) !== prefix) continue
      await this.#offered(id)
      return undefined
    }
    return undefined
  }

  get #digestMs(): number {
    const { policy, blind, kept } = this.#options
    const { digestMs, newDigestMs = digestMs } = policy
    return blind || kept !== undefined || (this.#alike?.length ?? 1) > 0 ? digestMs : newDigestMs
  }

  /** Offers the file. Answers it if all of it was sent along, otherwise the upload's status. */
  async #create(signal: AbortSignal | undefined): Promise<SentFile | Arriving | undefined | Refusal> {
    const { api, room, policy, report } = this.#options
    const { name, to, folder, expiresInSeconds } = this.#meta
    const { size } = this.#source
    const sha256 = await within(this.#digesting(), this.#digestMs)
    signal?.throwIfAborted()
    // Without its address, which comes with the answer, nobody could find a part of a file with an audience again.
    const isOpen = to === undefined && this.#alike?.every((row) => row.sha256 !== sha256)
    const goesWhole = sha256 !== undefined && size <= (policy.wholeBytes ?? -1) && isOpen
    if (goesWhole) report({ type: 'begins', at: 0, total: size })
    const created = await createUpload(
      api,
      room,
      {
        name,
        size,
        ...(sha256 === undefined ? {} : { sha256 }),
        ...(to === undefined ? {} : { to }),
        ...(folder === undefined ? {} : { folder }),
        ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
      },
      goesWhole
        ? { body: await this.#source.body(0, size), signal, moved: (bytes) => report({ type: 'moved', bytes }) }
        : undefined,
    ).catch((error: unknown) => {
      if (goesWhole) this.#alike = undefined
      throw error
    })
    if (isRefusal(created)) {
      if (goesWhole) this.#alike = undefined
      return created
    }
    await this.#offered(created.id)
    this.#isOwn = true
    if (this.#isWithdrawn) await this.withdraw()
    if (goesWhole && created.offset === size) return this.#asSent(created.id, sha256)
    return created.offset === 0 && size > 0 ? { status: 'arriving', offset: 0, size, prefix: undefined } : undefined
  }

  /** Sends what one connection carries, or as many requests as succeed. */
  async #send(id: string, status: Arriving, signal: AbortSignal | undefined): Promise<SentFile | Refusal> {
    const { api, report, policy, alive } = this.#options
    const { size } = this.#source
    // A sender other than the owner has to prove that it has the same bytes.
    let prefix = status.prefix === undefined && status.offset > 0 ? await this.#prefix(status.offset) : undefined
    report({ type: 'begins', at: status.offset, total: size })
    let { offset } = status
    do {
      const digest = this.#digesting()
      const sha256 = size - offset <= policy.lastPartBytes ? await digest.whole : digest.known
      const end = Math.min(offset + this.#partBytes, sha256 === undefined ? size - policy.lastPartBytes : size)
      const from = offset
      const body = await this.#source.body(from, end)
      signal?.throwIfAborted()
      const began = performance.now()
      const sent = await sendPart(api, {
        id,
        offset,
        body,
        length: end - from,
        prefix,
        sha256,
        signal,
        moved: (bytes) => report({ type: 'moved', bytes: from + bytes }),
        ...(alive === undefined ? {} : { alive: alive(id, from) }),
      })
      if (isRefusal(sent)) {
        if (sent.code === 'NOT_OWNER')
          return this.#lost(sent.code, 'somebody else goes on with that one; it begins again')
        // A host that restarted between two requests has forgotten the upload, or still has a part of it.
        return isGone(sent) && from > status.offset ? refusal(503, sent.code, sent.message) : sent
      }
      if (sent.offset <= from && size > from) return refusal(503, 'TRANSFER_CUT', 'the host took only a part of it')
      report({ type: 'moved', bytes: sent.offset })
      const second = Math.floor(((end - from) / Math.max(1, performance.now() - began)) * 1000)
      this.#partBytes = Math.min(policy.mostPartBytes, Math.max(policy.leastPartBytes, second))
      offset = sent.offset
      prefix = undefined
    } while (offset < size)
    return this.#asSent(id, await this.#digesting().whole)
  }

  #asSent(id: string, sha256: string): SentFile {
    const { name, folder } = this.#meta
    return { id, name, size: this.#source.size, sha256, ...(folder === undefined ? {} : { folder }) }
  }

  /** The digest in progress; a new pass if that one lacks some of these prefixes. */
  #digesting(prefixes: readonly number[] = []): SourceDigest {
    if (this.#digest === undefined || prefixes.some((bytes) => this.#digest?.prefix(bytes) === undefined)) {
      this.#digest?.close()
      this.#digest = this.#source.digest(prefixes)
    }
    return this.#digest
  }

  async #prefix(bytes: number): Promise<string | undefined> {
    return await (this.#digest?.prefix(bytes) ?? this.#source.digest([bytes]).prefix(bytes))
  }

  async #offered(id: string | undefined): Promise<void> {
    this.#id = id
    this.#isOwn = false
    await this.#options.offered?.(id)
  }

  /** The upload starts again: a host in memory has forgotten it, and the file is still here. */
  #lost(code = 'NO_SUCH_FILE', why = 'the host has lost this transfer; it begins again'): Refusal {
    void this.#offered(undefined)
    return refusal(503, code, why)
  }

  #forget(): void {
    this.close()
    void this.#offered(undefined)
  }
}

const changed = refusal(0, 'FILE_CHANGED', 'it is being changed while it is sent; send a copy of it')
const otherBytes = refusal(409, 'HASH_MISMATCH', 'these are not the bytes of this file')

type Arriving = Extract<FileStatus, { status: 'arriving' }>

/** Undefined if it takes longer. */
async function within(digest: SourceDigest, ms: number): Promise<string | undefined> {
  if (ms === 0) return digest.known
  if (ms === Number.POSITIVE_INFINITY) return await digest.whole
  return await Promise.race([
    digest.whole,
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms)),
  ])
}

/**
 * An upload that may be of this file. Its bytes so far have the digest `prefix`, which a host tells only its owner; all of them have the
 * digest `promised`, if announced.
 */
interface Candidate {
  readonly id: string
  readonly offset: number
  readonly promised: string | undefined
  readonly prefix: string | undefined
}

interface Search {
  /** Known to its sender only. */
  readonly kept: string | undefined
  readonly taken: ReadonlySet<string> | undefined
  readonly policy: Pick<UploadPolicy, 'digestMs' | 'ownOnly'>
}

/**
 * The uploads of this name and size that may be continued, the furthest first: this sender's own and, unless `ownOnly`, others' with an
 * announced digest and without a sender at the moment.
 */
async function candidates(
  api: ApiClient,
  files: readonly KnownFile[],
  meta: FileMeta & { readonly size: number },
  { kept, taken, policy: { ownOnly, digestMs } }: Search,
): Promise<readonly Candidate[]> {
  const found: Candidate[] = []
  const add = async (id: string, promised: string | undefined, isOthersToo = false) => {
    const status = await fileStatus(api, id)
    if (isRefusal(status)) return
    // For a complete file both are those of the whole.
    const [offset, prefix] = status.status === 'whole' ? [status.size, status.sha256] : [status.offset, status.prefix]
    const isSure = promised !== undefined && offset > 0
    if (prefix === undefined ? isOthersToo && isSure : offset > 0 || promised !== undefined)
      found.push({ id, offset, promised, prefix })
  }
  // It may have been completed at the moment in which its sender was lost.
  if (kept !== undefined) await add(kept, undefined)
  for (const row of files) {
    // With an announced digest, the host itself finds a complete file with these bytes.
    if (row.status === 'whole' && digestMs > 0) continue
    if (row.size !== meta.size || row.name !== safeFileName(meta.name, row.id)) continue
    if ((row.folder === undefined) !== (meta.folder === undefined)) continue
    if (!isForTheSame(row, meta) || (ownOnly && row.byId !== meta.by) || taken?.has(row.id)) continue
    await add(row.id, row.sha256 ?? undefined, row.status === 'paused' && !ownOnly)
  }
  return found.sort((one, other) => other.offset - one.offset)
}

/** Whether an earlier upload had the same audience. One that became a hand-in, because the room collects, was sent to everybody. */
function isForTheSame({ audience, byId }: KnownFile, { to, by }: FileMeta): boolean {
  if (audience === undefined) return to === undefined
  return byId === by && (audience.to === 'staff' ? to === undefined : audience.to.name === to)
}
