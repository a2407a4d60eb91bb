import type { LocalSession } from '#domain/engine/session.ts'
import { type Rejected, rejected } from '#domain/errors.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { TransferActor } from '#domain/transfer/actor.ts'
import type { Writing } from '#domain/transfer/writer.ts'

/** So far ahead of the end bytes are held until those between have come: some clients send several pieces at once. */
const AHEAD_BYTES = 4 * 1024 * 1024

export interface WritingParts {
  readonly session: LocalSession
  readonly name: string
  /** As in `createTransfer`. */
  readonly owner: string | undefined
  /** The client's own unfinished file of this name: it may go on with it, or begin another. */
  readonly unfinished: TransferActor | undefined
}

/** A file that a client writes, from its first byte to its last. Calls may not overlap. */
export class WritingFile {
  readonly #parts: WritingParts
  #transfer: TransferActor | undefined
  #writing: Writing | undefined
  readonly #ahead = new Map<number, Buffer>()
  #aheadBytes = 0

  private constructor(parts: WritingParts) {
    this.#parts = parts
  }

  /** Offers the file to the room, but where the client may go on with one: that is known by its first write. */
  static async open(parts: WritingParts): Promise<WritingFile | Rejected> {
    const file = new WritingFile(parts)
    const why = parts.unfinished === undefined ? await file.#begin() : parts.session.refusalTo('upload')
    return why ?? file
  }

  /** Bytes of it so far. */
  get size(): number {
    return this.#writing?.offset ?? this.#parts.unfinished?.durable ?? 0
  }

  /** Resolves when the next bytes may come. */
  async write(offset: number, data: Buffer): Promise<Rejected | undefined> {
    const why = this.#writing === undefined ? await this.#take(offset) : undefined
    if (why !== undefined) return why
    const at = this.size
    if (offset !== at) return this.#hold(offset, at, data)
    const refused = await this.#writing?.append(data)
    if (refused !== undefined) return refused
    for (let next = this.#released(); next !== undefined; next = this.#released()) {
      const fault = await this.#writing?.append(next)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  /** The client has said all of it. Resolves once the file is whole, durable and in the room. */
  async finish(): Promise<WholeFile | Rejected | undefined> {
    // It has looked at an unfinished one, and gone.
    if (this.#writing === undefined && this.#transfer === undefined) return undefined
    const why = this.#writing === undefined ? await this.#take(0) : undefined
    if (why !== undefined) return why
    if (this.#ahead.size === 0) return await this.#writing?.finish()
    await this.pause()
    return gap
  }

  /** It stays as far as it has come, for its sender to go on. */
  async pause(): Promise<void> {
    this.#ahead.clear()
    await this.#writing?.pause()
  }

  async #begin(): Promise<Rejected | undefined> {
    const { session, name, owner } = this.#parts
    const transfer = await session.createTransfer({ name }, owner)
    if (!(transfer instanceof TransferActor)) return 'code' in transfer ? transfer : undefined
    this.#transfer = transfer
    return undefined
  }

  async #take(offset: number): Promise<Rejected | undefined> {
    const { unfinished } = this.#parts
    const goesOn = unfinished !== undefined && offset === (await unfinished.offset())
    if (goesOn) this.#transfer = unfinished
    else if (unfinished !== undefined && offset > 0) return elsewhere(unfinished.durable)
    const why = this.#transfer === undefined ? await this.#begin() : undefined
    const writing = why ?? (await this.#transfer?.write(goesOn ? offset : 0))
    if (writing === undefined || 'code' in writing) return writing
    this.#writing = writing
    return undefined
  }

  #hold(offset: number, at: number, data: Buffer): Rejected | undefined {
    if (offset < at || offset + data.length > at + AHEAD_BYTES || this.#ahead.has(offset)) return elsewhere(at)
    if (this.#aheadBytes + data.length > AHEAD_BYTES) return elsewhere(at)
    this.#ahead.set(offset, Buffer.from(data))
    this.#aheadBytes += data.length
    return undefined
  }

  #released(): Buffer | undefined {
    const next = this.#ahead.get(this.size)
    if (next === undefined) return undefined
    this.#ahead.delete(this.size)
    this.#aheadBytes -= next.length
    return next
  }
}

const elsewhere = (at: number): Rejected =>
  rejected('BAD_OFFSET', `the file ends at byte ${at}; a file here is written from its beginning to its end`)
const gap = rejected('TRANSFER_CUT', 'bytes are missing between those that came; send the file again')
