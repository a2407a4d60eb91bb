import type { LocalSession } from '#domain/engine/session.ts'
import { isPathLine } from '#domain/names/text.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { TextLines } from '#system/files/text.ts'
import { executeCommand } from '../../connection/execute-command.ts'
import type { Reason } from '../../connection/wire.ts'
import { greetingText } from '../../line/render.ts'
import { SshMember } from '../member.ts'
import type { RunParts } from '../parts.ts'
import { EXIT } from '../refusals.ts'
import { ERASE, InputLine } from './input-line.ts'
import { scpFrom } from './scp-lines.ts'

/** The plain chat on a channel: a member of the room like any other. Each event is a line; what is typed is said, line by line. */
export class ChatRun extends SshMember {
  /** Undefined where the client sends whole lines: their echo is its own. */
  readonly #typing: InputLine | undefined
  readonly #whole = new TextLines()

  /** `isTerminal`: keys come as they are pressed, and nothing is shown but what is written here. `notice`: why it is plain. */
  constructor(of: RunParts, isTerminal: boolean, notice?: Reason) {
    super(of)
    this.#typing = isTerminal ? new InputLine() : undefined
    if (notice !== undefined) this.refuse(notice)
  }

  run(): Promise<void> {
    return this.inside({ isListed: true }, () => this.#chat())
  }

  async #chat(): Promise<number> {
    await this.say(greetingText(this.entered, this.words))
    for await (const chunk of this.channel.iterator({ destroyOnReturn: false })) {
      for (const line of this.#read(chunk)) await this.#take(line)
      if (this.channel.isOver) break
    }
    for (const line of this.#whole.end()) await this.#take(typeof line === 'string' ? line : '')
    await this.parts.engine.settled()
    return EXIT.done
  }

  /** Writes lines over the one that is being typed, which comes again below them. Returns a promise where the client is behind. */
  override say(text: string): Promise<void> | undefined {
    return this.client.delivery.answer(this.#written(`${text}\n`))
  }

  /** In the chat itself: it is where somebody looks. */
  override refuse(why: Reason): undefined {
    void this.say(this.refusal(why))
  }

  override deliver(batch: Batch, session: LocalSession): void {
    const { lines } = this.of.texts
    const own = session.visibleIn(batch)
    const bytes = own === undefined ? batch.encoded(lines.encode) : lines.write(own)
    if (bytes.length === 0) return
    const { outbox } = this.client.delivery
    outbox.write(this.#typing === undefined ? bytes : this.#written(Buffer.from(bytes).toString()))
  }

  async join(room: string, password?: string): Promise<void> {
    const why = await this.client.join(room, password === undefined ? {} : { password })
    if (why !== undefined) return this.refuse(why)
    await this.say(greetingText(this.entered, this.words))
  }

  async part(): Promise<void> {
    await this.client.part()
  }

  async sendFile(_by: string, file: WholeFile, session: LocalSession): Promise<void> {
    await this.say(`* ${scpFrom(this.of, session, file)}`)
  }

  quit(): void {
    this.channel.exit(EXIT.done)
  }

  #written(text: string): Buffer {
    const typing = this.#typing
    return Buffer.from(typing === undefined ? text : `${ERASE}${text}${typing.text}`)
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
    const { client } = this
    if (line.trim() === '' || this.channel.isOver) return
    await client.charge(1)
    const [, word, rest = ''] = /^\/([^\s/]\S*)\s*([\s\S]*)$/.exec(line) ?? []
    if (word !== undefined && !isPathLine(line)) await executeCommand(this, word, rest)
    else if (this.inRoom() !== undefined)
      await client.post([{ type: 'say', text: line.startsWith('//') ? line.slice(1) : line }])
  }
}
