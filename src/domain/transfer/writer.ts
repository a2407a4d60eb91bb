import type { Rejected } from '../errors.ts'
import type { FileStore, FileWriter } from '../ports/file-store.ts'
import type { Cancel, Clock } from '../ports/system.ts'
import type { Ack, CompleteFile, OfferFile, WithdrawFile } from '../room/commands.ts'
import type { Folder, WholeFile } from '../room/events.ts'

/** Tells the room a fact about a transfer; resolves after the commit. */
export type Announce = (fact: OfferFile | CompleteFile | WithdrawFile) => Promise<Ack | Rejected>

export interface TransferParts {
  readonly fileStore: FileStore
  readonly clock: Clock
  readonly announce: Announce
  /** An idle writer closes its file after this long. */
  readonly idleMs: number
  /** A transfer without progress is withdrawn after `keptMs`; one without any bytes, after `emptyMs`. */
  readonly keptMs: number
  readonly emptyMs: number
  /** Fewer bytes than this do not count as progress. */
  readonly progressBytes: number
  /** The refusal for a file of this size, which would never fit. */
  refusalOf(size: number): Rejected | undefined
  /** Admits more bytes, up to the offset `upTo`; a promise when they must wait for their turn or for space. */
  admit(bytes: number, upTo: number): Promise<Rejected | undefined> | undefined
  /** The refusal for one more writer; another writer may be stopped for it. */
  mayWrite(): Promise<Rejected | undefined> | Rejected | undefined
  /** The contents of the folder that a complete file is an archive of, or the refusal of a bad archive. */
  checkFolder(file: WholeFile): Promise<Folder | Rejected>
  /** Called with every error of the file store. */
  failed(error: unknown): void
  /** Called once when the file is complete or withdrawn. */
  ended(): void
}

/** The current writer of a transfer. Once another one takes over, every call answers `FENCED`. */
export interface Writing {
  /** The offset of its next byte. */
  readonly offset: number
  /** Takes the next bytes, in consecutive pieces. Resolves when the next call may be made, which is the back pressure. */
  append(...pieces: readonly Uint8Array[]): Promise<Rejected | undefined>
  /** Ends the writing for now: received bytes are made durable, and the offset to continue from is answered. Idempotent. */
  pause(): Promise<number>
  /** Publishes the file. `TRANSFER_CUT`: bytes are missing, and can follow. `HASH_MISMATCH`: the file starts again at 0. */
  finish(): Promise<WholeFile | Rejected>
}

/** The file store's writer for one transfer: opened when needed, and closed when unused for a while. */
export class WriterLease {
  readonly #id: string
  readonly #parts: Pick<TransferParts, 'fileStore' | 'clock' | 'idleMs'>
  #writer: FileWriter | undefined
  /** The file store may have a part of it. */
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

  /** The durable bytes, while it is open. */
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

  /** It is in use, and must stay open. */
  keep(): void {
    this.#cancelIdle()
  }

  /** Calls `letGo` once it has been unused for a while. */
  rest(letGo: () => void): void {
    this.#cancelIdle()
    this.#cancelIdle = this.#parts.clock.after(this.#parts.idleMs, letGo)
  }

  /** Closes the partial file and keeps its bytes. Answers the durable offset; undefined if it was not open. */
  async suspend(): Promise<number | undefined> {
    const writer = this.taken()
    await writer?.suspend()
    return writer?.durable
  }

  async discard(): Promise<void> {
    await this.taken()?.discard()
  }

  /** The writer, no longer held here: it was finished, or is about to end. */
  taken(): FileWriter | undefined {
    this.#cancelIdle()
    const writer = this.#writer
    this.#writer = undefined
    return writer
  }
}
