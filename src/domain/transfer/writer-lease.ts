import type { Rejected } from '../errors.ts'
import type { Cancel } from '../ports/clock.ts'
import type { FileWriter } from '../ports/file-store.ts'
import type { TransferParts } from './writing.ts'

/** The vault's writer of one transfer: opened when it is needed, and let go of when nobody has used it for a while. */
export class WriterLease {
  readonly #id: string
  readonly #parts: Pick<TransferParts, 'fileStore' | 'clock' | 'idleMs'>
  #writer: FileWriter | undefined
  #cancelIdle: Cancel = () => {}

  constructor(id: string, parts: Pick<TransferParts, 'fileStore' | 'clock' | 'idleMs'>) {
    this.#id = id
    this.#parts = parts
  }

  get isOpen(): boolean {
    return this.#writer !== undefined
  }

  /** What is durable by now, while it is open. */
  get durable(): number | undefined {
    return this.#writer?.durable
  }

  /** Goes on with what the vault has of it, or begins it. */
  async open(size: number | undefined): Promise<FileWriter | Rejected> {
    this.keep()
    const { fileStore } = this.#parts
    const writer = this.#writer ?? (await fileStore.resume(this.#id, size)) ?? (await fileStore.create(this.#id, size))
    if (!('type' in writer)) this.#writer = writer
    return writer
  }

  /** It is in use: nothing is let go of. */
  keep(): void {
    this.#cancelIdle()
  }

  /** Calls `letGo` when it was not used for a while from now. */
  rest(letGo: () => void): void {
    this.#cancelIdle()
    this.#cancelIdle = this.#parts.clock.after(this.#parts.idleMs, letGo)
  }

  /** Lets go of it; what arrived stays. Answers the durable offset, undefined where it was not open. */
  async suspend(): Promise<number | undefined> {
    const writer = this.taken()
    await writer?.suspend()
    return writer?.durable
  }

  async discard(): Promise<void> {
    await this.taken()?.discard()
  }

  /** The writer, which this no longer holds: it was finished, or is about to end. */
  taken(): FileWriter | undefined {
    this.#cancelIdle()
    const writer = this.#writer
    this.#writer = undefined
    return writer
  }
}
