import type { TokenBucket } from '#domain/async/token-bucket.ts'
import { Waiters } from '#domain/async/waiters.ts'
import type { Engine } from '#domain/engine/engine.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import type { Cancel } from '#domain/ports/system.ts'
import type { ClientCommand } from '#domain/room/commands.ts'
import { Refused, sendWhenReady } from '#domain/session.ts'
import { type ClientMessage, type Hello, type JoinRoom, PROTOCOL_VERSION } from '#protocol/messages.ts'
import { COMMANDS } from '#protocol/schema.ts'
import { COSTS, priceOfItems, priceOfJoin } from '../connection/rate-limit.ts'
import { type AccessControl, type Credentials, type Grant, notForYou } from '../security/access-control.ts'
import type { SessionDelivery } from './delivery.ts'
import { type Holder, type KeyRegistry, personOf } from './key-registry.ts'
import type { SessionServerSettings } from './settings.ts'

export interface PeerParts {
  readonly engine: Engine
  readonly people: KeyRegistry
  readonly accessControl: AccessControl
  readonly settings: SessionServerSettings
  readonly delivery: SessionDelivery
  /** How much this connection may ask for. */
  readonly bucket: TokenBucket
  /** What the peer is called while it has no nick. */
  readonly address: string
  /** Says a last word and ends the connection. */
  bye(code: 'REPLACED' | 'CLOSED' | 'NOT_FOUND', message: string): void
  /** It has come into a room: it is no stranger any more. */
  admitted(): void
  /** An answer could not be had because of an error of ours. */
  failed(error: unknown): void
}

/** One person behind a carrier: what they send becomes commands to the room, and answers. */
export class SessionPeer implements Holder {
  readonly #parts: PeerParts
  readonly #delivery: SessionDelivery
  readonly #rooms = new Set<string>()
  #status: 'stranger' | 'known' | 'gone' = 'stranger'
  #key = ''
  #id = ''
  #nick: string | undefined
  #token: string | undefined
  #session: LocalSession | undefined
  /** Ends the watch over whether it may stay. */
  #unwatch: Cancel = () => {}
  #unanswered = 0
  readonly #answers = new Waiters()
  /** What is being dealt with. */
  #work: Promise<unknown> = Promise.resolve()
  #left: Promise<void> | undefined

  constructor(parts: PeerParts) {
    this.#parts = parts
    this.#delivery = parts.delivery
  }

  get known(): boolean {
    return this.#status === 'known'
  }

  get nick(): string | undefined {
    return this.#nick
  }

  get session(): LocalSession | undefined {
    return this.#session
  }

  /** Answers a promise when the next message must wait for this one: then the connection is not read meanwhile. */
  handle(message: ClientMessage): Promise<void> | undefined {
    switch (message.type) {
      case 'hello':
        return this.#working(this.#hello(message))
      case 'ping':
        this.#delivery.say({ type: 'pong', ref: message.ref })
        return undefined
      case 'join':
        if (!this.known) return this.#refuse(helloFirst)
        return this.#working(this.#join(message))
      case 'command':
        return this.#command(message.command, message.ref)
      case 'leave':
        return this.#working(this.#leave())
      default:
        return message satisfies never
    }
  }

  /** Resolves when every command so far has its answer. */
  async answered(): Promise<void> {
    while (this.#unanswered > 0) await this.#answers.wait()
  }

  replaced(): Promise<void> {
    this.#parts.bye('REPLACED', 'another connection has shown the same key')
    return this.gone('replaced')
  }

  /** The connection is over, whoever ended it. Resolves when its place in the room is free; the reason of the first call counts. */
  gone(reason: string): Promise<void> {
    this.#left ??= this.#gone(reason)
    return this.#left
  }

  async #gone(reason: string): Promise<void> {
    this.#status = 'gone'
    this.#delivery.unfollow()
    // A join that is under way finds out by itself that nobody is here any more.
    await this.#work.catch(() => {})
    this.#unwatch()
    await this.#session?.close(reason)
    this.#session = undefined
    if (this.#id !== '') this.#parts.people.release(this.#id, this)
  }

  async #hello({ version, key, name, token }: Hello): Promise<void> {
    if (version !== PROTOCOL_VERSION) return this.#refuse(otherVersion)
    if (this.#key !== '' && (this.#key !== key || this.#session !== undefined)) return this.#refuse(helloAgain)
    this.#token = token
    if (this.#key === '') {
      this.#key = key
      this.#id = personOf(key)
      this.#status = 'known'
      const { people } = this.#parts
      this.#nick = await people.take(this.#id, this)
    }
    this.#nick = name ?? this.#nick
    if (this.#parts.accessControl.isKnown({ person: this.#id, ...(token === undefined ? {} : { credential: token }) }))
      this.#parts.admitted()
    const { program: host } = this.#parts.settings
    this.#delivery.say({ type: 'welcome', version: PROTOCOL_VERSION, capabilities: COMMANDS, host })
  }

  async #join({ room: wanted, after, password }: JoinRoom): Promise<void> {
    const { accessControl, address, engine, settings } = this.#parts
    const room = checkRoomName(wanted)
    if (typeof room !== 'string') return this.#refuse(room)
    const shown: Credentials = {
      connection: this,
      address,
      person: this.#id,
      ...(this.#token === undefined ? {} : { credential: this.#token }),
      ...(password === undefined ? {} : { password }),
      inside: this.#session?.room === room,
    }
    const grant = await this.#admitted(shown, room)
    if (grant === undefined) return
    if (!this.#rooms.has(room) && this.#rooms.size >= settings.roomsPerConnection) return this.#refuse(tooManyRooms)
    const before = this.#session
    const id = this.#id
    // One member can't be in one room twice.
    if (before?.room === room) await this.#part()
    try {
      const who = this.#nick === undefined ? { name: address, guest: true } : { name: this.#nick }
      const session = await engine.join({ room, owner: id, member: id, person: id, address, ...grant, ...who })
      // Nobody else would close the session of a connection that has gone meanwhile.
      if (this.#status === 'gone') return await session.close('connection lost')
      this.#enter(session, after)
      this.#unwatch()
      this.#unwatch = accessControl.watch(shown, room, () => this.#parts.bye('NOT_FOUND', accessEnded))
      this.#parts.admitted()
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      // Who may not come in holds no name by having asked: one connection could have them all.
      engine.forget(id, this.#session?.member.name)
      this.#refuse(error.rejected)
      return
    }
    await before?.close()
  }

  /** How it comes in; undefined where it was told why it does not. */
  async #admitted(shown: Credentials, room: string): Promise<Grant | undefined> {
    const { accessControl } = this.#parts
    try {
      const grant = await accessControl.enter(shown, room)
      if (grant !== undefined) return grant
      this.#refuse(notForYou)
      if (accessControl.isSpent(shown)) this.#parts.bye('NOT_FOUND', notForYou.message)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.#refuse(error.rejected)
    }
    return undefined
  }

  #enter(session: LocalSession, after: number | undefined): void {
    const { room, member, members, topic, collectingSince, last } = session
    this.#rooms.add(room)
    this.#session = session
    session.refusals$.subscribe((why) => this.#refuse(why))
    this.#delivery.say({
      type: 'joined',
      room,
      member,
      members: members.slice(0, this.#parts.settings.listedMembers),
      count: members.length,
      topic,
      ...(collectingSince === undefined ? {} : { collectingSince }),
      ...(this.#parts.accessControl.hasPassword(room) ? { hasPassword: true } : {}),
      last,
    })
    const from = after ?? session.after
    const listed = Math.min(members.length, this.#parts.settings.listedMembers)
    // A debt of its own: what it sends next waits for it.
    this.#parts.bucket.charge(priceOfJoin(last - from) + priceOfItems(COSTS.members, listed))
    this.#delivery.follow(session, from)
  }

  async #part(): Promise<void> {
    const session = this.#session
    this.#session = undefined
    this.#delivery.unfollow()
    await session?.close()
  }

  #command(given: ClientCommand, ref: number | undefined): Promise<void> | undefined {
    const session = this.#session
    if (session === undefined) return this.#refuse(this.known ? nowhere : helloFirst, ref)
    const command = this.#scoped(given, session.room)
    if (ref === undefined && command.type !== 'rename') {
      if (session.post([command]) === 'accepted') return undefined
      return this.#working(this.#post(session, command))
    }
    this.#unanswered++
    void this.#ask(session, command, ref)
    if (this.#unanswered < this.#parts.settings.unanswered) return undefined
    return this.#answers.wait()
  }

  /** A client's ids are its own, and each room's (C118). No id has a blank in it. */
  #scoped(command: ClientCommand, room: string): ClientCommand {
    if (!('id' in command) || command.id === undefined) return command
    return { ...command, id: `key ${this.#id} ${room} ${command.id}` }
  }

  async #post(session: LocalSession, command: Exclude<ClientCommand, { type: 'rename' }>): Promise<void> {
    while (session === this.#session && session.post([command]) === 'full') await session.ready()
  }

  async #ask(session: LocalSession, command: ClientCommand, ref: number | undefined): Promise<void> {
    try {
      // Like text on a line connection, it waits while the room is full.
      const answer = await sendWhenReady(session, command)
      if (answer.type === 'rejected') this.#refuse(answer, ref)
      else {
        if (command.type === 'rename') this.#nick = session.member.name
        const { seq, duplicate } = answer
        if (ref !== undefined) this.#delivery.say({ type: 'ack', ref, seq, duplicate })
      }
    } catch (error) {
      this.#parts.failed(error)
    } finally {
      this.#unanswered--
      this.#answers.release()
    }
  }

  async #leave(): Promise<void> {
    await this.answered()
    await this.#part()
    this.#parts.bye('CLOSED', 'you left')
  }

  #refuse({ code, message }: Rejected, ref?: number): undefined {
    this.#delivery.say({ type: 'rejected', ...(ref === undefined ? {} : { ref }), code, message })
  }

  #working(work: Promise<void>): Promise<void> {
    this.#work = work
    return work
  }
}

const helloFirst = rejected('BAD_REQUEST', 'say hello first')
const helloAgain = rejected(
  'BAD_REQUEST',
  'you have said hello already; only the name can change, and only while in no room',
)
const otherVersion = rejected('BAD_REQUEST', `this host speaks version ${PROTOCOL_VERSION} of this protocol`)
const nowhere = rejected('NOT_A_MEMBER', 'you are in no room; join one')
const tooManyRooms = rejected('TOO_MANY_ROOMS', 'you have joined as many rooms as one connection may; go back to one')
const accessEnded = 'you may not be here any more: what you came in with does not hold now'
