import { type Observable, Subject } from 'rxjs'
import { type Rejected, rejected } from '../errors.ts'
import { safeFileName } from '../names/file-name.ts'
import { canDate, FileMissing, FileStoreFailed, isSharedFileStore } from '../ports/file-store.ts'
import type { Cancel } from '../ports/system.ts'
import { type RoomActor, tell } from '../room/actor.ts'
import { type Ack, IN_BAND, type RemoveOwnFile, type RoomCommand, type WithdrawFile } from '../room/commands.ts'
import { removal } from '../room/decide.ts'
import { authorOf, type Member, type OfferedFile, type WholeFile } from '../room/events.ts'
import { expiryOf } from '../room/expiry.ts'
import type { RoomFile, UnfinishedFile } from '../room/state.ts'
import { isSame, toOperators } from '../room/visibility.ts'
import type { Upload, UploadMeta } from '../session.ts'
import { TransferActor } from '../transfer/actor.ts'
import { progressForRoom } from '../transfer/progress.ts'
import { refusedUpload, UploadRun } from '../transfer/upload.ts'
import type { TransferParts } from '../transfer/writer.ts'
import type { Bandwidth } from './bandwidth.ts'
import { Evictions } from './evictions.ts'
import { FileLedger } from './file-ledger.ts'
import { ForeignFiles } from './foreign-files.ts'
import type { FoundFacts } from './found-facts.ts'
import { KnownFiles } from './known-files.ts'
import type { EngineLimits, Ports } from './limits.ts'
import { type FileSpace, Quotas } from './quotas.ts'
import type { Rooms } from './rooms.ts'
import { holderOf, type UploadHolder, UploadPlaces } from './upload-places.ts'

const RETRY_MS = 1000
const CUT = { reason: 'the host was restarted while it arrived' }

/** The data to start tracking a file. */
interface Tracked {
  readonly holder: UploadHolder
  readonly owner: string | undefined
  /** Bytes received earlier, and the time since the last of them; left out for a new file. */
  readonly durable?: number
  readonly idleMs?: number
}

/** The files of a host: its unfinished ones, and the room of each file. */
export class Transfers {
  readonly #ports: Ports
  readonly #limits: EngineLimits
  readonly #rooms: Rooms
  readonly #bandwidth: Bandwidth
  readonly #broken: (error: unknown) => void
  readonly #opened = new Subject<TransferActor>()
  readonly #places: UploadPlaces
  readonly #ledger = new FileLedger()
  readonly #evictions: Evictions
  readonly #quotas: Quotas
  readonly #known: KnownFiles
  /** The files of other hosts. */
  readonly foreign: ForeignFiles
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
    this.#evictions = new Evictions(ports, limits, rooms, this.#ledger, this.#failed)
    this.#quotas = new Quotas(ports, limits, { ledger: this.#ledger, evictions: this.#evictions, places: this.#places })
    this.#known = new KnownFiles(ports.fileStore, this.#ledger, this.#failed)
    const parts = {
      rooms,
      ledger: this.#ledger,
      evictions: this.#evictions,
      places: this.#places,
      failed: this.#failed,
      resume: (room: RoomActor, file: UnfinishedFile, durable: number) => this.#resume(room, file, durable),
    }
    this.foreign = new ForeignFiles(isSharedFileStore(ports.fileStore) ? ports.fileStore : undefined, parts)
  }

  /** Finds every file again, and continues uploads that were in progress when the host went down. */
  async load({ roomOf, byDigest, interrupted, cleared, moved, gone, newest, expiry }: FoundFacts): Promise<void> {
    const { fileStore, log } = this.#ports
    for (const [id, room] of roomOf) this.#ledger.add(id, room)
    this.#known.load(byDigest)
    const own = interrupted.filter(({ file }) => !this.foreign.has(file))
    const swept = await fileStore.sweep(new Set(own.map(({ file }) => file.file.id)))
    if (swept > 0) log.info('swept leftovers of uploads', { files: swept })
    await this.foreign.recheck(moved)
    for (const { room, file, by } of cleared) await this.#removeCleared(room, file, by)
    for (const { room, file } of own) await this.#takeUp(room, file)
    this.#evictions.start(newest, gone, expiry)
    this.foreign.started(roomOf.keys(), new Set(interrupted.map(({ file }) => file.file.id)))
  }

  /** Number of files being written. */
  get arriving(): number {
    return this.#places.arriving.length
  }

  /** Number of uploads in a single request in progress. */
  get runs(): number {
    return this.#places.runs.size
  }

  find(id: string): TransferActor | undefined {
    return this.#places.find(id)
  }

  /** A file of any room, complete or not, if this member may see it. */
  async file(id: string, member: string): Promise<{ readonly room: string; readonly file: RoomFile } | undefined> {
    const name = this.#ledger.roomOf(id)
    const room = name === undefined ? undefined : await this.#rooms.use(name)
    if (name === undefined || room === undefined) return undefined
    const file = room.file(id, member)
    this.#rooms.release(name)
    return file && { room: name, file }
  }

  /**
   * Offers a file to the room, or to one member of it. Its bytes may arrive at any time, over any connection of its `owner` (left out:
   * `by`). Answers a `WholeFile` if the room already has them. `author`: the member under whose name it is kept, if not `by`.
   */
  create(
    room: RoomActor,
    by: Member,
    meta: UploadMeta,
    owner?: string,
    id = this.#ports.ids.next(),
    author = by,
  ): Promise<TransferActor | WholeFile | Rejected> {
    // Shares belong to the origin of the bytes, whatever author is given.
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
    // A link must not reveal by a digest which files the room has.
    const known = meta.forOperators ? undefined : this.#known.find(room, by, file)
    const again = known && (await this.#again(room, by, file, known))
    if (again !== undefined) return again
    await this.#quotas.measure()
    const full = this.#quotas.refusalOf(room, id, size ?? 0) ?? (await this.#places.makePlace(holder))
    if (full !== undefined) return full
    await this.#places.restOthers()
    const transfer = this.#track(room, by, file, { holder, owner })
    this.#ledger.add(id, room.state.name)
    return (await transfer.begin()) ?? transfer
  }

  /** A file for the operators of its room, whoever sent it: complete, or arriving at another host. */
  async submission(id: string): Promise<{ readonly room: string; readonly file: RoomFile } | undefined> {
    const name = this.#ledger.roomOf(id)
    if (name === undefined) return undefined
    const room = await this.#rooms.use(name)
    const found = room.state.files.get(id)
    this.#rooms.release(name)
    if (found?.file.audience?.to !== 'staff') return undefined
    return found.status === 'whole' || this.foreign.has(found) ? { room: name, file: found } : undefined
  }

  /** Removes a file on behalf of a member with the right to do so: the room is told first, then the bytes go. */
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

  /** Removes all files of a room on behalf of its owner. */
  async removeAll(room: RoomActor, by: Member): Promise<void> {
    await Promise.all(
      Array.from(room.state.files.keys(), (file) => this.remove(room, by, { type: 'removeFile', file })),
    )
  }

  /** To be called after each commit of a room. */
  published(room: RoomActor): void {
    this.#evictions.look(room)
  }

  /** Each transfer that begins, or continues after a restart, from now on. */
  get opened$(): Observable<TransferActor> {
    return this.#opened.asObservable()
  }

  /** The space that files take on the host, and the space left. */
  space(): Promise<FileSpace> {
    return this.#quotas.space()
  }

  /** The unfinished transfers. */
  get open(): readonly TransferActor[] {
    return this.#places.open
  }

  /** Sends a file in a single request: an upload that breaks off is withdrawn. */
  upload(room: RoomActor, by: Member, source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    const id = this.#ports.ids.next()
    const why = this.#notRunning ?? this.#places.refusalOfRun(holderOf(room, by))
    if (why !== undefined) return refusedUpload(id, why)
    // Without a chance of success the room is not told.
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

  /** Ends uploads in a single request. Resumable ones stay, durable, for the next start. */
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

  /** After a restart: an upload with bytes can be continued, one without is over. */
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
    this.#ledger.delete(id)
    await this.#ports.fileStore.remove(id)
    const fact = { type: 'withdrawFile', file: id, ...why } as const
    void this.#rooms.during(room, () => this.#announce(room, by, fact))
  }

  /** The room was cleared, and the host went down before all its files were removed. */
  async #removeCleared(name: string, file: RoomFile, by: Member): Promise<void> {
    const room = await this.#rooms.use(name)
    try {
      await this.#lost(room, file, { reason: removal(by), removedBy: by })
    } finally {
      this.#rooms.release(name)
    }
  }

  /** A restart is no progress: the sender gets a moment to come back, not another day. */
  async #resume(room: RoomActor, { by, file, owner, at }: UnfinishedFile, durable: number): Promise<void> {
    const { fileStore, clock } = this.#ports
    const { transferKeptMs, transferEmptyMs } = this.#limits
    const last = Math.max(at, (canDate(fileStore) ? await fileStore.dateOf(file.id) : undefined) ?? 0)
    const kept = durable === 0 ? transferEmptyMs : transferKeptMs
    const idleMs = Math.min(Math.max(0, clock.now() - last), kept - Math.min(kept, transferEmptyMs))
    const transfer = this.#track(room, by, file, { holder: holderOf(room, by, owner), owner, durable, idleMs })
    // Its last byte had arrived, and nobody was told. Its sender may never come back to be told.
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
    // The room stays in use as long as the transfer, even when its sender leaves.
    void this.#rooms.use(name)
    const lease = this.#bandwidth.open((bytes) => metrics.count('received_bytes', bytes))
    const parts: TransferParts = {
      fileStore,
      clock,
      idleMs: this.#limits.transferIdleMs,
      keptMs: this.#limits.transferKeptMs,
      emptyMs: this.#limits.transferEmptyMs,
      progressBytes: this.#limits.transferProgressBytes,
      announce: (fact) => this.#announce(room, by, this.foreign.fromHere(fact)),
      mayWrite: () => this.#places.mayWrite(holder),
      refusalOf: (size) => this.#quotas.refusalOf(room, file.id, size),
      admit: (bytes, upTo) => {
        const place = this.#quotas.take(room, file.id, upTo)
          ? undefined
          : this.#quotas.makeRoom(room, transfer, holder, upTo)
        const turn = bytes === 0 ? undefined : lease.pass(bytes)
        return place === undefined && turn === undefined ? undefined : Promise.all([place, turn]).then(([why]) => why)
      },
      checkFolder: ({ id, name }) => checkFolder((from) => fileStore.read(id, from, 'lent'), name),
      failed: (error) => this.#failed(error),
      ended: () => {
        this.#places.delete(file.id)
        if (this.open.length === 0) this.#endSweep()
        if (transfer.status !== 'withdrawn') this.#known.add(room, file.id)
        else if (!this.foreign.hasMoved(room.state.files.get(file.id))) this.#ledger.delete(file.id)
        this.#ledger.release(file.id)
        this.#evictions.sweepLater()
        this.#rooms.release(name)
      },
    }
    const transfer: TransferActor = new TransferActor(name, by, file, durable, parts, owner, idleMs)
    this.#places.add(transfer, holder)
    // Offer and end are awaited commands; progress may be published later, or not at all.
    transfer.events$
      .pipe(progressForRoom(clock, durable ?? 0, () => transfer.file.size))
      .subscribe((bytes) => void tell(room, by, { type: 'progressFile', file: file.id, bytes }))
    this.#opened.next(transfer)
    this.#quotas.await(room, file.id, durable ?? 0)
    this.#evictions.expire(expiryOf(room.state.rules, file, clock.now()))
    this.#sweepLater()
    return transfer
  }

  get #notRunning(): Rejected | undefined {
    return this.#status === 'running' ? undefined : notRunning
  }

  /** Offers bytes that the room already has; undefined if they have to be sent after all. */
  async #again(
    room: RoomActor,
    by: Member,
    wanted: OfferedFile,
    known: WholeFile,
  ): Promise<WholeFile | Rejected | undefined> {
    if (known.name === wanted.name && isSame(known.audience, wanted.audience)) return known
    const { id } = wanted
    const file = { ...wanted, size: known.size, sha256: known.sha256 }
    // An announced digest evicts no file: without free space, the bytes have to be sent.
    if (!this.#quotas.take(room, id, file.size)) return undefined
    try {
      const full = await this.#ports.fileStore.duplicate(known.id, id)
      if (full !== undefined) return full
      const told = await this.#announce(room, by, { type: 'completeFile', file })
      if (told.type === 'ack') {
        this.#ledger.add(id, room.state.name)
        this.#evictions.expire(expiryOf(room.state.rules, file, this.#ports.clock.now()))
      } else await this.#ports.fileStore.remove(id)
      return told.type === 'ack' ? file : told
    } catch (error) {
      // The stored file has just been removed.
      if (error instanceof FileMissing) return undefined
      throw error
    } finally {
      this.#ledger.release(id)
      this.#evictions.sweepLater()
    }
  }

  async #announce(room: RoomActor, by: Member, fact: RoomCommand): Promise<Ack | Rejected> {
    if (fact.type === 'completeFile') this.#ledger.settle(fact.file.id, room.state.name)
    const answer = await tell(room, by, fact)
    if (fact.type === 'withdrawFile' && answer.type === 'rejected' && answer.code === 'READ_ONLY')
      this.#announceLater(room, by, fact)
    return answer
  }

  /** A full disk takes no news. The removal of a file must be told once it can be; until then the room stays in use. */
  #announceLater(room: RoomActor, by: Member, fact: RoomCommand): void {
    const { name } = room.state
    void this.#rooms.use(name)
    this.#ports.clock.after(RETRY_MS, async () => {
      if (this.#status === 'running') await this.#announce(room, by, fact)
      this.#rooms.release(name)
    })
  }

  /** Schedules the next sweep while there are transfers. */
  #sweepLater(): void {
    if (this.open.length === 0) return
    const { transferKeptMs, transferEmptyMs } = this.#limits
    // To the millisecond: an upload without bytes is withdrawn after `transferEmptyMs`, whenever it began.
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

  /** A failing source is its sender's problem; a failing store is everybody's. */
  readonly #failed = (error: unknown): void => {
    if (!(error instanceof FileStoreFailed)) this.#ports.log.error('a transfer failed', { error: String(error) })
    else if (this.#status !== 'broken') {
      this.#status = 'broken'
      this.#places.close()
      this.#broken(error)
    }
  }
}

const notRunning = rejected('CLOSED', 'the host is not running; start it first')
