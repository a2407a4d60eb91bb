import { BehaviorSubject, Subject } from 'rxjs'
import { Backoff } from '#domain/async/backoff.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { Cancel, Clock, Ids } from '#domain/ports/system.ts'
import type { Ack, ClientCommand } from '#domain/room/commands.ts'
import { isEntry, type Member, type RoomEvent } from '#domain/room/events.ts'
import { factsAfter, noRules, type OwnMute, type RoomFacts } from '#domain/room/rules.ts'
import { type ConnectionState, Refused } from '#domain/session.ts'
import type { JoinedRoom } from '#protocol/messages.ts'
import { factsIn } from '#protocol/schema.ts'
import { Unreachable } from '../errors.ts'
import type { SessionSettings } from '../settings.ts'
import { Members } from './members.ts'
import { PendingCommands } from './pending.ts'
import { type Ending, ProtocolClient, type ProtocolClientListener } from './protocol-client.ts'
import type { OpenTransport } from './transports.ts'

export interface RemoteRoomParts {
  readonly open: OpenTransport
  readonly clock: Clock
  readonly ids: Ids
  /** From 0 up to, but not including, 1. */
  readonly random: () => number
  readonly settings: SessionSettings
}

export interface RoomTarget {
  readonly room: string
  /** 32 hexadecimal digits: the same key is the same person. */
  readonly key: string
  readonly name?: string
  readonly token?: string
  /** The room's password, or an invitation. */
  readonly password?: string
  /** The sequence after which the events begin; left out: now. */
  readonly after?: number
}

/**
 * A membership in a room of another host that outlives its connections: it reconnects by itself, continues after the last entry it has
 * seen, and sends unanswered commands again. It opens no sockets itself; `open` does.
 */
export class RemoteRoom {
  readonly #parts: RemoteRoomParts
  readonly #target: RoomTarget
  readonly #members = new Members()
  /** Tells the host that a new connection replaces the one before. */
  readonly #id: string
  readonly #unanswered: PendingCommands
  readonly #state = new BehaviorSubject<ConnectionState>({ status: 'connected' })
  readonly #muted = new BehaviorSubject<OwnMute | undefined>(undefined)
  readonly #news = new Subject<RoomEvent>()
  readonly #refusals = new Subject<Rejected>()
  readonly #entered = Promise.withResolvers<void>()
  readonly #left = Promise.withResolvers<void>()
  #status: 'new' | 'entering' | 'in' | 'leaving' | 'closed' = 'new'
  #client: ProtocolClient | undefined
  #member: Member = { id: '', name: '' }
  /** The requested nick; undefined for a guest. */
  #name: string | undefined
  #facts: RoomFacts = { ...noRules, hasPassword: false }
  /** The room's newest entry when the host last reported its state: older entries do not change that. */
  #toldAt = 0
  #start = 0
  #cursor: number | undefined
  /** Events from before the caller of `enter` had a turn. */
  #early: RoomEvent[] | undefined = []
  readonly #backoff: Backoff
  #cancelWait: Cancel = () => {}

  constructor(parts: RemoteRoomParts, target: RoomTarget) {
    this.#parts = parts
    this.#target = target
    this.#backoff = new Backoff(parts.settings, parts.random)
    this.#cursor = target.after
    this.#name = target.name
    this.#id = parts.ids.next().slice(0, 16)
    this.#unanswered = new PendingCommands(parts.settings, this.#id)
  }

  get member(): Member {
    return this.#member
  }

  get members(): readonly Member[] {
    return this.#members.all
  }

  get facts(): RoomFacts {
    return this.#facts
  }

  /** The latest value at once, then each change. */
  get muted$() {
    return this.#muted.asObservable()
  }

  get muted(): OwnMute | undefined {
    return this.#muted.value
  }

  get state$() {
    return this.#state.asObservable()
  }

  /** Live events from now on. */
  get news$() {
    return this.#news.asObservable()
  }

  get refusals$() {
    return this.#refusals.asObservable()
  }

  /** The sequence after which the session's events begin. */
  get start(): number {
    return this.#start
  }

  /** The sequence up to which it was told everything. */
  get cursor(): number {
    return this.#cursor ?? 0
  }

  get closed(): boolean {
    return this.#status === 'closed'
  }

  /** Rejects with `Refused`, or with `Unreachable` if the first connection does not lead into the room. */
  enter(): Promise<void> {
    this.#status = 'entering'
    this.#connect()
    return this.#entered.promise
  }

  send(command: ClientCommand): Promise<Ack | Rejected> {
    return new Promise((resolve) => {
      if (this.#status !== 'in') resolve(hasLeft)
      else if (this.#unanswered.isFull) resolve(busy)
      else this.#give(command, resolve)
    })
  }

  post(commands: readonly ClientCommand[]): 'accepted' | 'full' {
    if (this.#status === 'in' && this.#unanswered.isFull) return 'full'
    for (const command of commands) {
      if (this.#status === 'in') this.#give(command, this.#heardOfPosted)
      else this.#refusals.next(hasLeft)
    }
    return 'accepted'
  }

  ready(): Promise<void> {
    return this.#unanswered.ready()
  }

  /** Ends a wait before the next attempt. */
  hurry(): void {
    if (this.#status !== 'in' || this.#client !== undefined) return
    this.#cancelWait()
    this.#connect()
  }

  /** Resolves when the host has taken all sent commands, or could not be reached for a while. `message`: published to the others. */
  leave(why: string, message?: string): Promise<void> {
    if (this.#status === 'in' && this.#client?.joined === true) {
      this.#status = 'leaving'
      this.#client.leave(message)
      this.#cancelWait = this.#parts.clock.after(this.#parts.settings.leaveMs, () => this.#close(why))
    } else if (this.#status !== 'leaving') this.#close(why)
    return this.#left.promise
  }

  #connect(): void {
    const { open, clock, settings } = this.#parts
    const { after: _, ...target } = this.#target
    const name = this.#name === undefined ? {} : { name: this.#name }
    const after = this.#cursor === undefined ? {} : { after: this.#cursor }
    this.#client = new ProtocolClient(
      open,
      clock,
      settings,
      { ...target, ...name, ...after, client: this.#id },
      this.#listener,
    )
  }

  readonly #listener: ProtocolClientListener = {
    joined: (joined) => this.#joined(joined),
    told: (events) => {
      this.#backoff.reset()
      if (this.#early === undefined) this.#tell(events)
      else this.#early.push(...events)
    },
    self: ({ muted }) => this.#muted.next(muted),
    answered: (ref, answer) => {
      this.#backoff.reset()
      this.#unanswered.settle(
        ref,
        answer.type === 'ack'
          ? { type: 'ack', seq: answer.seq, duplicate: answer.duplicate }
          : rejected(answer.code, answer.message, answer.retrySeconds),
      )
    },
    ended: (ending) => this.#ended(ending),
  }

  #joined(joined: JoinedRoom): void {
    const { member, members, count, last } = joined
    // A host in memory has restarted: the room begins again, and so does this session.
    if (this.#cursor !== undefined && last < this.#cursor) {
      this.#cursor = this.#start = 0
      this.#client?.join(0)
      return
    }
    this.#member = member
    // Another connection of this member may have changed it in the meantime.
    if (this.#name !== undefined) this.#name = member.name
    this.#facts = factsIn(joined)
    this.#muted.next(joined.muted)
    this.#toldAt = last
    this.#cursor ??= last
    const all = members.some(({ id }) => id === member.id) ? members : [...members, member]
    const news = this.#members.sync(all, all.length >= count)
    if (this.#status === 'entering') {
      this.#status = 'in'
      this.#start = this.#cursor
      this.#parts.clock.soon(() => {
        const early = this.#early ?? []
        this.#early = undefined
        this.#tell(early)
      })
      this.#entered.resolve()
    } else this.#show(news)
    for (const message of this.#unanswered.messages()) this.#client?.send(message)
    this.#state.next({ status: 'connected' })
  }

  #tell(events: readonly RoomEvent[]): void {
    for (const event of events) if (this.#isNews(event)) this.#news.next(event)
  }

  #show(news: readonly RoomEvent[]): void {
    for (const event of news) this.#news.next(event)
  }

  #isNews(event: RoomEvent): boolean {
    if (event.type === 'missed' || isEntry(event)) {
      const upTo = event.type === 'missed' ? event.to : event.seq
      if (upTo <= this.cursor) return false
      this.#cursor = upTo
      if (upTo <= this.#toldAt) return true
      if (event.type !== 'missed') this.#facts = factsAfter(this.#facts, event)
      switch (event.type) {
        case 'opped':
        case 'deopped':
        case 'voiced':
        case 'unvoiced':
          this.#members.rule(event)
      }
      return true
    }
    if (event.type === 'renamed' && event.by.id === this.#member.id) {
      this.#member = event.by
      this.#name = event.by.name
    }
    return this.#members.take(event)
  }

  #ended(ending: Ending): void {
    this.#client = undefined
    const { why } = ending
    if (ending.status === 'over') {
      this.#entered.reject(new Refused(ending.why))
      this.#close(ending.why.message, ending.why.code)
    } else if (this.#status === 'entering') {
      this.#entered.reject(new Unreachable(String(why)))
      this.#close(String(why))
    } else if (this.#status === 'leaving') this.#close('left')
    else this.#retry(String(why))
  }

  #retry(why: string): void {
    const inMs = this.#backoff.next()
    this.#cancelWait = this.#parts.clock.after(inMs, () => this.#connect())
    this.#state.next({ status: 'retrying', attempt: this.#backoff.attempt, inMs, why })
  }

  #close(why: string, code?: Rejected['code']): void {
    if (this.#status === 'closed') return
    this.#status = 'closed'
    this.#cancelWait()
    this.#client?.drop()
    this.#unanswered.end(why)
    this.#state.next({ status: 'closed', why, ...(code === undefined ? {} : { code }) })
    for (const stream of [this.#state, this.#muted, this.#news, this.#refusals]) stream.complete()
    this.#left.resolve()
  }

  #give(command: ClientCommand, settle: (answer: Ack | Rejected) => void): void {
    const message = this.#unanswered.give(command, settle)
    if (message !== undefined && this.#client?.joined === true) this.#client.send(message)
  }

  readonly #heardOfPosted = (answer: Ack | Rejected): void => {
    if (answer.type === 'rejected') this.#refusals.next(answer)
  }
}

export const hasLeft = rejected('NOT_A_MEMBER', 'you have left this room; join it again')
const busy = rejected('BUSY', 'too much waits to be kept; try again in a moment')
