import type { Observable } from 'rxjs'
import type { Code, Rejected } from './errors.ts'
import type { Ack, ClientCommand, PostedCommand } from './room/commands.ts'
import type { Folder, Member, PastEvent, RoomEvent, WholeFile } from './room/events.ts'
import type { HandIns } from './room/hand-ins.ts'
import type { OwnMute, RoomRules } from './room/rules.ts'
import type { RoomFile } from './room/state.ts'

/** The description of a file to send. */
export interface UploadMeta {
  /** The sender's name for it; the room makes a safe name of it. Refused with `BAD_NAME` if that is impossible. */
  readonly name: string
  /** Bytes, if known: the upload then succeeds only with exactly as many. */
  readonly size?: number
  /** The digest of the whole file, 64 hexadecimal digits, if known: a file with another digest is not published. */
  readonly sha256?: string
  /** The name of the one person in the room that it is for; left out: everybody. */
  readonly to?: string
  /** It is for the operators of the room only, whether or not the room collects. Hosts set it for files that come by a drop link. */
  readonly forOperators?: true
  /** The bytes are a tar of a folder with this name: its number of files and bytes, as counted by the sender. */
  readonly folder?: Folder
  /** Whole seconds from its completion to its expiry; left out: it stays as long as the host keeps files. */
  readonly expiresInSeconds?: number
}

/** Two counters of one upload, in bytes from its beginning. */
export interface UploadProgress {
  /** Bytes taken from the source. */
  readonly bytes: number
  /** Bytes that would survive a crash of the host. */
  readonly durable: number
}

/** An upload in progress. It continues whether or not anybody watches it. */
export interface Upload {
  /** The file's id; with another host, empty until that host has offered it, which is before the first progress. */
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
  /** The room's events after the session's cursor: first from history, then live, without gaps or repeats. */
  readonly events$: Observable<RoomEvent>
  /**
   * Sends one command. Resolves after its commit to the sequence number of its entry, or to a refusal: `BUSY` (the room's mailbox is
   * full: await `ready` and send again), `READ_ONLY` (disk full), `CLOSED` (the session has ended), `MUTED`, `SLOW_MODE`, `NOT_ALLOWED`,
   * or a code of the command such as `NO_SUCH_MEMBER` or `NAME_TAKEN`. Never rejects for a refusal.
   */
  send(command: ClientCommand): Promise<Ack | Rejected>
  /**
   * Sends commands at once, in order, without work for each. `full`: none was taken, because too much waits for its commit; stop reading
   * from a connection that floods, and try again after `ready`. Refusals arrive on `refusals$`.
   */
  post(commands: readonly PostedCommand[]): 'accepted' | 'full'
  /** Resolves when it makes sense to post again. */
  ready(): Promise<void>
  /** Refusals of posted commands. */
  readonly refusals$: Observable<Rejected>
  /** Sends a file to the room, or to one person in it. The source is pulled no faster than the bytes are kept. */
  upload(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload
  /** The bytes of one of the room's files, from the byte `from`; also during its upload. Throws `Refused` with `NO_SUCH_FILE`. */
  download(file: string, from?: number): AsyncIterable<Uint8Array>
  /** Leaves the room; idempotent. Uploads in progress continue. `reason`: published to the others. */
  close(reason?: string): Promise<void>
}

/** The state of the connection between a session and its room. */
export type ConnectionState =
  | { readonly status: 'connected' }
  | { readonly status: 'retrying'; readonly attempt: number; readonly inMs: number; readonly why: string }
  /** For good: closed here, given up, or refused, then with a code. */
  | { readonly status: 'closed'; readonly why: string; readonly code?: Code }

/** Beyond `Session`, what a client needs that shows a room to a person; the same for local and remote rooms. */
export interface RoomSession extends Session {
  /** The room's name. */
  readonly room: string
  readonly rules: RoomRules
  /** The mute on this member, who can only read; undefined if it may speak. */
  readonly muted: OwnMute | undefined
  /** The listed members at this moment. */
  readonly members: readonly Member[]
  /** The newest value at once, then each change. */
  readonly state$: Observable<ConnectionState>
  /** The files of the room that this member may see, complete or not. */
  listFiles(): Promise<readonly RoomFile[]>
  /**
   * The hand-ins by person, and the people without one who were present while the room collected. Throws `Refused` with `NOT_ALLOWED`
   * for members other than operators.
   */
  handIns(): Promise<HandIns>
  /** The newest `count` entries up to now that this member may see, oldest first. */
  history(count: number): Promise<readonly PastEvent[]>
  /** The newest entries with every word of `query`, at most `limit`, oldest first. Whispers are never found. */
  search(query: string, limit: number): Promise<readonly PastEvent[]>
}

/** Sends a command. While the mailbox is full (`BUSY`), it waits and sends it again. */
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

/** Posts commands when the room takes them, and goes on to the end even if the session ends in the meantime: they were said. */
export async function postWhenReady(session: Session, commands: readonly PostedCommand[]): Promise<void> {
  do await session.ready()
  while (session.post(commands) === 'full')
}

/** A refusal thrown by `join` and `download`, whose results are values of another kind. */
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
