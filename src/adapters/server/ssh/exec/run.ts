import type { LocalSession } from '#domain/engine/session.ts'
import type { UploadHolder } from '#domain/engine/upload-places.ts'
import { rejected } from '#domain/errors.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { EventFormat } from '../../connection/event-format.ts'
import { executeCommand } from '../../connection/execute-command.ts'
import { COSTS, priceOf, priceOfJoin } from '../../connection/rate-limit.ts'
import type { Reason } from '../../connection/wire.ts'
import { EXIT } from '../exit-status.ts'
import { MemberRun } from '../member-run.ts'
import { holderOf, type RunParts, type Texts, uploaderOf } from '../parts.ts'
import { TableCaller } from './caller.ts'
import type { RunContext } from './context.ts'
import { getFile, putFile } from './files.ts'
import { gotFiles } from './got.ts'
import { sayLine, sayLines } from './say.ts'
import { helpText, isForModerators, parseWords, type Words } from './words.ts'

/** One command that a client runs on a channel, from its words to its exit status. Nothing of it is ever given to a shell. */
export class CommandRun extends MemberRun implements RunContext {
  readonly #texts: Texts
  /** What is written of all that happens; undefined where nothing is. */
  #format: EventFormat | undefined
  readonly holder: UploadHolder
  readonly uploader: string | undefined
  #refused: number | undefined

  constructor(of: RunParts, texts: Texts) {
    super(of, texts.words)
    this.#texts = texts
    this.holder = holderOf(of)
    this.uploader = uploaderOf(of)
  }

  async run(command: string): Promise<void> {
    const words = parseWords(command)
    if (words.type === 'help') {
      this.channel.write(helpText(this.words))
      this.end(EXIT.done)
      return
    }
    if (words.type === 'wrong') {
      this.refuse(rejected('BAD_COMMAND', words.why))
      this.end(EXIT.usage)
      return
    }
    const after = words.type === 'tail' ? words.after : undefined
    await this.inRoom({ after, isListed: isForModerators(words) }, async () => {
      await this.#do(words)
      return this.#refused ?? EXIT.done
    })
  }

  async #do(words: Exclude<Words, { readonly type: 'help' | 'wrong' }>): Promise<void> {
    switch (words.type) {
      case 'say':
        return words.text === '' ? await sayLines(this) : await sayLine(this, words.text)
      case 'tail':
        return await this.#tail(words)
      case 'get':
        return await getFile(this, words.file)
      case 'put':
        return await putFile(this, words.name)
      case 'got':
        return await gotFiles(this, words.line)
      case 'command':
        return await executeCommand(new TableCaller(this), words.word, words.rest)
      default:
        return words satisfies never
    }
  }

  /** Until the client goes: the end of its input is none, for it is often nothing from the beginning. */
  async #tail({ json, after }: { readonly json: boolean; readonly after: number | undefined }): Promise<void> {
    const { client, session } = this.member
    await client.charge(after === undefined ? priceOf(COSTS.join) : priceOfJoin(session.last - after))
    if (this.isOver || this.channel.destroyed) return
    this.channel.resume()
    await new Promise<void>((resolve) => {
      this.channel.once('close', resolve)
      this.channel.once('finish', resolve)
      this.#format = json ? this.#texts.json : this.#texts.lines
      client.delivery.follow(session, after ?? session.after)
    })
  }

  override refuse(why: Reason): number {
    this.#refused = super.refuse(why)
    return this.#refused
  }

  deliver(batch: Batch, session: LocalSession): void {
    const format = this.#format
    if (format === undefined) return
    const own = session.visibleIn(batch)
    const bytes = own === undefined ? batch.encoded(format.encode) : format.write(own)
    if (bytes.length > 0) this.member.client.delivery.outbox.write(bytes)
  }
}
