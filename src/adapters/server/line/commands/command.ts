import type { LocalSession } from '#domain/engine/session.ts'
import type { Rejected } from '#domain/errors.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { Permission } from '#domain/room/moderation.ts'
import type { LinkOf } from '#server/connection/wording.ts'
import type { AccessControl } from '#server/security/access-control.ts'
import type { FileMode, LineSettings } from '../settings.ts'

/** Whoever typed a slash word, as far as the words need to know them. */
export interface Caller {
  readonly settings: LineSettings
  /** For those who look after a room to say who comes in. */
  readonly accessControl: AccessControl
  /** Where links to this host begin, where the caller can use any. */
  readonly base: string | undefined
  /** Where a file is, for the caller. */
  readonly linkOf: LinkOf | undefined
  /** Undefined after `/part`. */
  readonly session: LocalSession | undefined
  /** How files reach the caller. */
  fileMode: FileMode
  /** The session; where there is none, the caller is told so. */
  inRoom(): LocalSession | undefined
  /** Asks the room, tells the caller of a refusal, and answers whether it was done. */
  ask(command: ClientCommand): Promise<boolean>
  say(line: string): Promise<void> | undefined
  /** What a word costs beside its line, by the table of costs: resolves when it is paid, and others have had a turn. */
  pay(lines: number): Promise<void>
  refuse(why: Pick<Rejected, 'code' | 'message'>): Promise<void> | undefined
  join(room: string, password?: string): Promise<void>
  /** Keeps what the host's rule asks for; a stranger comes in by it. */
  show(token: string): Promise<void>
  part(): Promise<void>
  sendFile(by: string, file: WholeFile, session: LocalSession): Promise<void>
  quit(): void
}

/** One slash word of the line door. */
export interface LineCommand {
  readonly word: string
  /** What to type. */
  readonly usage: string
  /** What it does, in a few words. */
  readonly help: string
  /** Who may: left out for what is not asked of the room. */
  readonly verb?: Permission
  run(caller: Caller, rest: string): Promise<void>
}
