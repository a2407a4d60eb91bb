import type { LocalSession } from '#domain/engine/session.ts'
import { rejected } from '#domain/errors.ts'
import { wantedFile } from '#domain/names/file-name.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { SUMS_NAME, sumsLine } from '#protocol/tar.ts'
import { textLines } from '#system/files/text.ts'
import type { EventFormat } from '../../connection/event-format.ts'
import { executeCommand } from '../../connection/execute-command.ts'
import { COSTS, priceOf, priceOfJoin } from '../../connection/rate-limit.ts'
import { IncomingFile, OutgoingFile } from '../files.ts'
import { SshMember } from '../member.ts'
import { namedFiles, sumsOf } from '../sftp/names.ts'
import { helpText, isForModerators, parseWords, type Words } from './words.ts'

/** A line of `sha256sum`, or the same as words of a command. */
const SUM = /^\\?([0-9a-fA-F]{64}) [ *]?(?:.*\/)?(.+)$/

/** One command that a client runs on a channel, from its words to its exit status. Nothing of it is ever given to a shell. */
export class CommandRun extends SshMember {
  /** What is written of all that happens; undefined where nothing is. */
  #format: EventFormat | undefined

  async run(command: string): Promise<void> {
    const words = parseWords(command)
    if (words.type === 'help') this.channel.write(helpText(this.words))
    if (words.type === 'wrong') this.refuse(rejected('BAD_COMMAND', words.why))
    if (words.type === 'help' || words.type === 'wrong') {
      this.channel.exit(this.status)
      await this.client.close()
      return
    }
    const after = words.type === 'tail' ? words.after : undefined
    await this.inside({ after, isListed: isForModerators(words) }, async () => {
      await this.#do(words)
      return this.status
    })
  }

  async #do(words: Exclude<Words, { readonly type: 'help' | 'wrong' }>): Promise<void> {
    switch (words.type) {
      case 'say':
        return words.text === '' ? await this.#sayLines() : await this.#sayLine(words.text)
      case 'tail':
        return await this.#tail(words)
      case 'get':
        return await this.#get(words.file)
      case 'put':
        return await this.#put(words.name)
      case 'got': {
        if (words.line !== '') return await this.#got(words.line)
        for await (const line of this.#lines()) if (line !== '') await this.#got(line)
        return
      }
      case 'command':
        return await executeCommand(this, words.word, words.rest)
      default:
        return words satisfies never
    }
  }

  /** The lines of the input, as they come; those that are too long are refused. */
  async *#lines(): AsyncGenerator<string> {
    for await (const line of textLines(this.channel.iterator({ destroyOnReturn: false })))
      if (typeof line === 'string') yield line
      else this.refuse(line)
  }

  /** One message, of which it is known what became. */
  async #sayLine(text: string): Promise<void> {
    await this.client.pay(1)
    await this.ask({ type: 'say', text })
  }

  /** Each line of the input, as it comes; a blank one says nothing. */
  async #sayLines(): Promise<void> {
    for await (const line of this.#lines()) if (line !== '') await this.client.say([line])
    // Refusals of lines come with their commit.
    await this.parts.engine.settled()
  }

  /** Until the client goes: the end of its input is none, for it is often nothing from the beginning. */
  async #tail({ json, after }: { readonly json: boolean; readonly after: number | undefined }): Promise<void> {
    const { channel, client, entered } = this
    await client.charge(after === undefined ? priceOf(COSTS.join) : priceOfJoin(entered.last - after))
    if (channel.isOver) return
    channel.resume()
    await new Promise<void>((resolve) => {
      channel.once('close', resolve)
      channel.once('finish', resolve)
      this.#format = json ? this.of.texts.json : this.of.texts.lines
      client.delivery.follow(entered, after ?? entered.after)
    })
  }

  /** Writes a file of the room to the output: by its name or the first digits of its id, the newest of several. A folder is a tar. */
  async #get(wanted: string): Promise<void> {
    const { channel, entered } = this
    if (wanted === SUMS_NAME) {
      channel.write(sumsOf(namedFiles(entered.files)))
      return
    }
    const newest = entered.files.toSorted((one, other) => other.at - one.at)
    const whole = newest.flatMap((each): WholeFile[] => (each.status === 'whole' ? [each.file] : []))
    const found = wantedFile(whole, wanted)
    if (typeof found === 'string') throw new Refused(found === 'none' ? noSuchFile : severalFiles)
    await new OutgoingFile(this, found.id).sendTo((piece) => channel.taken(piece))
  }

  /** Sends the input into the room as a file, and prints its digest as `sha256sum` does. What a lost connection leaves may be gone on with by `sftp`. */
  async #put(name: string): Promise<void> {
    const incoming = await IncomingFile.open(this, { name })
    try {
      for await (const piece of this.channel.iterator({ destroyOnReturn: false })) await incoming.append(piece)
      const file = this.channel.destroyed ? undefined : await incoming.finish()
      if (file !== undefined) this.channel.write(sumsLine(file.sha256, file.name))
    } finally {
      await incoming.pause()
    }
  }

  /** Tells the room that the client has a file, whole: its own digest of it proves that. */
  async #got(line: string): Promise<void> {
    const [, digest = '', name = ''] = SUM.exec(line) ?? []
    const called = namedFiles(this.entered.files).filter((each) => each.name === name || each.file.file.name === name)
    const found = called.find(({ file }) => file.status === 'whole' && file.file.sha256 === digest.toLowerCase())
    await this.client.pay(1)
    if (digest === '')
      this.refuse(rejected('BAD_COMMAND', 'type got DIGEST NAME, or give the lines of sha256sum as the input'))
    else if (called.length === 0) this.refuse(rejected('NO_SUCH_FILE', `no file is called ${name}; ls lists them`))
    else if (found === undefined) this.refuse(rejected('NO_SUCH_FILE', `no ${name} here has this digest; get it again`))
    else await this.ask({ type: 'receiveFile', file: found.file.file.id })
  }

  override deliver(batch: Batch, session: LocalSession): void {
    const format = this.#format
    if (format === undefined) return
    const own = session.visibleIn(batch)
    const bytes = own === undefined ? batch.encoded(format.encode) : format.write(own)
    if (bytes.length > 0) this.client.delivery.outbox.write(bytes)
  }
}

const noSuchFile = rejected('NO_SUCH_FILE', 'no one file is called so, or has an id that begins so; ls lists them')
const severalFiles = rejected('NO_SUCH_FILE', 'several files have an id that begins so; write more of it')
