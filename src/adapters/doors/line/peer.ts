import type { Engine } from '../../../domain/engine/engine.ts'
import type { LocalSession } from '../../../domain/engine/local-session.ts'
import type { Clock } from '../../../domain/ports/clock.ts'
import { type Code, type Rejected, rejected } from '../../../domain/rejection.ts'
import type { ClientCommand, PostedCommand } from '../../../domain/room/commands.ts'
import type { WholeFile } from '../../../domain/room/events.ts'
import { Refused } from '../../../domain/session.ts'
import { forTerminal } from '../../../domain/text/terminal.ts'
import type { Outbox } from '../shared/outbox.ts'
import { TokenBucket } from '../shared/token-bucket.ts'
import { shortId, sizeText } from '../shared/wording.ts'
import type { BeginItem, Item } from './codec/items.ts'
import type { Caller } from './commands/command.ts'
import { runCommand } from './commands/index.ts'
import type { LineDelivery } from './delivery.ts'
import { Reception } from './reception.ts'
import type { FileMode, LineSettings } from './settings.ts'

export interface PeerParts {
  readonly engine: Engine
  readonly clock: Clock
  readonly settings: LineSettings
  readonly outbox: Outbox
  readonly delivery: LineDelivery
  /** What is said of the peer while it has no nick. */
  readonly address: string
  /** Where links to this host begin; undefined where the peer came without an address. */
  readonly base: string | undefined
  /** Names this connection to the engine: its nick goes with it from room to room. */
  readonly id: string
  readonly limited: boolean
  /** Ends the connection after what was written. */
  hangUp(): void
  /** The upload that `begin` began is not wanted any more. */
  abandon(begin: BeginItem): void
}

/** One person on the line door: what they type becomes commands to the room, files and answers. */
export class LinePeer implements Caller {
  readonly settings: LineSettings
  readonly base: string | undefined
  readonly #delivery: LineDelivery
  readonly #parts: PeerParts
  readonly #bucket: TokenBucket
  readonly #rooms = new Set<string>()
  #session: LocalSession | undefined
  #reception: Reception | undefined
  #nick: string | undefined
  #sentFileLast = false
  #status: 'here' | 'gone' = 'here'

  constructor(parts: PeerParts) {
    const { settings, clock } = parts
    this.#parts = parts
    this.settings = settings
    this.base = parts.base
    this.#delivery = parts.delivery
    this.#bucket = new TokenBucket(clock, parts.limited ? settings.linesPerSecond : 0, settings.linesBurst)
  }

  /** Undefined after `/part`. */
  get session(): LocalSession | undefined {
    return this.#session
  }

  /** The last thing that came in was a file. */
  get sentFileLast(): boolean {
    return this.#sentFileLast
  }

  /** Answers a promise when the next item must wait for this one: then the connection is not read meanwhile. */
  handle(item: Item): Promise<void> | undefined {
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
        return runCommand(this, item.word, item.rest)
      case 'error':
        return this.refuse(item)
      case 'close':
        return this.#close(item)
      default:
        return item satisfies never
    }
  }

  /** Lines that are no text (blank ones, commands) count too (C5). Answers a promise when the connection should wait. */
  charge(lines: number): Promise<void> | undefined {
    return lines > 0 && this.#bucket.charge(lines) ? this.#bucket.ready() : undefined
  }

  say(line: string): Promise<void> | undefined {
    return this.#delivery.say(`${line}\n`)
  }

  refuse({ code, message }: { code: Code; message: string }): Promise<void> | undefined {
    return this.say(`! ${code} ${forTerminal(message)}`)
  }

  /** The session, or a refusal said and nothing. */
  inRoom(): LocalSession | undefined {
    if (this.#session === undefined) void this.refuse(nowhere)
    return this.#session
  }

  async ask(command: ClientCommand): Promise<boolean> {
    const session = this.inRoom()
    if (session === undefined) return false
    let answer = await session.send(command)
    // Like text, it waits where too much waits already; the connection is not read meanwhile.
    while (answer.type === 'rejected' && answer.code === 'BUSY') {
      await session.ready()
      answer = await session.send(command)
    }
    if (answer.type === 'rejected') await this.refuse(answer)
    else if (command.type === 'rename') this.#nick = session.member.name
    return answer.type === 'ack'
  }

  /** Moves to another room. Where that fails, the peer stays where it is and hears why. */
  async join(room: string): Promise<void> {
    if (!this.#rooms.has(room) && this.#rooms.size >= this.settings.roomsPerConnection) {
      await this.refuse(
        rejected('TOO_MANY_ROOMS', 'you have joined as many rooms as one connection may; go back to one'),
      )
      return
    }
    const { address, id } = this.#parts
    const before = this.#session
    let session: LocalSession
    try {
      const who = this.#nick === undefined ? { name: address, guest: true } : { name: this.#nick }
      session = await this.#parts.engine.join({ room, owner: id, person: id, address, ...who })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      await this.refuse(error.rejected)
      return
    }
    // The connection may be over since this was asked for; nobody would close the session then.
    if (this.#status === 'gone') return session.close()
    this.#rooms.add(room)
    this.#session = session
    session.refusals$.subscribe((why) => void this.refuse(why))
    void this.say(welcome(session))
    this.#delivery.follow(session)
    await before?.close()
  }

  async part(): Promise<void> {
    const session = this.inRoom()
    this.#session = undefined
    this.#delivery.unfollow()
    await session?.close()
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
    if (session === undefined) return undefined
    const taken = this.#bucket.take(lines.length)
    if (taken === lines.length && session.post(lines.map(say)) === 'accepted') return undefined
    return this.#textSlowly(session, lines, taken)
  }

  /** Over the rate, or more than the room takes just now: the rest waits, and the connection with it. */
  async #textSlowly(session: LocalSession, lines: readonly string[], allowed: number): Promise<void> {
    let from = 0
    let tokens = allowed
    while (from < lines.length && this.#session === session) {
      if (tokens === 0) {
        await this.#bucket.ready()
        tokens = this.#bucket.take(lines.length - from)
        continue
      }
      if (session.post(lines.slice(from, from + tokens).map(say)) === 'full') await session.ready()
      else {
        from += tokens
        tokens = 0
      }
    }
  }

  #begin(begin: BeginItem): Promise<void> | undefined {
    const session = this.inRoom()
    const { abandon, clock } = this.#parts
    if (session === undefined) abandon(begin)
    else
      this.#reception = new Reception(begin, session, clock, this.settings, (why) => {
        abandon(begin)
        void this.refuse(why)
      })
    return undefined
  }

  async #end(suspect: boolean): Promise<void> {
    const reception = this.#reception
    this.#reception = undefined
    if (reception === undefined) return
    const ended = await (suspect ? reception.cut(suspectEnd) : reception.end())
    if (!('type' in ended))
      await this.say(
        `* [${shortId(ended.id)}] ${forTerminal(ended.name)} is in the room: ${sizeText(ended.size)}, sha256 ${ended.sha256}`,
      )
  }

  async #cut(): Promise<void> {
    const reception = this.#reception
    this.#reception = undefined
    await reception?.cut(rejected('TRANSFER_CUT', 'the sender went away before the file was through'))
  }

  async #close(why: { code: Code; message: string }): Promise<void> {
    await this.refuse(why)
    this.#parts.hangUp()
  }
}

const say = (text: string): PostedCommand => ({ type: 'say', text })

function welcome(session: LocalSession): string {
  const topic = session.topic === '' ? '' : `\n* topic: ${forTerminal(session.topic)}`
  const history = session.last === 0 ? '' : `, ${session.last} so far (/history)`
  const name = forTerminal(session.member.name)
  return `* you are ${name} in ${session.room}: ${session.members.length} here${history}. /help tells what to type${topic}`
}

const nowhere = rejected('NOT_A_MEMBER', 'you are in no room; /join one')
const suspectEnd: Rejected = rejected(
  'SUSPECT_END',
  'the end mark stood inside the file, so its end is not where you meant it; send it with /put <size> <name>',
)
