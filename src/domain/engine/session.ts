import { BehaviorSubject, Observable, Subject } from 'rxjs'
import type { Rejected } from '../errors.ts'
import { FileMissing, type Pieces } from '../ports/file-store.ts'
import type { RoomActor } from '../room/actor.ts'
import type { Batch } from '../room/batch.ts'
import type { Ack, ClientCommand, Mail, PostedCommand, TellPassword } from '../room/commands.ts'
import { isEntry, type Member, type PastEvent, publicFacts, type RoomEvent } from '../room/events.ts'
import type { Permission } from '../room/moderation.ts'
import type { RoomFile } from '../room/state.ts'
import { admits, isVisibleTo, ownVisibility, visibilityOf } from '../room/visibility.ts'
import { type ConnectionState, Refused, type RoomSession, type Upload, type UploadMeta } from '../session.ts'
import type { RateLimiterLease } from './bandwidth.ts'
import { RoomSubscription } from './subscription.ts'

/** What a session needs of the engine; the engine implements it. */
export interface Host {
  send(session: LocalSession, command: ClientCommand): Promise<Ack | Rejected>
  tell(session: LocalSession, command: TellPassword): Promise<Ack | Rejected>
  upload(session: LocalSession, source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload
  download(session: LocalSession, file: string, from: number, pieces: Pieces): AsyncIterable<Uint8Array>
  inspect(session: LocalSession, file: string): AsyncIterable<Uint8Array>
  /** A page of about `limit` entries, or of as many as a page may have. */
  read(session: LocalSession, after: number, limit?: number): Promise<readonly Batch[]>
  search(session: LocalSession, query: string, limit: number): Promise<readonly PastEvent[]>
  announceMember(session: LocalSession): Promise<Rejected | undefined>
  leave(session: LocalSession, reason: string): Promise<void>
}

/** A step through a room's history. */
export interface Page {
  readonly events: readonly PastEvent[]
  readonly read: number
  readonly upTo: number
}

/** A session with the room in this process: it can also be followed batch by batch, which is what doors do. */
export class LocalSession implements RoomSession {
  readonly #id: string
  readonly #room: RoomActor
  readonly #host: Host
  readonly #after: number
  readonly #reads: string
  readonly #refusals = new Subject<Rejected>()
  readonly #state = new BehaviorSubject<ConnectionState>({ status: 'connected' })
  readonly #followers = new Set<RoomSubscription>()
  #member: Member
  #closed: Promise<void> | undefined
  #expelled: string | undefined

  /** `reads`: the id of the member for whom it reads, where that is another. */
  constructor(member: Member, room: RoomActor, after: number, host: Host, reads = member.id) {
    this.#id = member.id
    this.#member = member
    this.#room = room
    this.#after = after
    this.#reads = reads
    this.#host = host
  }

  /** The member's id, which never changes. */
  get id(): string {
    return this.#id
  }

  /** Keeps the last known one after leaving. */
  get member(): Member {
    this.#member = this.#room.state.members.get(this.#id) ?? this.#member
    return this.#member
  }

  /** What whoever shows the same again is known by. */
  get person(): string {
    return this.#room.personOf(this.#id)
  }

  /** Whom it shares an address with; nobody who came without one. */
  get household(): string {
    return this.#room.subnetOf(this.#id)
  }

  get room(): string {
    return this.#room.state.name
  }

  get topic(): string {
    return this.#room.state.topic
  }

  /** The sequence after which this session's events begin. */
  get after(): number {
    return this.#after
  }

  /** Sequence of the room's newest entry. */
  get last(): number {
    return this.#room.state.last
  }

  get members(): readonly Member[] {
    return [...this.#room.state.members.values()]
  }

  get collectingSince(): number | undefined {
    return this.#room.state.rules.collectingSince
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

  /** Those in the room who may see a file. */
  viewersOf({ file }: RoomFile): readonly Member[] {
    return this.members.filter(({ id }) => admits(file.audience, this.#room.reader(id)))
  }

  /** Whether this member may see an event, as things stand now. */
  sees(event: RoomEvent): boolean {
    return isVisibleTo(event, this.#room.reader(this.#reads))
  }

  /** What this member sees of a batch; undefined: what everybody sees, `sightOf` it. */
  ownSightOf(batch: Batch): readonly RoomEvent[] | undefined {
    return ownVisibility(batch, this.#reads, () => this.#room.reader(this.#reads))
  }

  async listFiles(): Promise<readonly RoomFile[]> {
    return this.files
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
      const follower = this.follow(
        this.#after,
        (batch) => {
          for (const event of this.ownSightOf(batch) ?? batch.encoded(visibilityOf).open) subscriber.next(event)
        },
        () => subscriber.complete(),
      )
      follower.resume()
      return () => this.#unfollow(follower)
    })
  }

  /** A reader's place in the room, held until its `resume`. `ended` hears when the session or the journal ends it. */
  follow(after: number, take: (batch: Batch) => void, ended: () => void = () => {}): RoomSubscription {
    const feed = {
      room: this.room,
      live$: this.#room.batches$,
      last: () => this.#room.state.last,
      read: (from: number) => this.#host.read(this, from),
    }
    const follower = new RoomSubscription(feed, after, take, ended)
    this.#followers.add(follower)
    if (this.#closed !== undefined) follower.end()
    return follower
  }

  /** The place of the reader that is furthest behind. */
  get slowest(): number {
    let slowest = this.last
    for (const follower of this.#followers) {
      if (follower.closed) this.#followers.delete(follower)
      else slowest = Math.min(slowest, follower.cursor)
    }
    return slowest
  }

  /** Why this member may not do something just now; undefined where it may. */
  refusalTo(verb: Permission): Rejected | undefined {
    return this.#room.refusalTo(this.#id, verb)
  }

  send(command: ClientCommand): Promise<Ack | Rejected> {
    return this.#host.send(this, command)
  }

  /** Tells the room that this member has set its password, or taken it away. */
  tellPassword(isSet: boolean): Promise<Ack | Rejected> {
    return this.#host.tell(this, { type: 'tellPassword', isSet })
  }

  post(commands: readonly PostedCommand[]): 'accepted' | 'full' {
    const mail: Mail = { by: this.#member, commands, refused: this.#refused }
    return this.#room.post(mail)
  }

  ready(): Promise<void> {
    return this.#room.drained()
  }

  upload(source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    return this.#host.upload(this, source, meta)
  }

  download(file: string, from = 0, pieces: Pieces = 'kept'): AsyncIterable<Uint8Array> {
    return this.#host.download(this, file, from, pieces)
  }

  /** The bytes of a file, lent, for the host to look at: they leave for nobody, so no cap counts them. */
  inspect(file: string): AsyncIterable<Uint8Array> {
    return this.#host.inspect(this, file)
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
        if (isEntry(event) && --left === 0) return found
      }
      at = upTo
    }
    return found
  }

  /**
   * One step of it: what this member may see of the `read` entries, about `limit`, after `after` and up to `upTo`, and where entries are
   * `missed` that the room should have.
   */
  async page(after: number, limit: number): Promise<Page> {
    const events: PastEvent[] = []
    const { last } = this
    let read = 0
    // What the room has forgotten on purpose was not damaged.
    let upTo = Math.max(after, this.#room.first - 1)
    const come = (to: number) => {
      if (to > upTo) events.push({ type: 'missed', from: upTo + 1, to })
      upTo = Math.max(upTo, to)
    }
    const batches = upTo < last ? await this.#host.read(this, upTo, limit) : []
    if (batches.length === 0) come(last)
    for (const batch of batches) {
      come(batch.first! - 1)
      read += batch.entries.length
      for (const event of batch.events) if (isEntry(event) && this.sees(event)) events.push(event)
      upTo = batch.last!
    }
    return { events, read, upTo }
  }

  async search(query: string, limit: number): Promise<readonly PastEvent[]> {
    // Files for others are among what is found, and are left out: then it looks further back.
    for (let reach = limit; ; reach *= 2) {
      const found = await this.#host.search(this, query, reach)
      const seen = publicFacts(found).filter((event): event is PastEvent => this.sees(event))
      if (seen.length >= limit || found.length < reach) return seen.slice(-limit)
    }
  }

  /** Whoever came quietly is listed from now on, and the room hears that they are here; a refusal where they may not. */
  announceMember(): Promise<Rejected | undefined> {
    return this.#host.announceMember(this)
  }

  close(reason = 'left'): Promise<void> {
    this.#closed ??= this.#host.leave(this, reason).finally(() => {
      for (const follower of this.#followers) follower.end()
      this.#refusals.complete()
      this.#state.next({ status: 'closed', why: reason })
      this.#state.complete()
    })
    return this.#closed
  }

  /** Why the room ended this session; undefined while it goes on, and where its own side ended it. */
  get expelled(): string | undefined {
    return this.#expelled
  }

  /** The room ends this session. */
  expel(why: string): void {
    if (this.#closed !== undefined) return
    this.#expelled = why
    void this.close(why)
  }

  readonly #refused = (why: Rejected): void => this.#refusals.next(why)

  #unfollow(follower: RoomSubscription): void {
    follower.close()
    this.#followers.delete(follower)
  }
}

/** One reader's way through a file, no faster than its passage. Not a generator: `return` must also end a reader that waits. */
export class Download implements AsyncIterator<Uint8Array, undefined> {
  readonly #open: () => AsyncIterable<Uint8Array>
  readonly #passage: RateLimiterLease
  readonly #missing: Rejected
  /** Of the newest piece what was too much for one step. */
  #rest: Uint8Array | undefined
  #source: AsyncIterator<Uint8Array> | undefined
  #over = false

  /** The first `next` opens the source, and rejects with what that throws; with `missing` where the vault has lost the file. */
  constructor(open: () => AsyncIterable<Uint8Array>, passage: RateLimiterLease, missing: Rejected) {
    this.#open = open
    this.#passage = passage
    this.#missing = missing
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    let piece = this.#rest ?? (await this.#read())
    if (piece === undefined) return { done: true, value: undefined }
    const { pieceBytes } = this.#passage
    this.#rest = piece.length > pieceBytes ? piece.subarray(pieceBytes) : undefined
    if (this.#rest !== undefined) piece = piece.subarray(0, pieceBytes)
    await this.#passage.pass(piece.length)
    if (this.#over) return { done: true, value: undefined }
    return { done: false, value: piece }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#over = true
    this.#rest = undefined
    this.#passage.giveUp()
    await this.#source?.return?.()
    return { done: true, value: undefined }
  }

  async #read(): Promise<Uint8Array | undefined> {
    if (this.#over) return undefined
    try {
      this.#source ??= this.#open()[Symbol.asyncIterator]()
      const piece = await this.#source.next()
      return piece.done === true ? undefined : piece.value
    } catch (error) {
      throw error instanceof FileMissing ? new Refused(this.#missing) : error
    }
  }
}
