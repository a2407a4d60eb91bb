import { EMPTY } from 'rxjs'
import { checkRoomName } from '../names/room-name.ts'
import { safeFileName } from '../names/safe-file-name.ts'
import { JournalBroken } from '../ports/journal.ts'
import { type Pieces, VaultBroken, VaultMissing } from '../ports/vault.ts'
import { type Rejected, rejected } from '../rejection.ts'
import type { RoomActor } from '../room/actor.ts'
import type { Ack, ClientCommand, Mail, RoomCommand } from '../room/commands.ts'
import type { Member } from '../room/member.ts'
import { Refused, type Upload, type UploadMeta } from '../session.ts'
import { UploadRun } from '../transfer/upload.ts'
import { CommitLoop } from './commit-loop.ts'
import type { EngineLimits } from './limits.ts'
import { type Host, LocalSession } from './local-session.ts'
import type { Ports } from './ports.ts'
import { Rooms } from './rooms.ts'
import { Roster } from './roster.ts'

export interface JoinRequest {
  readonly room: string
  readonly name: string
  /** `name` is an address that a door shows for somebody without a nick: not checked, and not theirs alone. */
  readonly guest?: boolean
  /** Keeps a nick over a change of rooms: the id of whoever has it already. */
  readonly owner?: string
  /** The sequence after which `events$` begins; without it, now. */
  readonly after?: number
}

/** Where a session sits, and whose nick it uses. */
interface Place {
  readonly room: RoomActor
  readonly owner: string
  readonly ownsName: boolean
  /** Changes of name that wait for their answer. */
  renames: number
}

/** The rooms of one host. It knows no socket, file or clock but through its ports. */
export class Engine {
  readonly #ports: Ports
  readonly #limits: EngineLimits
  readonly #broken: (error: unknown) => void
  readonly #loop: CommitLoop
  readonly #rooms: Rooms
  readonly #roster = new Roster()
  readonly #sessions = new Map<LocalSession, Place>()
  readonly #uploads = new Map<string, UploadRun>()
  readonly #trimming = new Set<string>()
  #status: 'new' | 'open' | 'closed' = 'new'

  /** `broken` hears once when the journal or the vault failed for good; the host should stop then. */
  constructor(ports: Ports, limits: EngineLimits, broken: (error: unknown) => void) {
    this.#ports = ports
    this.#limits = limits
    this.#loop = new CommitLoop(ports, (room) => this.#trim(room), broken)
    this.#rooms = new Rooms(ports, limits, this.#loop.wake)
    this.#broken = broken
  }

  async start(): Promise<void> {
    await this.#ports.journal.open()
    await this.#ports.vault.open()
    const swept = await this.#ports.vault.sweep(new Set())
    if (swept > 0) this.#ports.log.info('swept leftovers of uploads', { files: swept })
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
    for (const upload of this.#uploads.values()) upload.cancel(reason)
    const left = Promise.all([...this.#sessions.keys()].map((session) => session.close(reason)))
    // At once, also where a crowd's leaving would wait for more of it.
    await this.#loop.settled()
    await left
    await this.#loop.settled()
    // An upload whose source is stuck may still want to say how it ended; the next start finds it interrupted.
    this.#loop.close(notRunning)
    await this.#ports.journal.close()
    await this.#ports.vault.close()
  }

  /** Takes a place in a room. Rejects with `Refused` where the name or the room is not to be had. */
  async join(request: JoinRequest): Promise<LocalSession> {
    if (this.#status !== 'open') throw new Refused(notRunning)
    const roomName = wanted(checkRoomName(request.room))
    const id = this.#ports.ids.next()
    const owner = request.owner ?? id
    const name = request.guest === true ? request.name : wanted(this.#roster.claim(request.name, owner))
    const ownsName = request.owner === undefined
    try {
      const room = wanted(await this.#watched(this.#rooms.use(roomName)))
      const member: Member = { id, name }
      const joined = wanted(await this.#tell(room, member, { type: 'join' }))
      const session = new LocalSession(member, room, request.after ?? joined.seq, this.#host)
      this.#sessions.set(session, { room, owner, ownsName, renames: 0 })
      return session
    } catch (error) {
      if (ownsName) this.#roster.release(owner)
      throw error
    }
  }

  /** Frees the nicks of an owner that several sessions shared. */
  forget(owner: string): void {
    this.#roster.release(owner)
  }

  /** Uploads that are under way. */
  get uploads(): number {
    return this.#uploads.size
  }

  readonly #host: Host = {
    send: (session, command) => this.#send(session, command),
    upload: (session, source, meta) => this.#upload(session, source, meta),
    download: (session, file, from, pieces) => this.#download(session, file, from, pieces),
    read: (room, after) => this.#watched(this.#ports.journal.read(room, after, this.#limits.pageEntries)),
    search: (room, query, limit) => this.#watched(this.#ports.journal.search(room, query, limit)),
    leave: (session, reason) => this.#leave(session, reason),
  }

  async #send(session: LocalSession, command: ClientCommand): Promise<Ack | Rejected> {
    const place = this.#sessions.get(session)
    if (place === undefined) return left
    if (command.type !== 'rename') return this.#ask(place.room, session.member, command)
    const name = this.#roster.claim(command.name, place.owner)
    if (typeof name !== 'string') return name
    place.renames++
    const answer = await this.#ask(place.room, session.member, { type: 'rename', name })
    // Only the last of several knows which of the names is the one to keep (C65).
    if (--place.renames === 0) this.#roster.release(place.owner, session.member.name)
    return answer
  }

  /** A journal that can't be read any more is as broken as one that can't be written. */
  #watched<T>(answer: Promise<T>): Promise<T> {
    answer.catch((error: unknown) => {
      if (error instanceof JournalBroken) this.#broken(error)
    })
    return answer
  }

  /** What a member asks: refused when too much waits already. */
  #ask(room: RoomActor, by: Member, command: ClientCommand): Promise<Ack | Rejected> {
    return new Promise((resolve) => {
      if (room.post(mail(by, command, resolve)) === 'full') resolve(busy)
    })
  }

  /** What the engine itself has to say to a room: always taken. */
  #tell(room: RoomActor, by: Member, command: RoomCommand): Promise<Ack | Rejected> {
    return new Promise((resolve) => room.tell(mail(by, command, resolve)))
  }

  #upload(session: LocalSession, source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    const id = this.#ports.ids.next()
    const place = this.#sessions.get(session)
    const name = safeFileName(meta.name, id)
    if (place === undefined) return refusedUpload(id, left)
    if (typeof name !== 'string') return refusedUpload(id, name)
    if (this.#uploads.size >= this.#limits.uploadsPerHost) return refusedUpload(id, tooMany)
    const { room } = place
    const by = session.member
    // The room stays as long as the upload, even when its sender leaves.
    void this.#rooms.use(room.state.name)
    const run = new UploadRun(id, source, { ...meta, name }, this.#ports.vault, (fact) =>
      this.#announce(room, by, fact),
    )
    this.#uploads.set(id, run)
    const ended = () => {
      this.#uploads.delete(id)
      this.#rooms.release(room.state.name)
    }
    run.done.then(ended, (error: unknown) => {
      ended()
      // A source that breaks is its sender's trouble; only the store's is everybody's.
      if (error instanceof VaultBroken) this.#broken(error)
      else this.#ports.log.error('an upload ended with an error', { error: String(error) })
    })
    return run
  }

  async #announce(room: RoomActor, by: Member, fact: RoomCommand): Promise<Ack | Rejected> {
    const answer = await this.#tell(room, by, fact)
    if (fact.type === 'withdrawFile' && answer.type === 'rejected' && answer.code === 'READ_ONLY')
      this.#announceLater(room, by, fact)
    return answer
  }

  /** A full disk takes no news; that the file is gone must be said once it does again. Until then the room stays. */
  #announceLater(room: RoomActor, by: Member, fact: RoomCommand): void {
    const { name } = room.state
    void this.#rooms.use(name)
    this.#ports.clock.after(1000, async () => {
      if (this.#status === 'open') await this.#announce(room, by, fact)
      this.#rooms.release(name)
    })
  }

  async *#download(session: LocalSession, file: string, from: number, pieces: Pieces): AsyncIterable<Uint8Array> {
    const place = this.#sessions.get(session)
    if (place?.room.state.files.has(file) !== true) throw new Refused(place === undefined ? left : noSuchFile)
    try {
      yield* this.#ports.vault.read(file, from, pieces)
    } catch (error) {
      throw error instanceof VaultMissing ? new Refused(noSuchFile) : error
    }
  }

  async #leave(session: LocalSession, reason: string): Promise<void> {
    const place = this.#sessions.get(session)
    if (place === undefined) return
    await this.#tell(place.room, session.member, { type: 'leave', reason })
    this.#sessions.delete(session)
    if (place.ownsName) this.#roster.release(place.owner)
    this.#rooms.release(session.room)
  }

  /** Forgets the oldest entries of a room whose history is full, once in a while rather than one by one. */
  #trim(room: RoomActor): void {
    const { historyEntries, readerEntries } = this.#limits
    const { name, last } = room.state
    if (last - room.first < historyEntries * 1.1 || this.#trimming.has(name)) return
    let seen = last
    for (const [session, place] of this.#sessions) if (place.room === room) seen = Math.min(seen, session.slowest)
    const upTo = Math.min(last - historyEntries, Math.max(seen, last - historyEntries - readerEntries))
    if (upTo - room.first < historyEntries / 10) return
    this.#trimming.add(name)
    this.#ports.journal.trim(name, upTo).then(
      () => {
        room.first = upTo + 1
        this.#trimming.delete(name)
      },
      (error: unknown) => this.#broken(error),
    )
  }
}

const mail = (by: Member, command: RoomCommand, answer: (answer: Ack | Rejected) => void): Mail => ({
  by,
  commands: [command],
  refused: answer,
  committed: answer,
})

function wanted<T extends object | string>(value: T | Rejected): T {
  if (typeof value === 'object' && 'type' in value && value.type === 'rejected') throw new Refused(value)
  return value as T
}

const notRunning = rejected('CLOSED', 'the host is not running; start it first')
const left = rejected('NOT_A_MEMBER', 'you have left this room; join it again')
const busy = rejected('BUSY', 'too much waits to be kept; try again in a moment')
const noSuchFile = rejected('NO_SUCH_FILE', 'this room has no such file; /files lists those it has')
const tooMany = rejected(
  'TOO_MANY_FILES',
  'as many files are arriving as this host takes at once; try again in a moment',
)

const refusedUpload = (id: string, why: Rejected): Upload => ({
  id,
  progress$: EMPTY,
  done: Promise.resolve(why),
  cancel: () => {},
})
