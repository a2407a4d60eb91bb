import type { Observable } from 'rxjs'
import type { Code, Rejected } from './errors.ts'
import type { Ack, ClientCommand, PostedCommand } from './room/commands.ts'
import type { Folder, Member, PastEvent, RoomEvent, WholeFile } from './room/events.ts'
import type { HandIns } from './room/hand-ins.ts'
import type { RoomRules } from './room/rules.ts'
import type { RoomFile } from './room/state.ts'

export interface UploadMeta {
  /** As the sender calls it; the room gives it a safe name. */
  readonly name: string
  /** Bytes, where known: the upload then ends well only with exactly as many. */
  readonly size?: number
  /** The digest of the whole file, 64 hexadecimal digits, where known: a file that has another is not published. */
  readonly sha256?: string
  /** The name of the one person in the room whom it is for; left out: it is for everybody. */
  readonly to?: string
  /** It is for the operators of the room alone, whether that collects or not. Hosts say so of what comes by a drop link. */
  readonly forOperators?: true
  /** The bytes are a tar of a folder of this name: what is in it, as the sender counted. */
  readonly folder?: Folder
  /** Whole seconds after which it goes by itself, counted from when it is whole; left out: it stays as long as the host keeps files. */
  readonly expiresInSeconds?: number
}

export interface UploadProgress {
  /** Bytes taken. */
  readonly bytes: number
  /** Bytes that would survive a crash. */
  readonly durable: number
}

export interface Upload {
  /** The file's id; on another host empty until that has offered it, which is before the first progress. */
  readonly id: string
  /** A value for each piece taken; completes when the upload has ended. */
  readonly progress$: Observable<UploadProgress>
  /** Resolves once the file is whole and everybody was told, or to why it is not. */
  readonly done: Promise<WholeFile | Rejected>
  /** Ends the upload at the next piece; nothing of it stays. */
  cancel(reason: string): void
}

/** One member's place in one room: the interface that every client side programs against, wherever the room lives. */
export interface Session {
  readonly member: Member
  /** The room's events after the session's cursor: first from history, then live; no gap, nothing twice. */
  readonly events$: Observable<RoomEvent>
  /** Resolves after the commit. */
  send(command: ClientCommand): Promise<Ack | Rejected>
  /**
   * A chunk of commands at once, in order, nothing done for each. `full`: none was taken, because too much waits for its
   * commit; stop reading from a connection that floods, and try again after `ready`. Refusals arrive on `refusals$`.
   */
  post(commands: readonly PostedCommand[]): 'accepted' | 'full'
  /** Resolves when it makes sense to post again. */
  ready(): Promise<void>
  /** Refusals of posted commands. */
  readonly refusals$: Observable<Rejected>
  /** Sends a file to the room, or to somebody in it. The source is pulled no faster than the bytes are kept. */
  upload(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload
  /** The bytes of one of the room's files, from the byte `from`; also while it is still arriving. Throws a `Refused` where there is none. */
  download(file: string, from?: number): AsyncIterable<Uint8Array>
  /** Leaves the room; idempotent. Uploads that were begun go on. */
  close(reason?: string): Promise<void>
}

/** How things stand between a session and its room. */
export type ConnectionState =
  | { readonly status: 'connected' }
  | { readonly status: 'retrying'; readonly attempt: number; readonly inMs: number; readonly why: string }
  /** For good: closed here, given up, or refused, which has a code. */
  | { readonly status: 'closed'; readonly why: string; readonly code?: Code }

/** The needs of a client that shows a room to a person, beside the session; the same for local and remote rooms. */
export interface RoomSession extends Session {
  readonly room: string
  readonly rules: RoomRules
  readonly members: readonly Member[]
  /** The newest value at once, then each change. */
  readonly state$: Observable<ConnectionState>
  /** The files of the room that this member may see, whole or on their way. */
  listFiles(): Promise<readonly RoomFile[]>
  /** Who has handed in what, and who was there while the room collected and has not. Throws a `Refused` for members who are no operators. */
  handIns(): Promise<HandIns>
  /** The newest `count` entries up to now that this member may see, oldest first. */
  history(count: number): Promise<readonly PastEvent[]>
  search(query: string, limit: number): Promise<readonly PastEvent[]>
}

/** Sends a command. While the room is full (`BUSY`) it waits, and sends it again. */
export async function sendWhenReady<Command, Answer extends object>(
  session: { send(command: Command): Promise<Answer>; ready(): Promise<void> },
  command: Command,
): Promise<Answer> {
  let answer = await session.send(command)
  while ('code' in answer && answer.code === 'BUSY') {
    await session.ready()
    answer = await session.send(command)
  }
  return answer
}

/** A refusal where a value would be in the way: thrown by `join` and `download`. */
export class Refused extends Error {
  readonly rejected: Rejected

  constructor(why: Rejected) {
    super(`${why.code}: ${why.message}`)
    this.rejected = why
  }

  get code(): Rejected['code'] {
    return this.rejected.code
  }
}
