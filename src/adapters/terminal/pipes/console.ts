import type { Readable, Writable } from 'node:stream'
import type { Bandwidth } from '#domain/engine/bandwidth.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { RoomSubscription } from '#domain/engine/subscription.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import { failureText, forTerminal, jsonForTerminal } from '#domain/names/text.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { ClientCommand, Say } from '#domain/room/commands.ts'
import type { RoomEvent, WholeFile } from '#domain/room/events.ts'
import { type AccessRequest, changeAccess, type RoomAccess } from '#domain/room/room-access.ts'
import { submissionsOf } from '#domain/room/visibility.ts'
import { sendWhenReady } from '#domain/session.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { accessTexts, doneText, memberText, sendingText, sentText, submissionLines } from '#i18n/render-answer.ts'
import { pastLine } from '#i18n/render-event.ts'
import { parseLine } from '#protocol/commands.ts'
import { nameAt, pathTypedAs } from '#system/files/disk-path.ts'
import type { Source } from '#system/files/source.ts'
import { type TextLine, TextLines } from '#system/files/text.ts'
import { limitText } from '../execute-command.ts'
import type { FileSaver } from './file-saver.ts'
import { sourceAt } from './file-source.ts'

export interface ConsoleParts {
  readonly session: LocalSession
  /** Of the host whose terminal this is. */
  readonly bandwidth: Bandwidth
  /** What opens the room. */
  readonly keys: RoomAccess
  /** Where browsers find the host, as in `http://192.168.1.5:8268`. */
  readonly base: string
  /** Undefined where received files are not to be put anywhere. */
  readonly saver: FileSaver | undefined
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly style: 'text' | 'json' | 'quiet'
}

const words = translatorFor('en', forTerminal, false)

/** What may wait for whoever reads our output; past it we read on from the journal later, as for every slow reader. */
const OUTPUT_MARK_BYTES = 256 * 1024

/** The host's own pipes as a member of the room: types to chat, sends files by path, and has what arrives put into a folder. */
export class Console {
  readonly #parts: ConsoleParts
  readonly #input = new TextLines()
  readonly #follower: RoomSubscription
  #saving: Promise<void> = Promise.resolve()
  #reading = true
  /** Somebody may still read our output. */
  #shown = true
  /** Typed, and not taken by the room yet. */
  #unsaid: Say[] = []
  #saying = false

  constructor(parts: ConsoleParts) {
    const { session, stdin, stdout, stderr } = parts
    this.#parts = parts
    // `tamtam | head -1` ends the reader of our output, and nothing else (C89): what happens is still seen to.
    stdout.on('error', () => {
      this.#shown = false
      this.#follower.resume()
    })
    stderr.on('error', () => {})
    stdin.on('error', () => {})
    const typed = (lines: readonly TextLine[]) => {
      for (const line of lines) {
        if (typeof line === 'string') void this.#typed(line)
        else this.#refused(line)
      }
    }
    stdin.on('data', (chunk: Buffer) => typed(this.#input.push(chunk)))
    // A closed standard input ends the typing, not the host.
    stdin.once('end', () => {
      this.#reading = false
      typed(this.#input.end())
    })
    this.#follower = session.follow(session.after, this.#take)
    this.#follower.resume()
    stdout.on('drain', () => this.#follower.resume())
    session.refusals$.subscribe((why) => this.#refused(why))
  }

  close(): void {
    this.#parts.stdin.pause()
  }

  readonly #take = (batch: Batch): void => {
    const { session, stdout } = this.#parts
    for (const event of batch.events) if (session.sees(event)) this.#happened(event)
    if (this.#shown && stdout.writableLength > OUTPUT_MARK_BYTES)
      this.#follower.pause(batch.last ?? this.#follower.cursor)
  }

  #happened(event: RoomEvent): void {
    const { session, style } = this.#parts
    const own = event.type !== 'missed' && event.by.id === session.member.id
    if (style === 'json') this.#json({ room: session.room, ...event })
    else if (style === 'text' && !own) {
      const line = pastLine(event, words)
      if (line !== '') this.#print(line)
    }
    // One after the other: a hundred files at once would be a hundred open files.
    if (event.type === 'fileCompleted' && !own) this.#saving = this.#saving.then(() => this.#save(event.file))
    if (event.type === 'fileWithdrawn') this.#saving = this.#saving.then(() => this.#withdrawn(event.file.id))
  }

  async #save(file: WholeFile): Promise<void> {
    const { saver, session } = this.#parts
    if (saver === undefined) return
    try {
      this.#talk(`* saved ${forTerminal(await saver.save(file))}`)
      const receipt = { type: 'receiveFile', file: file.id } as const
      // Any other refusal is no news: the file was withdrawn meanwhile, or the host stops.
      await sendWhenReady(session, receipt)
    } catch (error) {
      this.#talk(`! NOT_SAVED ${forTerminal(file.name)}: ${failureText(error)}`)
    }
  }

  async #withdrawn(id: string): Promise<void> {
    await this.#parts.saver?.withdrawn(id).catch((error: unknown) => {
      this.#talk(`! NOT_REMOVED the copy of a file that is gone stays: ${failureText(error)}`)
    })
  }

  async #typed(typed: string): Promise<void> {
    const parsed = parseLine(typed, { at: 'host' })
    switch (parsed.type) {
      case 'nothing':
        return
      case 'say':
        return await this.#say(parsed.text)
      case 'send':
        return await this.#send(parsed.file, parsed.to)
      case 'who':
        return this.#talk(this.#here())
      case 'limit':
        return this.#talk(`* ${limitText(this.#parts.bandwidth, parsed, words)}`)
      case 'help':
        return this.#talk(help)
      case 'submissions':
        return this.#talk(this.#submissions())
      case 'ask':
        return await this.#ask(parsed.command)
      case 'access':
        return await this.#access(parsed.request)
      case 'wrong':
        return this.#refused(rejected('BAD_COMMAND', `type ${parsed.usage}`))
      default:
        this.#talk('! BAD_COMMAND no such command here; /help tells what there is')
    }
  }

  async #ask(command: ClientCommand): Promise<void> {
    const answer = await this.#parts.session.send(command)
    const done = doneText(command, words)
    if (answer.type === 'rejected') this.#refused(answer)
    else if (done !== undefined) this.#talk(`* ${done}`)
  }

  async #access(request: AccessRequest): Promise<void> {
    const { keys, base, style } = this.#parts
    const answer = await changeAccess(keys, request)
    if (answer.type === 'refused') return this.#refused(answer.why)
    // An invitation is data: it goes where our output goes, never to the log beside the talk (C121).
    if (answer.type === 'invited' && style === 'json') return this.#json({ type: 'invitation', ...answer.invitation })
    for (const text of accessTexts(answer, words, base))
      if (answer.type === 'invited') this.#print(`* ${text}`)
      else this.#talk(`* ${text}`)
  }

  /** In the order of typing: while the room is full, further lines wait behind those before them, and are not read. */
  async #say(text: string): Promise<void> {
    const { session } = this.#parts
    this.#unsaid.push({ type: 'say', text })
    if (this.#saying) return
    this.#saying = true
    while (this.#unsaid.length > 0) {
      if (session.post(this.#unsaid) === 'accepted') {
        this.#unsaid = []
        continue
      }
      if (this.#reading) this.#parts.stdin.pause()
      await session.ready()
      if (this.#reading) this.#parts.stdin.resume()
    }
    this.#saying = false
  }

  #here(): string {
    const { files, members } = this.#parts.session
    const sending = files.flatMap((file) => (file.status === 'offered' ? [`* ${sendingText(file, words)}`] : []))
    return [`* here: ${members.map((member) => memberText(member, words)).join(', ')}`, ...sending].join('\n')
  }

  #submissions(): string {
    const { files, members, collectingSince } = this.#parts.session
    return submissionLines(submissionsOf(files, members, collectingSince), words).join('\n')
  }

  async #send(typed: string, to: string | undefined): Promise<void> {
    const path = await pathTypedAs(typed)
    const source = await sourceAt(path)
    const ended = 'type' in source ? source : await this.#upload(source, nameAt(path), to)
    if ('type' in ended) this.#refused({ ...ended, message: `${typed}: ${ended.message}` })
    else {
      this.#talk(`* ${sentText(ended, words)}`)
    }
  }

  async #upload(source: Source, name: string, to: string | undefined): Promise<WholeFile | Rejected> {
    const { size } = source
    const meta = { name, ...(size === undefined ? {} : { size }), ...(to === undefined ? {} : { to }) }
    try {
      return await this.#parts.session.upload(source.bytes(), meta).done
    } catch {
      // The host hears of it too, and stops.
      return rejected('TRANSFER_CUT', 'the host could not keep the file')
    } finally {
      await source.close()
    }
  }

  #refused({ code, message }: Rejected): void {
    this.#talk(`! ${code} ${forTerminal(message)}`)
  }

  #json(value: object): void {
    if (this.#shown) this.#parts.stdout.write(`${jsonForTerminal({ v: 1, ...value })}\n`)
  }

  /** Data: what happens in the room. */
  #print(line: string): void {
    if (this.#shown) this.#parts.stdout.write(`${line}\n`)
  }

  /** Talk: what is said about it. */
  #talk(line: string): void {
    if (this.#parts.style === 'quiet' && !line.startsWith('!')) return
    this.#parts.stderr.write(`${line}\n`)
  }
}

const help =
  '* type to chat; /send PATH sends a file, /send @nick PATH to one person only; /who tells who is here; /limit 5M holds transfers to a rate; /kick, /mute, /ban, /op, /lock and their opposites keep order; /collect on, /collect off and /collect take in what members send for your eyes only; /password WORD, /password off, /invite, /invite list and /invite off ID say who comes in; //text says /text'
