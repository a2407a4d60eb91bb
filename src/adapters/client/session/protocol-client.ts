import { type Code, type Rejected, rejected } from '#domain/errors.ts'
import type { Cancel, Clock } from '#domain/ports/system.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import {
  type ClientMessage,
  type CommandAck,
  type CommandRejected,
  decodeHostMessage,
  encodeMessage,
  type HostMessage,
  type JoinedRoom,
  PROTOCOL_VERSION,
  type Self,
} from '#protocol/messages.ts'
import { FAREWELLS, RECONNECTS } from '#protocol/schema.ts'
import type { SessionSettings } from '../settings.ts'
import type { MessageTransport, OpenTransport } from './transports.ts'

/** The member's credentials, and the room. */
export interface Handshake {
  readonly key: string
  readonly name?: string
  readonly token?: string
  readonly password?: string
  readonly room: string
  readonly after?: number
  /** This client's own id, the same for all of its connections. */
  readonly client: string
}

/** `lost`: the same may work in a moment. `over`: it will not. */
export type Ending =
  | { readonly status: 'lost'; readonly why: string }
  | { readonly status: 'over'; readonly why: Rejected }

export interface ProtocolClientListener {
  joined(joined: JoinedRoom): void
  told(events: readonly RoomEvent[]): void
  self(self: Self): void
  answered(ref: number, answer: CommandAck | CommandRejected): void
  /** Called once, and last. */
  ended(ending: Ending): void
}

/** One connection of the session protocol (`docs/reference/session-protocol.md`), from hello to its end. */
export class ProtocolClient {
  readonly #transport: MessageTransport
  readonly #clock: Clock
  readonly #settings: SessionSettings
  readonly #handshake: Handshake
  readonly #listener: ProtocolClientListener
  #status: 'coming' | 'joined' | 'leaving' | 'ended' = 'coming'
  #heardAt: number
  /** Start of the wait for something from the host. */
  #awaitedSince: number | undefined
  #pings = 0
  #takesOver = false
  #says = false
  #cancelWatch: Cancel

  constructor(
    open: OpenTransport,
    clock: Clock,
    settings: SessionSettings,
    handshake: Handshake,
    listener: ProtocolClientListener,
  ) {
    this.#clock = clock
    this.#settings = settings
    this.#handshake = handshake
    this.#listener = listener
    this.#heardAt = this.#awaitedSince = clock.elapsed()
    this.#cancelWatch = clock.after(settings.answerMs, this.#watch)
    this.#transport = open({
      opened: () => this.#hello(),
      heard: () => this.#heard(),
      received: (bytes) => this.#received(bytes),
      closed: (why) => this.#end({ status: 'lost', why }),
      refused: (why) => this.#finish(why),
    })
  }

  get joined(): boolean {
    return this.#status === 'joined'
  }

  /** Only after joining. */
  send(message: Uint8Array): void {
    this.#transport.send(message)
  }

  /** Joins again with the same membership, and receives everything after `after`. */
  join(after: number | undefined): void {
    this.#status = 'coming'
    this.#awaitedSince = this.#clock.elapsed()
    const { room, password, client } = this.#handshake
    const shown = { ...(password === undefined ? {} : { password }), ...(this.#takesOver ? { client } : {}) }
    this.#say({ type: 'join', room, ...shown, ...(after === undefined ? {} : { after }) })
  }

  /** Says goodbye. Messages sent before still arrive, and are answered. `message`: published to the others. */
  leave(message?: string): void {
    if (this.#status === 'joined') {
      this.#status = 'leaving'
      this.#say({ type: 'leave', ...(message !== undefined && this.#says ? { message } : {}) })
    } else this.drop()
  }

  /** Ends it at once; the listener is told nothing more. */
  drop(): void {
    this.#status = 'ended'
    this.#cancelWatch()
    this.#transport.drop()
  }

  #hello(): void {
    const { key, name, token } = this.#handshake
    const who = { ...(name === undefined ? {} : { name }), ...(token === undefined ? {} : { token }) }
    this.#say({ type: 'hello', version: PROTOCOL_VERSION, key, ...who })
  }

  #received(bytes: Uint8Array): void {
    this.#heard()
    const message = decodeHostMessage(bytes)
    if (message === undefined) return
    if (message.type === 'rejected' && message.code === 'BAD_MESSAGE')
      this.#lose('something other than tamtam answers there')
    else this.#handle(message)
  }

  #handle(message: HostMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#takesOver = message.capabilities.includes(RECONNECTS)
        this.#says = message.capabilities.includes(FAREWELLS)
        if (message.version === PROTOCOL_VERSION) this.join(this.#handshake.after)
        else
          this.#finish(
            rejected('WRONG_PROTOCOL', `the host speaks version ${message.version}, which is not spoken here`),
          )
        break
      case 'joined':
        this.#status = 'joined'
        this.#awaitedSince = undefined
        this.#listener.joined(message)
        break
      case 'batch':
        if (this.#status === 'joined') this.#listener.told(message.events)
        break
      case 'self':
        this.#listener.self(message)
        break
      case 'ack':
        this.#listener.answered(message.ref, message)
        break
      case 'rejected':
        if (message.ref !== undefined) this.#listener.answered(message.ref, message)
        else if (this.#status === 'coming') this.#refused(message)
        break
      case 'bye':
        this.#refused(message)
        break
      case 'pong':
        break
      default:
        message satisfies never
    }
  }

  #refused({ code, message, retrySeconds }: Omit<Rejected, 'type'>): void {
    if (PASSING.has(code)) this.#lose(message)
    else this.#finish(rejected(code, message, retrySeconds))
  }

  #lose(why: string): void {
    this.#end({ status: 'lost', why })
  }

  #finish(why: Rejected): void {
    this.#end({ status: 'over', why })
  }

  #end(ending: Ending): void {
    if (this.#status === 'ended') return
    this.drop()
    this.#listener.ended(ending)
  }

  #heard(): void {
    this.#heardAt = this.#clock.elapsed()
    if (this.#status === 'joined') this.#awaitedSince = undefined
  }

  readonly #watch = (): void => {
    const { silentMs, answerMs } = this.#settings
    const now = this.#clock.elapsed()
    const patience = this.#awaitedSince === undefined ? silentMs : answerMs
    const left = Math.max(this.#heardAt, this.#awaitedSince ?? 0) + patience - now
    if (left <= 0 && this.#awaitedSince !== undefined) {
      this.#lose('it does not answer')
      return
    }
    if (left <= 0) {
      this.#awaitedSince = now
      this.#say({ type: 'ping', ref: ++this.#pings })
    }
    this.#cancelWatch = this.#clock.after(left <= 0 ? answerMs : left, this.#watch)
  }

  #say(message: ClientMessage): void {
    this.#transport.send(encodeMessage(message))
  }
}

/** Codes of a host that may accept the client a moment later. */
const PASSING: ReadonlySet<Code> = new Set(['RESTART', 'CLOSED', 'BUSY', 'TIMEOUT'])
