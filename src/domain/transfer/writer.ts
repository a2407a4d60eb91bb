import type { Rejected } from '../errors.ts'
import type { FileStore, FileWriter } from '../ports/file-store.ts'
import type { Cancel, Clock } from '../ports/system.ts'
import type { Ack, CompleteFile, OfferFile, WithdrawFile } from '../room/commands.ts'
import type { Folder, WholeFile } from '../room/events.ts'

/** Says a transfer's fact to the room; resolves after the commit. */
export type Announce = (fact: OfferFile | CompleteFile | WithdrawFile) => Promise<Ack | Rejected>

export interface TransferParts {
  readonly fileStore: FileStore
  readonly clock: Clock
  readonly announce: Announce
  /** The host that its bytes come in at, where several share their files. */
  readonly home?: string
  /** A writer that nobody uses for so long lets go of its file. */
  readonly idleMs: number
  /** A transfer that does not get on for so long is withdrawn; one of which nothing has come, after `emptyMs`. */
  readonly keptMs: number
  readonly emptyMs: number
  /** Fewer bytes than this are no getting on. */
  readonly progressBytes: number
  /** Why a file of so many bytes could never have room. */
  refusalOf(size: number): Rejected | undefined
  /** Lets so many bytes more come in, up to the offset `upTo`; a promise when their turn or the room for them must be waited for. */
  admit(bytes: number, upTo: number): Promise<Rejected | undefined> | undefined
  /** Whether one more may write now; another may be made to wait for it. */
  mayWrite(): Promise<Rejected | undefined> | Rejected | undefined
  /** What is in the folder that a whole file is an archive of, or why it is none. */
  checkFolder(file: WholeFile): Promise<Folder | Rejected>
  /** Hears of every error of the file store's. */
  failed(error: unknown): void
  /** Hears once when the file is whole, or withdrawn. */
  ended(): void
}

/** The current writer of a transfer. It is fenced off when another takes over: every call answers `FENCED` then. */
export interface Writing {
  /** Where its next byte goes. */
  readonly offset: number
  /** Takes the next bytes, in pieces that follow each other; resolves when the next call may be made, which is the back pressure. */
  append(...pieces: readonly Uint8Array[]): Promise<Rejected | undefined>
  /** Ends the writing for now: received bytes are made durable, and the offset to continue from is answered. Idempotent. */
  pause(): Promise<number>
  /** Publishes the file: `TRANSFER_CUT` where bytes are missing, which can follow; `HASH_MISMATCH` where it begins again at 0. */
  finish(): Promise<WholeFile | Rejected>
}

/** The file store's writer of one transfer: opened when it is needed, and let go of when nobody has used it for a while. */
export class WriterLease {
  readonly #id: string
  readonly #parts: Pick<TransferParts, 'fileStore' | 'clock' | 'idleMs'>
  #writer: FileWriter | undefined
  /** The file store may have something of it. */
  #hasBegun: boolean
  #cancelIdle: Cancel = () => {}

  constructor(id: string, parts: Pick<TransferParts, 'fileStore' | 'clock' | 'idleMs'>, hasBegun: boolean) {
    this.#id = id
    this.#parts = parts
    this.#hasBegun = hasBegun
  }

  get isOpen(): boolean {
    return this.#writer !== undefined
  }

  /** The durable bytes so far, while it is open. */
  get durable(): number | undefined {
    return this.#writer?.durable
  }

  /** Continues the file store's partial file, or begins it. */
  async open(size: number | undefined): Promise<FileWriter | Rejected> {
    this.keep()
    const { fileStore } = this.#parts
    const kept = this.#writer ?? (this.#hasBegun ? await fileStore.resume(this.#id, size) : undefined)
    this.#hasBegun = true
    const writer = kept ?? (await fileStore.create(this.#id, size))
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

  /** Releases the partial file and keeps its bytes. Answers the durable offset, undefined where it was not open. */
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
