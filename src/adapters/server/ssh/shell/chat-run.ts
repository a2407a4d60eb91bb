import type { LocalSession } from '#domain/engine/session.ts'
import { forTerminal, isPathLine } from '#domain/names/text.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { Translator } from '#i18n/translator.ts'
import { TextLines } from '#system/files/text.ts'
import type { Reason } from '../../connection/client-session.ts'
import type { EventFormat } from '../../connection/event-format.ts'
import { executeCommand } from '../../connection/execute-command.ts'
import { greetingText } from '../../line/render.ts'
import type { SshChannel } from '../channel.ts'
import { TableCaller } from '../exec/caller.ts'
import { EXIT, exitStatusOf } from '../exit-status.ts'
import type { Identity } from '../login.ts'
import type { IncomingChannel, SshParts, Texts } from '../parts.ts'
import { type MemberListener, QuietMember } from '../quiet-member.ts'
import { ERASE, InputLine } from './input-line.ts'

/** The chat on a channel: a member of the room like any other. Each event is a line; what is typed is said, line by line. */
export class ChatRun implements MemberListener {
  readonly channel: SshChannel
  readonly member: QuietMember
  readonly parts: SshParts
  readonly words: Translator
  readonly #identity: Identity
  readonly #lines: EventFormat
  /** Undefined where the client sends whole lines: their echo is its own. */
  readonly #typing: InputLine | undefined
  readonly #whole = new TextLines()
  #isOver = false

  /** `isTerminal`: keys come as they are pressed, and nothing is shown but what is written here. */
  constructor(
    incoming: IncomingChannel,
    identity: Identity,
    id: string,
    { words, lines }: Texts,
    isTerminal: boolean,
    parts: SshParts,
  ) {
    this.channel = incoming.connection
    this.parts = parts
    this.words = words
    this.#identity = identity
    this.#lines = lines
    this.#typing = isTerminal ? new InputLine() : undefined
    this.member = new QuietMember(incoming, identity, id, parts, this)
    this.channel.once('signal', () => this.#end(EXIT.interrupted))
  }

  async run(): Promise<void> {
    const { client } = this.member
    const why = await this.member.join(this.#identity.room, { isListed: true })
    if (why !== undefined) {
      this.ended(why)
      return
    }
    try {
      await this.show(greetingText(this.member.session, this.words))
      for await (const chunk of this.channel.iterator({ destroyOnReturn: false })) {
        for (const line of this.#read(chunk)) await this.#take(line)
        if (this.#isOver) break
      }
      for (const line of this.#whole.end()) await this.#take(typeof line === 'string' ? line : '')
      await this.parts.engine.settled()
      this.#end(EXIT.done)
    } catch (error) {
      if (!this.channel.destroyed) throw error
    } finally {
      await client.close()
    }
  }

  /** Writes lines over the one that is being typed, which comes again below them. Returns a promise where the client is behind. */
  show(text: string): Promise<void> | undefined {
    return this.member.client.delivery.answer(this.#written(`${text}\n`))
  }

  refuse(why: Reason): void {
    void this.show(`! ${why.code} ${forTerminal(this.words.refusal(why))}`)
  }

  deliver(batch: Batch, session: LocalSession): void {
    const own = session.visibleIn(batch)
    const bytes = own === undefined ? batch.encoded(this.#lines.encode) : this.#lines.write(own)
    if (bytes.length === 0) return
    const { outbox } = this.member.client.delivery
    outbox.write(this.#typing === undefined ? bytes : this.#written(Buffer.from(bytes).toString()))
  }

  refused(why: Reason): void {
    this.refuse(why)
  }

  ended(why: Reason | undefined): void {
    if (why === undefined || this.#isOver) return
    this.channel.write(this.#written(`! ${why.code} ${forTerminal(this.words.refusal(why))}\n`))
    this.#end(exitStatusOf(why.code as Parameters<typeof exitStatusOf>[0]))
  }

  quit(): void {
    this.#end(EXIT.done)
  }

  /** How to fetch a file: it would not be one between the lines of a chat. */
  tellFile({ name }: WholeFile, room: string): void {
    const { nick } = this.#identity
    void this.show(`* scp -P PORT '${nick}@HOST:${room}/${forTerminal(name)}' .`)
  }

  #written(text: string): Buffer {
    const typing = this.#typing
    return Buffer.from(typing === undefined ? text : `${ERASE}${text.replaceAll('\n', '\r\n')}${typing.text}`)
  }

  #read(chunk: Buffer): readonly string[] {
    if (this.#typing === undefined)
      return this.#whole.push(chunk).flatMap((line) => {
        if (typeof line !== 'string') this.refuse(line)
        return typeof line === 'string' ? [line] : []
      })
    const { echo, typed } = this.#typing.push(chunk)
    if (echo !== '') this.channel.write(echo)
    if (typed.some(({ type }) => type === 'end')) this.quit()
    return typed.flatMap((each) => (each.type === 'line' ? [each.text] : []))
  }

  async #take(line: string): Promise<void> {
    const { client } = this.member
    if (line.trim() === '' || this.#isOver) return
    await client.charge(1)
    const [, word, rest = ''] = /^\/([^\s/]\S*)\s*([\s\S]*)$/.exec(line) ?? []
    if (word !== undefined && !isPathLine(line)) await executeCommand(new ChatCaller(this), word, rest)
    else if (client.session === undefined) new ChatCaller(this).inRoom()
    else await client.post([{ type: 'say', text: line.startsWith('//') ? line.slice(1) : line }])
  }

  #end(status: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.channel.exit(status)
  }
}

/** Somebody who stays: the commands about rooms and leaving have a meaning for them. */
class ChatCaller extends TableCaller {
  readonly #chat: ChatRun

  constructor(chat: ChatRun) {
    super(chat)
    this.#chat = chat
  }

  override say(line: string): Promise<void> | undefined {
    return this.#chat.show(line)
  }

  override async join(room: string, password?: string): Promise<void> {
    const why = await this.#chat.member.client.join(room, password === undefined ? {} : { password })
    if (why !== undefined) return this.refuse(why)
    await this.say(greetingText(this.#chat.member.session, this.words))
  }

  override async part(): Promise<void> {
    await this.#chat.member.client.part()
  }

  override async sendFile(_by: string, file: WholeFile, { room }: LocalSession): Promise<void> {
    this.#chat.tellFile(file, room)
  }

  override quit(): void {
    this.#chat.quit()
  }
}
