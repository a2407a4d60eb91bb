import { Waiters } from '#domain/async/waiters.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import type { Batch, Encoder } from '#domain/room/batch.ts'
import { type ClientCommand, isPosted } from '#domain/room/commands.ts'
import type { OwnMute } from '#domain/room/rules.ts'
import {
  type ClientMessage,
  decodeClientMessage,
  encodeMessage,
  type Hello,
  type HostMessage,
  type JoinRoom,
  PROTOCOL_VERSION,
} from '#protocol/messages.ts'
import { CAPABILITIES, factFields } from '#protocol/schema.ts'
import { ClientSession, type ClientSessionParts, nowhere } from '../connection/client-session.ts'
import type { ServedConnection } from '../connection/connections.ts'
import { Inbox } from '../connection/inbox.ts'
import type { IncomingConnection } from '../connection/incoming-connection.ts'
import type { KeyRegistry } from '../connection/key-registry.ts'
import { COSTS, priceOfItems, priceOfJoin } from '../connection/rate-limit.ts'
import type { Joined, Reason, Wire } from '../connection/wire.ts'
import { notForYou } from '../security/access-control.ts'
import type { SessionServerSettings } from './settings.ts'
import { type MessageTransport, messagesFor, type Receiver } from './transport.ts'

export interface SessionParts extends ClientSessionParts {
  readonly keys: KeyRegistry
  readonly settings: SessionServerSettings
}

type Incoming = Uint8Array | Rejected | 'end'

/** One connection of the session protocol: its messages become commands to the room, and answers. */
export class SessionConnection implements Wire, ServedConnection, Receiver {
  readonly #transport: MessageTransport
  readonly #parts: SessionParts
  readonly #client: ClientSession
  readonly #inbox: Inbox<Incoming>
  /** The mute last reported to the member. */
  #muted: OwnMute | undefined
  /** Number of commands waiting for their answers. */
  #unanswered = 0
  readonly #answers = new Waiters()

  constructor(transport: MessageTransport, incoming: IncomingConnection, parts: SessionParts) {
    const { settings } = parts
    this.#transport = transport
    this.#parts = parts
    this.#client = new ClientSession(incoming, this, parts, {
      ...settings,
      handshakeMs: settings.handshakeMs,
      perSecond: settings.messagesPerSecond,
      burst: settings.messagesBurst,
      lostReason: 'connection lost',
    })
    this.#inbox = new Inbox({
      source: transport,
      handle: (each) => this.#handle(each),
      full: () => this.#client.delivery.answersTaken,
      failed: this.#client.failed,
    })
    transport.start(this)
  }

  message(bytes: Uint8Array): void {
    this.#inbox.push([bytes])
  }

  refuse(why: Rejected): void {
    this.#inbox.push([why])
  }

  ended(): void {
    this.#inbox.push(['end'])
  }

  /** Hot path: nothing waits, and nothing is promised. */
  #handle(incoming: Incoming): Promise<unknown> | undefined {
    if (incoming === 'end') return this.#closeOnceAnswered({ code: 'CLOSED', message: 'you left' })
    const message = incoming instanceof Uint8Array ? decodeClientMessage(incoming) : incoming
    if (message.type === 'rejected') {
      this.#parts.metrics.count('bad_messages')
      return this.#closeOnceAnswered({ code: 'BAD_MESSAGE', message: message.message })
    }
    const wait = this.#deal(message)
    const slow = this.#client.charge(1)
    return slow === undefined ? wait : Promise.all([wait, slow])
  }

  #deal(message: ClientMessage): Promise<unknown> | undefined {
    switch (message.type) {
      case 'hello':
        return this.#hello(message)
      case 'ping':
        this.#say({ type: 'pong', ref: message.ref })
        return undefined
      case 'join':
        return this.#client.id === undefined ? this.#refuse(helloFirst) : this.#join(message)
      case 'command':
        return this.#command(message.command, message.ref)
      case 'leave':
        return this.#closeOnceAnswered({ code: 'CLOSED', message: 'you left' }, message.message)
      default:
        return message satisfies never
    }
  }

  #hello({ version, key, name, token }: Hello): undefined {
    if (version !== PROTOCOL_VERSION) return this.#refuse(otherVersion)
    if (!this.#client.authenticate(key, this.#parts.keys, name, token)) return this.#refuse(helloAgain)
    const { program: host } = this.#parts.settings
    this.#say({ type: 'welcome', version: PROTOCOL_VERSION, capabilities: CAPABILITIES, host })
  }

  async #join({ room: wanted, after, password, client }: JoinRoom): Promise<void> {
    const room = checkRoomName(wanted)
    if (typeof room !== 'string') return this.#refuse(room)
    const why = await this.#client.join(room, {
      ...(after === undefined ? {} : { after }),
      ...(password === undefined ? {} : { password }),
      ...(client === undefined ? {} : { client }),
    })
    if (why === undefined) return
    this.#refuse(why)
    if (why === notForYou && this.#client.isSpent) void this.#client.close(notForYou)
  }

  #command(given: ClientCommand, ref: number | undefined): Promise<unknown> | undefined {
    const { id, session } = this.#client
    if (session === undefined) return this.#refuse(id === undefined ? helloFirst : nowhere, ref)
    const command = scoped(given, id, session.room)
    if (ref === undefined && isPosted(command)) return this.#client.post([command])
    this.#unanswered++
    void this.#ask(command, ref)
    return this.#unanswered < this.#parts.settings.unanswered ? undefined : this.#answers.wait()
  }

  async #ask(command: ClientCommand, ref: number | undefined): Promise<void> {
    try {
      const answer = await this.#client.ask(command)
      if (answer.type === 'rejected') this.#refuse(answer, ref)
      else if (ref !== undefined) this.#say({ type: 'ack', ref, seq: answer.seq, duplicate: answer.duplicate })
    } catch (error) {
      this.#client.failed(error)
    } finally {
      this.#unanswered--
      this.#answers.release()
    }
  }

  /** Resolves when every command so far has its answer. */
  async #answered(): Promise<void> {
    while (this.#unanswered > 0) await this.#answers.wait()
  }

  async #closeOnceAnswered(why: Reason, message?: string): Promise<void> {
    await this.#answered()
    await this.#client.close(why, 'left', message)
  }

  deliver(batch: Batch, session: LocalSession): void {
    if (!this.#transport.open) return
    const messages = messagesFor(batch, session, this.#transport.framing)
    if (messages.length > 0) this.#client.delivery.outbox.writeAll(messages)
    if (batch.encoded(changesMutes)) this.#tellMute(session)
  }

  #tellMute({ muted }: LocalSession): void {
    if (muted?.reason === this.#muted?.reason && (muted === undefined) === (this.#muted === undefined)) return
    this.#muted = muted
    this.#say({ type: 'self', ...(muted === undefined ? {} : { muted }) })
  }

  reply(answer: Joined | Rejected): void {
    if (answer.type === 'rejected') this.#refuse(answer)
    else this.#joined(answer)
  }

  #joined({ session, after }: Joined): void {
    const { room, member, publishedMembers: members, muted, last } = session
    this.#muted = muted
    const listed = [...members.values()].slice(0, this.#parts.settings.listedMembers)
    this.#say({
      type: 'joined',
      room,
      member,
      members: listed,
      count: members.size,
      ...factFields(this.#parts.accessControl.factsOf(session)),
      last,
      ...(muted === undefined ? {} : { muted }),
    })
    // A debt, which its next message has to wait for.
    void this.#client.charge(priceOfJoin(last - after) + priceOfItems(COSTS.members, listed.length))
  }

  close(why: Reason | undefined): undefined {
    this.#inbox.close()
    if (this.#transport.connection.destroyed) return
    if (why !== undefined) this.#say({ type: 'bye', code: why.code, message: why.message })
    this.#transport.end(why?.code)
  }

  stopReading(): void {
    this.#inbox.stop()
  }

  async farewell(why: string): Promise<void> {
    await this.#answered()
    await this.#client.farewell(why)
  }

  reaches(isReached: boolean): void {
    if (!isReached) void this.#client.farewell(CUT_OFF)
  }

  sweep(now: number, ms: number): void {
    this.#client.sweep(now, ms)
  }

  #say(message: HostMessage): void {
    const { framing, open } = this.#transport
    if (open) void this.#client.delivery.answer(framing.frame(encodeMessage(message)))
  }

  #refuse({ type, code, message, retrySeconds }: Rejected, ref?: number): undefined {
    this.#say({
      type,
      ...(ref === undefined ? {} : { ref }),
      code,
      message,
      ...(retrySeconds === undefined ? {} : { retrySeconds }),
    })
  }
}

/** Whether a batch may have muted somebody, or ended a mute. */
const changesMutes: Encoder<boolean> = ({ events }) =>
  events.some(
    ({ type }) =>
      type === 'muted' || type === 'unmuted' || type === 'opped' || type === 'deopped' || type === 'renamed',
  )

/** A client's message ids are unique to it and to each room (C118). No id contains a blank. */
function scoped(command: ClientCommand, person: string | undefined, room: string): ClientCommand {
  if (!('id' in command) || command.id === undefined) return command
  return { ...command, id: `key ${person} ${room} ${command.id}` }
}

const CUT_OFF = 'this machine cannot reach the others; come back in a moment, to another of them'
const helloFirst = rejected('BAD_REQUEST', 'say hello first')
const helloAgain = rejected(
  'BAD_REQUEST',
  'you have said hello already; only the name can change, and only while in no room',
)
const otherVersion = rejected('BAD_REQUEST', `this host speaks version ${PROTOCOL_VERSION} of this protocol`)
