import { type ReadonlySignal, signal } from '@preact/signals'
import { pageDefaults } from '../defaults.ts'
import { Upload, type UploadParts } from './upload.ts'

export interface FileToSend {
  readonly file: Blob
  readonly name: string
}

/** The files that leave from this page, to whichever room: they go on while one looks at another. */
export class Uploads {
  #count = 0
  readonly #all = signal<readonly Upload[]>([])

  get all(): ReadonlySignal<readonly Upload[]> {
    return this.#all
  }

  /** Whether something would be cut off were the page closed. */
  get busy(): boolean {
    return this.#all.peek().some(({ state }) => state.peek().status === 'moving' || state.peek().status === 'waiting')
  }

  send(files: readonly FileToSend[], parts: Omit<UploadParts, 'taken'>): void {
    const taken = () => new Set(this.#all.peek().flatMap(({ begun }) => begun.peek() ?? []))
    this.#all.value = [
      ...this.#all.peek(),
      ...files.map(({ file, name }) => new Upload(++this.#count, file, name, { ...parts, taken })),
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

  /** Ends it, and takes it out of the list. */
  remove(upload: Upload): void {
    if (upload.state.peek().status !== 'whole') upload.cancel()
    this.#all.value = this.#all.peek().filter((each) => each !== upload)
    this.#next()
  }

  /** The host is back. */
  hurry(): void {
    for (const upload of this.#all.peek()) upload.hurry()
  }

  #next(): void {
    const moving = this.#all.peek().filter(({ state }) => state.peek().status === 'moving').length
    const waiting = this.#all.peek().filter(({ state }) => state.peek().status === 'waiting')
    for (const upload of waiting.slice(0, Math.max(0, pageDefaults.uploadsAtOnce - moving))) void this.#run(upload)
  }

  async #run(upload: Upload): Promise<void> {
    await upload.run()
    if (upload.state.peek().status === 'whole')
      setTimeout(() => {
        this.#all.value = this.#all.peek().filter((each) => each !== upload)
      }, pageDefaults.sentShownMs)
    this.#next()
  }
}
