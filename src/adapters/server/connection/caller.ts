import type { LocalSession } from '#domain/engine/session.ts'
import type { Code } from '#domain/errors.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { LinkOf } from '#i18n/render-event.ts'
import type { Language, Translator } from '#i18n/translator.ts'
import type { AccessControl } from '../security/access-control.ts'
import { type ClientSession, nowhere } from './client-session.ts'
import type { Reason } from './wire.ts'

/** The author of a command, as far as commands need them. */
export interface Caller {
  /** Lines that `/history` shows without a number, and at most. */
  readonly settings: { readonly historyLines: number; readonly maxHistoryLines: number }
  /** Messages in the caller's language. */
  readonly words: Translator
  readonly accessControl: AccessControl
  /** Where links to this host begin, where the caller can use any. */
  readonly base: string | undefined
  /** The address of a file, for the caller. */
  readonly linkOf: LinkOf | undefined
  /** Whether `/get` sends the bytes of a file to the caller. */
  readonly takesBytes: boolean
  /** False before the first room: then only commands of before authentication are understood. */
  readonly isAuthenticated: boolean
  /** Undefined after `/part`. */
  readonly session: LocalSession | undefined
  /** The session; where there is none, the caller is told so. */
  inRoom(): LocalSession | undefined
  /** Asks the room, tells the caller of a refusal, and answers whether it was done. */
  ask(command: ClientCommand): Promise<boolean>
  say(line: string): Promise<void> | undefined
  /** Pays a command's cost beside its line, by the table of costs; resolves when that is paid, and others have had a turn. */
  pay(lines: number): Promise<void>
  /** `command`: the one that was refused, where one was. */
  refuse(why: Reason, command?: ClientCommand): Promise<void> | undefined
  /** Tells a refusal in the caller's language. */
  fail(code: Code, text: string): Promise<void> | undefined

  // Of some callers: to the others a command that needs one of these is unknown.

  /** Sets how files reach the caller. */
  filesAs?(mode: 'inline' | 'links'): void
  /** Sets the caller's language. */
  speak?(language: Language): void
  join?(room: string, password?: string): Promise<void>
  /** Keeps the host's token; before authentication, joins the first room by it. */
  authenticate?(token: string): Promise<void>
  part?(message?: string): Promise<void>
  sendFile?(by: string, file: WholeFile, session: LocalSession): Promise<void>
  quit?(message?: string): void
}

/** The member of a client session as a caller: a front end says how it is told. */
export abstract class MemberCaller implements Caller {
  abstract readonly client: ClientSession
  abstract readonly settings: Caller['settings']
  abstract readonly words: Translator
  abstract readonly accessControl: AccessControl
  abstract readonly base: string | undefined
  abstract readonly linkOf: LinkOf | undefined
  readonly takesBytes: boolean = false

  abstract say(line: string): Promise<void> | undefined
  abstract refuse(why: Reason, command?: ClientCommand): Promise<void> | undefined

  fail(code: Code, message: string): Promise<void> | undefined {
    return this.refuse({ code, message })
  }

  get isAuthenticated(): boolean {
    return this.client.status !== 'unauthenticated'
  }

  get session(): LocalSession | undefined {
    return this.client.session
  }

  inRoom(): LocalSession | undefined {
    if (this.session === undefined) void this.refuse(nowhere)
    return this.session
  }

  pay(lines: number): Promise<void> {
    return this.client.pay(lines)
  }

  async ask(command: ClientCommand): Promise<boolean> {
    if (this.inRoom() === undefined) return false
    const answer = await this.client.ask(command)
    if (answer.type === 'rejected') await this.refuse(answer, command)
    return answer.type === 'ack'
  }
}
