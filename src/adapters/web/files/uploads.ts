import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { Progress } from '#client/transfers.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { FileWithdrawn } from '#domain/room/events.ts'
import type { KeyValueStorage } from '../browser/platform.ts'
import { pageDefaults } from '../defaults.ts'
import type { Room } from '../state/room.ts'
import { type ToSend, Upload, type UploadOptions, type UploadState } from './upload.ts'

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

  send(files: readonly ToSend[], options: Omit<UploadOptions, 'taken'>): void {
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
      this.#done = { files: this.#done.files + 1, bytes: this.#done.bytes + (upload.progress.total ?? 0) }
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
  send({ store, name, writing, notices, files: inRoom }: Room, files: readonly ToSend[]): void {
    const [me, to] = [store.member.peek().id, writing.to.peek()]
    const leftOut = (skipped: readonly string[]) => notices.add(skipped.map(forTerminal).join('; '), 'wrong')
    const expiresInSeconds = this.#expiresInSeconds.peek()
    const known = () => inRoom.all()
    this.uploads.send(files, { api: store.api, room: name, me, to, expiresInSeconds, known, leftOut })
  }
}
