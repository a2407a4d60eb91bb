import type { Observable } from 'rxjs'
import type { Code, Rejected } from './errors.ts'
import type { Ack, ClientCommand, PostedCommand } from './room/commands.ts'
import type { Folder, Member, PastEvent, RoomEvent, WholeFile } from './room/events.ts'
import type { HandIns } from './room/hand-ins.ts'
import type { OwnMute, RoomRules } from './room/rules.ts'
import type { RoomFile } from './room/state.ts'

/** The description of a file to send. */
export interface UploadMeta {
  /** The sender's name for it; the room makes a safe name of it. Refused with `BAD_NAME` where none is possible. */
  readonly name: string
  /** Bytes, where known: the upload then ends well only with exactly as many. */
  readonly size?: number
  /** The digest of the whole file, 64 hexadecimal digits, where known: a file that has another is not published. */
  readonly sha256?: string
  /** The name of the one person in the room whom it is for; left out: it is for everybody. */
  readonly to?: string
  /** It is for the operators of the room alone, whether that collects or not. Hosts say so of what comes by a drop link. */
  readonly forOperators?: true
  /** The bytes are a tar of a folder of this name: its files and bytes, as the sender counted. */
  readonly folder?: Folder
  /** Whole seconds after which it goes by itself, counted from when it is whole; left out: it stays as long as the host keeps files. */
  readonly expiresInSeconds?: number
}

/** Two counts of one upload, in bytes from its beginning. */
export interface UploadProgress {
  /** Bytes taken from the source. */
  readonly bytes: number
  /** Bytes that would survive a crash of the host. */
  readonly durable: number
}

/** An upload under way. It goes on whether or not anybody watches it. */
export interface Upload {
  /** The file's id; on another host empty until that has offered it, which is before the first progress. */
  readonly id: string
  /** A value for each piece taken; completes when the upload has ended. */
  readonly progress$: Observable<UploadProgress>
  /**
   * Resolves to the whole file once the room was told of it, or to a refusal: `FILE_TOO_LARGE`, `TOO_MANY_FILES`, `DISK_FULL`, `HASH_MISMATCH`
   * (other bytes than promised), `NO_SUCH_MEMBER` (no addressee), `MUTED`, `TRANSFER_STALLED` or `TRANSFER_CUT`, and the codes of `send`.
   */
  readonly done: Promise<WholeFile | Rejected>
  /** Ends the upload at the next piece; nothing of it stays. */
  cancel(reason: string): void
}

/**
 * One member's session in one room, local (`engine.join`) or remote (`connect`).
 *
 * ```ts
 * session.events$.subscribe((event) => event.type === 'said' && console.log(event.by.name, event.text))
 * const answer = await session.send({ type: 'say', text: 'halo' })
 * if (answer.type === 'rejected') console.error(answer.code, answer.message)
 * ```
 */
export interface Session {
  /** This member, with its present name. */
  readonly member: Member
  /** The room's events after the session's cursor: first from history, then live; no gap, nothing twice. */
  readonly events$: Observable<RoomEvent>
  /**
   * One command; resolves after its commit, to the sequence number of its entry, or to a refusal: `BUSY` (the room's mailbox is full: await `ready`
   * and send again), `READ_ONLY` (disk full), `CLOSED` (the session has ended), `MUTED`, `SLOW_MODE`, `NOT_ALLOWED`, or a code of
   * the command such as `NO_SUCH_MEMBER` or `NAME_TAKEN`. Never rejects for a refusal.
   */
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
  /** The bytes of one of the room's files, from the byte `from`; also while it is still arriving. Throws `Refused` with `NO_SUCH_FILE`. */
  download(file: string, from?: number): AsyncIterable<Uint8Array>
  /** Leaves the room; idempotent. Uploads that were begun go on. `reason`: what the others are told. */
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
  /** The room's name. */
  readonly room: string
  readonly rules: RoomRules
  /** This member can only read; undefined where it may speak. */
  readonly muted: OwnMute | undefined
  /** The listed members at this moment. */
  readonly members: readonly Member[]
  /** The newest value at once, then each change. */
  readonly state$: Observable<ConnectionState>
  /** The files of the room that this member may see, whole or on their way. */
  listFiles(): Promise<readonly RoomFile[]>
  /** The submissions by person, and the members present while the room collected without one. Throws `Refused` with `NOT_ALLOWED` for members other than operators. */
  handIns(): Promise<HandIns>
  /** The newest `count` entries up to now that this member may see, oldest first. */
  history(count: number): Promise<readonly PastEvent[]>
  /** The newest entries with every word of `query`, at most `limit`, oldest first. Whispers are never found. */
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

/** Posts commands once the room takes them; to the end also where the session ends meanwhile: they were said. */
export async function postWhenReady(session: Session, commands: readonly PostedCommand[]): Promise<void> {
  do await session.ready()
  while (session.post(commands) === 'full')
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
