import { endOfTick } from '#domain/async/backoff.ts'
import { TokenBucket } from '#domain/async/token-bucket.ts'
import type { Engine } from '#domain/engine/engine.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { Cancel, Clock, Log, Metrics } from '#domain/ports/system.ts'
import type { Ack, ClientCommand, Farewell, PostedCommand } from '#domain/room/commands.ts'
import { postWhenReady, Refused, sendWhenReady } from '#domain/session.ts'
import { type AccessControl, type Credentials, notForYou } from '../security/access-control.ts'
import { Delivery } from './delivery.ts'
import type { IncomingConnection } from './incoming-connection.ts'
import { isHereBesides, type KeyHolder, type KeyRegistry, keyless, type Person, personOf } from './key-registry.ts'
import type { ClientSessionSettings } from './settings.ts'
import type { JoinOptions, Reason, Wire } from './wire.ts'

export interface ClientSessionParts {
  readonly engine: Engine
  readonly accessControl: AccessControl
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

interface InRoom {
  readonly status: 'hidden' | 'joined'
  readonly session: LocalSession
  /** Ends the watch over the member's access to the room. */
  readonly unwatch: Cancel
}

type Settled =
  /** Has shown nothing yet by which it may come in. */
  | { readonly status: 'unauthenticated'; readonly cancelTimeout: Cancel }
  /** May come in, and is in no room. */
  | { readonly status: 'outside' }
  | InRoom

type State =
  | Settled
  /** On its way into a room; until then it stays where it was. */
  | { readonly status: 'joining'; readonly from: Settled }
  | { readonly status: 'closed'; readonly left: Promise<void> }

/**
 * One connection of a member, whatever protocol it speaks: its person and credentials, its room, its rate, its asking and posting, its
 * deliveries, and its end. A person with a key may have several; each has its own session, cursor and rate. `#state` tells how things stand with
 * it; each method is a transition.
 */
export class ClientSession implements KeyHolder {
  readonly delivery: Delivery
  readonly #incoming: IncomingConnection
  readonly #wire: Wire
  readonly #parts: ClientSessionParts
  readonly #settings: ClientSessionSettings
  readonly #bucket: TokenBucket
  /** All that it has been in. */
  #rooms: readonly string[] = []
  #state: State
  #person: Person | undefined
  /** By whom the person is known, where that is by a key. */
  #keys: KeyRegistry | undefined
  /** The nick that was asked for. */
  #wanted: string | undefined
  #client: string | undefined
  /** The nick that the host's rule gave it. */
  #given: string | undefined
  #heardAt: number
  #token: string | undefined
  #lostReason: string
  /** A joining or posting that is under way: its member leaves the room after it. */
  #underWay: Promise<unknown> = Promise.resolve()

  /** `id`: of a person for this connection alone; left out where it has to prove a key first. */
  constructor(
    incoming: IncomingConnection,
    wire: Wire,
    parts: ClientSessionParts,
    settings: ClientSessionSettings,
    id?: string,
  ) {
    const { connection, loopback } = incoming
    const { clock, log, metrics } = parts
    this.#incoming = incoming
    this.#wire = wire
    this.#parts = parts
    this.#settings = settings
    this.#lostReason = settings.lostReason
    this.#heardAt = clock.elapsed()
    if (id !== undefined) this.#person = keyless(id)
    const isLimited = !loopback || settings.rateOnLoopback
    this.#bucket = new TokenBucket(clock, isLimited ? settings.perSecond : 0, settings.burst)
    this.delivery = new Delivery({
      connection,
      markBytes: settings.outboxMarkBytes,
      metrics,
      wire,
      ended: ({ kicked }) => {
        void this.close(kicked ?? unreadable)
      },
    })
    const cancelTimeout = clock.after(settings.handshakeMs, () => void this.close(tooLate))
    this.#state = { status: 'unauthenticated', cancelTimeout }
    connection.on('close', this.#closed)
    if (settings.isOneOfMany) return
    connection.on('error', (error) => {
      this.#lostReason = 'connection lost'
      log.info('a connection broke', { error: 'code' in error ? String(error.code) : error.message })
    })
  }

  readonly #closed = (): void => void this.close(undefined, this.#lostReason)

  get status(): State['status'] {
    return this.#state.status
  }

  /** Undefined until a key was shown, where one is needed. */
  get id(): string | undefined {
    return this.#person?.id
  }

  get client(): string | undefined {
    return this.#client
  }

  get carrier(): object {
    return this.#incoming.connection
  }

  get credential(): string | undefined {
    return this.#token
  }

  get heardAt(): number {
    return this.#heardAt
  }

  /** The room that it is in; undefined where it is in none. */
  get session(): LocalSession | undefined {
    return this.#inRoom?.session
  }

  /** It has shown so much that was wrong that it should be hung up on. */
  get isSpent(): boolean {
    return this.#parts.accessControl.isSpent({ connection: this })
  }

  /** Keeps the host's token for the rooms that it joins from now on. */
  showToken(token: string | undefined): void {
    this.#token = token
  }

  /**
   * Shows a key: it is another connection of the same person. `name`: the nick that it wants, where no connection of theirs is in a room; there
   * the person keeps the one that it has. Answers false where it is in a room, or has shown another key.
   */
  authenticate(key: string, keys: KeyRegistry, name: string | undefined, token: string | undefined): boolean {
    const id = personOf(key)
    if (this.#person !== undefined && (this.#person.id !== id || this.session !== undefined)) return false
    this.#token = token
    if (this.#person === undefined) {
      this.#keys = keys
      this.#person = keys.enter(id, this)
    }
    this.#wanted = name ?? this.#wanted
    const shown = { person: id, ...(token === undefined ? {} : { credential: token }) }
    if (this.#parts.accessControl.isKnown(shown)) this.admit()
    return true
  }

  /** It may come in, though it be in no room yet. */
  admit(): void {
    if (this.#state.status !== 'unauthenticated') return
    this.#admitted(this.#state)
    this.#state = { status: 'outside' }
  }

  /** Moves to another room. Resolves to the reason where it does not: then it stays where it is. */
  join(room: string, options: JoinOptions = {}): Promise<Rejected | undefined> {
    return this.#leavingAfter(this.#join(room, options))
  }

  async #join(room: string, options: JoinOptions): Promise<Rejected | undefined> {
    const from = this.#state
    const person = this.#person
    if (from.status === 'joining' || from.status === 'closed' || person === undefined) return notNow
    if (!this.#rooms.includes(room) && this.#rooms.length >= this.#settings.roomsPerConnection) return tooManyRooms
    const { accessControl, engine } = this.#parts
    const { address } = this.#incoming
    const { id } = person
    const isKeyed = this.#keys !== undefined
    const before = 'session' in from ? from : undefined
    const credentials = this.#credentials(room, id, options.password)
    this.#state = { status: 'joining', from }
    try {
      const grant = await accessControl.enter(credentials, room)
      if (grant === undefined) return this.#back(notForYou)
      // Without a key it would be two members.
      if (before?.session.room === room && !isKeyed) await this.part()
      const { name: given, person: as = id, ...rights } = grant
      const nick = given ?? options.nick ?? this.#nickOf(person)
      const name = nick === undefined ? { name: address, guest: true } : { name: nick }
      const member = {
        ...(isKeyed || this.#settings.isOneOfMany ? { member: id } : {}),
        ...(isKeyed ? {} : { keyless: true }),
      }
      const hidden = options.hidden === true
      const after = options.after === undefined ? {} : { after: options.after }
      const who = { owner: id, person: as, address, hidden, ...member, ...rights, ...name }
      const session = await engine.join({ room, ...who, ...after })
      this.#given = given
      if (nick !== undefined) await this.#called(person, session, nick)
      // What the one before has taken in comes first, and its member stays in the room.
      await this.#takeOver(person, options.client)
      await this.#enter(session, credentials, options)
      await before?.session.close()
      return undefined
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      // A refused member holds no name that it asked for, or one connection could have them all.
      engine.forget(id, person.nick)
      return this.#back(error.rejected)
    }
  }

  /** A person who is in a room keeps the nick that they have: another connection may not know the newest. */
  #nickOf(person: Person): string | undefined {
    return isHereBesides(this, person) ? (person.nick ?? this.#wanted) : (this.#wanted ?? person.nick)
  }

  /**
   * The room may know the member by another name: its address, from a connection before that had no nick, or a newer nick, from another host. That
   * is then held for it here too.
   */
  async #called(person: Person, session: LocalSession, nick: string): Promise<void> {
    if (session.member.name !== nick && person.nick === undefined)
      await session.send({ type: 'rename', name: session.nickElsewhere ?? nick })
    person.nick = session.member.name
    this.#wanted = undefined
  }

  async #takeOver({ connections }: Person, client: string | undefined): Promise<void> {
    this.#client = client
    if (client === undefined) return
    const before = [...connections].filter((each) => each !== this && each.client === client)
    await Promise.all(before.map((each) => each.replaced()))
  }

  #credentials(room: string, person: string, password: string | undefined): Credentials {
    return {
      connection: this,
      address: this.#incoming.address,
      person,
      ...(this.#token === undefined ? {} : { credential: this.#token }),
      ...(password === undefined ? {} : { password }),
      inside: this.session?.room === room,
      ...(this.#incoming.headers === undefined ? {} : { headers: this.#incoming.headers }),
    }
  }

  #back(why: Rejected): Rejected {
    if (this.#state.status === 'joining') this.#state = this.#state.from
    return why
  }

  async #enter(session: LocalSession, credentials: Credentials, options: JoinOptions): Promise<void> {
    // The connection may have ended meanwhile; nobody else would close the session then.
    if (this.#state.status !== 'joining') return await session.close(this.#lostReason)
    const { from } = this.#state
    const { room } = session
    const status = options.hidden === true ? 'hidden' : 'joined'
    if (from.status === 'unauthenticated') this.#admitted(from)
    if ('unwatch' in from) from.unwatch()
    if (!this.#rooms.includes(room)) this.#rooms = [...this.#rooms, room]
    this.#state = { status, session, unwatch: () => {} }
    const unwatch = this.#parts.accessControl.watch(credentials, room, () => void this.close(accessEnded))
    // Its access may have ended while it was joining.
    if (this.session !== session) return unwatch()
    this.#state = { status, session, unwatch }
    const { after = session.after } = options
    session.refusals$.subscribe((why) => this.#wire.reply(why))
    this.#wire.reply({ type: 'joined', session, credentials, after })
    this.delivery.follow(session, after)
  }

  #admitted({ cancelTimeout }: Settled & { readonly status: 'unauthenticated' }): void {
    cancelTimeout()
    this.#incoming.known?.()
  }

  /** Lets the others hear of a hidden member. Resolves to the reason where it may not stay; undefined: there is nothing to announce. */
  announce(): Promise<Rejected | undefined> | undefined {
    if (this.#state.status !== 'hidden') return undefined
    this.#state = { ...this.#state, status: 'joined' }
    return this.#state.session.announceMember()
  }

  /** Leaves its room, and stays connected. `message`: what the others are told. */
  async part(message?: string): Promise<void> {
    const inRoom = this.#inRoom
    if (inRoom === undefined) return
    const outside = { status: 'outside' } as const
    this.#state = this.#state.status === 'joining' ? { status: 'joining', from: outside } : outside
    inRoom.unwatch()
    this.delivery.unfollow()
    await inRoom.session.close('left', message === undefined ? {} : { message })
  }

  /** Asks the room. Like posting, it waits where too much waits there already. */
  async ask(command: ClientCommand): Promise<Ack | Rejected> {
    const { session } = this
    if (session === undefined) return nowhere
    if (command.type === 'rename' && this.#given !== undefined) return nameIsGiven
    const answer = await sendWhenReady(session, command)
    if (answer.type === 'ack' && command.type === 'rename' && this.#person !== undefined)
      this.#person.nick = session.member.name
    return answer
  }

  /** Posts commands, in order. Returns a promise where they have to wait, and the connection with them. */
  post(commands: readonly PostedCommand[]): Promise<void> | undefined {
    const { session } = this
    if (session === undefined || session.post(commands) === 'accepted') return undefined
    return this.#leavingAfter(postWhenReady(session, commands))
  }

  /** Says lines within the rate. Returns a promise where they have to wait, and the connection with them. */
  say(lines: readonly string[]): Promise<void> | undefined {
    const taken = this.#bucket.take(lines.length)
    return taken === lines.length ? this.post(lines.map(said)) : this.#saySlowly(lines, taken)
  }

  /** Over the rate, the rest waits for its tokens. */
  async #saySlowly(lines: readonly string[], allowed: number): Promise<void> {
    const { session } = this
    let tokens = allowed
    for (let from = 0; from < lines.length && this.session === session; ) {
      if (tokens > 0) await this.post(lines.slice(from, from + tokens).map(said))
      else await this.#bucket.ready()
      from += tokens
      tokens = this.#bucket.take(lines.length - from)
    }
  }

  /** Takes so much of the rate, though there be none. Returns a promise where the connection should wait. */
  charge(tokens: number): Promise<void> | undefined {
    this.#heardAt = this.#parts.clock.elapsed()
    return tokens > 0 && this.#bucket.charge(tokens) ? this.#bucket.ready() : undefined
  }

  /** The same before something dear; in any case others have a turn before it goes on. */
  async pay(tokens: number): Promise<void> {
    await this.charge(tokens)
    await endOfTick(this.#parts.clock)
  }

  replaced(): Promise<void> {
    return this.close(replaced)
  }

  /** The host stops. Resolves when the member has been told `why`, or is gone. */
  async farewell(why: string): Promise<void> {
    void this.close({ code: 'RESTART', message: why }, why)
    await this.delivery.outbox.flushed()
  }

  /** Ends a connection that has taken nothing for `ms` with data waiting: half open, or hostile. */
  sweep(now: number, ms: number): void {
    if (this.delivery.outbox.stalledMs(now) <= ms) return
    this.#lostReason = 'took nothing for too long'
    this.#incoming.connection.destroy()
  }

  /**
   * Ends the connection, telling the member `why`, and leaves the room, telling the others `reason`, or the member's own `message`. The
   * first call counts. Resolves when the place in the room and the nick are free, however long the peer takes to go.
   */
  close(why?: Reason, reason = 'left', message?: string): Promise<void> {
    if (this.#state.status === 'closed') return this.#state.left
    const from = this.#state.status === 'joining' ? this.#state.from : this.#state
    const left = Promise.withResolvers<void>()
    this.#state = { status: 'closed', left: left.promise }
    this.#leave(from, why, reason, message).catch(this.failed).then(left.resolve)
    return left.promise
  }

  async #leave(from: Settled, why: Reason | undefined, reason: string, message: string | undefined): Promise<void> {
    if (from.status === 'unauthenticated') from.cancelTimeout()
    if ('unwatch' in from) from.unwatch()
    this.delivery.unfollow()
    if (this.#settings.isOneOfMany) {
      this.#incoming.connection.off('close', this.#closed)
      this.delivery.outbox.detach()
    }
    try {
      await this.#wire.close(why)
      await this.#underWay
    } finally {
      if ('session' in from) await from.session.close(reason, this.#farewell(message))
      this.#freeNick()
    }
  }

  /** Where another connection of theirs is in a room, they are on this host still. */
  #farewell(message: string | undefined): Farewell {
    const isHere = this.#person !== undefined && isHereBesides(this, this.#person)
    return { ...(message === undefined ? {} : { message }), ...(isHere ? {} : { quit: true }) }
  }

  #freeNick(): void {
    if (this.#person === undefined) return
    if (this.#keys === undefined) this.#parts.engine.forget(this.#person.id)
    else this.#keys.release(this.#person, this)
  }

  /** An error of ours ends this connection only (C90). */
  readonly failed = (error: unknown): void => {
    this.#parts.log.error('a connection was closed because of an error of ours', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
    this.#incoming.connection.destroy()
  }

  get #inRoom(): InRoom | undefined {
    const state = this.#state.status === 'joining' ? this.#state.from : this.#state
    return 'session' in state ? state : undefined
  }

  #leavingAfter<T>(work: Promise<T>): Promise<T> {
    this.#underWay = work.catch(() => {})
    return work
  }
}

const said = (text: string): PostedCommand => ({ type: 'say', text })

export const nowhere = rejected('NOT_A_MEMBER', 'you are in no room; /join one')
const nameIsGiven = rejected('NOT_ALLOWED', 'the name that you have here is that of your account')
const notNow = rejected('CLOSED', 'this connection can join no room just now; connect again')
const tooManyRooms = rejected('TOO_MANY_ROOMS', 'you have joined as many rooms as one connection may; go back to one')
const unreadable = rejected('RESTART', 'this room can not be read just now; come back in a moment')
const tooLate = rejected('TIMEOUT', 'no room was joined in time; connect again')
const replaced = rejected('REPLACED', 'another connection has taken the place of this one')
const accessEnded = rejected('NOT_FOUND', 'you may not be here any more: what you came in with does not hold now')
