import { type ReadonlySignal, signal } from '@preact/signals'
import type { ApiClient } from '#client/api-client.ts'
import { FileChanged, isRefusal, type Refusal, refusal } from '#client/errors.ts'
import { listFiles } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { type Progress, TransferMeter, type TransferUpdate } from '#client/transfers.ts'
import { type SentFile, type SourceDigest, Uploader, type UploadSource } from '#client/uploader.ts'
import type { FileWithdrawn, Folder } from '#domain/room/events.ts'
import { folderPolicy, sessionDefaults, uploadPolicy } from '../defaults.ts'
import { BlobDigest, packedFolder, SmallDigest } from './digest.ts'
import type { FolderEntry, PackedFolder } from './folder-tar.ts'
import type { FileState } from './room-files.ts'

/** A file, or a folder, in which is looked when it is its turn. */
export type ToSend = { readonly name: string } & (
  | { readonly file: Blob }
  | { readonly entries: () => Promise<readonly FolderEntry[]> }
)

export type UploadState =
  | { readonly status: 'waiting' }
  | { readonly status: 'moving' }
  | { readonly status: 'paused' }
  /** `already`: the room had it. */
  | { readonly status: 'whole'; readonly at: number; readonly already: boolean }
  | { readonly status: 'failed'; readonly why: Refusal }
  /** By somebody, while it was on its way. */
  | { readonly status: 'removed'; readonly event: FileWithdrawn }

export interface UploadOptions {
  readonly api: ApiClient
  readonly room: string
  /** Id of the sender, whose unfinished uploads are gone on with. */
  readonly me: string
  /** The name of the one person whom it is for; undefined: everybody in the room. */
  readonly to: string | undefined
  /** After so many seconds it goes by itself; undefined: it stays. */
  readonly expiresInSeconds?: number | undefined
  /** Ids that other uploads of this page write. */
  readonly taken: () => ReadonlySet<string>
  /** The files of the room as they stand, for those of the same name that are there already, or were begun. */
  readonly known?: () => readonly FileState[]
  /** Keeps the ids of uploads over a reload, where no list of the room tells them. */
  readonly memory?: UploadMemory
  /** Told what of a folder is left out, for people. */
  readonly leftOut?: (skipped: readonly string[]) => void
}

export interface UploadMemory {
  find(name: string, file: Blob): string | undefined
  /** Undefined: nothing is to be gone on with. */
  keep(name: string, file: Blob, id: string | undefined): void
}

/** A folder of which a file has changed is read again so many times. */
const MOST_READINGS = 3

/** One file or folder on its way from this page to a room, as signals that views read. */
export class Upload {
  /** Told apart by it among the uploads of this page. */
  readonly key: number
  /** For people: that of a folder ends with a slash. */
  readonly name: string
  /** As it was chosen. */
  readonly sent: ToSend
  readonly room: string
  /** The name of the one person whom it is for. */
  readonly to: string | undefined
  readonly #options: UploadOptions
  readonly #retries: Retries
  readonly #meter: TransferMeter
  readonly #state = signal<UploadState>({ status: 'waiting' })
  readonly #begun = signal<string | undefined>(undefined)
  readonly #ids = new Set<string>()
  /** Undefined for a folder that has not been read. */
  #bytes: Sendable | undefined
  #uploader: Uploader | undefined
  /** Ends the current attempt; a new one for each. */
  #going = new AbortController()

  constructor(key: number, sent: ToSend, options: UploadOptions) {
    this.key = key
    this.name = 'entries' in sent ? `${sent.name}/` : sent.name
    this.sent = sent
    this.room = options.room
    this.to = options.to
    this.#options = options
    this.#meter = new TransferMeter(this.name, performance.now())
    this.#retries = new Retries(sessionDefaults, { report: (retry) => this.#report({ type: 'retry', ...retry }) })
    if ('file' in sent) this.#bytes = { file: sent.file }
    this.#report({ type: 'begins', at: 0, total: this.#bytes?.file.size })
  }

  get state(): ReadonlySignal<UploadState> {
    return this.#state
  }

  /** The file's id; undefined until the host has it. */
  get begun(): ReadonlySignal<string | undefined> {
    return this.#begun
  }

  /** Of a folder, in bytes of its files. */
  get progress(): Progress {
    const progress = this.#meter.at(performance.now())
    const { phase, done, total, rate } = progress
    const { folder } = this.#bytes ?? {}
    if (phase === 'reading' || folder === undefined || !total) return progress
    const share = folder.bytes / total
    return { ...progress, done: Math.floor(done * share), total: folder.bytes, rate: rate * share }
  }

  /** Sends it; resolves when it is whole, or has failed, or was paused. */
  async run(): Promise<void> {
    this.#going = new AbortController()
    const going = this.#going.signal
    this.#state.value = { status: 'moving' }
    const end = await this.#send(going).catch((error: unknown) => {
      if (going.aborted) return undefined
      if (error instanceof FileChanged) return refusal(0, 'FILE_CHANGED', error.message)
      throw error
    })
    if (end === undefined || going.aborted) return
    this.#uploader?.close()
    // It would be found whole, and be no news.
    if (!isRefusal(end)) this.#keep(undefined)
    this.#state.value = isRefusal(end)
      ? { status: 'failed', why: end }
      : { status: 'whole', at: Date.now(), already: end.already === true }
  }

  async #send(going: AbortSignal): Promise<SentFile | Refusal> {
    for (let readings = 1; ; readings++) {
      this.#bytes ??= await this.#read(going)
      this.#uploader ??= this.#uploaderOf(this.#bytes)
      const end = await this.#uploader.run(going)
      if (this.#bytes.folder === undefined || !isRefusal(end) || end.code !== 'FILE_CHANGED') return end
      // What has changed is sent as it is now, or left out.
      this.#uploader.close()
      this.#uploader = undefined
      this.#bytes = undefined
      if (readings === MOST_READINGS) return end
    }
  }

  async #read(going: AbortSignal): Promise<Sendable> {
    const entries = 'entries' in this.sent ? await this.sent.entries().catch(gone) : []
    const { skipped, ...packed } = await packedFolder(
      entries,
      (done, total) => this.#report({ type: 'hashing', done, total }),
      going,
    )
    if (skipped.length > 0) this.#options.leftOut?.(skipped)
    return packed
  }

  #uploaderOf(bytes: Sendable): Uploader {
    const { api, room, me: by, to, expiresInSeconds, taken, memory, known } = this.#options
    const { name } = this.sent
    const { file, folder } = bytes
    const offered = (id: string | undefined) => {
      this.#begun.value = id
      if (id !== undefined) this.#ids.add(id)
      this.#keep(id)
    }
    const blind = memory === undefined ? {} : { blind: true, kept: memory.find(name, file) }
    const report = (update: TransferUpdate) => this.#report(update)
    const isHere = known?.().some((each) => each.status === 'whole' && each.file.size === file.size) === true
    const policy = {
      ...(folder === undefined ? uploadPolicy : folderPolicy),
      // Of what may be here already, and of what goes in one request, the digest is worth waiting for.
      ...(isHere || file.size <= uploadPolicy.wholeBytes ? { digestMs: Number.POSITIVE_INFINITY } : {}),
    }
    // What the page has heard of the room's files need not be asked for again.
    const files =
      known === undefined
        ? {}
        : {
            files: async (again: boolean) =>
              again
                ? await listFiles(api, room)
                : known().flatMap(({ file, by, status }) =>
                    status === 'gone' ? [] : [{ ...file, byId: by.id, status }],
                  ),
          }
    const options = { api, room, retries: this.#retries, report, policy, taken, offered, ...files, ...blind }
    const of = folder === undefined ? {} : { folder }
    return new Uploader(options, sourceOf(bytes), { name, to, by, expiresInSeconds, ...of })
  }

  #report(update: TransferUpdate): void {
    this.#meter.take(update, performance.now())
  }

  #keep(id: string | undefined): void {
    if (this.#bytes !== undefined) this.#options.memory?.keep(this.sent.name, this.#bytes.file, id)
  }

  pause(): void {
    this.#going.abort()
    this.#state.value = { status: 'paused' }
  }

  /** It takes its turn again. */
  wait(): void {
    this.#state.value = { status: 'waiting' }
  }

  /** It goes in one request. */
  get isSmall(): boolean {
    return 'file' in this.sent && this.sent.file.size <= uploadPolicy.wholeBytes
  }

  /** Whether the host has known it by this id, now or before it began again. */
  wasBegun(id: string): boolean {
    return this.#ids.has(id)
  }

  /** Ends it for good: the room has it no more. */
  removed(event: FileWithdrawn): void {
    const begun = this.#begun.peek()
    if (begun === undefined || begun === event.file.id) {
      this.#going.abort()
      this.#uploader?.close()
    } else this.cancel()
    this.#state.value = { status: 'removed', event }
  }

  /** Nothing of it stays on the host. */
  cancel(): void {
    this.pause()
    this.#uploader?.close()
    void this.#uploader?.withdraw()
  }

  /** Tries again now: the host is back. */
  hurry(): void {
    this.#uploader?.hurry()
  }
}

/** What leaves of a file, or of a folder that was read. */
type Sendable = Pick<PackedFolder, 'file' | 'sha256'> & { readonly folder?: Folder }

const gone = (error: unknown): never => {
  throw new FileChanged(String(error))
}

const sourceOf = ({ file, folder, sha256 }: Sendable): UploadSource => ({
  size: file.size,
  digest: (prefixes) =>
    sha256 !== undefined && prefixes.length === 0
      ? knownDigest(sha256)
      : file.size <= uploadPolicy.wholeBytes
        ? new SmallDigest(file)
        : new BlobDigest(file, prefixes),
  async body(from, to) {
    const bytes = file.slice(from, to)
    // A request whose body can't be read looks like a connection that was lost. Any file of a folder may be the one.
    if (folder !== undefined) return new Blob([await bytes.arrayBuffer().catch(gone)])
    await bytes.slice(0, 1).arrayBuffer().catch(gone)
    return bytes
  },
})

const knownDigest = (sha256: string): SourceDigest => ({
  whole: Promise.resolve(sha256),
  known: sha256,
  prefix: () => undefined,
  close: () => {},
})
