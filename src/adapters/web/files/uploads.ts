import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { ApiClient } from '#client/api-client.ts'
import { FileChanged, isRefusal, type Refusal } from '#client/errors.ts'
import { Retries } from '#client/retries.ts'
import { type Progress, TransferMeter, type TransferUpdate } from '#client/transfers.ts'
import { Uploader, type UploadSource } from '#client/uploader.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { FileWithdrawn, Folder } from '#domain/room/events.ts'
import type { KeyValueStorage } from '../browser/platform.ts'
import { pageDefaults, sessionDefaults, uploadPolicy } from '../defaults.ts'
import type { Room } from '../state/room.ts'
import { BlobDigest } from './digest.ts'
import type { FileState } from './room-files.ts'

export interface FileToSend {
  readonly file: Blob
  readonly name: string
  /** It is a tar of a folder. */
  readonly folder?: Folder
  /** What of the folder is left out, for people. */
  readonly skipped?: readonly string[]
}

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
}

export interface UploadMemory {
  find(name: string, file: Blob): string | undefined
  /** Undefined: nothing is to be gone on with. */
  keep(name: string, file: Blob, id: string | undefined): void
}

/** One file on its way from this page to a room, as signals that views read. */
export class Upload {
  /** Told apart by it among the uploads of this page. */
  readonly key: number
  readonly name: string
  /** As it was chosen. */
  readonly sent: FileToSend
  readonly room: string
  /** The name of the one person whom it is for. */
  readonly to: string | undefined
  readonly #uploader: Uploader
  readonly #memory: UploadMemory | undefined
  readonly #meter: TransferMeter
  readonly #state = signal<UploadState>({ status: 'waiting' })
  readonly #begun = signal<string | undefined>(undefined)
  readonly #ids = new Set<string>()
  /** Ends the current attempt; a new one for each. */
  #going = new AbortController()

  constructor(key: number, sent: FileToSend, options: UploadOptions) {
    const { api, room, me, to, expiresInSeconds, taken, memory, known = () => [] } = options
    const { file, name, folder } = sent
    this.key = key
    this.name = name
    this.sent = sent
    this.#memory = memory
    this.room = room
    this.to = to
    this.#meter = new TransferMeter(name, performance.now())
    const report = (update: TransferUpdate) => this.#meter.take(update, performance.now())
    report({ type: 'begins', at: 0, total: file.size })
    const retries = new Retries(sessionDefaults, { report: (retry) => report({ type: 'retry', ...retry }) })
    const offered = (id: string | undefined) => {
      this.#begun.value = id
      if (id !== undefined) this.#ids.add(id)
      memory?.keep(name, file, id)
    }
    const same = known().filter((each) => each.file.name === name && each.file.size === file.size)
    const policy = {
      ...uploadPolicy,
      // What was begun goes on where it is, and what is there already need not be sent: its digest says so.
      ...(same.some(({ status, by }) => status !== 'whole' && by.id === me) || memory !== undefined
        ? { wholeBytes: 0 }
        : {}),
      ...(same.some(({ status }) => status === 'whole') ? { digestMs: Number.POSITIVE_INFINITY } : {}),
    }
    const blind = memory === undefined ? {} : { blind: true, kept: memory.find(name, file) }
    this.#uploader = new Uploader({ api, room, retries, report, policy, taken, offered, ...blind }, sourceOf(file), {
      name,
      to,
      by: me,
      expiresInSeconds,
      ...(folder === undefined ? {} : { folder }),
    })
  }

  get state(): ReadonlySignal<UploadState> {
    return this.#state
  }

  /** The file's id; undefined until the host has it. */
  get begun(): ReadonlySignal<string | undefined> {
    return this.#begun
  }

  get progress(): Progress {
    return this.#meter.at(performance.now())
  }

  /** Sends it; resolves when it is whole, or has failed, or was paused. */
  async run(): Promise<void> {
    this.#going = new AbortController()
    const going = this.#going.signal
    this.#state.value = { status: 'moving' }
    const end = await this.#uploader.run(going).catch((error: unknown) => {
      if (!going.aborted) throw error
    })
    if (end === undefined || going.aborted) return
    this.#uploader.close()
    // It would be found whole, and be no news.
    if (!isRefusal(end)) this.#memory?.keep(this.name, this.sent.file, undefined)
    this.#state.value = isRefusal(end)
      ? { status: 'failed', why: end }
      : { status: 'whole', at: Date.now(), already: end.already === true }
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
    return this.sent.file.size <= uploadPolicy.wholeBytes
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
      this.#uploader.close()
    } else this.cancel()
    this.#state.value = { status: 'removed', event }
  }

  /** Nothing of it stays on the host. */
  cancel(): void {
    this.pause()
    this.#uploader.close()
    void this.#uploader.withdraw()
  }

  /** Tries again now: the host is back. */
  hurry(): void {
    this.#uploader.hurry()
  }
}

const sourceOf = (file: Blob): UploadSource => ({
  size: file.size,
  digest: (prefixes) => new BlobDigest(file, prefixes),
  async body(from, to) {
    const bytes = file.slice(from, to)
    // A request whose body can't be read looks like a connection that was lost.
    await bytes
      .slice(0, 1)
      .arrayBuffer()
      .catch((error: unknown) => {
        throw new FileChanged(String(error))
      })
    return bytes
  },
})

/** The files that leave from this page, to whichever room: they go on while one looks at another. */
export class Uploads {
  #count = 0
  readonly #all = signal<readonly Upload[]>([])
  /** Those of this batch that are done, since nothing was on its way. */
  #done = { files: 0, bytes: 0 }
  readonly #ended: ((upload: Upload) => void) | undefined

  /** `ended`: called when one is whole, has failed, or was removed; those that are whole then leave the list. */
  constructor(ended?: (upload: Upload) => void) {
    this.#ended = ended
  }

  get all(): ReadonlySignal<readonly Upload[]> {
    return this.#all
  }

  /** Whether something would be cut off were the page closed. */
  get busy(): boolean {
    return this.#all.peek().some(({ state }) => state.peek().status === 'moving' || state.peek().status === 'waiting')
  }

  /** All that is on its way together, and what of the batch is done. */
  get progress(): UploadsProgress {
    const open = this.#all.peek().filter(({ state }) => OPEN.has(state.peek().status))
    const moving = open.map(({ progress }) => progress)
    const sum = (count: (each: Progress) => number) => moving.reduce((total, each) => total + count(each), 0)
    return {
      files: this.#done.files + open.length,
      sent: this.#done.files,
      waiting: open.filter(({ state }) => state.peek().status === 'waiting').length,
      done: this.#done.bytes + sum(({ done }) => done),
      total: this.#done.bytes + sum(({ total = 0 }) => total),
      rate: sum(({ rate }) => rate),
      stillMs: Math.min(...moving.map(({ stillMs }) => stillMs)),
      retries: Math.max(0, ...moving.map(({ retries }) => retries)),
    }
  }

  send(files: readonly FileToSend[], options: Omit<UploadOptions, 'taken'>): void {
    const taken = () => new Set(this.#all.peek().flatMap(({ begun }) => begun.peek() ?? []))
    this.#all.value = [
      ...this.#all.peek(),
      ...files.map((file) => new Upload(++this.#count, file, { ...options, taken })),
    ]
    this.#next()
  }

  pause(upload: Upload): void {
    upload.pause()
    this.#next()
  }

  resume(upload: Upload): void {
    void this.#run(upload)
  }

  pauseAll(): void {
    for (const upload of this.#all.peek()) if (MOVES.has(upload.state.peek().status)) upload.pause()
  }

  resumeAll(): void {
    for (const upload of this.#all.peek()) if (upload.state.peek().status === 'paused') upload.wait()
    this.#next()
  }

  cancelAll(): void {
    for (const upload of this.#all.peek()) if (OPEN.has(upload.state.peek().status)) this.remove(upload)
  }

  /** Ends it, and takes it out of the list. */
  remove(upload: Upload): void {
    const { status } = upload.state.peek()
    if (status !== 'whole' && status !== 'removed') upload.cancel()
    this.#drop(upload)
    this.#next()
  }

  /** Somebody has removed a file of the room: it does not begin again. */
  removed(event: FileWithdrawn): void {
    const upload = this.#all.peek().find((each) => each.wasBegun(event.file.id))
    if (upload === undefined) return
    upload.removed(event)
    this.#ended?.(upload)
    this.remove(upload)
  }

  /** The host is back. */
  hurry(): void {
    for (const upload of this.#all.peek()) upload.hurry()
  }

  #next(): void {
    const moving = this.#all.peek().filter(({ state }) => state.peek().status === 'moving')
    let [large, small] = [
      moving.filter(({ isSmall }) => !isSmall).length,
      moving.filter(({ isSmall }) => isSmall).length,
    ]
    for (const upload of this.#all.peek()) {
      if (upload.state.peek().status !== 'waiting') continue
      if (upload.isSmall ? small >= pageDefaults.smallUploadsAtOnce : large >= pageDefaults.uploadsAtOnce) continue
      if (upload.isSmall) small++
      else large++
      void this.#run(upload)
    }
  }

  async #run(upload: Upload): Promise<void> {
    await upload.run()
    const { status } = upload.state.peek()
    if (status === 'whole') {
      this.#done = { files: this.#done.files + 1, bytes: this.#done.bytes + upload.sent.file.size }
      if (this.#ended !== undefined) this.#drop(upload)
    }
    if (status === 'whole' || status === 'failed') this.#ended?.(upload)
    this.#next()
  }

  #drop(upload: Upload): void {
    this.#all.value = this.#all.peek().filter((each) => each !== upload)
    if (!this.#all.peek().some(({ state }) => OPEN.has(state.peek().status))) this.#done = { files: 0, bytes: 0 }
  }
}

const MOVES: ReadonlySet<UploadState['status']> = new Set(['moving', 'waiting'])
const OPEN: ReadonlySet<UploadState['status']> = new Set(['moving', 'waiting', 'paused'])

export interface UploadsProgress extends Omit<Progress, 'name' | 'phase'> {
  readonly files: number
  readonly sent: number
  readonly waiting: number
}

/** Files that leave from here, whichever way they were chosen. */
export class FileTransfers {
  readonly uploads = new Uploads((upload) => this.#tellEnd(upload))
  /** Told of each that ends; the views have the words for it. */
  #tellEnd: (upload: Upload) => void = () => {}
  readonly #session: KeyValueStorage
  readonly #expiresInSeconds: Signal<number | undefined>
  readonly #news = signal('')
  /** The text that is about to become a file; undefined while nobody writes one. */
  readonly draft = signal<string | undefined>(undefined)

  constructor(session: KeyValueStorage) {
    this.#session = session
    this.#expiresInSeconds = signal(Number(session.get('expires')) || undefined)
  }

  /** Of files that are sent from now on, in this tab; undefined: they stay. */
  get expiresInSeconds(): ReadonlySignal<number | undefined> {
    return this.#expiresInSeconds
  }

  expireIn(seconds: number | undefined): void {
    this.#expiresInSeconds.value = seconds
    this.#session.set('expires', seconds?.toString())
  }

  /** The latest news, for screen readers. */
  get news(): ReadonlySignal<string> {
    return this.#news
  }

  onEnd(tell: (upload: Upload) => void): void {
    this.#tellEnd = tell
  }

  tell(news: string): void {
    this.#news.value = news
  }

  /** To the person whom one is whispering to, or to all in the room. */
  send({ store, name, writing, notices, files: inRoom }: Room, files: readonly FileToSend[]): void {
    for (const { skipped = [] } of files)
      if (skipped.length > 0) notices.add(skipped.map(forTerminal).join('; '), 'wrong')
    const [me, to] = [store.member.peek().id, writing.to.peek()]
    const known = () => inRoom.all()
    this.uploads.send(files, {
      ...{ api: store.api, room: name, me, to, known },
      expiresInSeconds: this.#expiresInSeconds.peek(),
    })
  }
}
