import { SerialQueue } from '#domain/async/serial-queue.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { WholeFile } from '#domain/room/events.ts'
import type { RoomFile } from '#domain/room/state.ts'
import { Refused, type UploadMeta } from '#domain/session.ts'
import { TransferActor } from '#domain/transfer/actor.ts'
import type { Writing } from '#domain/transfer/writer.ts'
import type { DownloadSlot } from '../files/download-slots.ts'
import type { SshMember } from './member.ts'
import { holderOf, uploaderOf } from './parts.ts'
import { noSuchFile } from './refusals.ts'

// What `put` and `get`, scp and sftp do with a file. All of it throws `Refused`.

/** So far ahead of the end bytes are held until those between have come: some clients send several pieces at once. */
const AHEAD_BYTES = 4 * 1024 * 1024

type Meta = Pick<UploadMeta, 'name' | 'size'>

/** A file that a client writes into a room, from its first byte to its last. Calls may not overlap. */
export class IncomingFile {
  readonly #member: SshMember
  readonly #meta: Meta
  /** The client's own unfinished file of this name: it may go on with it, or begin another. */
  readonly #unfinished: TransferActor | undefined
  #transfer: TransferActor | undefined
  #writing: Writing | undefined
  readonly #ahead = new Map<number, Buffer>()
  #aheadBytes = 0

  private constructor(member: SshMember, meta: Meta, unfinished: TransferActor | undefined) {
    this.#member = member
    this.#meta = meta
    this.#unfinished = unfinished
  }

  /** Offers the file to the room, but where the client may go on with an unfinished one: that is known by its first write. */
  static async open(member: SshMember, meta: Meta, unfinished?: TransferActor): Promise<IncomingFile> {
    const file = new IncomingFile(member, meta, unfinished)
    const why = member.entered.refusalTo('upload')
    if (why !== undefined) throw new Refused(why)
    if (unfinished === undefined) await file.#begin()
    return file
  }

  /** Bytes of it so far. */
  get size(): number {
    return this.#writing?.offset ?? this.#unfinished?.durable ?? 0
  }

  /** Takes the next bytes. Resolves when more may come. */
  append(data: Buffer): Promise<void> {
    return this.write(this.#writing?.offset ?? 0, data)
  }

  /** The same of bytes anywhere: those that are too early wait for those between. */
  async write(offset: number, data: Buffer): Promise<void> {
    const writing = this.#writing ?? (await this.#take(offset))
    if (offset !== this.size) return this.#hold(offset, this.size, data)
    void this.#member.client.charge(0)
    checked(await writing.append(data))
    for (let next = this.#released(); next !== undefined; next = this.#released()) checked(await writing.append(next))
  }

  /** Resolves when the file is whole, durable and in the room; to nothing where it was looked at alone. */
  async finish(): Promise<WholeFile | undefined> {
    if (this.#writing === undefined && this.#transfer === undefined) return undefined
    const writing = this.#writing ?? (await this.#take(0))
    if (this.#ahead.size > 0) {
      await this.pause()
      throw new Refused(gap)
    }
    this.#writing = undefined
    return checked(await writing.finish())
  }

  /** It stays as far as it has come, for its sender to go on. */
  async pause(): Promise<void> {
    this.#ahead.clear()
    await this.#writing?.pause()
  }

  async #begin(): Promise<TransferActor> {
    const { entered, of } = this.#member
    const transfer = checked(await entered.createTransfer(this.#meta, uploaderOf(of)))
    if (!(transfer instanceof TransferActor)) throw new Error('a file without a digest is in the room already')
    this.#transfer = transfer
    return transfer
  }

  async #take(offset: number): Promise<Writing> {
    const unfinished = this.#unfinished
    const goesOn = unfinished !== undefined && offset === (await unfinished.offset())
    if (!goesOn && unfinished !== undefined && offset > 0) throw new Refused(elsewhere(unfinished.durable))
    const transfer = goesOn ? unfinished : (this.#transfer ?? (await this.#begin()))
    this.#writing = checked(await transfer.write(goesOn ? offset : 0))
    return this.#writing
  }

  #hold(offset: number, at: number, data: Buffer): void {
    const isNear = offset >= at && offset + data.length <= at + AHEAD_BYTES && !this.#ahead.has(offset)
    if (!isNear || this.#aheadBytes + data.length > AHEAD_BYTES) throw new Refused(elsewhere(at))
    this.#ahead.set(offset, Buffer.from(data))
    this.#aheadBytes += data.length
  }

  #released(): Buffer | undefined {
    const next = this.#ahead.get(this.size)
    if (next === undefined) return undefined
    this.#ahead.delete(this.size)
    this.#aheadBytes -= next.length
    return next
  }
}

/** A file of a room that a client reads, in any order; in order it is opened once. It has one of the host's places for downloads. */
export class OutgoingFile {
  readonly id: string
  readonly member: SshMember
  readonly #slot: DownloadSlot
  readonly #turns = new SerialQueue()
  #pieces: AsyncIterator<Uint8Array> | undefined
  #rest: Uint8Array | undefined
  #at = 0
  #isClosed = false

  constructor(member: SshMember, id: string) {
    this.member = member
    this.id = id
    const slot = member.parts.downloads.take(holderOf(member.of), { destroy: () => this.close() })
    if (slot === undefined) throw new Refused(tooManyDownloads)
    this.#slot = slot
  }

  /** All of a whole file: the next piece is read once `write` has taken the one before. */
  async sendTo(write: (piece: Uint8Array) => Promise<void>): Promise<void> {
    try {
      // Writing may still be under way when it has to make way: so the pieces are its own.
      for (let piece = await this.#next('kept'); piece !== undefined; piece = await this.#next('kept')) {
        this.#moved()
        await write(piece)
        if (this.member.channel.destroyed) return
      }
      if (this.#isClosed) throw new Refused(tooManyDownloads)
      const { status, file } = this.#found
      if (status === 'whole') this.member.served(file, 0, file.size)
    } finally {
      await this.close()
    }
  }

  /** Copies the bytes from `offset` on into what `room` makes for them, one call after the other. Answers how many: 0 at the end. */
  fill(offset: number, most: number, room: (bytes: number) => Buffer): Promise<number> {
    return this.#turns.run(async () => {
      const { status, file } = this.#found
      this.#slot.moved()
      const size = status === 'whole' ? file.size : this.#sizeNow
      if (offset >= size) return 0
      const count = await this.#fill(offset, room(Math.min(most, size - offset)))
      this.#moved()
      if (count > 0 && status === 'whole') this.member.served(file, offset, count)
      return count
    })
  }

  /** Also ends a reading that waits for bytes that are still to come. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#slot.release()
    await this.#pieces?.return?.()
  }

  get #found(): RoomFile {
    const file = this.member.session?.file(this.id)
    if (file === undefined) throw new Refused(noSuchFile)
    return file
  }

  /** A file that still arrives is followed; one that nobody sends just now ends where it is. */
  get #sizeNow(): number {
    const transfer = this.member.parts.engine.transfers.find(({ id }) => id === this.id)
    return transfer?.status === 'paused' ? transfer.durable : Number.POSITIVE_INFINITY
  }

  #moved(): void {
    this.#slot.moved()
    void this.member.client.charge(0)
  }

  async #fill(offset: number, into: Buffer): Promise<number> {
    if (this.#at !== offset) {
      await this.#pieces?.return?.()
      this.#pieces = undefined
      this.#rest = undefined
      this.#at = offset
    }
    let filled = 0
    while (filled < into.length) {
      const piece = this.#rest ?? (await this.#next('lent'))
      if (piece === undefined) break
      const part = piece.subarray(0, into.length - filled)
      into.set(part, filled)
      filled += part.length
      this.#rest = part.length < piece.length ? piece.subarray(part.length) : undefined
    }
    this.#at += filled
    return filled
  }

  /** `lent`: valid until the next is asked for. */
  async #next(kind: 'kept' | 'lent'): Promise<Uint8Array | undefined> {
    if (this.#isClosed) return undefined
    this.#pieces ??= this.member.entered.download(this.id, this.#at, kind)[Symbol.asyncIterator]()
    const piece = await this.#pieces.next()
    return piece.done === true ? undefined : piece.value
  }
}

/** The answer, where it is no refusal. */
export function checked<T>(answer: T): Exclude<T, Rejected> {
  if (typeof answer === 'object' && answer !== null && 'code' in answer) throw new Refused(answer as never)
  return answer as Exclude<T, Rejected>
}

const elsewhere = (at: number): Rejected =>
  rejected('BAD_OFFSET', `the file ends at byte ${at}; a file here is written from its beginning to its end`)
const gap = rejected('TRANSFER_CUT', 'bytes are missing between those that came; send the file again')
const tooManyDownloads = rejected('BUSY', 'too many downloads at once; try again soon')
