import { type Observable, Subject } from 'rxjs'
import { type Rejected, rejected } from '../errors.ts'
import { overFairShare } from '../file-limits.ts'
import { safeFileName } from '../names/file-name.ts'
import { canDate, FileMissing, FileStoreFailed, hasBound } from '../ports/file-store.ts'
import type { Journal } from '../ports/journal.ts'
import type { Cancel } from '../ports/system.ts'
import { type RoomActor, tell } from '../room/actor.ts'
import { type Ack, IN_BAND, type RemoveOwnFile, type RoomCommand, type WithdrawFile } from '../room/commands.ts'
import { removal } from '../room/decide.ts'
import { type Erasure, isErasure } from '../room/erasure.ts'
import { authorOf, type Member, type OfferedFile, type WholeFile } from '../room/events.ts'
import { evolve } from '../room/evolve.ts'
import { initialState, type RoomFile, type UnfinishedFile } from '../room/state.ts'
import { admits, isSame, toOperators } from '../room/visibility.ts'
import type { Upload, UploadMeta } from '../session.ts'
import { TransferActor } from '../transfer/actor.ts'
import { progressForRoom } from '../transfer/progress.ts'
import { refusedUpload, UploadRun } from '../transfer/upload.ts'
import type { TransferParts } from '../transfer/writer.ts'
import type { Bandwidth } from './bandwidth.ts'
import type { EngineLimits, Ports } from './limits.ts'
import { Evictions, expiryOf } from './retention.ts'
import type { Rooms } from './rooms.ts'
import {
  arrived,
  heldBytes,
  holderOf,
  needed,
  overShare,
  type UploadHolder,
  UploadPlaces,
  yielding,
} from './upload-places.ts'

const RETRY_MS = 1000
/** Files that are gone may be among those known by their digests, up to so many. */
const MOST_GONE = 1000
const CUT = { reason: 'the host was restarted while it arrived' }

/** The start data of a tracked file. */
interface Tracked {
  readonly holder: UploadHolder
  readonly owner: string | undefined
  /** Bytes of it that are there, and how long ago the last of them came; left out where it is new. */
  readonly durable?: number
  readonly idleMs?: number
}

/** The limits of files, and how many bytes more may come: left out where nobody knows. */
export interface FileSpace
  extends Pick<EngineLimits, 'maxFileBytes' | 'hostQuotaBytes' | 'roomQuotaBytes' | 'fileDays'> {
  readonly bytesLeft?: number
}

/** The files of a host: those on their way, and in which room each one is. */
export class Transfers {
  readonly #ports: Ports
  readonly #limits: EngineLimits
  readonly #rooms: Rooms
  readonly #bandwidth: Bandwidth
  readonly #broken: (error: unknown) => void
  readonly #opened = new Subject<TransferActor>()
  readonly #places: UploadPlaces
  readonly #roomOf = new Map<string, string>()
  /** A whole file of the host for each digest, that was there when it was noted. */
  readonly #byDigest = new Map<string, string>()
  readonly #evictions: Evictions
  #status: 'running' | 'broken' | 'closed' = 'running'
  #cancelSweep: Cancel | undefined

  constructor(
    ports: Ports,
    limits: EngineLimits,
    rooms: Rooms,
    bandwidth: Bandwidth,
    broken: (error: unknown) => void,
  ) {
    this.#ports = ports
    this.#limits = limits
    this.#rooms = rooms
    this.#bandwidth = bandwidth
    this.#broken = broken
    this.#places = new UploadPlaces(limits)
    this.#evictions = new Evictions(ports, limits, rooms, this.#roomOf, this.#failed)
  }

  /** Finds every file again, and takes up those that were on their way when the host went down. */
  async load({ roomOf, byDigest, interrupted, cleared, gone, newest, expiry }: FoundFacts): Promise<void> {
    const { fileStore, log } = this.#ports
    for (const [id, room] of roomOf) this.#roomOf.set(id, room)
    for (const [sha256, id] of byDigest) this.#byDigest.set(sha256, id)
    const swept = await fileStore.sweep(new Set(interrupted.map(({ file }) => file.file.id)))
    if (swept > 0) log.info('swept leftovers of uploads', { files: swept })
    for (const { room, file, by } of cleared) await this.#removeCleared(room, file, by)
    for (const { room, file } of interrupted) await this.#takeUp(room, file)
    this.#evictions.start(newest, gone, expiry)
  }

  /** Files that are being written now. */
  get arriving(): number {
    return this.#places.arriving.length
  }

  /** Uploads in one go that are under way. */
  get runs(): number {
    return this.#places.runs.size
  }

  find(id: string): TransferActor | undefined {
    return this.#places.find(id)
  }

  /** A file of any room, whole or on its way, where this member may see it. */
  async file(id: string, member: string): Promise<{ readonly room: string; readonly file: RoomFile } | undefined> {
    const name = this.#roomOf.get(id)
    const room = name === undefined ? undefined : await this.#rooms.use(name)
    if (name === undefined || room === undefined) return undefined
    const file = room.file(id, member)
    this.#rooms.release(name)
    return file && { room: name, file }
  }

  /**
   * Offers a file to the room, or to one in it; its bytes may come at any time, over any connection of its `owner`: `by`, where that
   * is left out. A `WholeFile` where the room has them already. `author`: under whose name it is kept, where that is not `by`.
   */
  create(
    room: RoomActor,
    by: Member,
    meta: UploadMeta,
    owner?: string,
    id = this.#ports.ids.next(),
    author = by,
  ): Promise<TransferActor | WholeFile | Rejected> {
    // Shares go by where the bytes come from, whoever their author is.
    const holder = holderOf(room, by, owner)
    return this.#rooms.during(room, () => this.#create(room, author, meta, { holder, owner }, id))
  }

  async #create(
    room: RoomActor,
    by: Member,
    meta: UploadMeta,
    { holder, owner }: Pick<Tracked, 'holder' | 'owner'>,
    id: string,
  ): Promise<TransferActor | WholeFile | Rejected> {
    const name = safeFileName(meta.name, id)
    if (typeof name !== 'string') return name
    const audience = meta.forOperators ? toOperators(by) : room.audienceFor(by, meta.to)
    if (audience !== undefined && 'type' in audience) return audience
    const { size, sha256, folder, expiresInSeconds } = meta
    const promised = {
      ...(size === undefined ? {} : { size }),
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(folder === undefined ? {} : { folder }),
      ...(expiresInSeconds === undefined ? {} : { expiresAt: this.#ports.clock.now() + expiresInSeconds * 1000 }),
    }
    const file = { id, name, ...promised, ...(audience === undefined ? {} : { audience }) }
    // What comes by a link must not tell by its digest what the room has.
    const known = meta.forOperators ? undefined : await this.#known(room, by, file)
    if (known !== undefined) return known
    await this.#measure()
    const full = this.#evictions.refusalOf(room, id, size ?? 0) ?? (await this.#places.makePlace(holder))
    if (full !== undefined) return full
    await this.#places.restOthers()
    const transfer = this.#track(room, by, file, { holder, owner })
    this.#roomOf.set(id, room.state.name)
    return (await transfer.begin()) ?? transfer
  }

  /** A whole file that is for the operators of its room, whoever sent it. */
  async submission(id: string): Promise<{ readonly room: string; readonly file: RoomFile } | undefined> {
    const name = this.#roomOf.get(id)
    if (name === undefined) return undefined
    const room = await this.#rooms.use(name)
    const found = room.state.files.get(id)
    this.#rooms.release(name)
    return found?.status === 'whole' && found.file.audience?.to === 'staff' ? { room: name, file: found } : undefined
  }

  /** Takes away a file that this member may remove: the room is told first, then the bytes go. */
  async remove(room: RoomActor, by: Member, command: RemoveOwnFile): Promise<Ack | Rejected> {
    const transfer = this.#places.find(command.file)
    if (transfer !== undefined) {
      const why = room.refusalOf(by, command)
      if (why !== undefined) return why
      await transfer.withdraw(removal(by), authorOf(by))
      if (transfer.status === 'withdrawn') return { type: 'ack', seq: room.state.last, duplicate: false }
    }
    return await this.#rooms.during(room, () => this.#evictions.remove(room, by, command))
  }

  /** Takes away all files of a room, for its owner. */
  async removeAll(room: RoomActor, by: Member): Promise<void> {
    await Promise.all(
      Array.from(room.state.files.keys(), (file) => this.remove(room, by, { type: 'removeFile', file })),
    )
  }

  /** To be called after each commit of a room. */
  published(room: RoomActor): void {
    this.#evictions.look(room)
  }

  /** Each that begins, or is taken up after a restart, from now on. */
  get opened$(): Observable<TransferActor> {
    return this.#opened.asObservable()
  }

  /** How much the host keeps of files, and how much more it may take now. */
  async space(): Promise<FileSpace> {
    const { fileStore } = this.#ports
    const { maxFileBytes, hostQuotaBytes, roomQuotaBytes, fileDays } = this.#limits
    await this.#measure()
    const bytesLeft = hasBound(fileStore) ? fileStore.bytesLeft : Number.POSITIVE_INFINITY
    const left = Number.isFinite(bytesLeft) ? { bytesLeft: Math.max(0, bytesLeft) } : {}
    return { maxFileBytes, hostQuotaBytes, roomQuotaBytes, fileDays, ...left }
  }

  /** Those that are on their way. */
  get open(): readonly TransferActor[] {
    return this.#places.open
  }

  /** Sends a file in one go: an upload that breaks off is withdrawn. */
  upload(room: RoomActor, by: Member, source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    const id = this.#ports.ids.next()
    const why = this.#notRunning ?? this.#places.refusalOfRun(holderOf(room, by))
    if (why !== undefined) return refusedUpload(id, why)
    // Without a chance of success the room need not be told.
    const begin = async () =>
      (await this.#places.mayWrite(holderOf(room, by))) ?? (await this.create(room, by, meta, IN_BAND, id))
    const run = new UploadRun(id, () => this.#rooms.during(room, begin), source)
    this.#places.runs.add(run)
    const ended = () => this.#places.runs.delete(run)
    run.done.then(ended, (error: unknown) => {
      ended()
      this.#failed(error)
    })
    return run
  }

  /** Ends uploads in one go; resumable ones stay, durable, for the next start. */
  async close(reason: string): Promise<void> {
    this.#status = 'closed'
    this.#places.close()
    const evictions = this.#evictions.stop()
    this.#endSweep()
    for (const run of this.#places.runs) run.cancel(reason)
    await evictions
    await Promise.all(this.open.map((transfer) => transfer.close()))
    this.#opened.complete()
  }

  /** After a restart: an upload with bytes can be continued; one without is over. */
  async #takeUp(name: string, file: RoomFile): Promise<void> {
    if (file.status !== 'offered') return
    const durable = await this.#ports.fileStore.durable(file.file.id)
    const room = await this.#rooms.use(name)
    try {
      const isCut = file.owner === IN_BAND && durable !== file.file.size
      if (durable === undefined || isCut) await this.#lost(room, file)
      else await this.#resume(room, file, durable)
    } finally {
      this.#rooms.release(name)
    }
  }

  async #lost(
    room: RoomActor,
    { by, file: { id } }: RoomFile,
    why: Omit<WithdrawFile, 'type' | 'file'> = CUT,
  ): Promise<void> {
    this.#roomOf.delete(id)
    await this.#ports.fileStore.remove(id)
    const fact = { type: 'withdrawFile', file: id, ...why } as const
    void this.#rooms.during(room, () => this.#announce(room, by, fact))
  }

  /** The room was cleared, and the host went down before all its files were gone. */
  async #removeCleared(name: string, file: RoomFile, by: Member): Promise<void> {
    const room = await this.#rooms.use(name)
    try {
      await this.#lost(room, file, { reason: removal(by), removedBy: by })
    } finally {
      this.#rooms.release(name)
    }
  }

  /** A restart is no getting on: it leaves a moment for its sender to come back, and no other day. */
  async #resume(room: RoomActor, { by, file, owner, at }: UnfinishedFile, durable: number): Promise<void> {
    const { fileStore, clock } = this.#ports
    const { transferKeptMs, transferEmptyMs } = this.#limits
    const last = Math.max(at, (canDate(fileStore) ? await fileStore.dateOf(file.id) : undefined) ?? 0)
    const kept = durable === 0 ? transferEmptyMs : transferKeptMs
    const idleMs = Math.min(Math.max(0, clock.now() - last), kept - Math.min(kept, transferEmptyMs))
    const transfer = this.#track(room, by, file, { holder: holderOf(room, by, owner), owner, durable, idleMs })
    // Its last byte had arrived, and nobody was told: its sender may never come back to hear that.
    if (durable === file.size) this.#complete(transfer, durable).catch((error: unknown) => this.#failed(error))
  }

  async #complete(transfer: TransferActor, size: number): Promise<void> {
    const writing = await transfer.write(size)
    if ('type' in writing) return
    const ended = await writing.finish()
    if ('type' in ended) this.#ports.log.warn('a file that had arrived could not be finished', { code: ended.code })
  }

  #track(room: RoomActor, by: Member, file: OfferedFile, { holder, owner, durable, idleMs }: Tracked): TransferActor {
    const { name } = room.state
    const { fileStore, clock, metrics, checkFolder } = this.#ports
    // The room stays as long as the transfer, even when its sender leaves.
    void this.#rooms.use(name)
    const lease = this.#bandwidth.open((bytes) => metrics.count('received_bytes', bytes))
    const parts: TransferParts = {
      fileStore,
      clock,
      idleMs: this.#limits.transferIdleMs,
      keptMs: this.#limits.transferKeptMs,
      emptyMs: this.#limits.transferEmptyMs,
      progressBytes: this.#limits.transferProgressBytes,
      announce: (fact) => this.#announce(room, by, fact),
      mayWrite: () => this.#places.mayWrite(holder),
      refusalOf: (size) => this.#evictions.refusalOf(room, file.id, size),
      admit: (bytes, upTo) => {
        const place = this.#evictions.take(room, file.id, upTo)
          ? undefined
          : this.#makeRoom(room, transfer, holder, upTo)
        const turn = bytes === 0 ? undefined : lease.pass(bytes)
        return place === undefined && turn === undefined ? undefined : Promise.all([place, turn]).then(([why]) => why)
      },
      checkFolder: ({ id, name }) => checkFolder((from) => fileStore.read(id, from, 'lent'), name),
      failed: (error) => this.#failed(error),
      ended: () => {
        this.#places.delete(file.id)
        if (this.open.length === 0) this.#endSweep()
        if (transfer.status === 'withdrawn') this.#roomOf.delete(file.id)
        else this.#share(room, file.id)
        this.#evictions.release(file.id)
        this.#rooms.release(name)
      },
    }
    const transfer: TransferActor = new TransferActor(name, by, file, durable, parts, owner, idleMs)
    this.#places.add(transfer, holder)
    // Offer and end are commands that are awaited; progress may be told a moment later, or not at all.
    transfer.events$
      .pipe(progressForRoom(clock, durable ?? 0, () => transfer.file.size))
      .subscribe((bytes) => void tell(room, by, { type: 'progressFile', file: file.id, bytes }))
    this.#opened.next(transfer)
    this.#evictions.await(room, file.id, durable ?? 0)
    this.#evictions.expire(expiryOf(room.state.rules, file, clock.now()))
    this.#sweepLater()
    return transfer
  }

  /** The same bytes are kept once on the host, in whatever room they are. Nobody is told. */
  #share(room: RoomActor, id: string): void {
    const known = room.state.files.get(id)
    if (known?.status !== 'whole') return
    const { sha256 } = known.file
    const same = this.#byDigest.get(sha256)
    if (same === undefined || !this.#roomOf.has(same)) this.#byDigest.set(sha256, id)
    else if (same !== id) this.#ports.fileStore.share(same, id).catch((error: unknown) => this.#failed(error))
    if (this.#byDigest.size <= 2 * this.#roomOf.size + MOST_GONE) return
    for (const [digest, file] of this.#byDigest) if (!this.#roomOf.has(file)) this.#byDigest.delete(digest)
  }

  get #notRunning(): Rejected | undefined {
    return this.#status === 'running' ? undefined : notRunning
  }

  /** Makes space for the received bytes by evicting older files; no more for the unfinished uploads of one person or address than their share. */
  async #makeRoom(
    room: RoomActor,
    { id }: TransferActor,
    holder: UploadHolder,
    upTo: number,
  ): Promise<Rejected | undefined> {
    await this.#measure()
    for (;;) {
      const all = this.#places
        .views(({ status }, isSlow) => status === 'paused' || isSlow)
        .filter((each) => each.id !== id)
      const shared = this.#evictions.shared(room)
      const over = upTo === 0 ? undefined : overShare(all, holder, arrived, upTo, shared.bytes)
      const why =
        over === undefined
          ? await this.#evictions.reserve(room, id, upTo)
          : overFairShare(over.by, heldBytes(over.uploads), shared)
      if (why === undefined || why.code !== 'DISK_FULL' || upTo === 0) return why
      const isRoomFull = over === undefined && why.limit?.of === 'room'
      const here = isRoomFull ? all.filter(({ id }) => this.#roomOf.get(id) === room.state.name) : all
      const gives = yielding(over?.uploads ?? here, holder, arrived)
      if (gives === undefined) return why
      await this.#places.find(gives.id)?.withdraw(needed)
    }
  }

  /** A file store that shares its disk with others looks anew before somebody is refused. */
  async #measure(): Promise<void> {
    const { fileStore } = this.#ports
    if (hasBound(fileStore)) await fileStore.measure()
  }

  /** The room may have the same bytes already: then nothing has to be sent. Files that the sender may not see do not count (C115). */
  async #known(room: RoomActor, by: Member, wanted: OfferedFile): Promise<WholeFile | Rejected | undefined> {
    const { id, name, sha256, audience } = wanted
    if (sha256 === undefined) return undefined
    const reader = room.reader(by.id)
    let same: WholeFile | undefined
    for (const each of room.state.files.values()) {
      if (each.status !== 'whole' || each.file.sha256 !== sha256 || !admits(each.file.audience, reader)) continue
      if (each.file.name === name && isSame(each.file.audience, audience)) return each.file
      same = each.file
    }
    // Nothing goes for a digest that is only told: where there is no room, the bytes have to come.
    if (same === undefined || !this.#evictions.take(room, id, same.size)) return undefined
    try {
      return await this.#again(room, by, { ...wanted, size: same.size, sha256 }, same.id)
    } catch (error) {
      // The one that was there has just gone; then the bytes have to come after all.
      if (error instanceof FileMissing) return undefined
      throw error
    } finally {
      this.#evictions.release(id)
    }
  }

  async #again(room: RoomActor, by: Member, file: WholeFile, same: string): Promise<WholeFile | Rejected> {
    const { fileStore } = this.#ports
    const full = await fileStore.duplicate(same, file.id)
    if (full !== undefined) return full
    const told = await this.#announce(room, by, { type: 'completeFile', file })
    if (told.type === 'ack') {
      this.#roomOf.set(file.id, room.state.name)
      this.#evictions.expire(expiryOf(room.state.rules, file, this.#ports.clock.now()))
    } else await fileStore.remove(file.id)
    return told.type === 'ack' ? file : told
  }

  async #announce(room: RoomActor, by: Member, fact: RoomCommand): Promise<Ack | Rejected> {
    const answer = await tell(room, by, fact)
    if (fact.type === 'withdrawFile' && answer.type === 'rejected' && answer.code === 'READ_ONLY')
      this.#announceLater(room, by, fact)
    return answer
  }

  /** A full disk takes no news; that the file is gone must be said once it does again. Until then the room stays. */
  #announceLater(room: RoomActor, by: Member, fact: RoomCommand): void {
    const { name } = room.state
    void this.#rooms.use(name)
    this.#ports.clock.after(RETRY_MS, async () => {
      if (this.#status === 'running') await this.#announce(room, by, fact)
      this.#rooms.release(name)
    })
  }

  /** While there are any. */
  #sweepLater(): void {
    if (this.open.length === 0) return
    const { transferKeptMs, transferEmptyMs } = this.#limits
    // To the moment: an upload of which nothing comes is gone after `transferEmptyMs`, whenever it began.
    const due = this.open.map(({ keptForMs }) => keptForMs).filter((ms) => ms > 0)
    this.#cancelSweep ??= this.#ports.clock.after(Math.min(transferKeptMs, transferEmptyMs, ...due), () => {
      this.#cancelSweep = undefined
      for (const transfer of this.open)
        if (
          transfer.keptForMs === 0 &&
          (transfer.status === 'paused' || (transfer.owner === IN_BAND && transfer.isEmpty))
        )
          this.#places.end(transfer, 'it was not finished in time').catch((error: unknown) => this.#failed(error))
      this.#sweepLater()
    })
  }

  #endSweep(): void {
    this.#cancelSweep?.()
    this.#cancelSweep = undefined
  }

  /** A source that breaks is its sender's trouble; only the store's is everybody's. */
  readonly #failed = (error: unknown): void => {
    if (!(error instanceof FileStoreFailed)) this.#ports.log.error('a transfer failed', { error: String(error) })
    else if (this.#status !== 'broken') {
      this.#status = 'broken'
      this.#places.close()
      this.#broken(error)
    }
  }
}

/** What a starting host finds in the facts of its rooms. */
export interface FoundFacts {
  /** The room of each file, by the file's id. */
  readonly roomOf: ReadonlyMap<string, string>
  /** The id of a whole file for each digest. */
  readonly byDigest: ReadonlyMap<string, string>
  /** Those that were on their way. */
  readonly interrupted: readonly { readonly room: string; readonly file: RoomFile }[]
  /** Those of a room that was cleared since they came, and by whom. */
  readonly cleared: readonly { readonly room: string; readonly file: RoomFile; readonly by: Member }[]
  /** Ids of those that were withdrawn. */
  readonly gone: readonly string[]
  /** When the newest fact became one, in milliseconds since 1970. */
  readonly newest: number | undefined
  /** When the first one expires that has a time of its own; infinite where none has. */
  readonly expiry: number
  /** By which messages of a room were removed. */
  readonly erasures: ReadonlyMap<string, readonly Erasure[]>
}

export async function findFacts(journal: Journal): Promise<FoundFacts> {
  const roomOf = new Map<string, string>()
  const byDigest = new Map<string, string>()
  const interrupted: { room: string; file: RoomFile }[] = []
  const cleared: { room: string; file: RoomFile; by: Member }[] = []
  const gone: string[] = []
  const erasures = new Map<string, Erasure[]>()
  let newest: number | undefined
  let expiry = Number.POSITIVE_INFINITY
  for (const room of (await journal.rooms()).keys()) {
    const state = initialState(room)
    const removals: Erasure[] = []
    const clearedBy = new Map<string, Member>()
    for (const fact of await journal.facts(room)) {
      evolve(state, fact)
      newest = Math.max(newest ?? 0, fact.at)
      if (fact.type === 'fileWithdrawn') gone.push(fact.file.id)
      if (isErasure(fact)) removals.push(fact)
      if (fact.type === 'cleared') for (const id of state.files.keys()) clearedBy.set(id, fact.by)
    }
    erasures.set(room, removals)
    for (const [id, file] of state.files) {
      roomOf.set(id, room)
      expiry = Math.min(expiry, expiryOf(state.rules, file.file, file.at))
      const by = clearedBy.get(id)
      if (by !== undefined) cleared.push({ room, file, by })
      else if (file.status === 'offered') interrupted.push({ room, file })
      else byDigest.set(file.file.sha256, id)
    }
  }
  return { roomOf, byDigest, interrupted, cleared, gone, newest, expiry, erasures }
}

const notRunning = rejected('CLOSED', 'the host is not running; start it first')
