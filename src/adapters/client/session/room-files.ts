import { isEntry, lastSeqOf, type PastEvent, type RoomEvent } from '#domain/room/events.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { Refused, type Upload, type UploadMeta } from '#domain/session.ts'
import type { FileRow } from '#protocol/schema.ts'
import { ApiClient, type HostPlace } from '../api-client.ts'
import { DownloadError, feed } from '../download-stream.ts'
import { isRefusal, type Refusal } from '../errors.ts'
import { history, listFiles, search } from '../queries.ts'
import { Retries } from '../retries.ts'
import type { ClientSettings } from '../settings.ts'
import { rejectedBy } from './rejection.ts'
import { RemoteUpload } from './remote-upload.ts'
import type { Page } from './replay.ts'

/** As much as a host answers at once. */
const PAGE_ENTRIES = 500

/** What a session needs beside its connection, over HTTP: the room's files, and what was said before. */
export class RoomFiles {
  readonly #link: ApiClient
  readonly #settings: ClientSettings
  readonly #room: string

  constructor(place: HostPlace, room: string, settings: ClientSettings) {
    this.#link = new ApiClient(place, settings, true)
    this.#settings = settings
    this.#room = room
  }

  upload(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    return new RemoteUpload(this.#link, this.#settings, this.#room, source, meta)
  }

  /** Throws `Refused`. */
  async *download(file: string, from: number): AsyncGenerator<Uint8Array> {
    try {
      yield* feed({ link: this.#link, retries: this.#retries(), tell: () => {} }, file, from)
    } catch (error) {
      throw error instanceof DownloadError ? new Refused(rejectedBy(error.refusal)) : error
    }
  }

  async list(): Promise<readonly RoomFile[]> {
    return (await this.#asked(() => listFiles(this.#link, this.#room))).map(fileOf)
  }

  /** A page of what was said after `after`. */
  async page(after: number): Promise<Page> {
    const { events, last } = await this.#history({ after, limit: PAGE_ENTRIES })
    const past = pastOf(events)
    const newest = past.filter(isEntry).length < PAGE_ENTRIES ? undefined : past.at(-1)
    return { events, upTo: newest === undefined ? last : lastSeqOf(newest) }
  }

  /** The newest `count` entries, oldest first, and what is missing between them. */
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
    return pastOf(await this.#asked(() => search(this.#link, this.#room, query, most)))
  }

  /** What is under way goes on. */
  close(): void {
    this.#link.close()
  }

  #history(which: { readonly after?: number; readonly before?: number; readonly limit: number }) {
    return this.#asked(() => history(this.#link, this.#room, which))
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

function fileOf({ id, name, by, byId, at, status, size, sha256, audience, receipts = [] }: FileRow): RoomFile {
  const sender = { id: byId, name: by }
  const named = { id, name, ...(audience === undefined ? {} : { audience }) }
  if (status === 'whole') {
    const file = { ...named, size: size ?? 0, sha256: sha256 ?? '' }
    return { status: 'whole', file, by: sender, at, received: new Map(receipts.map((each) => [each.name, each.at])) }
  }
  const promised = { ...(size === undefined ? {} : { size }), ...(sha256 === undefined ? {} : { sha256 }) }
  return { status: 'offered', file: { ...named, ...promised }, by: sender, at }
}
