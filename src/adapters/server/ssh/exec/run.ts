import type { LocalSession } from '#domain/engine/session.ts'
import type { UploadHolder } from '#domain/engine/upload-places.ts'
import { rejected } from '#domain/errors.ts'
import { subnetOf } from '#domain/names/subnet.ts'
import { forTerminal } from '#domain/names/text.ts'
import type { Batch } from '#domain/room/batch.ts'
import { Refused } from '#domain/session.ts'
import type { Translator } from '#i18n/translator.ts'
import type { Reason } from '../../connection/client-session.ts'
import type { EventFormat } from '../../connection/event-format.ts'
import { executeCommand } from '../../connection/execute-command.ts'
import { personOf } from '../../connection/key-registry.ts'
import { COSTS, priceOf, priceOfJoin } from '../../connection/rate-limit.ts'
import type { SshChannel } from '../channel.ts'
import { EXIT, exitStatusOf } from '../exit-status.ts'
import type { Identity } from '../login.ts'
import type { IncomingChannel, SshParts, Texts } from '../parts.ts'
import { type MemberListener, QuietMember, uploaderOf } from '../quiet-member.ts'
import { TableCaller } from './caller.ts'
import type { RunContext } from './context.ts'
import { getFile, putFile } from './files.ts'
import { sayLine, sayLines } from './say.ts'
import { helpText, isForModerators, parseWords, type Words } from './words.ts'

/** One command that a client runs on a channel, from its words to its exit status. Nothing of it is ever given to a shell. */
export class CommandRun implements MemberListener, RunContext {
  readonly channel: SshChannel
  readonly member: QuietMember
  readonly parts: SshParts
  readonly words: Translator
  readonly #identity: Identity
  readonly #lines: EventFormat
  readonly #json: EventFormat
  /** What is written of all that happens; undefined where nothing is. */
  #format: EventFormat | undefined
  readonly holder: UploadHolder
  readonly uploader: string | undefined
  #refused: number | undefined
  #isOver = false

  /** `lines`: events as lines in the language of `words`. `incoming`: the channel as a connection of its own. */
  constructor(
    incoming: IncomingChannel,
    identity: Identity,
    id: string,
    { words, lines, json }: Texts,
    parts: SshParts,
  ) {
    this.channel = incoming.connection
    this.parts = parts
    this.words = words
    this.#identity = identity
    this.#lines = lines
    this.#json = json
    this.holder = {
      address: subnetOf(incoming.address),
      person: identity.key === undefined ? id : personOf(identity.key),
    }
    this.uploader = uploaderOf(identity, incoming.address, parts.signedLinks)
    this.member = new QuietMember(incoming, identity, id, parts, this)
    this.channel.once('signal', () => this.#end(EXIT.interrupted))
  }

  async run(command: string): Promise<void> {
    const words = parseWords(command)
    if (words.type === 'help') {
      this.channel.write(helpText(this.words))
      this.#end(EXIT.done)
      return
    }
    if (words.type === 'wrong') {
      this.refuse(rejected('BAD_COMMAND', words.why))
      this.#end(EXIT.usage)
      return
    }
    const why = await this.member.join(this.#identity.room, {
      after: words.type === 'tail' ? words.after : undefined,
      isListed: isForModerators(words),
    })
    if (why !== undefined) {
      this.#end(this.refuse(why))
      return
    }
    try {
      await this.#do(words)
      this.#end(this.#refused ?? EXIT.done)
    } catch (error) {
      if (this.channel.destroyed) return
      if (!(error instanceof Refused)) throw error
      this.#end(this.refuse(error.rejected))
    } finally {
      await this.member.client.close()
    }
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
    if (this.#isOver || this.channel.destroyed) return
    this.channel.resume()
    await new Promise<void>((resolve) => {
      this.channel.once('close', resolve)
      this.channel.once('finish', resolve)
      this.#format = json ? this.#json : this.#lines
      client.delivery.follow(session, after ?? session.after)
    })
  }

  refuse(why: Reason): number {
    this.#refused = exitStatusOf(why.code)
    this.channel.note(`! ${why.code} ${forTerminal(this.words.refusal(why))}`)
    return this.#refused
  }

  deliver(batch: Batch, session: LocalSession): void {
    const format = this.#format
    if (format === undefined) return
    const own = session.visibleIn(batch)
    const bytes = own === undefined ? batch.encoded(format.encode) : format.write(own)
    if (bytes.length > 0) this.member.client.delivery.outbox.write(bytes)
  }

  refused(why: Reason): void {
    this.refuse(why)
  }

  ended(why: Reason | undefined): void {
    if (why !== undefined) this.#end(this.refuse(why))
  }

  #end(status: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.channel.exit(status)
  }
}
