import { endOfTick } from '#domain/async/backoff.ts'
import { TokenBucket } from '#domain/async/token-bucket.ts'
import type { Engine } from '#domain/engine/engine.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Code, rejected } from '#domain/errors.ts'
import type { Cancel, Clock } from '#domain/ports/system.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused, sendWhenReady } from '#domain/session.ts'
import type { LinkOf } from '#i18n/render-event.ts'
import type { Translator } from '#i18n/translator.ts'
import type { Outbox } from '../connection/outbox.ts'
import { priceOfJoin } from '../connection/rate-limit.ts'
import { type AccessControl, type Credentials, type Grant, notForYou } from '../security/access-control.ts'
import { beforeAuth } from './before-auth.ts'
import type { LineDelivery } from './delivery.ts'
import { accessEnded, nowhere, tooManyRooms } from './errors.ts'
import { type Caller, executeCommand, tokenFirst } from './execute.ts'
import { LineUpload, sentinelCandidate } from './file-io.ts'
import { greetingText, receivedText } from './render.ts'
import { sayLines } from './say-lines.ts'
import type { FileMode, LineSettings } from './settings.ts'
import type { BeginItem, Item } from './syntax.ts'

export interface PeerParts {
  readonly engine: Engine
  readonly accessControl: AccessControl
  readonly clock: Clock
  readonly settings: LineSettings
  readonly words: Translator
  readonly outbox: Outbox
  readonly delivery: LineDelivery
  /** What is said of the peer while it has no nick. */
  readonly address: string
  /** Where links to this host begin; undefined where the peer came without an address. */
  readonly base: string | undefined
  /** Names this connection to the engine: its nick goes with it from room to room. */
  readonly id: string
  readonly limited: boolean
  /** It has come into a room: it is no stranger any more. */
  admitted(): void
  /** The room, or the host, ends its stay. */
  expelled(why: string): void
  /** Ends the connection after what was written. */
  hangUp(): void
  /** The upload that `begin` began is not wanted any more. */
  abandon(begin: BeginItem): void
}

/** One person on the line door: what they type becomes commands to the room, files and answers. */
export class LinePeer implements Caller {
  readonly settings: LineSettings
  readonly words: Translator
  readonly accessControl: AccessControl
  readonly base: string | undefined
  readonly #delivery: LineDelivery
  readonly #parts: PeerParts
  readonly #bucket: TokenBucket
  readonly #rooms = new Set<string>()
  #session: LocalSession | undefined
  #reception: LineUpload | undefined
  #nick: string | undefined
  #sentFileLast = false
  /** `stranger`: has not come into any room yet, and says nothing but what it has to show. `shy`: is in one, of which nobody was told. */
  #status: 'stranger' | 'shy' | 'here' | 'gone' = 'stranger'
  #credential: string | undefined
  /** Ends the watch over whether it may stay. */
  #unwatch: Cancel = () => {}

  constructor(parts: PeerParts) {
    const { settings, clock } = parts
    this.#parts = parts
    this.settings = settings
    this.words = parts.words
    this.accessControl = parts.accessControl
    this.base = parts.base
    this.#delivery = parts.delivery
    this.#bucket = new TokenBucket(clock, parts.limited ? settings.linesPerSecond : 0, settings.linesBurst)
  }

  /** Undefined after `/part`. */
  get session(): LocalSession | undefined {
    return this.#session
  }

  get isAuthenticated(): boolean {
    return this.#status !== 'stranger'
  }

  /** The last thing that came in was a file. */
  get sentFileLast(): boolean {
    return this.#sentFileLast
  }

  /** Answers a promise when the next item must wait for this one: then the connection is not read meanwhile. */
  handle(item: Item): Promise<void> | undefined {
    // Not said by a person: it brings nobody in, and out.
    if (item.type === 'answer') return this.#delivery.say(item.bytes)
    if (this.#status === 'stranger') {
      const wait = item.type === 'text' ? this.charge(item.lines.length) : undefined
      return beforeAuth(this, item, this.#parts.abandon) ?? wait
    }
    if (this.#status === 'shy' && item.type !== 'close') return this.#announceMember(item)
    this.#sentFileLast = item.type === 'end'
    switch (item.type) {
      case 'text':
        return this.#text(item.lines)
      case 'body':
        return this.#reception?.push(item.bytes)
      case 'begin':
        return this.#begin(item)
      case 'end':
        return this.#end(item.suspect)
      case 'cut':
        return this.#cut()
      case 'command':
        return executeCommand(this, item.word, item.rest)
      case 'hint':
        return this.say(`* ${item.text}`)
      case 'error':
        return this.refuse(item)
      case 'close':
        return this.#close(item)
      default:
        return item satisfies never
    }
  }

  async #announceMember(item: Item): Promise<void> {
    this.#status = 'here'
    const why = await this.#session?.announceMember()
    if (why === undefined) return await this.handle(item)
    void this.refuse(why)
    this.quit()
  }

  /** Lines that are no text (blank ones, commands) count too (C5). Answers a promise when the connection should wait. */
  charge(lines: number): Promise<void> | undefined {
    return lines > 0 && this.#bucket.charge(lines) ? this.#bucket.ready() : undefined
  }

  /** A debt is this connection's own. In any case whatever others have sent meanwhile is dealt with before it goes on. */
  async pay(lines: number): Promise<void> {
    if (lines > 0 && this.#bucket.charge(lines)) await this.#bucket.ready()
    await endOfTick(this.#parts.clock)
  }

  say(line: string): Promise<void> | undefined {
    return this.#delivery.say(`${line}\n`)
  }

  refuse({ code, message }: { code: Code; message: string }): Promise<void> | undefined {
    return this.say(`! ${code} ${this.words.refusal({ code, message })}`)
  }

  /** The session, or a refusal said and nothing. */
  inRoom(): LocalSession | undefined {
    if (this.#session === undefined) void this.refuse(nowhere)
    return this.#session
  }

  async ask(command: ClientCommand): Promise<boolean> {
    const session = this.inRoom()
    if (session === undefined) return false
    // Like text, it waits while the room is full; the connection is not read meanwhile.
    const answer = await sendWhenReady(session, command)
    if (answer.type === 'rejected') await this.refuse(answer)
    else if (command.type === 'rename') this.#nick = session.member.name
    return answer.type === 'ack'
  }

  /** Comes into the room that everybody is in at first. Answers false where there is nothing that it could show to come in. */
  async arrive(hidden = false): Promise<boolean> {
    return (await this.#join(this.settings.room, undefined, hidden)) !== 'refused'
  }

  /** Shows the host its token: a stranger comes in by it. */
  async show(token: string): Promise<void> {
    this.#credential = token
    if (this.#status === 'stranger' && !(await this.arrive())) this.#parts.hangUp()
  }

  /** Moves to another room. Where that fails, the peer stays where it is and hears why. */
  async join(room: string, password?: string): Promise<void> {
    await this.pay(priceOfJoin(0))
    await this.#join(room, password)
  }

  async #join(room: string, password?: string, quiet = false): Promise<'joined' | 'turned away' | 'refused'> {
    if (!this.#rooms.has(room) && this.#rooms.size >= this.settings.roomsPerConnection) {
      await this.refuse(tooManyRooms)
      return 'refused'
    }
    const { accessControl } = this
    const { address, id } = this.#parts
    const before = this.#session
    const shown: Credentials = {
      connection: this,
      address,
      person: id,
      ...(this.#credential === undefined ? {} : { credential: this.#credential }),
      ...(password === undefined ? {} : { password }),
    }
    let session: LocalSession
    let admitted: Grant | undefined
    try {
      admitted = await accessControl.enter(shown, room)
      if (admitted === undefined) return await this.#turnedAway(shown)
      const who = this.#nick === undefined ? { name: address, guest: true } : { name: this.#nick }
      session = await this.#parts.engine.join({ room, owner: id, person: id, address, quiet, ...admitted, ...who })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      await this.refuse(error.rejected)
      return 'refused'
    }
    // The connection may be over since this was asked for; nobody would close the session then.
    if (this.#status === 'gone') {
      await session.close()
      return 'refused'
    }
    if (this.#status === 'stranger') this.#parts.admitted()
    this.#status = quiet ? 'shy' : 'here'
    this.#unwatch()
    this.#unwatch = accessControl.watch(shown, room, () => this.#parts.expelled(accessEnded))
    this.#delivery.showing(accessControl.holderOf(shown, room))
    this.#rooms.add(room)
    this.#session = session
    session.refusals$.subscribe((why) => void this.refuse(why))
    void this.say(greetingText(session, this.words))
    this.#delivery.follow(session)
    await before?.close()
    return 'joined'
  }

  async part(): Promise<void> {
    const session = this.inRoom()
    this.#session = undefined
    this.#delivery.unfollow()
    await session?.close()
  }

  get linkOf(): LinkOf | undefined {
    return this.#delivery.linkOf
  }

  get fileMode(): FileMode {
    return this.#delivery.mode
  }

  set fileMode(mode: FileMode) {
    this.#delivery.mode = mode
  }

  sendFile(by: string, file: WholeFile, session: LocalSession): Promise<void> {
    return this.#delivery.send(by, file, session)
  }

  quit(): void {
    this.#parts.hangUp()
  }

  /** The connection is over, whoever ended it. */
  async gone(reason: string): Promise<void> {
    this.#status = 'gone'
    this.#unwatch()
    const session = this.#session
    this.#session = undefined
    this.#delivery.unfollow()
    try {
      await this.#cut()
    } finally {
      await session?.close(reason)
      this.#parts.engine.forget(this.#parts.id)
    }
  }

  #text(lines: readonly string[]): Promise<void> | undefined {
    const session = this.inRoom()
    return session && sayLines(session, lines, this.#bucket, () => this.#session === session)
  }

  #begin(begin: BeginItem): undefined {
    const session = this.inRoom()
    const { abandon, clock } = this.#parts
    if (session === undefined) return void abandon(begin)
    this.#reception = new LineUpload(begin, session, clock, this.settings, (why) => {
      abandon(begin)
      void this.refuse(why)
    })
  }

  async #end(suspect: boolean): Promise<void> {
    const reception = this.#reception
    this.#reception = undefined
    if (reception === undefined) return
    const ended = await (suspect ? reception.cut(sentinelCandidate) : reception.end())
    if (!('type' in ended)) await this.say(receivedText(ended, this.words))
  }

  async #cut(): Promise<void> {
    const reception = this.#reception
    this.#reception = undefined
    await reception?.cut(rejected('TRANSFER_CUT', 'the sender went away before the file was through'))
  }

  async #turnedAway(shown: Credentials): Promise<'turned away'> {
    const told = this.refuse(this.#status === 'stranger' ? tokenFirst : notForYou)
    await (this.accessControl.isSpent(shown) ? this.#parts.hangUp() : told)
    return 'turned away'
  }

  #close(why: { code: Code; message: string }): undefined {
    void this.refuse(why)
    this.#parts.hangUp()
  }
}
