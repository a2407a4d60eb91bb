import { type Observable, Subject } from 'rxjs'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { Upload, UploadMeta, UploadProgress } from '#domain/session.ts'
import type { ApiClient } from '../api-client.ts'
import { isRefusal } from '../errors.ts'
import { Retries } from '../retries.ts'
import type { ClientSettings } from '../settings.ts'
import { uploadStream } from '../stream-upload.ts'
import type { TransferUpdate } from '../transfer-events.ts'
import { removeUpload } from '../tus.ts'
import { rejectedBy } from './rejection.ts'

/** The source ends because nobody wants it any more. */
class Cancelled extends Error {}

/** A file on its way to another host's room, over as many connections as it takes. */
export class RemoteUpload implements Upload {
  readonly done: Promise<WholeFile | Rejected>
  readonly #link: ApiClient
  readonly #retries: Retries
  readonly #progress = new Subject<UploadProgress>()
  #id = ''
  #durable = 0
  #cancelled: Rejected | undefined

  constructor(
    link: ApiClient,
    settings: ClientSettings,
    room: string,
    source: AsyncIterable<Uint8Array>,
    meta: UploadMeta,
  ) {
    this.#link = link
    this.#retries = new Retries(settings)
    this.done = this.#run(room, source, meta).finally(() => this.#progress.complete())
  }

  get id(): string {
    return this.#id
  }

  get progress$(): Observable<UploadProgress> {
    return this.#progress.asObservable()
  }

  cancel(reason: string): void {
    this.#cancelled ??= rejected('TRANSFER_CUT', reason)
  }

  async #run(room: string, source: AsyncIterable<Uint8Array>, meta: UploadMeta): Promise<WholeFile | Rejected> {
    const options = { link: this.#link, retries: this.#retries, tell: this.#tell }
    const offered = (id: string) => {
      this.#id = id
    }
    try {
      const ended = await uploadStream(options, room, this.#until(source), meta, offered)
      if (!isRefusal(ended)) return ended
      await this.#withdraw()
      return rejectedBy(ended)
    } catch (error) {
      await this.#withdraw()
      if (error instanceof Cancelled && this.#cancelled !== undefined) return this.#cancelled
      throw error
    }
  }

  async *#until(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of source) {
      if (this.#cancelled !== undefined) break
      yield bytes
    }
    if (this.#cancelled !== undefined) throw new Cancelled()
  }

  async #withdraw(): Promise<void> {
    if (this.#id !== '') await this.#retries.until(() => removeUpload(this.#link, this.#id))
  }

  readonly #tell = (news: TransferUpdate): void => {
    if (news.type === 'begins') this.#durable = news.at
    else if (news.type === 'moved') this.#progress.next({ bytes: news.bytes, durable: this.#durable })
  }
}
