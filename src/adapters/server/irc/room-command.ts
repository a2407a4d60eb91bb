import type { LocalSession } from '#domain/engine/session.ts'
import type { Code, Rejected } from '#domain/errors.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { fileLine, type LinkOf } from '#i18n/render-event.ts'
import type { Translator } from '#i18n/translator.ts'
import { commandNamed } from '#protocol/commands.ts'
import { type Caller, executeCommand } from '../connection/execute-command.ts'
import type { AccessControl } from '../security/access-control.ts'
import type { Channel } from './channel.ts'
import type { Message } from './codec.ts'
import type { IrcConnection } from './connection.ts'
import { tellRefusal } from './verb.ts'

/** Whether a word is a command of the rooms that IRC has none for: they are understood as `WORD #room …`, and answered with notices. */
export const isRoomCommand = (verb: string): boolean =>
  verb.toLowerCase() !== 'lang' && commandNamed(verb.toLowerCase(), 'line') !== undefined

/** Without a channel it is about the only one that the connection is in. */
export async function runRoomCommand(connection: IrcConnection, { verb, params }: Message): Promise<void> {
  const [first = ''] = params
  const [only, another] = connection.channels.values()
  const isNamed = first.startsWith('#')
  const channel = isNamed ? connection.channel(first) : another === undefined ? only : undefined
  if (channel?.session === undefined) {
    if (!isNamed) connection.numeric('461', [verb], `Name the channel: ${verb} #room …`)
    return
  }
  const rest = (isNamed ? params.slice(1) : params).join(' ')
  await executeCommand(new ChannelCaller(connection, channel, channel.session), verb.toLowerCase(), rest)
}

/** A member who types a command of the table in a channel. */
class ChannelCaller implements Caller {
  readonly isAuthenticated = true
  readonly takesBytes = false
  readonly settings: Caller['settings']
  readonly words: Translator
  readonly accessControl: AccessControl
  readonly base: string | undefined
  readonly linkOf: LinkOf | undefined
  readonly session: LocalSession
  readonly #connection: IrcConnection
  readonly #channel: Channel

  constructor(connection: IrcConnection, channel: Channel, session: LocalSession) {
    this.settings = connection.parts.settings
    this.words = connection.renderer.words
    this.accessControl = connection.parts.accessControl
    this.base = connection.incoming.base
    this.linkOf = channel.linkOf
    this.session = session
    this.#connection = connection
    this.#channel = channel
  }

  /** Files always come as links. */
  filesAs(): void {}

  /** IRC speaks the host's language. */
  speak(): void {}

  inRoom(): LocalSession {
    return this.session
  }

  say(lines: string): Promise<void> | undefined {
    const { renderer } = this.#connection
    const notices = lines.split('\n').map((line) => renderer.notice(this.#channel.name, line.replace(/^\* +/, '')))
    return this.#connection.say(notices.join(''))
  }

  refuse(why: Pick<Rejected, 'code' | 'message' | 'limit'>): undefined {
    tellRefusal(this.#connection, this.#channel, { type: 'rejected', ...why })
  }

  fail(code: Code, message: string): undefined {
    this.refuse({ code, message })
  }

  pay(lines: number): Promise<void> {
    return this.#connection.pay(lines)
  }

  async ask(command: ClientCommand): Promise<boolean> {
    const answer = await this.#channel.client.ask(command)
    if (answer.type === 'rejected') this.refuse(answer)
    return answer.type === 'ack'
  }

  async authenticate(token: string): Promise<void> {
    this.#connection.token = token
    this.#channel.client.showToken(token)
  }

  /** Its link, whoever it is for. */
  async sendFile(by: string, file: WholeFile, _session: LocalSession): Promise<void> {
    const link = this.#channel.ownLink(file)
    await this.say(`${fileLine(by, file, this.words)}${link === undefined ? '' : ` ${link}`}`)
  }

  // IRC has words of its own for these.
  async join(): Promise<void> {}
  async part(): Promise<void> {}
  quit(): void {}
}
