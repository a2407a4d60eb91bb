import { type Observable, Subject } from 'rxjs'
import { CODES, type Rejected, rejected } from '#domain/errors.ts'
import { isEntry, lastSeqOf, type PastEvent, type RoomEvent, type WholeFile } from '#domain/room/events.ts'
import type { HandIns } from '#domain/room/hand-ins.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { Refused, type Upload, type UploadMeta, type UploadProgress } from '#domain/session.ts'
import type { FileRow } from '#protocol/schema.ts'
import type { ApiClient } from '../api-client.ts'
import { DownloadError, downloadStream } from '../download-stream.ts'
import { isGone, isRefusal, type Refusal } from '../errors.ts'
import { uploadPipe } from '../node-upload.ts'
import { history, listFiles, listHandIns, search } from '../queries.ts'
import { Retries } from '../retries.ts'
import type { ClientSettings } from '../settings.ts'
import type { TransferUpdate } from '../transfers.ts'
import { removeUpload } from '../tus.ts'

export interface Page {
  readonly events: readonly RoomEvent[]
  /** Nothing more exists up to this sequence. */
  readonly upTo: number
}

/** The most that a host answers at once. */
const PAGE_ENTRIES = 500

/** The room's files and history, which a session requests over HTTP. */
export class RoomFiles {
  readonly #api: ApiClient
  readonly #settings: ClientSettings
  readonly #room: string

  constructor(api: ApiClient, room: string, settings: ClientSettings) {
    this.#api = api
    this.#settings = settings
    this.#room = room
  }

  upload(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    return new RemoteUpload({ api: this.#api, settings: this.#settings, room: this.#room }, source, meta)
  }

  /** Throws `Refused`. */
  async *download(file: string, from: number): AsyncGenerator<Uint8Array> {
    try {
      const options = { api: this.#api, retries: this.#retries(), report: () => {} }
      for await (const bytes of downloadStream(options, { id: file }, from)) yield Buffer.from(bytes)
    } catch (error) {
      throw error instanceof DownloadError ? new Refused(rejectedBy(error.refusal)) : error
    }
  }

  async list(): Promise<readonly RoomFile[]> {
    return (await this.#asked(() => listFiles(this.#api, this.#room))).map(fileOf)
  }

  async handIns(): Promise<HandIns> {
    const { room: _, people, ...rest } = await this.#asked(() => listHandIns(this.#api, this.#room))
    return { ...rest, people: people.map((person) => ({ ...person, files: person.files.map(fileOf) })) }
  }

  /** A page of the entries after `after`. */
  async page(after: number): Promise<Page> {
    const { events, last } = await this.#history({ after, limit: PAGE_ENTRIES })
    const past = pastOf(events)
    const newest = past.filter(isEntry).length < PAGE_ENTRIES ? undefined : past.at(-1)
    return { events, upTo: newest === undefined ? last : lastSeqOf(newest) }
  }

  /** The newest `count` entries, oldest first, and the gaps between them. */
  async history(count: number): Promise<readonly PastEvent[]> {
    let found: readonly PastEvent[] = []
    for (let left = count; left > 0; ) {
      const limit = Math.min(PAGE_ENTRIES, left)
      const before = found[0] && firstSeqOf(found[0])
      const page = await this.#history({ limit, ...(before === undefined ? {} : { before }) })
      const past = pastOf(page.events)
      found = [...past, ...found]
      const entries = past.filter(isEntry).length
      if (entries < limit) break
      left -= entries
    }
    return found
  }

  async search(query: string, limit: number): Promise<readonly PastEvent[]> {
    if (query.trim() === '') return []
    const most = Math.min(limit, PAGE_ENTRIES)
    return pastOf(await this.#asked(() => search(this.#api, this.#room, query, most)))
  }

  /** Transfers in progress continue. */
  close(): void {
    this.#api.close()
  }

  #history(which: { readonly after?: number; readonly before?: number; readonly limit: number }) {
    return this.#asked(() => history(this.#api, this.#room, which))
  }

  async #asked<T extends object>(ask: () => Promise<T | Refusal>): Promise<T> {
    const answer = await this.#retries().until(ask)
    if (isRefusal(answer)) throw new Refused(rejectedBy(answer))
    return answer
  }

  #retries(): Retries {
    return new Retries(this.#settings)
  }
}

const pastOf = (events: readonly RoomEvent[]): readonly PastEvent[] =>
  events.filter((event) => isEntry(event) || event.type === 'missed')

const firstSeqOf = (event: PastEvent): number => (isEntry(event) ? event.seq : event.from)

function fileOf({
  id,
  name,
  by,
  byId,
  at,
  status,
  size,
  sha256,
  receipts = [],
  served = [],
  ...row
}: FileRow): RoomFile {
  const sender = { id: byId, name: by }
  const { audience, folder, expiresAt } = row
  const named = {
    ...{ id, name },
    ...(audience === undefined ? {} : { audience }),
    ...(folder === undefined ? {} : { folder }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
  if (status === 'whole') {
    const file = { ...named, size: size ?? 0, sha256: sha256 ?? '' }
    const times = (list: typeof receipts) => new Map(list.map((each) => [each.name, each.at]))
    return { status: 'whole', file, by: sender, at, received: times(receipts), served: times(served) }
  }
  const promised = { ...(size === undefined ? {} : { size }), ...(sha256 === undefined ? {} : { sha256 }) }
  return { status: 'offered', file: { ...named, ...promised }, by: sender, at }
}

interface RoomApi {
  readonly api: ApiClient
  readonly settings: ClientSettings
  readonly room: string
}

/** Ends the source because the upload was cancelled. */
class Cancelled extends Error {}

/** An upload to another host's room, over as many connections as needed. */
class RemoteUpload implements Upload {
  readonly done: Promise<WholeFile | Rejected>
  readonly #room: RoomApi
  readonly #retries: Retries
  readonly #progress = new Subject<UploadProgress>()
  #id = ''
  #durable = 0
  #cancelled: Rejected | undefined

  constructor(room: RoomApi, source: AsyncIterable<Uint8Array>, meta: UploadMeta) {
    this.#room = room
    this.#retries = new Retries(room.settings)
    this.done = this.#run(source, meta).finally(() => this.#progress.complete())
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

  async #run(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Promise<WholeFile | Rejected> {
    const offered = (id: string | undefined) => {
      this.#id = id ?? ''
    }
    const options = { ...this.#room, retries: this.#retries, report: this.#report, offered }
    try {
      const ended = await uploadPipe(options, this.#until(source), meta)
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
    if (this.#id !== '') await this.#retries.until(() => removeUpload(this.#room.api, this.#id))
  }

  readonly #report = (update: TransferUpdate): void => {
    if (update.type === 'begins') this.#durable = update.at
    else if (update.type === 'moved') this.#progress.next({ bytes: update.bytes, durable: this.#durable })
  }
}

/** A refusal over HTTP as a refusal of the domain. */
function rejectedBy(refusal: Refusal): Rejected {
  const code = isGone(refusal) ? 'NO_SUCH_FILE' : CODES.find((known) => known === refusal.code)
  return rejected(code ?? 'BAD_REQUEST', refusal.message)
}
