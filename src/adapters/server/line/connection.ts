import type { LocalSession } from '#domain/engine/session.ts'
import { type Code, type Rejected, rejected } from '#domain/errors.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { LinkOf } from '#i18n/render-event.ts'
import type { Language, Translator } from '#i18n/translator.ts'
import { parseCommand } from '#protocol/parse-command.ts'
import { MemberCaller } from '../connection/caller.ts'
import { ClientSession, type ClientSessionParts, nowhere } from '../connection/client-session.ts'
import type { ServedConnection } from '../connection/connections.ts'
import { contextOf, executeCommand, tokenFirst } from '../connection/execute-command.ts'
import { hangUp } from '../connection/idle.ts'
import { Inbox } from '../connection/inbox.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import { priceOfJoin } from '../connection/rate-limit.ts'
import type { ClientSessionSettings } from '../connection/settings.ts'
import type { Joined, JoinOptions, Reason, Wire } from '../connection/wire.ts'
import { type AccessControl, notForYou } from '../security/access-control.ts'
import { LineDecoder } from './decoder.ts'
import { LineUpload, sentinelCandidate } from './file-io.ts'
import { LineOutput } from './output.ts'
import { greetingText, type LineRenderer, receivedText } from './render.ts'
import type { SentinelChecks } from './sentinel.ts'
import type { FileMode, LineSettings } from './settings.ts'
import type { BeginItem, Item } from './syntax.ts'

/** The time for a slow reader to take its waiting bytes before it is cut off. */
const LAST_WORDS_MS = 7000

export interface LineConnectionParts extends ClientSessionParts {
  readonly settings: LineSettings
  readonly client: ClientSessionSettings
  readonly checks: SentinelChecks
  /** For each language. */
  readonly renderers: Readonly<Record<Language, LineRenderer>>
}

const WAYS_IN: ReadonlySet<string> = new Set(['join', 'token', 'quit'])

/** `charge`: lines of a chunk that are no text. `inputOver`: the peer has closed its side. */
type Input = Item | { readonly type: 'charge'; readonly lines: number } | { readonly type: 'inputOver' }

/** One line connection: its input becomes commands to the room, files and answers. */
export class LineConnection extends MemberCaller implements Wire, ServedConnection {
  readonly settings: LineSettings
  words: Translator
  readonly accessControl: AccessControl
  override readonly takesBytes = true
  readonly base: string | undefined
  readonly client: ClientSession
  readonly #incoming: IncomingConnection
  readonly #parts: LineConnectionParts
  readonly #decoder: LineDecoder
  readonly #inbox: Inbox<Input>
  readonly #output: LineOutput
  #linesSeen = 0
  #last: Item['type'] | undefined
  #upload: LineUpload | undefined
  #greeted = false

  /** `id` names this connection to the engine: its nick goes with it from room to room. */
  constructor(incoming: IncomingConnection, parts: LineConnectionParts, id: string) {
    super()
    const { accessControl, checks, clock, renderers, settings } = parts
    const renderer = renderers[settings.language]
    const { base, connection } = incoming
    this.settings = settings
    this.words = renderer.words
    this.accessControl = accessControl
    this.base = base
    this.#incoming = incoming
    this.#parts = parts
    this.client = new ClientSession(incoming, this, parts, parts.client, id)
    const { delivery, failed } = this.client
    this.#decoder = new LineDecoder({ maxLineBytes: settings.maxLineBytes })
    this.#output = new LineOutput({
      delivery,
      clock,
      settings,
      checks,
      renderer,
      base,
      failed: () => this.quit(),
    })
    this.#inbox = new Inbox({
      source: connection,
      handle: (item) => this.#handle(item),
      full: () => delivery.answersTaken,
      failed,
    })
    this.#start().catch(failed)
  }

  async #start(): Promise<void> {
    const { connection, head, hiddenMs = 0 } = this.#incoming
    const hidden = hiddenMs > 0
    const items = this.#decoder.push(head)
    this.#look(items)
    const nick = nickFirst(items, this.settings)
    if (!(await this.#enter(this.settings.room, nick === undefined ? { hidden } : { nick }))) return this.quit()
    if (this.client.status === 'closed') return
    if (hidden && hiddenMs < Number.POSITIVE_INFINITY) this.#parts.clock.after(hiddenMs, () => this.#announce())
    connection.on('data', this.#read)
    connection.on('end', this.#end)
    if (head.length > 0) this.#take(items)
    // The listener paused it, and its end may have come meanwhile.
    if (connection.readableEnded) this.#end()
    else if (this.#inbox.status === 'open' && !this.#inbox.waiting) connection.resume()
  }

  readonly #read = (chunk: Buffer): void => {
    if (this.#inbox.status !== 'open') return
    try {
      const items = this.#decoder.push(chunk)
      this.#look(items)
      this.#take(items)
    } catch (error) {
      this.client.failed(error)
    }
  }

  /**
   * Whether the seed's client is there, which wants files as bytes, or a person, who never does. Of the seed's client a person's text is the same.
   * It knows no slash words, but its user needs some of them to come in.
   */
  #look(items: readonly Item[]): void {
    if (!this.#output.isUndecided) return
    if (this.#decoder.isTelnet) this.#output.decide('person')
    for (const item of items)
      if (item.type === 'begin') this.#output.decide(item.size === undefined ? 'inline' : 'person')
      else if (item.type === 'command' && !WAYS_IN.has(item.word)) this.#output.decide('person')
  }

  #take(items: readonly Item[]): void {
    let others = this.#decoder.linesSeen - this.#linesSeen
    this.#linesSeen += others
    for (const item of items) if (item.type === 'text') others -= item.lines.length
    this.#inbox.push(items)
    // Blank lines and commands count too (C5).
    if (others > 0) this.#inbox.push([{ type: 'charge', lines: others }])
  }

  /** The end of the input says the last line, or cuts the file that it is in. */
  readonly #end = (): void => this.#inbox.push([...this.#decoder.end(), { type: 'inputOver' }])

  /** Hot path: a chunk of text lines goes through here without a promise. */
  #handle(item: Input): Promise<void> | undefined {
    if (item.type === 'charge') return this.client.charge(item.lines)
    if (item.type === 'inputOver') return this.#halfClosed()
    // Not typed by anybody: it announces nobody.
    if (item.type === 'answer') return this.#output.say(item.bytes)
    if (this.client.status === 'unauthenticated') return this.#beforeAuth(item)
    const announced = item.type === 'close' ? undefined : this.client.announce()
    return announced === undefined ? this.#deal(item) : this.#dealAfter(announced, item)
  }

  #deal(item: Exclude<Item, { type: 'answer' }>): Promise<void> | undefined {
    this.#last = item.type
    switch (item.type) {
      case 'text':
        return this.inRoom() && this.client.say(item.lines)
      case 'body':
        return this.#upload?.push(item.bytes)
      case 'begin':
        return this.#beginUpload(item)
      case 'end':
        return this.#endUpload(item.suspect)
      case 'cut':
        return this.#cutUpload()
      case 'command':
        return executeCommand(this, item.word, item.rest)
      case 'hint':
        return this.say(`* ${item.text}`)
      case 'error':
        return this.refuse(item)
      case 'close':
        void this.refuse(item)
        return this.quit()
      default:
        return item satisfies never
    }
  }

  /** The first thing that a hidden member says announces it. */
  async #dealAfter(announced: Promise<Rejected | undefined>, item: Exclude<Item, { type: 'answer' }>): Promise<void> {
    const why = await announced
    return why === undefined ? await this.#deal(item) : this.#refused(why)
  }

  /** It has said nothing for so long that it is somebody who reads. */
  #announce(): void {
    this.client.announce()?.then((why) => why && this.#refused(why), this.client.failed)
  }

  #refused(why: Rejected): void {
    void this.refuse(why)
    this.quit()
  }

  /** Handles input before authentication: only the commands of that time (C122). */
  #beforeAuth(item: Exclude<Item, { type: 'answer' }>): Promise<void> | undefined {
    switch (item.type) {
      case 'command':
        return executeCommand(this, item.word, item.rest)
      case 'begin':
        this.#decoder.abandonBody(item)
        return this.refuse(tokenFirst)
      case 'text': {
        const wait = this.client.charge(item.lines.length)
        return this.refuse(tokenFirst) ?? wait
      }
      case 'error':
      case 'close':
        return this.#deal(item)
      // Nobody has heard any of it.
      case 'hint':
      case 'body':
      case 'end':
      case 'cut':
        return undefined
      default:
        return item satisfies never
    }
  }

  /** A peer that pipes a file in waits for its answer, which it has by now, and for the end of the connection. */
  #halfClosed(): undefined {
    const { fileHalfCloseMs, halfCloseMs } = this.settings
    const cancel = this.#parts.clock.after(this.#last === 'end' ? fileHalfCloseMs : halfCloseMs, () => this.quit())
    this.#incoming.connection.once('close', cancel)
  }

  deliver(batch: Batch, session: LocalSession): void {
    this.#output.deliver(batch, session)
  }

  reply(answer: Joined | Rejected): void {
    if (answer.type === 'rejected') void this.refuse(answer)
    else {
      const { session, credentials } = answer
      this.#output.linksFor(this.accessControl.holderOf(credentials, session.room))
      void this.say(greetingText(session, this.words))
      if (!this.#greeted && this.#output.isUndecided) void this.say(`* ${this.words.say('filesUntilWord')}`)
      this.#greeted = true
    }
  }

  close(why: Reason | undefined): Promise<void> | undefined {
    this.#inbox.close()
    const cut = this.#cutUpload()
    if (why !== undefined) void this.say(`* ${this.words.refusal(why)}`)
    hangUp(this.#incoming.connection, this.#parts.clock, LAST_WORDS_MS)
    return cut
  }

  stopReading(): void {
    this.#inbox.stop()
  }

  farewell(why: string): Promise<void> {
    return this.client.farewell(why)
  }

  /** It stays: what it says is kept in order, and waits. */
  reaches(isReached: boolean): void {
    if (this.isAuthenticated) void this.say(`* ${this.words.say(isReached ? 'reachedAgain' : 'cutOff')}`)
  }

  sweep(now: number, ms: number): void {
    this.client.sweep(now, ms)
  }

  say(line: string): Promise<void> | undefined {
    return this.#output.say(`${line}\n`)
  }

  refuse(why: Reason): Promise<void> | undefined {
    const text =
      why === tokenFirst
        ? this.words.say('tokenFirst')
        : why === nowhere
          ? this.words.say('inNoRoom')
          : this.words.refusal(why)
    return this.fail(why.code, text)
  }

  override fail(code: Code, text: string): Promise<void> | undefined {
    return this.say(`! ${code} ${text}`)
  }

  /** Shows the host its token: an unauthenticated peer comes in by it. */
  async authenticate(token: string): Promise<void> {
    this.client.showToken(token)
    if (this.client.status === 'unauthenticated' && !(await this.#enter(this.settings.room))) this.quit()
  }

  /** Moves to another room. Where that is refused, the member stays where it is. */
  async join(room: string, password?: string): Promise<void> {
    await this.pay(priceOfJoin(0))
    await this.#enter(room, password === undefined ? {} : { password })
  }

  /** Joins a room, or tells why not. False where the peer can do nothing more about it. */
  async #enter(room: string, options: JoinOptions = {}): Promise<boolean> {
    const { status } = this.client
    const why = await this.client.join(room, options)
    if (why === undefined) return true
    // The answer to the line that asks for the nick says what is wrong with it.
    if (options.nick !== undefined && why !== notForYou) return await this.#enter(room)
    const told = this.refuse(why === notForYou && status === 'unauthenticated' ? tokenFirst : why)
    if (why !== notForYou) return false
    await (this.client.isSpent ? this.quit() : told)
    return true
  }

  async part(message?: string): Promise<void> {
    if (this.inRoom() !== undefined) await this.client.part(message)
  }

  get linkOf(): LinkOf | undefined {
    return this.session && this.#output.linkOf(this.session.room)
  }

  filesAs(mode: FileMode): void {
    this.#output.mode = mode
  }

  speak(language: Language): void {
    const renderer = this.#parts.renderers[language]
    this.words = renderer.words
    this.#output.speak(renderer)
  }

  sendFile(by: string, file: WholeFile, session: LocalSession): Promise<void> {
    return this.#output.send(by, file, session)
  }

  quit(message?: string): undefined {
    void this.client.close(undefined, 'left', message)
  }

  #beginUpload(begin: BeginItem): undefined {
    const session = this.inRoom()
    if (session === undefined) this.#decoder.abandonBody(begin)
    else
      this.#upload = new LineUpload(begin, session, this.#parts.clock, this.settings, (why) => {
        this.#decoder.abandonBody(begin)
        void this.refuse(why)
      })
  }

  async #endUpload(suspect: boolean): Promise<void> {
    const upload = this.#upload
    this.#upload = undefined
    if (upload === undefined) return
    const ended = await (suspect ? upload.cut(sentinelCandidate) : upload.end())
    if (!('type' in ended)) await this.say(receivedText(ended, this.words))
  }

  async #cutUpload(): Promise<void> {
    const upload = this.#upload
    this.#upload = undefined
    await upload?.cut(rejected('TRANSFER_CUT', 'the sender went away before the file was through'))
  }
}

/** The nick that a client asks for before anything else: it comes in under it, and the room hears of one event, not of two. */
function nickFirst(items: readonly Item[], settings: LineSettings): string | undefined {
  const first = items.find(({ type }) => type !== 'answer')
  if (first?.type !== 'command') return undefined
  const parsed = parseCommand(first.word, first.rest, contextOf(settings))
  return parsed.type === 'nick' ? parsed.name : undefined
}
