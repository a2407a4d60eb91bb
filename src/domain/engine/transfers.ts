import { safeFileName } from '../names/safe-file-name.ts'
import type { Cancel } from '../ports/clock.ts'
import { VaultBroken, VaultMissing } from '../ports/vault.ts'
import { type Rejected, rejected } from '../rejection.ts'
import type { RoomActor } from '../room/actor.ts'
import { tell } from '../room/ask.ts'
import { admits, isSame } from '../room/audience.ts'
import type { Ack, RoomCommand } from '../room/commands.ts'
import type { OfferedFile, WholeFile } from '../room/events.ts'
import type { Member } from '../room/member.ts'
import type { RoomFile, UnfinishedFile } from '../room/state.ts'
import type { Upload, UploadMeta } from '../session.ts'
import { ProgressNews } from '../transfer/progress-news.ts'
import { IN_BAND, TransferActor } from '../transfer/transfer-actor.ts'
import { refusedUpload, UploadRun } from '../transfer/upload.ts'
import type { TransferParts } from '../transfer/writing.ts'
import type { Bandwidth } from './bandwidth.ts'
import { Evictions } from './evictions.ts'
import { findFiles } from './found-files.ts'
import type { EngineLimits } from './limits.ts'
import type { Ports } from './ports.ts'
import type { Rooms } from './rooms.ts'

const SWEEP_MS = 3_600_000
const RETRY_MS = 1000
/** Transfers may have their file open though nobody writes: just created, or just paused. */
const OPEN_PER_WRITING = 2

/** The files of a host: those on their way, and in which room each one is. */
export class Transfers {
  readonly #ports: Ports
  readonly #limits: EngineLimits
  readonly #rooms: Rooms
  readonly #bandwidth: Bandwidth
  readonly #broken: (error: unknown) => void
  readonly #open = new Map<string, TransferActor>()
  readonly #runs = new Set<UploadRun>()
  readonly #roomOf = new Map<string, string>()
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
    this.#evictions = new Evictions(ports, limits, rooms, this.#roomOf, this.#failed)
  }

  /** Finds every file again, and takes up those that were on their way when the host went down. */
  async load(): Promise<void> {
    const { journal, vault, log } = this.#ports
    const { roomOf, interrupted, gone, newest } = await findFiles(journal)
    for (const [id, room] of roomOf) this.#roomOf.set(id, room)
    const swept = await vault.sweep(new Set(interrupted.map(({ file }) => file.file.id)))
    if (swept > 0) log.info('swept leftovers of uploads', { files: swept })
    for (const { room, file } of interrupted) await this.#takeUp(room, file)
    this.#evictions.start(newest, gone)
  }

  /** Files that are being written now. */
  get arriving(): number {
    return this.#count(({ status }) => status === 'arriving')
  }

  /** Uploads in one go that are under way. */
  get runs(): number {
    return this.#runs.size
  }

  find(id: string): TransferActor | undefined {
    return this.#open.get(id)
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
   * Offers a file to the room, or to one in it; its bytes may come at any time, over any connection of its `owner`: whoever shows that they are
   * `by`, where that is left out. A `WholeFile` where the room has them already.
   */
  create(
    room: RoomActor,
    by: Member,
    meta: UploadMeta,
    owner?: string,
    id = this.#ports.ids.next(),
  ): Promise<TransferActor | WholeFile | Rejected> {
    return this.#rooms.during(room, () => this.#create(room, by, meta, owner, id))
  }

  async #create(
    room: RoomActor,
    by: Member,
    meta: UploadMeta,
    owner: string | undefined,
    id: string,
  ): Promise<TransferActor | WholeFile | Rejected> {
    const name = safeFileName(meta.name, id)
    if (typeof name !== 'string') return name
    const audience = room.audienceFor(by, meta.to)
    if (audience !== undefined && 'type' in audience) return audience
    const { size, sha256 } = meta
    const promised = { ...(size === undefined ? {} : { size }), ...(sha256 === undefined ? {} : { sha256 }) }
    const file = { id, name, ...promised, ...(audience === undefined ? {} : { audience }) }
    const known = await this.#known(room, by, file)
    if (known !== undefined) return known
    if (this.#count(({ isOpenInVault }) => isOpenInVault) >= OPEN_PER_WRITING * this.#limits.uploadsPerHost)
      return tooMany
    const full = await this.#evictions.reserve(room, id, size ?? 0)
    if (full !== undefined) return full
    const transfer = this.#track(room, by, file, undefined, owner)
    this.#roomOf.set(id, room.state.name)
    return (await transfer.begin()) ?? transfer
  }

  /** Those that are on their way. */
  get open(): readonly TransferActor[] {
    return [...this.#open.values()]
  }

  /** Sends a file in one go: what does not get through is withdrawn. */
  upload(room: RoomActor, by: Member, source: AsyncIterable<Uint8Array>, meta: UploadMeta): Upload {
    const id = this.#ports.ids.next()
    const full = this.#runs.size < this.#limits.uploadsPerHost ? this.#mayWrite() : tooMany
    if (full !== undefined) return refusedUpload(id, full)
    const run = new UploadRun(id, () => this.create(room, by, meta, IN_BAND, id), source)
    this.#runs.add(run)
    const ended = () => this.#runs.delete(run)
    run.done.then(ended, (error: unknown) => {
      ended()
      this.#failed(error)
    })
    return run
  }

  /** Ends uploads in one go; what can be continued stays, durable, for the next start. */
  async close(reason: string): Promise<void> {
    this.#status = 'closed'
    const evictions = this.#evictions.stop()
    this.#endSweep()
    for (const run of this.#runs) run.cancel(reason)
    await evictions
    await Promise.all(Array.from(this.#open.values(), (transfer) => transfer.close()))
  }

  /** What had arrived when the host went down can be continued; where nothing had, nothing ever will. */
  async #takeUp(name: string, file: RoomFile): Promise<void> {
    if (file.status !== 'offered') return
    const durable = await this.#ports.vault.durable(file.file.id)
    const room = await this.#rooms.use(name)
    try {
      const isCut = file.owner === IN_BAND && durable !== file.file.size
      if (durable === undefined || isCut) await this.#lost(room, file)
      else this.#resume(room, file, durable)
    } finally {
      this.#rooms.release(name)
    }
  }

  async #lost(room: RoomActor, { by, file: { id } }: RoomFile): Promise<void> {
    this.#roomOf.delete(id)
    await this.#ports.vault.remove(id)
    void this.#announce(room, by, { type: 'withdrawFile', file: id, reason: 'the host was restarted while it arrived' })
  }

  #resume(room: RoomActor, { by, file, owner }: UnfinishedFile, durable: number): void {
    this.#evictions.hold(file.id, room.state.name, file.size ?? durable)
    const transfer = this.#track(room, by, file, durable, owner)
    // Its last byte had arrived, and nobody was told: its sender may never come back to hear that.
    if (durable === file.size) this.#complete(transfer, durable).catch((error: unknown) => this.#failed(error))
  }

  async #complete(transfer: TransferActor, size: number): Promise<void> {
    const writing = await transfer.write(size)
    if ('type' in writing) return
    const ended = await writing.finish()
    if ('type' in ended) this.#ports.log.warn('a file that had arrived could not be finished', { code: ended.code })
  }

  #track(
    room: RoomActor,
    by: Member,
    file: OfferedFile,
    durable: number | undefined,
    owner: string | undefined,
  ): TransferActor {
    const { name } = room.state
    const { vault, clock, metrics } = this.#ports
    // The room stays as long as the transfer, even when its sender leaves.
    void this.#rooms.use(name)
    const passage = this.#bandwidth.open((bytes) => metrics.count('received_bytes', bytes))
    const news = new ProgressNews(clock, durable ?? 0, (bytes) => {
      void tell(room, by, { type: 'progressFile', file: file.id, bytes })
    })
    const parts: TransferParts = {
      vault,
      clock,
      idleMs: this.#limits.transferIdleMs,
      keptMs: this.#limits.transferKeptMs,
      announce: (fact) => this.#announce(room, by, fact),
      mayWrite: () => this.#mayWrite(),
      admit: (bytes, upTo) => {
        // One that told its size has its place since then, and gets no more.
        const place = transfer.file.size === undefined ? this.#evictions.reserve(room, file.id, upTo) : undefined
        const turn = passage.pass(bytes)
        return place === undefined && turn === undefined ? undefined : Promise.all([place, turn]).then(([why]) => why)
      },
      reached: (bytes) => news.reached(bytes, transfer.file.size),
      failed: (error) => this.#failed(error),
      ended: () => {
        this.#open.delete(file.id)
        if (this.#open.size === 0) this.#endSweep()
        if (transfer.status === 'withdrawn') this.#roomOf.delete(file.id)
        this.#evictions.release(file.id)
        this.#rooms.release(name)
      },
    }
    const transfer = new TransferActor(name, by, file, durable, parts, owner)
    this.#open.set(file.id, transfer)
    this.#sweepLater()
    return transfer
  }

  #mayWrite(): Rejected | undefined {
    if (this.#status !== 'running') return notRunning
    return this.arriving >= this.#limits.uploadsPerHost ? tooMany : undefined
  }

  #count(counts: (transfer: TransferActor) => boolean): number {
    let count = 0
    for (const transfer of this.#open.values()) if (counts(transfer)) count++
    return count
  }

  /** The room may have the same bytes already: then nothing has to be sent. What its sender may not see does not count (C115). */
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
    if (same === undefined) return undefined
    try {
      return (
        (await this.#evictions.reserve(room, id, same.size)) ??
        (await this.#again(room, by, { ...wanted, size: same.size, sha256 }, same.id))
      )
    } catch (error) {
      // The one that was there has just gone; then the bytes have to come after all.
      if (error instanceof VaultMissing) return undefined
      throw error
    } finally {
      this.#evictions.release(id)
    }
  }

  async #again(room: RoomActor, by: Member, file: WholeFile, same: string): Promise<WholeFile | Rejected> {
    const { vault } = this.#ports
    const full = await vault.duplicate(same, file.id)
    if (full !== undefined) return full
    const told = await this.#announce(room, by, { type: 'completeFile', file })
    if (told.type === 'ack') this.#roomOf.set(file.id, room.state.name)
    else await vault.remove(file.id)
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
    if (this.#open.size === 0) return
    this.#cancelSweep ??= this.#ports.clock.after(Math.min(SWEEP_MS, this.#limits.transferKeptMs), () => {
      this.#cancelSweep = undefined
      for (const transfer of this.#open.values())
        if (transfer.status === 'paused' && transfer.keptForMs === 0)
          transfer.withdraw('it was not finished in time').catch((error: unknown) => this.#failed(error))
      this.#sweepLater()
    })
  }

  #endSweep(): void {
    this.#cancelSweep?.()
    this.#cancelSweep = undefined
  }

  /** A source that breaks is its sender's trouble; only the store's is everybody's. */
  readonly #failed = (error: unknown): void => {
    if (!(error instanceof VaultBroken)) this.#ports.log.error('a transfer failed', { error: String(error) })
    else if (this.#status !== 'broken') {
      this.#status = 'broken'
      this.#broken(error)
    }
  }
}

const notRunning = rejected('CLOSED', 'the host is not running; start it first')
const tooMany = rejected(
  'TOO_MANY_FILES',
  'as many files are arriving as this host takes at once; try again in a moment',
)
