import { type Observable, Subject, takeUntil } from 'rxjs'
import { type Rejected, rejected } from '../errors.ts'
import { checkRoomName } from '../names/room-name.ts'
import type { ForgottenHost } from '../ports/file-store.ts'
import { isShared } from '../ports/journal.ts'
import { type RoomActor, tell } from '../room/actor.ts'
import type { PendingBatch } from '../room/batch.ts'
import type { Member } from '../room/events.ts'
import { skeletonOf } from '../room/moderation.ts'
import type { RoomFile } from '../room/state.ts'
import { Refused } from '../session.ts'
import type { TransferActor } from '../transfer/actor.ts'
import { Bandwidth } from './bandwidth.ts'
import { CommitLoop, type Commits } from './commit-loop.ts'
import { Erasures } from './erasures.ts'
import { type EngineEvent, engineEvents } from './events.ts'
import { findFacts } from './found-facts.ts'
import { History, Trimming } from './history.ts'
import type { EngineLimits, Ports } from './limits.ts'
import type { FileSpace } from './quotas.ts'
import { type JoinRequest, type NickChange, NickRegistry, type RoomSummary, Rooms } from './rooms.ts'
import { LocalSession, type Membership, type SessionParts } from './session.ts'
import { Sessions } from './sessions.ts'
import { adoptForeign, Cursors, RoomLoops } from './sharing.ts'
import { Transfers } from './transfers.ts'

/** The rooms of one host. It knows no socket, file or clock but through its ports. */
export class Engine {
  /** The bandwidth caps of transfers, changeable at any time. */
  readonly bandwidth: Bandwidth
  readonly #ports: Ports
  readonly #loop: Commits
  readonly #rooms: Rooms
  readonly #sessions = new Sessions<LocalSession>()
  readonly #nicks: NickRegistry
  /** Nicks whose owners keep them outside of rooms as well. */
  readonly #kept = new Map<string, string>()
  readonly #history: History
  readonly #sessionParts: SessionParts
  readonly #transfers: Transfers
  readonly #trimming: Trimming
  readonly #erasures: Erasures
  readonly #closed = new Subject<void>()
  /** Each nick taken or freed from now on, in rooms or outside. */
  readonly nicks$: Observable<NickChange>
  #status: 'new' | 'open' | 'closed' = 'new'
  /**
   * Every event of this host from now on: those of its rooms and of files on their way, each with its room. `filter` gives one room
   * or one file. A file's progress comes at most once a second. Whispers and files with an audience are included: check who may see an event
   * before passing it on. No error channel; completes once the host has stopped. Costs nothing without subscribers.
   *
   * @example
   * tamtam.engine.events$
   *   .pipe(filter(({ room }) => room === 'kitchen'))
   *   .subscribe(({ source, event }) => console.log(source, event.type))
   */
  readonly events$: Observable<EngineEvent>

  /** `broken` is called once when the journal or the file store has failed for good; the host should stop then. */
  constructor(ports: Ports, limits: EngineLimits, broken: (error: unknown) => void) {
    this.#ports = ports
    this.#nicks = new NickRegistry((owner) => this.#namesOf(owner), ports.sharedNames)
    this.nicks$ = this.#nicks.changes$.pipe(takeUntil(this.#closed))
    ports.sharedNames?.onLost((skeleton) => this.#lostName(skeleton))
    const { transferBytesPerSecond: transfer, hostBytesPerSecond: host } = limits
    this.bandwidth = new Bandwidth(ports.clock, { transfer, host })
    this.#trimming = new Trimming(ports.journal, limits, broken)
    this.#erasures = new Erasures(ports, broken)
    const { journal } = ports
    const published = (room: RoomActor, pending: PendingBatch | undefined) => this.#published(room, pending)
    this.#loop = isShared(journal)
      ? new RoomLoops(journal, ports, published, broken)
      : new CommitLoop(ports, published, broken)
    this.#history = new History(ports.journal, limits, broken)
    this.#rooms = new Rooms(ports, limits, this.#loop.wake, this.#history)
    this.#transfers = new Transfers(ports, limits, this.#rooms, this.bandwidth, broken)
    this.#sessionParts = {
      ports,
      limits,
      rooms: this.#rooms,
      nicks: this.#nicks,
      history: this.#history,
      transfers: this.#transfers,
      erasures: this.#erasures,
      bandwidth: this.bandwidth,
      sessions: this.#sessions,
      cursors: new Cursors(ports),
    }
    if (isShared(journal)) adoptForeign(journal, this.#rooms, this.#erasures, this.#transfers.foreign)
    this.events$ = engineEvents(this.#rooms, this.#transfers, ports.clock, this.#closed)
  }

  async start(): Promise<void> {
    await this.#ports.journal.open()
    await this.#ports.fileStore.open()
    await this.#joinOthers()
    const found = await findFacts(this.#ports.journal)
    for (const [room, erasures] of found.erasures) await this.#erasures.resume(room, erasures)
    this.#rooms.hide(found.unlisted)
    await this.#transfers.load(found)
    this.#status = 'open'
  }

  async #joinOthers(): Promise<void> {
    const { fileStore, journal, sharedMembers } = this.#ports
    try {
      await sharedMembers?.open()
    } catch (error) {
      await journal.close()
      await fileStore.close()
      throw error
    }
  }

  /** Resolves when everything said so far is committed and published, or refused. */
  settled(): Promise<void> {
    return this.#loop.settled()
  }

  /** Ends every session and upload, commits all decisions, and closes the stores. */
  async stop(reason = 'the host stops'): Promise<void> {
    if (this.#status === 'closed') return
    this.#status = 'closed'
    // Transfers that wait for bandwidth end now.
    this.bandwidth.set({ transfer: 0, host: 0 })
    const transfers = this.#transfers.close(reason)
    const left = Promise.all([...this.#sessions].map((session) => session.close(reason)))
    // At once, even if the leaves of a large room would wait for more of them.
    await this.#loop.settled()
    await Promise.all([left, transfers])
    await this.#loop.settled()
    // An upload with a stuck source may still want to report its end; the next start finds it interrupted.
    this.#loop.close(notRunning)
    this.#erasures.close()
    await this.#ports.sharedMembers?.close()
    await this.#ports.journal.close()
    await this.#ports.fileStore.close()
    this.#closed.next()
    this.#closed.complete()
  }

  /** Joins a room. Rejects with `Refused` if the name or the room cannot be had. */
  async join(request: JoinRequest): Promise<LocalSession> {
    if (this.#status !== 'open') throw new Refused(notRunning)
    const roomName = wanted(checkRoomName(request.room))
    const id = request.member ?? this.#ports.ids.next()
    const owner = request.owner ?? id
    const isGuest = request.guest === true
    const name = isGuest ? request.name : wanted(this.#nicks.claim(request.name, owner))
    const ownsName = request.owner === undefined
    let isElsewhere = false
    try {
      const elsewhere = isGuest ? undefined : await this.#nicks.agree(name, owner, request.hidden)
      isElsewhere = elsewhere !== undefined
      if (elsewhere !== undefined) throw new Refused(elsewhere)
      const room = wanted(await this.#history.watched(this.#rooms.enter(roomName)))
      const session = await this.#seat(room, { id, name }, request, { owner, ownsName })
      if (!isGuest) this.#nicks.settle(owner)
      // A present member keeps its name in the room.
      if (ownsName && session.member.name !== name) this.#nicks.release(owner)
      return session
    } catch (error) {
      if (!isGuest) this.#nicks.settle(owner)
      if (ownsName || isElsewhere) this.#nicks.release(owner)
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
    const behind = request.after === undefined ? undefined : await this.#sessionParts.cursors.reach(room, request.after)
    if (behind !== undefined) {
      this.#rooms.leave(room.state.name)
      throw new Refused(behind)
    }
    const { guest, role, invited, inviter, hidden = false, person = id, reads = id } = request
    const { address = guest === true ? member.name : undefined, keyless = request.person === undefined } = request
    let session: LocalSession | undefined
    let kicked: Rejected | undefined
    const origin = { person, keyless, ...(address === undefined ? {} : { address }) }
    const connection = room.connections.register(id, origin, !hidden, (why) => {
      kicked = why
      session?.kick(why)
    })
    try {
      const join = {
        type: 'join',
        ...(role === undefined ? {} : { role }),
        ...(invited === undefined ? {} : { invited }),
        ...(inviter === undefined ? {} : { inviter }),
      } as const
      const seq = hidden ? wanted(room.admitHidden(member, role)) : wanted(await tell(room, member, join)).seq
      connection.joined()
      const membership = { ...name, room, after: request.after ?? seq, reads, hidden, connection }
      session = new LocalSession(member, membership, this.#sessionParts)
    } catch (error) {
      connection.end()
      // Its other connections may have relied on this one in the meantime.
      if (!hidden && room.state.members.has(id)) await tell(room, member, { type: 'leave', reason: 'left' })
      connection.forget()
      this.#rooms.leave(room.state.name)
      throw error
    }
    this.#sessions.add(session)
    if (kicked !== undefined) session.kick(kicked)
    return session
  }

  /**
   * Keeps a nick for an owner who may be in no room, in place of the one kept before. Answers it as it will be shown. `dropNick` frees
   * it.
   */
  async keepNick(raw: string, owner: string): Promise<string | Rejected> {
    const name = this.#nicks.claim(raw, owner)
    if (typeof name !== 'string') return name
    const elsewhere = await this.#nicks.agree(name, owner)
    if (elsewhere === undefined) this.#kept.set(owner, name)
    this.#nicks.settle(owner)
    this.#nicks.release(owner)
    return elsewhere ?? name
  }

  /** Another host gave it to somebody while this one was cut off: its holder here becomes a guest. */
  #lostName(skeleton: string): void {
    for (const session of [...this.#sessions]) if (skeletonOf(session.member.name) === skeleton) session.kick(nameLost)
  }

  dropNick(owner: string): void {
    this.#kept.delete(owner)
    this.#nicks.release(owner)
  }

  /** Whether somebody on this host has this nick or a confusable one. */
  isNickTaken(skeleton: string): boolean {
    return this.#nicks.isTaken(skeleton)
  }

  *#namesOf(owner: string): Iterable<string> {
    const kept = this.#kept.get(owner)
    if (kept !== undefined) yield kept
    for (const session of this.#sessions.of(owner)) yield session.member.name
  }

  /** Frees the nicks of an owner with several sessions, except `keep` and those used in rooms. */
  forget(owner: string, keep?: string): void {
    this.#nicks.release(owner, keep)
  }

  /** Number of uploads in progress. */
  get uploads(): number {
    return Math.max(this.#transfers.arriving, this.#transfers.runs)
  }

  /** Unfinished transfers. */
  get transfers(): readonly TransferActor[] {
    return this.#transfers.open
  }

  /** The limits of files, and the bytes that may still arrive. */
  fileSpace(): Promise<FileSpace> {
    return this.#transfers.space()
  }

  /** Rooms that are in use or have a history, including unlisted ones: tell only members about those. */
  rooms(): Promise<readonly RoomSummary[]> {
    return this.#history.watched(this.#rooms.summaries())
  }

  /** The rooms that a member is in at other hosts. */
  async roomsElsewhere(member: string): Promise<readonly string[]> {
    return (await this.#ports.sharedMembers?.roomsOf(member)) ?? []
  }

  /** A file of any room, complete or not, if this member may see it; without a member, if everybody may. */
  file(id: string, member = ''): Promise<{ readonly room: string; readonly file: RoomFile } | undefined> {
    return this.#history.watched(this.#transfers.file(id, member))
  }

  /** A file for the operators of its room, whoever sent it: complete, or arriving at another host. */
  submission(id: string): Promise<{ readonly room: string; readonly file: RoomFile } | undefined> {
    return this.#history.watched(this.#transfers.submission(id))
  }

  /** Whether the bytes of an upload arrive here, and not at another host of a cluster. */
  isHomeOf(file: RoomFile): boolean {
    return !this.#transfers.foreign.has(file)
  }

  /** A host of the cluster is lost for good. */
  forgetHost(host: string): Promise<ForgottenHost> {
    return this.#transfers.foreign.forget(host)
  }

  /** An unfinished transfer. */
  async transfer(id: string): Promise<TransferActor | undefined> {
    await this.#transfers.foreign.taken(id)
    return this.#transfers.find(id)
  }

  /** `pending` was committed and published; undefined if it was refused. */
  #published(room: RoomActor, pending: PendingBatch | undefined): void {
    if (pending?.erases === true) this.#erasures.take(room.state.name, pending.batch.entries)
    this.#rooms.grew(room)
    this.#transfers.published(room)
    this.#trimming.look(room, () => this.#slowestIn(room))
    this.#rooms.letGo(room)
  }

  /** The cursor of the room's reader that is furthest behind. */
  #slowestIn({ state: { name, last } }: RoomActor): number {
    let slowest = last
    for (const session of this.#sessions) if (session.room === name) slowest = Math.min(slowest, session.slowest)
    return slowest
  }
}

function wanted<T extends object | string | number>(value: T | Rejected): T {
  if (typeof value === 'object' && 'type' in value && value.type === 'rejected') throw new Refused(value)
  return value as T
}

const nameLost = rejected(
  'NAME_TAKEN',
  'this machine was cut off from the others, and somebody has your name there now; come in again with another',
)
const notRunning = rejected('CLOSED', 'the host is not running; start it first')
