import { randomBytes } from 'node:crypto'
import { BehaviorSubject, Observable, Subject, type Subscriber } from 'rxjs'
import { failureText } from '#domain/names/text.ts'
import type { Ack, Act, Say } from '#domain/room/commands.ts'
import type { RoomEvent, WholeFile } from '#domain/room/events.ts'
import type { UploadMeta } from '#domain/session.ts'
import { ApiClient, type HostPlace } from './api-client.ts'
import { feed } from './download-stream.ts'
import { isRefusal, type Refusal } from './errors.ts'
import { follow } from './event-stream.ts'
import { posted } from './http-bodies.ts'
import { asked, roomPath } from './queries.ts'
import { Retries } from './retries.ts'
import type { ClientSettings } from './settings.ts'
import { uploadStream } from './stream-upload.ts'
import type { TransferUpdate } from './transfer-events.ts'

export type ConnectionState =
  | { readonly status: 'connected' }
  | { readonly status: 'retrying'; readonly attempt: number; readonly inMs: number; readonly why: string }
  /** For good: closed here, refused, or given up. */
  | { readonly status: 'closed'; readonly why: string }

export interface RemoteUpload {
  readonly progress$: Observable<TransferUpdate>
  readonly done: Promise<WholeFile | Refusal>
}

/**
 * A room on another host, over HTTP. Called and shaped like a `Session`, and without what HTTP has no place for: one is no member
 * (each request acts for itself), so there is nothing to whisper to or to rename, and what was not answered is asked again, so
 * nothing is posted without waiting. A refusal may have a code that this version does not know.
 */
export class HttpSession {
  readonly room: string
  readonly link: ApiClient
  readonly #settings: ClientSettings
  readonly #state = new BehaviorSubject<ConnectionState>({ status: 'connected' })
  readonly #closing = new AbortController()
  readonly #after: number | undefined
  readonly #giveUpMs: number | undefined

  /** `after`: where `events$` begins, behind that entry; undefined: with what happens from now on. */
  constructor(
    place: HostPlace,
    room: string,
    settings: ClientSettings,
    how: { after?: number; giveUpMs?: number } = {},
  ) {
    this.room = room
    this.link = new ApiClient(place, settings)
    this.#settings = settings
    this.#after = how.after
    this.#giveUpMs = how.giveUpMs
  }

  get state$(): Observable<ConnectionState> {
    return this.#state.asObservable()
  }

  /** Each subscriber has a connection of its own; no gap, nothing twice. Completes where it can't go on, and `state$` says why. */
  get events$(): Observable<RoomEvent> {
    return new Observable((subscriber) => {
      const stop = new AbortController()
      const signal = AbortSignal.any([stop.signal, this.#closing.signal])
      void this.#pass(signal, subscriber)
      return () => stop.abort()
    })
  }

  /** The same, pulled: for whoever writes it somewhere that may be slow. */
  events(signal: AbortSignal = this.#closing.signal): AsyncGenerator<RoomEvent, Refusal | undefined> {
    const connected = () => this.#state.next({ status: 'connected' })
    const retries = this.#retries({ signal })
    return follow({ link: this.link, retries, room: this.room, after: this.#after, connected, signal })
  }

  /** Resolves after the commit; sent again under the same key until the host has answered. */
  async send({ type, text, id }: Say | Act): Promise<Ack | Refusal> {
    return await this.#post('application/json', JSON.stringify({ type, text }), id)
  }

  /** Says each line, in order: all of them or, where one is refused, none. The answer is that of the last. */
  async sendLines(lines: string, id?: string): Promise<Ack | Refusal> {
    return await this.#post('text/plain; charset=utf-8', lines, id)
  }

  /** Sends what can be read once and has no size yet; a file is better sent with `uploadFile`, which can go on after a stop. */
  upload(
    source: AsyncIterable<Uint8Array>,
    { name, to }: Pick<UploadMeta, 'name' | 'to'>,
    limit?: number,
  ): RemoteUpload {
    const progress = new Subject<TransferUpdate>()
    const tell = (news: TransferUpdate) => progress.next(news)
    const options = {
      link: this.link,
      retries: this.#retries({ tell }),
      tell,
      ...(limit === undefined ? {} : { limit }),
    }
    const meta = { name, ...(to === undefined ? {} : { to }) }
    const done = uploadStream(options, this.room, source, meta).finally(() => progress.complete())
    return { progress$: progress.asObservable(), done }
  }

  /** The bytes of a file from the byte `from`, also while it is still arriving. Throws `FeedRefused`. */
  download(file: string, from = 0, tell: (news: TransferUpdate) => void = () => {}): AsyncGenerator<Uint8Array> {
    return feed({ link: this.link, retries: this.#retries({ tell }), tell }, file, from)
  }

  close(why = 'closed'): void {
    this.#closing.abort()
    this.link.close()
    this.#state.next({ status: 'closed', why })
    this.#state.complete()
  }

  async #post(type: string, body: string, id = randomBytes(16).toString('hex')): Promise<Ack | Refusal> {
    const headers = { 'Content-Type': type, 'Idempotency-Key': id }
    const ask = { method: 'POST', path: `${roomPath(this.room)}/messages`, headers, body } as const
    const said = await this.#retries().until(() => asked(this.link, ask, posted))
    return isRefusal(said) ? said : { type: 'ack', ...said }
  }

  #retries({ tell, signal }: { tell?: (news: TransferUpdate) => void; signal?: AbortSignal } = {}): Retries {
    return new Retries(this.#settings, {
      ...(this.#giveUpMs === undefined ? {} : { giveUpMs: this.#giveUpMs }),
      ...(signal === undefined ? {} : { signal }),
      tell: (retry) => {
        this.#state.next({ status: 'retrying', ...retry })
        tell?.({ type: 'retry', ...retry })
      },
    })
  }

  async #pass(signal: AbortSignal, to: Subscriber<RoomEvent>): Promise<void> {
    try {
      const events = this.events(signal)
      for (let next = await events.next(); ; next = await events.next()) {
        if (next.done !== true) to.next(next.value)
        else {
          if (next.value !== undefined) this.close(next.value.message)
          break
        }
      }
    } catch (error) {
      this.close(failureText(error))
    }
    to.complete()
  }
}
