import type { Observable } from 'rxjs'
import { isRefusal, type Refusal, refusal } from '#client/errors.ts'
import { history, listFiles } from '#client/queries.ts'
import { Retries } from '#client/retries.ts'
import { RemoteRoom } from '#client/session/remote-room.ts'
import { webSocketTo } from '#client/session/transports.ts'
import { type SentFile, Uploader } from '#client/uploader.ts'
import type { Rejected } from '#domain/errors.ts'
import type { Ack, ClientCommand } from '#domain/room/commands.ts'
import type { Member, RoomEvent } from '#domain/room/events.ts'
import type { RoomFacts } from '#domain/room/rules.ts'
import type { ConnectionState } from '#domain/session.ts'
import type { FileRow } from '#protocol/schema.ts'
import { PageApi } from '../browser/http.ts'
import { BrowserClock, BrowserIds, BrowserStorage } from '../browser/platform.ts'
import { sessionDefaults, uploadPolicy } from '../defaults.ts'
import { sourceOf, verified } from './file-source.ts'

export interface JoinOptions {
  /** The room's name. */
  readonly room: string
  /** The nick; left out: the member is called by its address. */
  readonly name?: string
  /** 32 hexadecimal digits, the same each time: by them the room knows its person again. Left out: made once and kept in this browser. */
  readonly key?: string
  /** The host's token, or what the `access` rule of yours takes as a credential. */
  readonly token?: string
  /** The room's password, or an invitation. */
  readonly password?: string
  /** The path that the host is below, as in `/chat`; left out: the host has the whole origin. */
  readonly base?: string
}

export interface UploadOptions {
  /** Its name in the room; that of the file unless given. */
  readonly name?: string
  /** The name of the one member whom it is for. */
  readonly to?: string
  /** Whole seconds after which it goes by itself. */
  readonly expiresInSeconds?: number
  /** Called with the bytes that have left so far; also once it goes on after a cut. */
  readonly moved?: (bytes: number) => void
  /** Ends it; `upload` then rejects with its reason. Sent again, it goes on where it was. */
  readonly signal?: AbortSignal
}

/**
 * Joins a room of the host that serves this page. Rejects with `Unreachable`, or with `Refused`: `NOT_FOUND` (it needs a password, an
 * invitation or the host's token), `TRY_LATER`, `BAD_ROOM`, `BAD_NAME`, `NAME_TAKEN`, `LOCKED`, `FULL` or `BANNED`.
 *
 * ```ts
 * const room = await join({ room: 'lobby', name: 'ani' })
 * room.events$.subscribe((event) => event.type === 'said' && show(event.by.name, event.text))
 * await room.say('halo')
 * ```
 */
export async function join(options: JoinOptions): Promise<RoomInPage> {
  const { key = ownKey(), base = '', ...target } = options
  const url = `${location.origin.replace(/^http/, 'ws')}${base}/ws`
  const remote = new RemoteRoom(
    {
      open: webSocketTo(url, WebSocket),
      clock: new BrowserClock(),
      ids: new BrowserIds(),
      random: Math.random,
      settings: sessionDefaults,
    },
    { ...target, key },
  )
  const api = new PageApi({ key, token: options.token, root: base })
  await remote.enter()
  return new RoomInPage(options.room, remote, api)
}

/** As the page of tamtam has it: on one origin one is the same person in both. */
function ownKey(): string {
  const kept = new BrowserStorage(() => localStorage)
  const key = kept.get('key') ?? new BrowserIds().next()
  kept.set('key', key)
  return key
}

/** A membership in a room that reconnects by itself: what was sent arrives once, and events go on without a gap. */
export class RoomInPage {
  readonly room: string
  readonly #remote: RemoteRoom
  readonly #api: PageApi

  constructor(room: string, remote: RemoteRoom, api: PageApi) {
    this.room = room
    this.#remote = remote
    this.#api = api
  }

  /** This member, with its present name. */
  get member(): Member {
    return this.#remote.member
  }

  /** The listed members at this moment. */
  get members(): readonly Member[] {
    return this.#remote.members
  }

  /** Topic and rules. */
  get facts(): RoomFacts {
    return this.#remote.facts
  }

  /** The room's events from joining on, each entry once and in order; `history` has those before. */
  get events$(): Observable<RoomEvent> {
    return this.#remote.news$
  }

  /** The state of the connection: the newest value at once, then each change. */
  get state$(): Observable<ConnectionState> {
    return this.#remote.state$
  }

  /**
   * One command; resolves once it is kept, however many connections that takes, to its sequence, or to a refusal: `BAD_TEXT`, `MUTED`,
   * `SLOW_MODE` (with the seconds to wait in `limit`), `NOT_ALLOWED`, `READ_ONLY`, or a code of the command such as `NO_SUCH_MEMBER`.
   */
  send(command: ClientCommand): Promise<Ack | Rejected> {
    return this.#remote.send(command)
  }

  /** Sends a message to the room; the same as `send` with `say`. */
  say(text: string): Promise<Ack | Rejected> {
    return this.send({ type: 'say', text })
  }

  /** The newest entries, at most 500, that this member may see, oldest first; `before`: of those before this sequence. */
  async history(limit: number, before?: number): Promise<readonly RoomEvent[] | Refusal> {
    const page = await history(this.#api, this.room, { limit, ...(before === undefined ? {} : { before }) })
    return isRefusal(page) ? page : page.events
  }

  /** The files of the room that this member may see, whole or on their way; sizes in bytes. A refusal is `NOT_FOUND` or `UNREACHABLE`. */
  files(): Promise<readonly FileRow[] | Refusal> {
    return listFiles(this.#api, this.room)
  }

  /**
   * Sends a file, over as many connections as it takes. Resolves when the room has it whole and its digest was compared, or to a
   * refusal: `BAD_NAME`, `FILE_TOO_LARGE`, `TOO_MANY_FILES`, `DISK_FULL`, `NO_SUCH_MEMBER` (`to`), `MUTED`, `FILE_CHANGED` or `HASH_MISMATCH`.
   */
  async upload(file: File | Blob, options: UploadOptions = {}): Promise<SentFile | Refusal> {
    const { name = 'name' in file ? file.name : 'file', to, expiresInSeconds, moved, signal } = options
    const uploader = new Uploader(
      {
        api: this.#api,
        room: this.room,
        retries: new Retries(sessionDefaults, signal === undefined ? {} : { signal }),
        report: (update) => {
          if (update.type === 'moved') moved?.(update.bytes)
        },
        policy: uploadPolicy,
      },
      sourceOf(file),
      { name, to, by: this.member.id, expiresInSeconds },
    )
    return await uploader.run(signal).finally(() => uploader.close())
  }

  /** A whole file, verified; the room is told that this member has it. A refusal is `NOT_FOUND`, `HASH_MISMATCH` or `UNREACHABLE`. */
  async download({ id, sha256 }: Pick<FileRow, 'id' | 'sha256'>): Promise<Blob | Refusal> {
    const blob = await this.#api.blob(`/files/${id}`)
    if (isRefusal(blob) || sha256 === undefined) return blob
    if (!(await verified(blob, sha256))) return refusal(0, 'HASH_MISMATCH', 'these are not the bytes that were sent')
    await this.send({ type: 'receiveFile', file: id })
    return blob
  }

  /** Leaves the room. `message`: what the others are told. */
  leave(message?: string): Promise<void> {
    return this.#remote.leave('left', message)
  }
}
