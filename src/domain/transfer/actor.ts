import { type Observable, Subject } from 'rxjs'
import { SerialQueue } from '../async/serial-queue.ts'
import { type Rejected, rejected } from '../errors.ts'
import { bytesOf, type Digest, type FileWriter } from '../ports/file-store.ts'
import { IN_BAND, type OfferFile } from '../room/commands.ts'
import type { Member, OfferedFile, WholeFile } from '../room/events.ts'
import {
  decideTransfer,
  evolveTransfer,
  fenced,
  newTransfer,
  notOwner,
  type Progressed,
  statusOf,
  type Transfer,
  type TransferCommand,
  type TransferEvent,
  type TransferStatus,
} from './transfer.ts'
import { type TransferParts, WriterLease, type Writing } from './writer.ts'

/** Progress is published at most this often. */
const PROGRESS_MS = 100

/**
 * One unfinished file. It survives its connections and, through its file store, restarts of the host. Bytes go to the file store one
 * call at a time; a new writer fences off the one before (C110).
 */
export class TransferActor {
  readonly id: string
  readonly room: string
  readonly by: Member
  /** The person who may continue and end it: the sender's id, or an identifier by which the server recognises the sender. */
  readonly owner: string
  readonly #parts: TransferParts
  #transfer: Transfer
  #file: OfferedFile
  readonly #held: WriterLease
  /** The writer's number, which rises with each writer. There is no writer when `#writing` differs. */
  #epoch = 0
  #writing = 0
  /** A file writer takes one call at a time. */
  readonly #queue: SerialQueue
  /** Time of the last progress, and the offset at that time. */
  #touched: number
  #touchedAt: number
  /** Start of the present writer. */
  #tookAt = 0
  /** Appends that wait for this transfer: for their turn, for space, for the disk. */
  #waiting = 0
  /** The reason for which the writer before was stopped. */
  #interrupted: { readonly epoch: number; readonly why: Rejected } | undefined
  #closed = false
  readonly #events = new Subject<TransferEvent>()
  #progressAt = Number.NEGATIVE_INFINITY
  /** The room has been told of it. */
  #offered: boolean

  /** `durable` bytes are in the file store, the last of which arrived `idleMs` ago. Undefined: a new file, and `begin` comes first. */
  constructor(
    room: string,
    by: Member,
    file: OfferedFile,
    durable: number | undefined,
    parts: TransferParts,
    owner = by.id,
    idleMs = 0,
  ) {
    this.id = file.id
    this.room = room
    this.by = by
    this.owner = owner
    this.#file = file
    this.#parts = parts
    this.#queue = new SerialQueue((error) => parts.failed(error))
    this.#held = new WriterLease(file.id, parts, durable !== undefined)
    this.#transfer = evolveTransfer(newTransfer, { type: 'offered', file })
    this.#apply({ type: 'pause', durable: durable ?? 0 })
    this.#offered = durable !== undefined
    this.#touched = parts.clock.elapsed() - idleMs
    this.#touchedAt = durable ?? 0
  }

  /**
   * Its events from now on; completes after `completed` or `withdrawn`, and when the host stops. Progress comes at most every 100 ms. No
   * error channel: a failure is `withdrawn` or `paused`.
   */
  get events$(): Observable<TransferEvent> {
    return this.#events.asObservable()
  }

  /** Whether it belongs to this owner: the id of a member, or an identifier by which the server recognises the sender. */
  isOf(owner: string): boolean {
    return this.owner !== IN_BAND && (owner === this.owner || owner === this.by.id)
  }

  /** As described by the sender: with `size` and `sha256` if given. */
  get file(): OfferedFile {
    return this.#file
  }

  get status(): TransferStatus {
    return statusOf(this.#transfer)
  }

  /** Bytes that would survive a crash: the only offset that is promised (C109). */
  get durable(): number {
    if (!('durable' in this.#transfer)) return this.#file.size ?? 0
    return Math.max(this.#transfer.durable, this.#held.durable ?? 0)
  }

  get isOpenInFileStore(): boolean {
    return this.#held.isOpen
  }

  /** Milliseconds of the clock's `elapsed` until it is withdrawn for lack of progress; 0 when that is due. */
  get keptForMs(): number {
    const { keptMs, emptyMs, clock } = this.#parts
    const ms = this.durable === 0 ? Math.min(keptMs, emptyMs) : keptMs
    return Math.max(0, this.#touched + ms - clock.elapsed())
  }

  /** No bytes have arrived, and none wait for their turn. */
  get isEmpty(): boolean {
    return this.#touchedAt === 0 && this.#waiting === 0 && this.durable === 0
  }

  /** Time of the last progress, by the clock's `elapsed`. */
  get touched(): number {
    return this.#touched
  }

  /** Whether the writer has made no progress for `ms`, without waiting for the host. */
  isSlow(ms: number): boolean {
    const since = Math.max(this.#touched, this.#tookAt)
    return this.status === 'arriving' && this.#waiting === 0 && this.#parts.clock.elapsed() - since >= ms
  }

  /** Milliseconds since 1970. */
  get expiresAt(): number {
    return this.#parts.clock.now() + this.keptForMs
  }

  /** Offers a new file to the room, after the file store has checked its size against the limits. */
  begin(): Promise<Rejected | undefined> {
    return this.#queue.run(async () => {
      const why = await this.#offer()
      return why === undefined ? undefined : await this.#refused(why)
    })
  }

  /** Sets the size that was unknown at first. */
  async setSize(size: number): Promise<Rejected | undefined> {
    if (size === this.#file.size) return undefined
    const why = this.#parts.refusalOf(size) ?? this.#apply({ type: 'declare', size })
    if (why !== undefined) return why
    this.#file = { ...this.#file, size }
    const told = await this.#parts.announce(this.#offering)
    return told.type === 'rejected' ? told : undefined
  }

  /** Sets the digest that was unknown at first: the file is published only if it matches. */
  promise(sha256: string): Rejected | undefined {
    const why = this.#apply({ type: 'promise', sha256 })
    if (why === undefined) this.#file = { ...this.#file, sha256 }
    return why
  }

  /** Size and digest of the durable bytes, by which a sender sees whether it has the same file (C111). */
  prefix(): Promise<Digest | Rejected> {
    return this.#queue.run(async () => {
      const writer = await this.#open()
      if ('type' in writer) return writer
      return (await this.#sync(writer)) ?? { size: writer.offset, sha256: writer.digest() }
    })
  }

  /** The durable offset, after writing in progress. Asked while the file is being completed, it answers the whole size. */
  offset(): Promise<number> {
    return this.#queue.run(async () => this.durable)
  }

  /** Replaces the writer. `BAD_OFFSET` unless `offset` is the durable offset, which is then answered as `durable`. */
  write(offset: number): Promise<Writing | Rejected> {
    const epoch = ++this.#epoch
    return this.#queue.run(async () => {
      if (epoch !== this.#epoch) return fenced
      const writer = (this.status === 'arriving' ? undefined : await this.#parts.mayWrite()) ?? (await this.#open())
      return 'type' in writer ? writer : await this.#take(epoch, writer, offset)
    })
  }

  /**
   * The same for a sender who is not its owner but has the same file, which the digest of the durable bytes proves. Only without a
   * writer, and only for a file with an announced digest, so that their bytes cannot turn it into another.
   */
  adopt(offset: number, prefix: string): Promise<Writing | Rejected> {
    return this.#queue.run(async () => {
      if (this.status !== 'paused' || this.durable === 0 || this.#file.sha256 === undefined) return notOwner
      const writer = (await this.#parts.mayWrite()) ?? (await this.#open())
      if ('type' in writer) return writer
      const why = await this.#sync(writer)
      if (why !== undefined) return why
      return writer.digest() === prefix ? await this.#take(++this.#epoch, writer, offset) : notOwner
    })
  }

  async #take(epoch: number, writer: FileWriter, offset: number): Promise<Writing | Rejected> {
    const why =
      (await this.#sync(writer)) ??
      this.#apply({ type: 'write', writer: String(epoch), offset, durable: writer.durable })
    if (why !== undefined) {
      this.#rest(writer)
      this.#finishIfComplete()
      return why
    }
    this.#writing = epoch
    this.#tookAt = this.#parts.clock.elapsed()
    this.#held.keep()
    return this.#writingOf(epoch, writer)
  }

  /** Stops the writer, who may continue later. */
  interrupt(why: Rejected): Promise<void> {
    this.#interrupted = { epoch: this.#epoch, why }
    const epoch = ++this.#epoch
    return this.#queue.run(async () => {
      if (this.status !== 'arriving' || epoch !== this.#epoch) return
      const writer = await this.#open()
      if (!('type' in writer) && (await this.#sync(writer)) === undefined) this.#rest(writer)
    })
  }

  /** Closes its file if there is no writer. */
  rest(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.status === 'paused') await this.#suspend()
    })
  }

  /** Withdraws it: nothing of it stays, and the room is told. Idempotent. */
  withdraw(reason: string, removedBy?: Member): Promise<void> {
    this.#epoch++
    return this.#queue.run(() => this.#withdraw(reason, removedBy))
  }

  /** The host stops: received bytes are made durable, and writing ends. */
  close(): Promise<void> {
    this.#epoch++
    this.#closed = true
    return this.#queue.run(async () => {
      await this.#suspend()
      this.#events.complete()
    })
  }

  #writingOf(epoch: number, writer: FileWriter): Writing {
    const ifMine = <T>(run: () => Promise<T>): Promise<T | Rejected> =>
      this.#queue.run(async () => {
        if (epoch === this.#epoch && this.#writing === epoch) return await run()
        return this.#interrupted?.epoch === epoch ? this.#interrupted.why : fenced
      })
    return {
      get offset() {
        return writer.offset
      },
      // Outside the queue: a writer that waits for the caps must not keep the next one out. A file that is too large stays too large;
      // space may become free.
      append: (...pieces) => {
        const bytes = bytesOf(pieces)
        const append = () => ifMine(() => this.#append(epoch, writer, pieces))
        const wait = this.#parts.admit(bytes, writer.offset + bytes)
        const appended =
          wait?.then((why) =>
            why?.code === 'FILE_TOO_LARGE' ? ifMine(() => this.#refused(why)) : (why ?? append()),
          ) ?? append()
        return this.#whileWaiting(appended)
      },
      pause: async () => {
        await ifMine(() => this.#pause(writer))
        return this.durable
      },
      finish: () => this.#whileWaiting(ifMine(() => this.#finish(epoch, writer))),
    }
  }

  #whileWaiting<T>(done: Promise<T>): Promise<T> {
    this.#waiting++
    return done.finally(() => {
      this.#waiting--
    })
  }

  get #offering(): OfferFile {
    return { type: 'offerFile', file: this.#file, ...(this.owner === this.by.id ? {} : { owner: this.owner }) }
  }

  async #offer(): Promise<Rejected | undefined> {
    const writer = await this.#open()
    if ('type' in writer) return writer
    const told = await this.#parts.announce(this.#offering)
    if (told.type === 'rejected') return told
    this.#offered = true
    this.#events.next({ type: 'offered', file: this.#file })
    return undefined
  }

  async #append(epoch: number, writer: FileWriter, pieces: readonly Uint8Array[]): Promise<Rejected | undefined> {
    const { size } = this.#file
    if (size !== undefined && writer.offset + bytesOf(pieces) > size)
      return rejected('BAD_OFFSET', `this file has ${size} bytes, as was said, and more than that came`)
    const why =
      (await writer.append(...pieces)) ??
      this.#apply({ type: 'advance', writer: String(epoch), bytes: writer.offset, durable: writer.durable })
    if (why !== undefined) return await this.#refused(why)
    this.#gotTo(writer.offset)
    return undefined
  }

  async #pause(writer: FileWriter): Promise<Rejected | undefined> {
    const why = await this.#sync(writer)
    if (why === undefined) this.#rest(writer)
    this.#finishIfComplete()
    return why
  }

  /** All bytes have arrived, so nobody needs to continue, and the sender may be gone already. */
  #finishIfComplete(): void {
    if (this.status !== 'paused' || this.durable !== this.#file.size) return
    const finish = async () => {
      const writing = await this.write(this.durable)
      if (!('type' in writing)) await writing.finish()
    }
    // Every failure has been reported to the engine by then.
    finish().catch(() => {})
  }

  /** The bytes are complete on disk before the room is told (C80): file store, then journal, then the answer. */
  async #finish(epoch: number, writer: FileWriter): Promise<WholeFile | Rejected> {
    const sha256 = writer.digest()
    // Nothing was admitted yet for an empty file.
    const full = writer.offset === 0 ? await this.#parts.admit(0, 0) : undefined
    if (full !== undefined) return await this.#refused(full)
    const end: TransferCommand = { type: 'finish', writer: String(epoch), size: writer.offset, sha256 }
    const decided = decideTransfer(this.#transfer, end)
    if (decided.type === 'rejected') {
      if (decided.code === 'HASH_MISMATCH') await this.#beginAgain()
      else await this.#pause(writer)
      return decided
    }
    const digest = await writer.finish()
    if ('type' in digest) return await this.#refused(digest)
    this.#held.taken()
    const whole = { ...this.#file, ...digest }
    const folder = whole.folder === undefined ? undefined : await this.#parts.checkFolder(whole)
    if (folder !== undefined && 'type' in folder) return await this.#refused(folder)
    const file = folder === undefined ? whole : { ...whole, folder }
    const told = await this.#parts.announce({ type: 'completeFile', file, isOffered: true })
    if (told.type === 'rejected') return await this.#refused(told)
    this.#apply(end)
    this.#end()
    return file
  }

  /** The received bytes do not match the announced digest. None is kept, but the sender may try once more (C112). */
  async #beginAgain(): Promise<void> {
    await this.#held.discard()
    this.#apply({ type: 'pause', durable: 0 })
    this.#touchedAt = 0
    const next = await this.#open()
    if ('type' in next) await this.#withdraw(next.message)
  }

  /** A refused upload is over for good. */
  async #refused(why: Rejected): Promise<Rejected> {
    await this.#withdraw(why.message)
    return why
  }

  async #withdraw(reason: string, removedBy?: Member): Promise<void> {
    if (this.#apply({ type: 'withdraw', reason }) !== undefined) return
    this.#writing = 0
    await this.#held.discard()
    await this.#parts.fileStore.remove(this.id)
    const removed = removedBy === undefined ? {} : { removedBy }
    if (this.#offered) await this.#parts.announce({ type: 'withdrawFile', file: this.id, reason, ...removed })
    this.#end()
  }

  async #open(): Promise<FileWriter | Rejected> {
    if (this.#closed) return rejected('CLOSED', 'the host stops; go on once it is back')
    if (this.status === 'whole' || this.status === 'withdrawn') return gone
    const writer = await this.#held.open(this.#file.size)
    if (!('type' in writer) && this.status !== 'arriving') this.#rest(writer)
    return writer
  }

  async #sync(writer: FileWriter): Promise<Rejected | undefined> {
    const why = await writer.sync()
    if (why !== undefined) await this.#withdraw(why.message)
    return why
  }

  /** Without a writer, the file is closed after a while. */
  #rest(writer: FileWriter): void {
    this.#writing = 0
    this.#apply({ type: 'pause', durable: writer.durable })
    this.#held.rest(() => void this.rest().catch(() => {}))
  }

  async #suspend(): Promise<void> {
    const durable = await this.#held.suspend()
    if (durable !== undefined) this.#apply({ type: 'pause', durable })
  }

  /** A byte now and then does not count as progress, except for the first. */
  #gotTo(offset: number): void {
    this.#held.keep()
    if (this.#touchedAt > 0 && offset - this.#touchedAt < this.#parts.progressBytes) return
    this.#touchedAt = offset
    this.#touched = this.#parts.clock.elapsed()
  }

  #apply(command: TransferCommand): Rejected | undefined {
    const decided = decideTransfer(this.#transfer, command)
    if (decided.type === 'rejected') return decided
    const wasWriting = this.#transfer.status === 'receiving'
    this.#transfer = evolveTransfer(this.#transfer, decided)
    if (decided.type === 'progressed') this.#tellProgress(decided)
    else if (decided.type !== 'paused' || wasWriting) this.#events.next(decided)
    return undefined
  }

  /** Bytes never pass through a stream, and neither does an event for each piece. */
  #tellProgress(event: Progressed): void {
    const now = this.#parts.clock.elapsed()
    if (now - this.#progressAt < PROGRESS_MS) return
    this.#progressAt = now
    this.#events.next(event)
  }

  #end(): void {
    this.#events.complete()
    this.#parts.ended()
  }
}

const gone = rejected('NO_SUCH_FILE', 'this transfer has ended; see the files of the room')
