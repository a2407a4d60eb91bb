import { type Rejected, rejected } from '../errors.ts'
import { FileAway, FileMissing } from '../ports/file-store.ts'
import { Refused } from '../session.ts'
import type { RateLimiterLease } from './bandwidth.ts'

/** One reader's download, as fast as its lease allows. Not a generator, because `return` must also end a reader that waits. */
export class Download implements AsyncIterator<Uint8Array, undefined> {
  readonly #open: () => AsyncIterable<Uint8Array>
  readonly #lease: RateLimiterLease
  readonly #missing: Rejected
  /** The rest of the newest chunk, too large for one step. */
  #rest: Uint8Array | undefined
  #source: AsyncIterator<Uint8Array> | undefined
  #over = false

  /** The first `next` opens the source, and rejects with its error; with `missing` if the store has lost the file. */
  constructor(open: () => AsyncIterable<Uint8Array>, lease: RateLimiterLease, missing: Rejected) {
    this.#open = open
    this.#lease = lease
    this.#missing = missing
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    let piece = this.#rest ?? (await this.#read())
    if (piece === undefined) return { done: true, value: undefined }
    const { pieceBytes } = this.#lease
    this.#rest = piece.length > pieceBytes ? piece.subarray(pieceBytes) : undefined
    if (this.#rest !== undefined) piece = piece.subarray(0, pieceBytes)
    await this.#lease.pass(piece.length)
    if (this.#over) return { done: true, value: undefined }
    return { done: false, value: piece }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#over = true
    this.#rest = undefined
    this.#lease.giveUp()
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
      if (error instanceof FileAway) throw new Refused(away)
      throw error instanceof FileMissing ? new Refused(this.#missing) : error
    }
  }
}

const away = rejected(
  'BUSY',
  'no machine that has this file answers just now, or this one has no room for it; try again in a moment',
)
