import type { OnTransferUpdate } from '#client/transfers.ts'
import type { MentionedFile, WholeFile } from '#domain/room/events.ts'
import type { RoomAccess } from '#domain/room/room-access.ts'
import type { Language, ToldRefusal, Translator } from '#i18n/translator.ts'
import type { Paint } from './rows.ts'

/** Why something was not done. The code may be one that this version does not know. */
export interface Refusal extends ToldRefusal {
  readonly type: 'rejected'
}

/** A file or a folder that the room has. */
export interface Sent extends WholeFile {
  /** Parts of the folder that were not sent; each message begins with its path. */
  readonly skipped?: readonly { readonly message: string }[]
}

/** A file or a folder that is here now. */
export interface Received {
  readonly path: string
  /** Files of a folder that are not in it, because they changed while they were sent. */
  readonly changed?: readonly string[]
}

/** The way of files in and out; both may throw errors of the file system. */
export interface FileTransfers {
  /** Sends a file or a folder of this machine's to the room, or to the member `to` alone. */
  send(path: string, to: string | undefined, tell: OnTransferUpdate): Promise<Sent | Refusal>
  /** Brings a file of the room's here, whole and verified, and tells the room. */
  receive(file: MentionedFile, tell: OnTransferUpdate): Promise<Received | Refusal>
  /** Whether files can be received while they are still arriving. */
  readonly early: boolean
  /** Files up to this size, in bytes, come by themselves; undefined where none do, and there is nothing to say about it. */
  readonly autoBytes: number | undefined
  /** Called when the room has let go of a file. May throw errors of the file system. */
  readonly withdrawn?: (id: string) => Promise<void>
}

/** The host of the room, as far as commands reach it. */
export interface HostControls {
  readonly access: RoomAccess<Refusal>
  /** The rows that tell how others come into the room: its address, and a code of it. */
  share(paint: Paint, words: Translator): Promise<readonly string[]>
  /** The address of a file for others, which opens it by itself. */
  link(file: MentionedFile): Promise<FileLink | Refusal>
  /** Called when somebody chooses another language, for what is shown after this room. */
  speak(language: Language): void
  /** Where browsers find the host, as in `http://192.168.1.5:8268`; undefined where that is not known. */
  readonly base: string | undefined
  /** The bandwidth caps of all transfers together, and of each; left out where this terminal is not the host's own. */
  readonly bandwidth?: Limits
}

export interface FileLink {
  readonly url: string
  /** Nobody on another machine reaches the host. */
  readonly onlyHere: boolean
}

/** Bytes a second; 0 is no limit. */
export interface Limits {
  readonly caps: { readonly host: number; readonly transfer: number }
  set(caps: { readonly host?: number; readonly transfer?: number }): void
}

/** Lines that are typed, or come through a pipe; they go on from one room to the next. */
export interface TypedLines {
  /** The next line, or why it is none; undefined at their end. */
  next(): Promise<string | Refusal | undefined>
  /** Hears how each line ended: with the code of a refusal, or well. */
  ended(code: string | undefined): void
}

/** A shell's control of the programs it has started: it stops and continues them. */
export interface JobControl {
  /** `asked`: this process is to stop itself. `wentOn`: it was stopped without being asked. The returned function ends it. */
  listen(to: { asked(): void; wentOn(): void }): () => void
  /** Stops all processes of this job, and returns when they go on; at once where no shell would continue them. */
  stopAll(): void
  /** The same for this process alone. */
  stopSelf(): void
}

/** Where a client writes to. */
export interface Output {
  /** Data: one thing that happened or was said, in one line or in several that belong together. It is escaped already. */
  print(row: string): void
  /** A line of the terminal's own. */
  notice(row: string): void
  bell(): void
  /** The state beside the chat lines has changed: transfers, the connection, commands without an answer. */
  changed(): void
}

/** Why a client ended. */
export type Ending =
  | { readonly type: 'quit'; readonly message?: string }
  | { readonly type: 'room'; readonly room: string; readonly password?: string }
  | { readonly type: 'closed'; readonly why: string }
