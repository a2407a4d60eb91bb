import type { Observable } from 'rxjs'
import type { Rejected } from '#domain/errors.ts'
import type { Ack, ClientCommand, PostedCommand } from '#domain/room/commands.ts'
import type { Member, PastEvent, RoomEvent } from '#domain/room/events.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { type ConnectionState, Refused, type RoomSession, type Upload, type UploadMeta } from '#domain/session.ts'
import { refusedUpload } from '#domain/transfer/upload.ts'
import { hasLeft, type RemoteRoom } from './remote-room.ts'
import { replayed } from './replay.ts'
import type { RoomFiles } from './room-files.ts'

/** A place in a room on another host: what is written against a local session runs against this one. */
export class RemoteSession implements RoomSession {
  readonly room: string
  readonly #place: RemoteRoom
  readonly #files: RoomFiles

  constructor(room: string, place: RemoteRoom, files: RoomFiles) {
    this.room = room
    this.#place = place
    this.#files = files
  }

  get member(): Member {
    return this.#place.member
  }

  get topic(): string {
    return this.#place.topic
  }

  get members(): readonly Member[] {
    return this.#place.members
  }

  get collectingSince(): number | undefined {
    return this.#place.collectingSince
  }

  get state$(): Observable<ConnectionState> {
    return this.#place.state$
  }

  get events$(): Observable<RoomEvent> {
    return replayed(this.#place, (after) => this.#files.page(after))
  }

  get refusals$(): Observable<Rejected> {
    return this.#place.refusals$
  }

  send(command: ClientCommand): Promise<Ack | Rejected> {
    return this.#place.send(command)
  }

  post(commands: readonly PostedCommand[]): 'accepted' | 'full' {
    return this.#place.post(commands)
  }

  ready(): Promise<void> {
    return this.#place.ready()
  }

  upload(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    if (this.#place.closed) return refusedUpload('', hasLeft)
    return this.#files.upload(source, meta)
  }

  download(file: string, from = 0): AsyncIterable<Uint8Array> {
    return this.#asked.download(file, from)
  }

  async listFiles(): Promise<readonly RoomFile[]> {
    return await this.#asked.list()
  }

  async history(count: number): Promise<readonly PastEvent[]> {
    return await this.#asked.history(count)
  }

  async search(query: string, limit: number): Promise<readonly PastEvent[]> {
    return await this.#asked.search(query, limit)
  }

  async close(reason = 'left'): Promise<void> {
    await this.#place.leave(reason)
  }

  /** Throws `Refused` once it is closed. */
  get #asked(): RoomFiles {
    if (this.#place.closed) throw new Refused(hasLeft)
    return this.#files
  }
}
