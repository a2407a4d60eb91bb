import { Observable, type Subscriber } from 'rxjs'
import type { Rejected } from '#domain/errors.ts'
import type { Ack, ClientCommand, PostedCommand } from '#domain/room/commands.ts'
import { isEntry, type Member, type PastEvent, type RoomEvent } from '#domain/room/events.ts'
import type { HandIns } from '#domain/room/hand-ins.ts'
import type { OwnMute, RoomRules } from '#domain/room/rules.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { type ConnectionState, Refused, type RoomSession, type Upload, type UploadMeta } from '#domain/session.ts'
import { refusedUpload } from '#domain/transfer/upload.ts'
import { hasLeft, type RemoteRoom } from './remote-room.ts'
import type { Page, RoomFiles } from './room-files.ts'

/** A session in a room of another host, with the interface of a local session. */
export class RemoteSession implements RoomSession {
  readonly room: string
  readonly #remote: RemoteRoom
  readonly #files: RoomFiles

  constructor(room: string, remote: RemoteRoom, files: RoomFiles) {
    this.room = room
    this.#remote = remote
    this.#files = files
  }

  get member(): Member {
    return this.#remote.member
  }

  get rules(): RoomRules {
    return this.#remote.facts
  }

  get muted(): OwnMute | undefined {
    return this.#remote.muted
  }

  get members(): readonly Member[] {
    return this.#remote.members
  }

  get state$(): Observable<ConnectionState> {
    return this.#remote.state$
  }

  get events$(): Observable<RoomEvent> {
    return replayed(this.#remote, (after) => this.#files.page(after))
  }

  get refusals$(): Observable<Rejected> {
    return this.#remote.refusals$
  }

  send(command: ClientCommand): Promise<Ack | Rejected> {
    return this.#remote.send(command)
  }

  post(commands: readonly PostedCommand[]): 'accepted' | 'full' {
    return this.#remote.post(commands)
  }

  ready(): Promise<void> {
    return this.#remote.ready()
  }

  upload(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    if (this.#remote.closed) return refusedUpload('', hasLeft)
    return this.#files.upload(source, meta)
  }

  download(file: string, from = 0): AsyncIterable<Uint8Array> {
    return this.#asked.download(file, from)
  }

  async listFiles(): Promise<readonly RoomFile[]> {
    return await this.#asked.list()
  }

  async handIns(): Promise<HandIns> {
    return await this.#asked.handIns()
  }

  async history(count: number): Promise<readonly PastEvent[]> {
    return await this.#asked.history(count)
  }

  async search(query: string, limit: number): Promise<readonly PastEvent[]> {
    return await this.#asked.search(query, limit)
  }

  async close(reason?: string): Promise<void> {
    await this.#remote.leave(reason ?? 'left', reason)
  }

  /** Throws `Refused` once it is closed. */
  get #asked(): RoomFiles {
    if (this.#remote.closed) throw new Refused(hasLeft)
    return this.#files
  }
}

/** The entries so far, and live ones. */
export interface Followed {
  /** The sequence after which a reader begins. */
  readonly start: number
  /** The sequence up to which `news$` has delivered everything. */
  readonly cursor: number
  readonly news$: Observable<RoomEvent>
}

/**
 * Every entry after the start, for each subscriber: a late subscriber reads the earlier entries from the host, and continues with live
 * ones, without gaps or repeats. Presence is live only. Unreadable entries are `missed`.
 */
export const replayed = (room: Followed, read: (after: number) => Promise<Page>): Observable<RoomEvent> =>
  new Observable((subscriber) => void follow(room, read, subscriber))

async function follow(
  room: Followed,
  read: (after: number) => Promise<Page>,
  subscriber: Subscriber<RoomEvent>,
): Promise<void> {
  let at = room.start
  while (at < room.cursor && !subscriber.closed) {
    const from = at
    const lost = { events: [{ type: 'missed', from: from + 1, to: room.cursor }], upTo: room.cursor } as const
    const page: Page = await read(from).catch(() => lost)
    for (const event of page.events) if (!isEntry(event) || event.seq > from) subscriber.next(event)
    // A restarted host may have less than it had.
    at = page.upTo > from ? page.upTo : room.cursor
  }
  const isNew = (event: RoomEvent) => !isEntry(event) || event.seq > at
  if (!subscriber.closed)
    subscriber.add(
      room.news$.subscribe({
        next: (event) => isNew(event) && subscriber.next(event),
        complete: () => subscriber.complete(),
      }),
    )
}
