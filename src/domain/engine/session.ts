import { BehaviorSubject, Observable, Subject } from 'rxjs'
import { noSuchMessage, type Rejected, rejected, slowModeForBlock } from '../errors.ts'
import { checkText } from '../names/text.ts'
import type { Pieces } from '../ports/file-store.ts'
import { ask, type RoomActor, type RoomConnection, tell } from '../room/actor.ts'
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
import {
  isEntry,
  isMessage,
  type Member,
  type PastEvent,
  publicFacts,
  type RoomEvent,
  type WholeFile,
} from '../room/events.ts'
import { type HandIns, handInsOf } from '../room/hand-ins.ts'
import type { Permission } from '../room/permissions.ts'
import { type Holders, holdersOf } from '../room/receipts.ts'
import type { OwnMute, RoomRules } from '../room/rules.ts'
import { slowSecondsOf } from '../room/slow-mode.ts'
import type { RoomFile, RoomState } from '../room/state.ts'
import { admits, audienceOf, isOperatorName, isVisibleTo, ownVisibility, visibilityOf } from '../room/visibility.ts'
import { type ConnectionState, Refused, type RoomSession, type Upload, type UploadMeta } from '../session.ts'
import type { TransferActor } from '../transfer/actor.ts'
import { refusedUpload } from '../transfer/upload.ts'
import { type Bandwidth, type RateLimiterLease, unlimited } from './bandwidth.ts'
import { Download } from './download.ts'
import type { Erasures } from './erasures.ts'
import type { History } from './history.ts'
import type { EngineLimits, Ports } from './limits.ts'
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
  /** Those that are in a room; each takes itself out once it has left. */
  readonly sessions: Sessions<LocalSession>
}

/** How a session came into its room. */
export interface Membership {
  readonly room: RoomActor
  /** The sequence after which its events begin. */
  readonly after: number
  /** The id of the member for whom it reads. */
  readonly reads: string
  /** Whose the nick is, and whether it is free once this session has left. */
  readonly owner: string
  readonly ownsName: boolean
  /** It is not listed, and nobody hears of its coming and going. */
  readonly hidden: boolean
  readonly connection: RoomConnection
}

/** A step through a room's history. */
export interface Page {
  readonly events: readonly PastEvent[]
  readonly read: number
  readonly upTo: number
}

/** A session with a room in this process: servers can also follow it batch by batch. */
export class LocalSession implements RoomSession {
  readonly #id: string
  readonly #room: RoomActor
  readonly #parts: SessionParts
  readonly #membership: Membership
  readonly #reads: string
  readonly #refusals = new Subject<Rejected>()
  readonly #state = new BehaviorSubject<ConnectionState>({ status: 'connected' })
  readonly #subscriptions = new Set<RoomSubscription>()
  #member: Member
  #closed: Promise<void> | undefined
  #kicked: Rejected | undefined
  #isHidden: boolean
  #hasLeft = false

  constructor(member: Member, membership: Membership, parts: SessionParts) {
    this.#id = member.id
    this.#member = member
    this.#room = membership.room
    this.#reads = membership.reads
    this.#isHidden = membership.hidden
    this.#membership = membership
    this.#parts = parts
  }

  /** The member's id, which never changes. */
  get id(): string {
    return this.#id
  }

  /** Whose its nick is. */
  get owner(): string {
    return this.#membership.owner
  }

  /** Keeps the last known one after leaving. */
  get member(): Member {
    this.#member = this.#room.state.members.get(this.#id) ?? this.#member
    return this.#member
  }

  /** Names the person behind this member, also when they come back. */
  get person(): string {
    return this.#room.personOf(this.#id)
  }

  /** The subnet of its address, which it may share with others; empty where it came without one. */
  get subnet(): string {
    return this.#room.subnetOf(this.#id)
  }

  get room(): string {
    return this.#room.state.name
  }

  get rules(): RoomRules {
    return this.#room.state.rules
  }

  /** Who changed the room's topic last, and when; undefined until somebody did. */
  get topicSet(): RoomState['topicSet'] {
    return this.#room.state.topicSet
  }

  get muted(): OwnMute | undefined {
    return this.#room.muteOf(this.#id)
  }

  /** The sequence after which this session's events begin. */
  get after(): number {
    return this.#membership.after
  }

  /** Resolves once the room has reached a sequence that the reader has seen, or to the reason why it has to come again. */
  reach(after: number): Promise<Rejected | undefined> {
    return this.#parts.cursors.reach(this.#room, after)
  }

  /** Sequence of the room's newest entry. */
  get last(): number {
    return this.#room.state.last
  }

  get members(): readonly Member[] {
    return [...this.#room.state.members.values()]
  }

  /** Whether a member of this id is here, as far as the room's events have told of it by now. */
  lists(id: string): boolean {
    return this.#room.lists(id)
  }

  /** The same by id, as far as the room's events have told of them by now. */
  get publishedMembers(): ReadonlyMap<string, Member> {
    return this.#room.publishedMembers
  }

  /** Names and addresses that bans hold for, or mutes. */
  restrained(by: 'bans' | 'mutes'): readonly string[] {
    return Array.from(this.#room.state[by].names.values(), ({ name }) => name)
  }

  /** Why this member may not send several messages at once. */
  get slowed(): Rejected | undefined {
    const seconds = slowSecondsOf(this.#room.state, this.member)
    return seconds === 0 ? undefined : slowModeForBlock(seconds)
  }

  /** Those that this member may see. */
  get files(): readonly RoomFile[] {
    const reader = this.#room.reader(this.#reads)
    return [...this.#room.state.files.values()].filter(({ file }) => admits(file.audience, reader))
  }

  /** One of them. */
  file(id: string): RoomFile | undefined {
    return this.#room.file(id, this.#reads)
  }

  /** Whether this member's name is, or looks like, that of an operator, here or not. */
  get isCalledLikeOperator(): boolean {
    return isOperatorName(this.#room.state, this.member.name)
  }

  /** The members who may see a file. */
  viewersOf({ file }: RoomFile): readonly Member[] {
    return this.members.filter(({ id }) => admits(file.audience, this.#room.reader(id)))
  }

  /** Who of the members has a file. */
  holdersOf(file: RoomFile): Holders {
    return holdersOf(this.#room.state, file)
  }

  /** Tells the room that the last byte of a file was served to this member. */
  serveFile(file: string): void {
    if (!this.#hasLeft) void tell(this.#room, this.member, { type: 'serveFile', file })
  }

  /** Whether this member may see an event, as things stand now. */
  sees(event: RoomEvent): boolean {
    return isVisibleTo(event, this.#room.reader(this.#reads))
  }

  /** This member's view of a batch; undefined: the same as everybody's, `sightOf` it. */
  visibleIn(batch: Batch): readonly RoomEvent[] | undefined {
    return ownVisibility(batch, this.#reads, () => this.#room.reader(this.#reads))
  }

  async listFiles(): Promise<readonly RoomFile[]> {
    return this.files
  }

  async handIns(): Promise<HandIns> {
    const why = this.refusalTo('seeHandIns')
    if (why !== undefined) throw new Refused(why)
    const found = handInsOf(this.#room.state)
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

  /** A reader's place in the room, held until its `resume`. `ended` hears when the session or the journal ends it. */
  follow(after: number, take: (batch: Batch) => void, ended: () => void = () => {}): RoomSubscription {
    const feed = {
      room: this.room,
      live$: this.#room.batches$,
      last: () => this.#room.state.last,
      read: (from: number) => this.#parts.history.read(this, from),
      current: (batch: Batch) => this.#parts.erasures.batch(batch),
      members: () => this.#room.publishedMembers,
    }
    const subscription = new RoomSubscription(feed, after, take, ended)
    this.#subscriptions.add(subscription)
    if (this.#closed !== undefined) subscription.end()
    return subscription
  }

  /** The place of the reader that is furthest behind. */
  get slowest(): number {
    let slowest = this.last
    for (const subscription of this.#subscriptions) {
      if (subscription.closed) this.#subscriptions.delete(subscription)
      else slowest = Math.min(slowest, subscription.cursor)
    }
    return slowest
  }

  /** Why this member may not do something just now; undefined where it may. */
  refusalTo(permission: Permission): Rejected | undefined {
    return this.#room.refusalTo(this.#id, permission)
  }

  async send(command: ClientCommand): Promise<Ack | Rejected> {
    if (this.#hasLeft) return left
    if (command.type === 'rename') return await this.#rename(command.name)
    if (isRemoval(command)) return await this.#remove(command)
    return await this.#checked(command, await ask(this.#room, this.member, command))
  }

  /** Takes a file away. `owner`: as in `createTransfer`, where the server knows its sender again by it. */
  removeFile(file: string, owner?: string): Promise<Ack | Rejected> {
    const command: RemoveOwnFile = { type: 'removeFile', file, ...(owner === undefined ? {} : { owner }) }
    return this.#parts.transfers.remove(this.#room, this.member, command)
  }

  /** Kept first, then carried out: a host that goes down between the two carries it out when it starts. */
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
        return await ask(this.#room, this.member, { type: 'removeMessage', seq, message })
      }
      case 'removeFile':
        return await this.removeFile(command.file)
      case 'clear': {
        const answer = await ask(this.#room, this.member, command)
        if (answer.type === 'ack') await transfers.removeAll(this.#room, this.member)
        return answer
      }
      default:
        return command satisfies never
    }
  }

  /** Tells the room that this member has set its password, or taken it away. */
  async tellPassword(isSet: boolean): Promise<Ack | Rejected> {
    return this.#hasLeft ? left : await tell(this.#room, this.member, { type: 'tellPassword', isSet })
  }

  post(commands: readonly PostedCommand[]): 'accepted' | 'full' {
    const mail: Mail = { by: this.#member, commands, refused: this.#refused }
    return this.#room.post(mail)
  }

  ready(): Promise<void> {
    return this.#room.drained()
  }

  upload(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    const { transfers, ports } = this.#parts
    const why = this.#hasLeft ? left : this.refusalTo(meta.forOperators ? 'drop' : 'upload')
    return why === undefined
      ? transfers.upload(this.#room, this.member, source, meta)
      : refusedUpload(ports.ids.next(), why)
  }

  /**
   * Offers a file to the room; its bytes may come at any time, over any connection. Answers a `WholeFile` where the room has them already,
   * by the digest that was promised. `owner`: names its sender when they come back, where that is not the member's id. `author`: the id that
   * it is kept under, of somebody who is not here as a member.
   */
  async createTransfer(
    meta: UploadMeta,
    owner?: string,
    author = this.#id,
  ): Promise<TransferActor | WholeFile | Rejected> {
    const { member } = this
    const why = this.#hasLeft ? left : this.refusalTo(meta.forOperators ? 'drop' : 'upload')
    return (
      why ?? (await this.#parts.transfers.create(this.#room, member, meta, owner, undefined, { ...member, id: author }))
    )
  }

  download(file: string, from = 0, pieces: Pieces = 'kept'): AsyncIterable<Uint8Array> {
    const { bandwidth, ports } = this.#parts
    const lease = bandwidth.open((bytes) => ports.metrics.count('sent_bytes', bytes))
    return this.#downloadWith(lease, file, from, pieces)
  }

  /** The bytes of a file, lent, for the host to look at: they leave for nobody, so no cap counts them. */
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

  /** The newest `count` entries before now that this member may see, oldest first. */
  async history(count: number): Promise<readonly PastEvent[]> {
    return await this.read(Math.max(0, this.last - count), count)
  }

  /** About `limit` entries after `after`, and at most that many, that this member may see, and where entries are `missed` between them. */
  async read(after: number, limit: number): Promise<readonly PastEvent[]> {
    const found: PastEvent[] = []
    let left = limit
    for (let at = after; left > 0 && at < this.last; ) {
      const { events, upTo } = await this.page(at, left)
      for (const event of events) {
        found.push(event)
        if (isEntry(event) && --left === 0) return this.current(found)
      }
      at = upTo
    }
    return this.current(found)
  }

  /**
   * One page of history: the visible ones of the `read` entries, about `limit`, after `after` and up to `upTo`, and the gaps where entries are
   * `missed` that the room should have.
   */
  async page(after: number, limit: number): Promise<Page> {
    const events: PastEvent[] = []
    const { last } = this
    let read = 0
    // Entries dropped by retention were not damaged.
    let upTo = Math.max(after, this.#room.first - 1)
    const come = (to: number) => {
      if (to > upTo) events.push({ type: 'missed', from: upTo + 1, to })
      upTo = Math.max(upTo, to)
    }
    const batches = upTo < last ? await this.#parts.history.read(this, upTo, limit) : []
    if (batches.length === 0) come(last)
    for (const stored of batches) {
      const batch = this.#parts.erasures.batch(stored)
      come(batch.first! - 1)
      read += batch.entries.length
      for (const event of batch.events) if (isEntry(event) && this.sees(event)) events.push(event)
      upTo = batch.last!
    }
    return { events, read, upTo }
  }

  /** Past events that were read before, as they are by now: messages among them may have been removed. */
  current(events: readonly PastEvent[]): readonly PastEvent[] {
    return this.#parts.erasures.events(this.room, events)
  }

  async search(query: string, limit: number): Promise<readonly PastEvent[]> {
    // Hits that the member may not see are left out: then it searches further back.
    for (let reach = limit; ; reach *= 2) {
      const found = await this.#parts.history.search(this, query, reach)
      const seen = publicFacts(this.current(found)).filter(
        (event): event is PastEvent => event.type !== 'erased' && this.sees(event),
      )
      if (seen.length >= limit || found.length < reach) return seen.slice(-limit)
    }
  }

  /** A hidden member is listed from now on, and the room hears of its coming. Answers why not, where it may not. */
  async announceMember(): Promise<Rejected | undefined> {
    if (this.#hasLeft) return left
    if (!this.#isHidden) return undefined
    const { connection } = this.#membership
    // At once: if it leaves meanwhile, the room must hear that, behind its coming.
    this.#isHidden = false
    connection.list(true)
    const answer = await tell(this.#room, this.member, { type: 'join' })
    if (answer.type === 'ack') {
      connection.joined()
      return undefined
    }
    this.#isHidden = true
    connection.list(false)
    return answer
  }

  /** `farewell`: as its own member leaves; `reason` is the host's. */
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

  /** Why the room ended this session; undefined while it goes on, and where its own side ended it. */
  get kicked(): Rejected | undefined {
    return this.#kicked
  }

  /** The room ends this session. */
  kick(why: Rejected): void {
    if (this.#closed !== undefined) return
    this.#kicked = why
    void this.close(why.message)
  }

  /** A nick is its owner's on the whole host: their other rooms follow, but where a rule is against it. */
  async #rename(wanted: string): Promise<Ack | Rejected> {
    const { nicks, sessions } = this.#parts
    const { owner } = this
    const name = nicks.claim(wanted, owner)
    if (typeof name !== 'string') return name
    const command = { type: 'rename', name } as const
    const answer = (await nicks.agree(name, owner)) ?? (await ask(this.#room, this.member, command))
    if (answer.type === 'ack') {
      const elsewhere = [...sessions.of(owner)].filter((other) => other.#room !== this.#room)
      const rooms = new Map(elsewhere.filter(({ isListed }) => isListed).map((other) => [other.#room, other.member]))
      await Promise.all(Array.from(rooms, ([room, member]) => tell(room, member, command)))
    }
    nicks.settle(owner)
    nicks.release(owner, this.member.name)
    return answer
  }

  /** The id of one message on another is a client's mistake; taken for a repeat, the second would be lost (C118). */
  async #checked(command: ClientCommand, answer: Ack | Rejected): Promise<Ack | Rejected> {
    if (answer.type === 'rejected' || !answer.duplicate || !('text' in command)) return answer
    const [first] = await this.read(answer.seq - 1, 1)
    // Past the history, or damaged: nothing can be said of it.
    if (first === undefined || first.type === 'missed' || first.seq !== answer.seq) return answer
    const text = checkText(command.text, this.#parts.limits.maxTextBytes)
    return 'text' in first && first.text === text ? answer : idReused
  }

  async #leave(reason: string, farewell: Farewell): Promise<void> {
    const { sessions, nicks, rooms } = this.#parts
    const { owner, ownsName, connection } = this.#membership
    connection.end()
    if (!this.#isHidden) await tell(this.#room, this.member, { type: 'leave', reason, ...farewell })
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
