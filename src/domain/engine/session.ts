import { BehaviorSubject, Observable, Subject } from 'rxjs'
import { noSuchMessage, type Rejected, rejected, slowModeForBlock } from '../errors.ts'
import { checkText } from '../names/text.ts'
import type { Pieces } from '../ports/file-store.ts'
import { ask, type RoomActor, tell } from '../room/actor.ts'
import type { Batch } from '../room/batch.ts'
import {
  type Ack,
  type ClientCommand,
  type Farewell,
  isRemoval,
  type Mail,
  type PostedCommand,
  type Removal,
  type RemoveOwnFile,
} from '../room/commands.ts'
import type { RoomConnection } from '../room/connections.ts'
import { nickElsewhere } from '../room/elsewhere.ts'
import { isMessage, type Member, type RoomEvent, type WholeFile } from '../room/events.ts'
import { type HandIns, handInsOf } from '../room/hand-ins.ts'
import type { Permission } from '../room/permissions.ts'
import type { OwnMute } from '../room/rules.ts'
import { slowSecondsOf } from '../room/slow-mode.ts'
import type { RoomFile } from '../room/state.ts'
import { audienceOf, isOperatorName, visibilityOf } from '../room/visibility.ts'
import { type ConnectionState, Refused, type RoomSession, type Upload, type UploadMeta } from '../session.ts'
import type { TransferActor } from '../transfer/actor.ts'
import { refusedUpload } from '../transfer/upload.ts'
import { type Bandwidth, type RateLimiterLease, unlimited } from './bandwidth.ts'
import { Download } from './download.ts'
import type { Erasures } from './erasures.ts'
import type { History } from './history.ts'
import type { EngineLimits, Ports } from './limits.ts'
import { RoomView } from './room-view.ts'
import type { NickRegistry, Rooms } from './rooms.ts'
import type { Sessions } from './sessions.ts'
import type { Cursors } from './sharing.ts'
import { RoomSubscription } from './subscription.ts'
import type { Transfers } from './transfers.ts'

/** The parts of the engine that sessions work with. */
export interface SessionParts {
  readonly ports: Ports
  readonly limits: EngineLimits
  readonly rooms: Rooms
  readonly nicks: NickRegistry
  readonly history: History
  readonly transfers: Transfers
  readonly erasures: Erasures
  readonly bandwidth: Bandwidth
  readonly cursors: Cursors
  /** The sessions in a room; each removes itself after it has left. */
  readonly sessions: Sessions<LocalSession>
}

/** How a session came into its room. */
export interface Membership {
  readonly room: RoomActor
  /** The sequence after which its events begin. */
  readonly after: number
  /** The id of the member whose entries it may read. */
  readonly reads: string
  /** The owner of the nick, and whether the nick is freed when this session has left. */
  readonly owner: string
  readonly ownsName: boolean
  /** It is not listed, and its joins and leaves are not published. */
  readonly hidden: boolean
  readonly connection: RoomConnection
}

/** A session with a room in this process. Servers can also follow it batch by batch. */
export class LocalSession extends RoomView implements RoomSession {
  readonly #parts: SessionParts
  readonly #membership: Membership
  readonly #refusals = new Subject<Rejected>()
  readonly #state = new BehaviorSubject<ConnectionState>({ status: 'connected' })
  readonly #subscriptions = new Set<RoomSubscription>()
  #member: Member
  #closed: Promise<void> | undefined
  #kicked: Rejected | undefined
  #isHidden: boolean
  #hasLeft = false

  constructor(member: Member, membership: Membership, parts: SessionParts) {
    super(member.id, membership, parts)
    this.#member = member
    this.#isHidden = membership.hidden
    this.#membership = membership
    this.#parts = parts
  }

  /** The owner of its nick. */
  get owner(): string {
    return this.#membership.owner
  }

  /** Keeps the last known value after leaving. */
  get member(): Member {
    this.#member = this.actor.state.members.get(this.id) ?? this.#member
    return this.#member
  }

  /** Identifies the person behind this member, also after a reconnection. */
  get person(): string {
    return this.actor.personOf(this.id)
  }

  /** The nick that the member has at another host. */
  get nickElsewhere(): string | undefined {
    return nickElsewhere(this.actor.state, this.id)
  }

  get muted(): OwnMute | undefined {
    return this.actor.muteOf(this.id)
  }

  /** The sequence after which this session's events begin. */
  get after(): number {
    return this.#membership.after
  }

  /** Resolves once the room has reached a sequence seen by the reader, or to a refusal that asks it to come again. */
  reach(after: number): Promise<Rejected | undefined> {
    return this.#parts.cursors.reach(this.actor, after)
  }

  /** The refusal when this member may not send several messages at once. */
  get slowed(): Rejected | undefined {
    const seconds = slowSecondsOf(this.actor.state, this.member)
    return seconds === 0 ? undefined : slowModeForBlock(seconds)
  }

  /** Whether this member's name is that of an operator, present or not, or can be confused with it. */
  get isCalledLikeOperator(): boolean {
    return isOperatorName(this.actor.state, this.member.name)
  }

  /** Tells the room that a file was served to this member up to its last byte. */
  serveFile(file: string): void {
    if (!this.#hasLeft) void tell(this.actor, this.member, { type: 'serveFile', file })
  }

  async listFiles(): Promise<readonly RoomFile[]> {
    return this.files
  }

  async handIns(): Promise<HandIns> {
    const why = this.refusalTo('seeHandIns')
    if (why !== undefined) throw new Refused(why)
    const found = handInsOf(this.actor.state)
    return { ...found, knownSince: Math.max(found.since ?? 0, this.#parts.rooms.since) }
  }

  /** Connected until it is closed: nothing lies between it and its room. */
  get state$(): Observable<ConnectionState> {
    return this.#state.asObservable()
  }

  get refusals$(): Observable<Rejected> {
    return this.#refusals.asObservable()
  }

  get events$(): Observable<RoomEvent> {
    return new Observable((subscriber) => {
      const subscription = this.follow(
        this.after,
        (batch) => {
          for (const event of this.visibleIn(batch) ?? batch.encoded(visibilityOf).open) subscriber.next(event)
        },
        () => subscriber.complete(),
      )
      subscription.resume()
      return () => this.#unfollow(subscription)
    })
  }

  /** A reader's cursor in the room, paused until its `resume`. `ended` is called when the session or the journal ends it. */
  follow(after: number, take: (batch: Batch) => void, ended: () => void = () => {}): RoomSubscription {
    const feed = {
      room: this.room,
      live$: this.actor.batches$,
      last: () => this.actor.state.last,
      read: (from: number) => this.#parts.history.read(this, from),
      current: (batch: Batch) => this.#parts.erasures.batch(batch),
      members: () => this.actor.publishedMembers,
    }
    const subscription = new RoomSubscription(feed, after, take, ended)
    this.#subscriptions.add(subscription)
    if (this.#closed !== undefined) subscription.end()
    return subscription
  }

  /** The cursor of its reader that is furthest behind. */
  get slowest(): number {
    let slowest = this.last
    for (const subscription of this.#subscriptions) {
      if (subscription.closed) this.#subscriptions.delete(subscription)
      else slowest = Math.min(slowest, subscription.cursor)
    }
    return slowest
  }

  /** The refusal for something this member may not do at the moment; undefined otherwise. */
  refusalTo(permission: Permission): Rejected | undefined {
    return this.actor.refusalTo(this.id, permission)
  }

  async send(command: ClientCommand): Promise<Ack | Rejected> {
    if (this.#hasLeft) return left
    if (command.type === 'rename') return await this.#rename(command.name)
    if (isRemoval(command)) return await this.#remove(command)
    return await this.#checked(command, await ask(this.actor, this.member, command))
  }

  /** Removes a file. `owner`: as in `createTransfer`, for a sender that the server recognises by it. */
  removeFile(file: string, owner?: string): Promise<Ack | Rejected> {
    const command: RemoveOwnFile = { type: 'removeFile', file, ...(owner === undefined ? {} : { owner }) }
    return this.#parts.transfers.remove(this.actor, this.member, command)
  }

  /** Committed first, then carried out: a host that goes down in between does the rest at its next start. */
  async #remove(command: Removal): Promise<Ack | Rejected> {
    const { transfers } = this.#parts
    switch (command.type) {
      case 'removeMessage': {
        const { seq } = command
        const [found] = await this.read(seq - 1, 1)
        if (found === undefined || found.type === 'missed' || found.seq !== seq || !isMessage(found))
          return noSuchMessage
        const audience = audienceOf(found)
        const message = { author: found.by, ...(audience === undefined ? {} : { audience }) }
        return await ask(this.actor, this.member, { type: 'removeMessage', seq, message })
      }
      case 'removeFile':
        return await this.removeFile(command.file)
      case 'clear': {
        const answer = await ask(this.actor, this.member, command)
        if (answer.type === 'ack') await transfers.removeAll(this.actor, this.member)
        return answer
      }
      default:
        return command satisfies never
    }
  }

  /** Tells the room that this member has set or removed its password. */
  async tellPassword(isSet: boolean): Promise<Ack | Rejected> {
    return this.#hasLeft ? left : await tell(this.actor, this.member, { type: 'tellPassword', isSet })
  }

  post(commands: readonly PostedCommand[]): 'accepted' | 'full' {
    const mail: Mail = { by: this.#member, commands, refused: this.#refused }
    return this.actor.post(mail)
  }

  ready(): Promise<void> {
    return this.actor.drained()
  }

  upload(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    const { transfers, ports } = this.#parts
    const why = this.#hasLeft ? left : this.refusalTo(meta.forOperators ? 'drop' : 'upload')
    return why === undefined
      ? transfers.upload(this.actor, this.member, source, meta)
      : refusedUpload(ports.ids.next(), why)
  }

  /**
   * Offers a file to the room; its bytes may arrive at any time, over any connection. Answers a `WholeFile` if the room already has them,
   * by the digest that was announced. `owner`: identifies the sender after a reconnection, if that is not the member's id. `author`: the
   * id that the file is kept under, of a person who is not here as a member.
   */
  async createTransfer(
    meta: UploadMeta,
    owner?: string,
    author = this.id,
  ): Promise<TransferActor | WholeFile | Rejected> {
    const { member } = this
    const why = this.#hasLeft ? left : this.refusalTo(meta.forOperators ? 'drop' : 'upload')
    return (
      why ?? (await this.#parts.transfers.create(this.actor, member, meta, owner, undefined, { ...member, id: author }))
    )
  }

  download(file: string, from = 0, pieces: Pieces = 'kept'): AsyncIterable<Uint8Array> {
    const { bandwidth, ports } = this.#parts
    const lease = bandwidth.open((bytes) => ports.metrics.count('sent_bytes', bytes))
    return this.#downloadWith(lease, file, from, pieces)
  }

  /** The bytes of a file for the host's own use. They leave the host for nobody, so no bandwidth cap counts them. */
  inspect(file: string, from = 0): AsyncIterable<Uint8Array> {
    return this.#downloadWith(unlimited, file, from, 'lent')
  }

  #downloadWith(lease: RateLimiterLease, file: string, from: number, pieces: Pieces): AsyncIterable<Uint8Array> {
    const open = () => {
      if (this.#hasLeft) throw new Refused(left)
      if (this.file(file) === undefined) throw new Refused(noSuchFile)
      return this.#parts.ports.fileStore.read(file, from, pieces)
    }
    return { [Symbol.asyncIterator]: () => new Download(open, lease, noSuchFile) }
  }

  /** Lists a hidden member from now on, and publishes its join. Answers the refusal otherwise. */
  async announceMember(): Promise<Rejected | undefined> {
    if (this.#hasLeft) return left
    if (!this.#isHidden) return undefined
    const { connection } = this.#membership
    // At once: if it leaves in the meantime, the room must be told of that after its join.
    this.#isHidden = false
    connection.list(true)
    const answer = await tell(this.actor, this.member, { type: 'join' })
    if (answer.type === 'ack') {
      connection.joined()
      return undefined
    }
    this.#isHidden = true
    connection.list(false)
    return answer
  }

  /** `farewell`: the member's own words; `reason` is the host's. */
  close(reason = 'left', farewell: Farewell = {}): Promise<void> {
    this.#closed ??= this.#leave(reason, farewell).finally(() => {
      for (const subscription of this.#subscriptions) subscription.end()
      this.#refusals.complete()
      this.#state.next({ status: 'closed', why: reason, ...(this.#kicked && { code: this.#kicked.code }) })
      this.#state.complete()
    })
    return this.#closed
  }

  get isListed(): boolean {
    return !this.#isHidden
  }

  /** The room's reason for ending this session; undefined while it lasts, and after it ended by itself. */
  get kicked(): Rejected | undefined {
    return this.#kicked
  }

  /** The room ends this session. */
  kick(why: Rejected): void {
    if (this.#closed !== undefined) return
    this.#kicked = why
    void this.close(why.message)
  }

  /** A nick belongs to its owner on the whole host: it changes in their other rooms as well, unless a rule forbids it there. */
  async #rename(wanted: string): Promise<Ack | Rejected> {
    const { nicks, sessions } = this.#parts
    const { owner } = this
    const name = nicks.claim(wanted, owner)
    if (typeof name !== 'string') return name
    const command = { type: 'rename', name } as const
    const answer = (await nicks.agree(name, owner)) ?? (await ask(this.actor, this.member, command))
    if (answer.type === 'ack') {
      const elsewhere = [...sessions.of(owner)].filter((other) => other.actor !== this.actor)
      const rooms = new Map(elsewhere.filter(({ isListed }) => isListed).map((other) => [other.actor, other.member]))
      await Promise.all(Array.from(rooms, ([room, member]) => tell(room, member, command)))
    }
    nicks.settle(owner)
    nicks.release(owner, this.member.name)
    return answer
  }

  /** Two messages with the same id are a client's mistake: if the second were taken for a repeat, it would be lost (C118). */
  async #checked(command: ClientCommand, answer: Ack | Rejected): Promise<Ack | Rejected> {
    if (answer.type === 'rejected' || !answer.duplicate || !('text' in command)) return answer
    const [first] = await this.read(answer.seq - 1, 1)
    // The entry is trimmed or damaged: nothing is known about it.
    if (first === undefined || first.type === 'missed' || first.seq !== answer.seq) return answer
    const text = checkText(command.text, this.#parts.limits.maxTextBytes)
    return 'text' in first && first.text === text ? answer : idReused
  }

  async #leave(reason: string, farewell: Farewell): Promise<void> {
    const { sessions, nicks, rooms } = this.#parts
    const { owner, ownsName, connection } = this.#membership
    connection.end()
    if (!this.#isHidden) await tell(this.actor, this.member, { type: 'leave', reason, ...farewell })
    this.#hasLeft = true
    connection.forget()
    sessions.delete(this)
    if (ownsName) nicks.release(owner)
    rooms.leave(this.room)
  }

  readonly #refused = (why: Rejected): void => this.#refusals.next(why)

  #unfollow(subscription: RoomSubscription): void {
    subscription.close()
    this.#subscriptions.delete(subscription)
  }
}

const left = rejected('NOT_A_MEMBER', 'you have left this room; join it again')
const noSuchFile = rejected('NO_SUCH_FILE', 'this room has no such file; /files lists those it has')
const idReused = rejected('ID_REUSED', 'another message has this id already; give each message one of its own')
