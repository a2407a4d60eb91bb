import type { LocalSession } from '#domain/engine/session.ts'
import type { Code } from '#domain/errors.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { Translator } from '#i18n/translator.ts'
import { nowhere } from '../../connection/client-session.ts'
import type { Caller } from '../../connection/execute-command.ts'
import type { Reason } from '../../connection/wire.ts'
import type { AccessControl } from '../../security/access-control.ts'
import type { SshParts } from '../parts.ts'
import type { QuietMember } from '../quiet-member.ts'

/** What a caller of commands belongs to. */
export interface CallerHome {
  readonly member: QuietMember
  readonly parts: SshParts
  readonly words: Translator
  refuse(why: Reason): unknown
}

/** The author of a command of the table, that runs alone and then ends. */
export class TableCaller implements Caller {
  readonly #run: CallerHome
  readonly isAuthenticated = true
  readonly linkOf = undefined
  readonly takesBytes = false

  constructor(run: CallerHome) {
    this.#run = run
  }

  get settings(): Caller['settings'] {
    return this.#run.parts.line
  }

  get words(): Translator {
    return this.#run.words
  }

  get accessControl(): AccessControl {
    return this.#run.parts.accessControl
  }

  get base(): string | undefined {
    return this.#run.parts.line.publicUrl
  }

  get session(): LocalSession | undefined {
    return this.#run.member.client.session
  }

  inRoom(): LocalSession | undefined {
    if (this.session === undefined) void this.refuse(nowhere)
    return this.session
  }

  async ask(command: ClientCommand): Promise<boolean> {
    const answer = await this.#run.member.client.ask(command)
    if (answer.type === 'rejected') void this.refuse(answer)
    return answer.type === 'ack'
  }

  say(line: string): Promise<void> | undefined {
    return this.#run.member.client.delivery.answer(Buffer.from(`${line}\n`))
  }

  pay(lines: number): Promise<void> {
    return this.#run.member.client.pay(lines)
  }

  refuse(why: Reason): undefined {
    this.#run.refuse(why)
  }

  fail(code: Code, message: string): undefined {
    this.refuse({ code, message })
  }

  // Of those who stay: their commands are not run here (`NOT_HERE`).

  async join(_room: string, _password?: string): Promise<void> {}
  async authenticate(): Promise<void> {}
  async part(): Promise<void> {}
  async sendFile(_by: string, _file: WholeFile, _session: LocalSession): Promise<void> {}
  filesAs(): void {}
  speak(): void {}
  quit(): void {}
}
