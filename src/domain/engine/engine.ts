import { type Observable, Subject } from 'rxjs'
import { FairQueue } from '../async/fair-queue.ts'
import { type Rejected, rejected } from '../errors.ts'
import { checkRoomName } from '../names/room-name.ts'
import { checkText } from '../names/text.ts'
import type { Pieces } from '../ports/file-store.ts'
import { JournalFailed } from '../ports/journal.ts'
import { ask, type RoomActor, tell } from '../room/actor.ts'
import type { Ack, ClientCommand } from '../room/commands.ts'
import type { Member, WholeFile } from '../room/events.ts'
import type { RoomFile } from '../room/state.ts'
import { Refused, type Upload, type UploadMeta } from '../session.ts'
import type { TransferActor } from '../transfer/actor.ts'
import { refusedUpload } from '../transfer/upload.ts'
import { Bandwidth, type RateLimiterLease, unlimited } from './bandwidth.ts'
import { CommitLoop } from './commit-loop.ts'
import { type EngineEvent, engineEvents } from './events.ts'
import type { EngineLimits, Ports } from './limits.ts'
import { Trimming } from './retention.ts'
import { type JoinRequest, type Membership, NickRegistry, type RoomSummary, Rooms } from './rooms.ts'
import { Download, type Host, LocalSession } from './session.ts'
import { Transfers } from './transfers.ts'

/** The next step is on its way while the answer of the one before is dealt with. */
const READS_AT_ONCE = 2
/** One that has to catch up with a long history first leaves a place to others. */
const SEARCHES_AT_ONCE = 2

/** The rooms of one host. It knows no socket, file or clock but through its ports. */
export class Engine {
  /** What transfers may take of the network, changeable at any time. */
  readonly bandwidth: Bandwidth
  readonly #ports: Ports
  readonly #limits: EngineLimits
  readonly #broken: (error: unknown) => void
  readonly #loop: CommitLoop
  readonly #rooms: Rooms
  readonly #roster = new NickRegistry()
  readonly #sessions = new Map<LocalSession, Membership>()
  readonly #transfers: Transfers
  readonly #trimming: Trimming
  /** What is asked of the journal waits here, not there: a commit is behind a few short steps only, however much is asked. */
  readonly #reads = new FairQueue(READS_AT_ONCE)
  readonly #searches = new FairQueue(SEARCHES_AT_ONCE)
  readonly #closed = new Subject<void>()
  #status: 'new' | 'open' | 'closed' = 'new'
  /**
   * Everything that happens on this host from now on: events of its rooms and of files on their way, each with its room. `filter` gives one room
   * or one file. A file's progress is told at most each second. The host sees all of it, whispers included, so hand on to people only what they may
   * see. It has no error channel, and completes once the host has stopped. Nothing is done for it while nobody subscribes.
   *
   * @example
   * tamtam.engine.events$
   *   .pipe(filter(({ room }) => room === 'kitchen'))
   *   .subscribe(({ source, event }) => console.log(source, event.type))
   */
  readonly events$: Observable<EngineEvent>

  /** `broken` hears once when the journal or the vault failed for good; the host should stop then. */
  constructor(ports: Ports, limits: EngineLimits, broken: (error: unknown) => void) {
    this.#ports = ports
    this.#limits = limits
    const { transferBytesPerSecond: transfer, hostBytesPerSecond: host } = limits
    this.bandwidth = new Bandwidth(ports.clock, { transfer, host })
    this.#trimming = new Trimming(ports.journal, limits, broken)
    this.#loop = new CommitLoop(ports, (room) => this.#shown(room), broken)
    this.#rooms = new Rooms(ports, limits, this.#loop.wake, this.#reads)
    this.#transfers = new Transfers(ports, limits, this.#rooms, this.bandwidth, broken)
    this.#broken = broken
    this.events$ = engineEvents(this.#rooms, this.#transfers, ports.clock, this.#closed)
  }

  async start(): Promise<void> {
    await this.#ports.journal.open()
    await this.#ports.fileStore.open()
    await this.#transfers.load()
    this.#status = 'open'
  }

  /** Resolves when everything that was said so far is kept and shown, or refused. */
  settled(): Promise<void> {
    return this.#loop.settled()
  }

  /** Ends every session and upload, commits what was decided, and closes the stores. */
  async stop(reason = 'the host stops'): Promise<void> {
    if (this.#status === 'closed') return
    this.#status = 'closed'
    // What waits for its turn ends now.
    this.bandwidth.set({ transfer: 0, host: 0 })
    const transfers = this.#transfers.close(reason)
    const left = Promise.all([...this.#sessions.keys()].map((session) => session.close(reason)))
    // At once, also where a crowd's leaving would wait for more of it.
    await this.#loop.settled()
    await Promise.all([left, transfers])
    await this.#loop.settled()
    // An upload whose source is stuck may still want to say how it ended; the next start finds it interrupted.
    this.#loop.close(notRunning)
    await this.#ports.journal.close()
    await this.#ports.fileStore.close()
    this.#closed.next()
    this.#closed.complete()
  }

  /** Takes a place in a room. Rejects with `Refused` where the name or the room is not to be had. */
  async join(request: JoinRequest): Promise<LocalSession> {
    if (this.#status !== 'open') throw new Refused(notRunning)
    const roomName = wanted(checkRoomName(request.room))
    const id = request.member ?? this.#ports.ids.next()
    const owner = request.owner ?? id
    const name = request.guest === true ? request.name : wanted(this.#roster.claim(request.name, owner))
    const ownsName = request.owner === undefined
    try {
      const room = wanted(await this.#watched(this.#rooms.enter(roomName)))
      return await this.#seat(room, { id, name }, request, { owner, ownsName })
    } catch (error) {
      if (ownsName) this.#roster.release(owner)
      throw error
    }
  }

  async #seat(
    room: RoomActor,
    member: Member,
    request: JoinRequest,
    name: Pick<Membership, 'owner' | 'ownsName'>,
  ): Promise<LocalSession> {
    const { id } = member
    const {
      guest,
      role,
      invited,
      inviter,
      quiet = false,
      person = id,
      address = guest === true ? member.name : undefined,
    } = request
    let session: LocalSession | undefined
    let expelled: string | undefined
    const dismiss = room.receive(id, { person, ...(address === undefined ? {} : { address }) }, (why) => {
      expelled = why
      session?.expel(why)
    })
    try {
      const join = {
        type: 'join',
        ...(role === undefined ? {} : { role }),
        ...(invited === undefined ? {} : { invited }),
        ...(inviter === undefined ? {} : { inviter }),
      } as const
      const seq = quiet ? wanted(room.admitQuietly(member, role)) : wanted(await tell(room, member, join)).seq
      session = new LocalSession(member, room, request.after ?? seq, this.#host, request.reads)
    } catch (error) {
      dismiss()
      this.#rooms.leave(room.state.name)
      throw error
    }
    this.#sessions.set(session, { ...name, room, quiet, dismiss, renames: 0 })
    if (expelled !== undefined) session.expel(expelled)
    return session
  }

  /** Frees the nicks of an owner that several sessions shared, but `keep`. */
  forget(owner: string, keep?: string): void {
    this.#roster.release(owner, keep)
  }

  /** Uploads that are under way. */
  get uploads(): number {
    return Math.max(this.#transfers.arriving, this.#transfers.runs)
  }

  /** Files that are on their way. */
  get transfers(): readonly TransferActor[] {
    return this.#transfers.open
  }

  /** Rooms that are in use or have a history. */
  rooms(): Promise<readonly RoomSummary[]> {
    return this.#watched(this.#rooms.summaries())
  }

  /** A file of any room, whole or on its way, where this member may see it, here or not; left out: where everybody may. */
  file(id: string, member = ''): Promise<{ readonly room: string; readonly file: RoomFile } | undefined> {
    return this.#watched(this.#transfers.file(id, member))
  }

  /** A file that is on its way. */
  async transfer(id: string): Promise<TransferActor | undefined> {
    return this.#transfers.find(id)
  }

  /**
   * Offers a file to the session's room; its bytes may come at any time, over any connection. Answers a `WholeFile` where
   * the room has them already, by the digest that was promised. `owner`: by what the door knows its sender again, where that is not
   * the member's id.
   */
  async createTransfer(
    session: LocalSession,
    meta: UploadMeta,
    owner?: string,
  ): Promise<TransferActor | WholeFile | Rejected> {
    const place = this.#sessions.get(session)
    const why = place === undefined ? left : place.room.refusalTo(session.id, 'upload')
    if (place === undefined || why !== undefined) return why ?? left
    return await this.#transfers.create(place.room, session.member, meta, owner)
  }

  readonly #host: Host = {
    send: (session, command) => this.#send(session, command),
    tell: async (session, command) => {
      const place = this.#sessions.get(session)
      return place === undefined ? left : await tell(place.room, session.member, command)
    },
    upload: (session, source, meta) => this.#upload(session, source, meta),
    download: (session, file, from, pieces) =>
      this.#download(
        session,
        file,
        from,
        pieces,
        this.bandwidth.open((bytes) => this.#ports.metrics.count('sent_bytes', bytes)),
      ),
    inspect: (session, file) => this.#download(session, file, 0, 'lent', unlimited),
    read: ({ household, id, room }, after, limit = Number.POSITIVE_INFINITY) => {
      const { journal } = this.#ports
      const most = Math.min(limit, this.#limits.pageEntries)
      return this.#watched(this.#reads.run(household, id, () => journal.read(room, after, most)))
    },
    search: async ({ household, id, room }, query, limit) => {
      const { foundChars } = this.#limits
      return await this.#watched(
        this.#searches.run(household, id, () => this.#ports.journal.search(room, query, limit, foundChars)),
      )
    },
    announceMember: (session) => this.#announceMember(session),
    leave: (session, reason) => this.#leave(session, reason),
  }

  async #send(session: LocalSession, command: ClientCommand): Promise<Ack | Rejected> {
    const place = this.#sessions.get(session)
    if (place === undefined) return left
    if (command.type !== 'rename')
      return await this.#answered(session, command, await ask(place.room, session.member, command))
    const name = this.#roster.claim(command.name, place.owner)
    if (typeof name !== 'string') return name
    place.renames++
    const answer = await ask(place.room, session.member, { type: 'rename', name })
    // Only the last of several knows which of the names is the one to keep (C65).
    if (--place.renames === 0) this.#roster.release(place.owner, session.member.name)
    return answer
  }

  /** The id of one message on another is a client's mistake; taken for a repeat, the second would be lost (C118). */
  async #answered(session: LocalSession, command: ClientCommand, answer: Ack | Rejected): Promise<Ack | Rejected> {
    if (answer.type === 'rejected' || !answer.duplicate || !('text' in command)) return answer
    const [first] = await session.read(answer.seq - 1, 1)
    // Past the history, or damaged: nothing can be said of it.
    if (first === undefined || first.type === 'missed' || first.seq !== answer.seq) return answer
    const text = checkText(command.text, this.#limits.maxTextBytes)
    return 'text' in first && first.text === text ? answer : idReused
  }

  /** A journal that can't be read any more is as broken as one that can't be written. */
  #watched<T>(answer: Promise<T>): Promise<T> {
    answer.catch((error: unknown) => {
      if (error instanceof JournalFailed) this.#broken(error)
    })
    return answer
  }

  #upload(session: LocalSession, source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    const place = this.#sessions.get(session)
    const why = place === undefined ? left : place.room.refusalTo(session.id, 'upload')
    if (place === undefined || why !== undefined) return refusedUpload(this.#ports.ids.next(), why ?? left)
    return this.#transfers.upload(place.room, session.member, source, meta)
  }

  #download(
    session: LocalSession,
    file: string,
    from: number,
    pieces: Pieces,
    passage: RateLimiterLease,
  ): AsyncIterable<Uint8Array> {
    const open = () => {
      const place = this.#sessions.get(session)
      if (place === undefined || session.file(file) === undefined)
        throw new Refused(place === undefined ? left : noSuchFile)
      return this.#ports.fileStore.read(file, from, pieces)
    }
    return { [Symbol.asyncIterator]: () => new Download(open, passage, noSuchFile) }
  }

  #shown(room: RoomActor): void {
    this.#rooms.grew(room)
    this.#trimming.look(room, () => this.#slowestIn(room))
    this.#rooms.letGo(room)
  }

  /** The place of the room's reader that is furthest behind. */
  #slowestIn(room: RoomActor): number {
    let slowest = room.state.last
    for (const [session, place] of this.#sessions) if (place.room === room) slowest = Math.min(slowest, session.slowest)
    return slowest
  }

  async #announceMember(session: LocalSession): Promise<Rejected | undefined> {
    const place = this.#sessions.get(session)
    if (place?.quiet !== true) return place === undefined ? left : undefined
    // At once: whoever goes meanwhile has to be heard to go, behind their coming.
    place.quiet = false
    const answer = await tell(place.room, session.member, { type: 'join' })
    if (answer.type === 'ack') return undefined
    place.quiet = true
    return answer
  }

  async #leave(session: LocalSession, reason: string): Promise<void> {
    const place = this.#sessions.get(session)
    if (place === undefined) return
    if (!place.quiet) await tell(place.room, session.member, { type: 'leave', reason })
    place.dismiss()
    this.#sessions.delete(session)
    if (place.ownsName) this.#roster.release(place.owner)
    this.#rooms.leave(session.room)
  }
}

function wanted<T extends object | string | number>(value: T | Rejected): T {
  if (typeof value === 'object' && 'type' in value && value.type === 'rejected') throw new Refused(value)
  return value as T
}

const notRunning = rejected('CLOSED', 'the host is not running; start it first')
const left = rejected('NOT_A_MEMBER', 'you have left this room; join it again')
const noSuchFile = rejected('NO_SUCH_FILE', 'this room has no such file; /files lists those it has')
const idReused = rejected('ID_REUSED', 'another message has this id already; give each message one of its own')
