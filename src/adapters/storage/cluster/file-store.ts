import { createHash } from 'node:crypto'
import type { CopyState, FilePeers, NodeFiles } from '#cluster/file-peers.ts'
import { pause } from '#domain/async/backoff.ts'
import type { Limit, Rejected } from '#domain/errors.ts'
import { failureText } from '#domain/names/text.ts'
import {
  type BoundedFileStore,
  canDate,
  type DatedFileStore,
  type Digest,
  FileMissing,
  type FileWriter,
  type KnownFile,
  type Pieces,
  type SharedFileStore,
} from '#domain/ports/file-store.ts'
import type { Clock, Log, Metrics } from '#domain/ports/system.ts'
import { FileCopy, type FileCopyParts } from './file-copy.ts'
import { SecondCopies } from './second-copies.ts'

/** Time after which another node's question is answered, with or without a finished copy. */
const ANSWER_MS = 5000
/** Number of copies whose digests are remembered. */
const MOST_KEPT = 1000
/** A smaller file is copied at its end, a larger one while it grows. */
const SMALL_BYTES = 1024 * 1024

export interface ClusterFileStoreParts {
  /** This node's own files. */
  readonly local: BoundedFileStore
  /** This node's name. */
  readonly host: string
  readonly peers: FilePeers
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Called with the number of files that only this node has. */
  readonly onSingle: (files: number) => void
}

/**
 * The files of a node. Uploads to this node are stored here. Other files are copied when they are first read, once for all readers, who
 * follow the copy as it grows.
 */
export class ClusterFileStore implements SharedFileStore, BoundedFileStore, DatedFileStore, NodeFiles {
  readonly host: string
  readonly #local: BoundedFileStore
  readonly #parts: FileCopyParts
  readonly #copies = new Map<string, FileCopy>()
  readonly #second: SecondCopies
  /** The digests of copies, oldest first. */
  readonly #kept = new Map<string, string>()
  #known: (id: string) => Promise<KnownFile | undefined> = async () => undefined
  #orphaned: (id: string) => Promise<void> = async () => {}

  constructor({ host, ...parts }: ClusterFileStoreParts) {
    this.host = host
    this.#local = parts.local
    const known = (id: string) => this.#known(id)
    this.#parts = { ...parts, known }
    this.#second = new SecondCopies({ ...parts, known })
  }

  get bytesLeft(): number {
    return this.#local.bytesLeft
  }

  get bound(): Limit {
    return this.#local.bound
  }

  get maxFileBytes(): number {
    return this.#local.maxFileBytes
  }

  know(known: (id: string) => Promise<KnownFile | undefined>, orphaned: (id: string) => Promise<void>): void {
    this.#known = known
    this.#orphaned = orphaned
  }

  check(ids: readonly string[]): void {
    this.#second.check(ids)
  }

  async recheck(id: string): Promise<void> {
    const size = await this.#local.size(id)
    const whole = (await this.#known(id))?.whole
    if (size === undefined || size !== whole?.size || (await this.#digestOf(id)) !== whole.sha256) await this.remove(id)
  }

  async spread(ids: readonly string[]): Promise<{ readonly copying: number; readonly missing: readonly string[] }> {
    return await this.#second.spread(ids)
  }

  async measure(): Promise<void> {
    await this.#local.measure()
  }

  async open(): Promise<void> {
    await this.#local.open()
  }

  async close(): Promise<void> {
    this.#second.close()
    await Promise.all(Array.from(this.#copies.values(), (copy) => copy.stop()))
    await this.#local.close()
  }

  async create(id: string, size?: number): Promise<FileWriter | Rejected> {
    return this.#copied(id, await this.#local.create(id, size))
  }

  async resume(id: string, size?: number): Promise<FileWriter | Rejected | undefined> {
    const writer = await this.#local.resume(id, size)
    return writer && this.#copied(id, writer)
  }

  async durable(id: string): Promise<number | undefined> {
    return await this.#local.durable(id)
  }

  async dateOf(id: string): Promise<number | undefined> {
    return canDate(this.#local) ? await this.#local.dateOf(id) : undefined
  }

  async duplicate(id: string, as: string): Promise<Rejected | undefined> {
    if (!(await this.#isHere(id)) && (await this.#copy(id).ended) === 'failed')
      throw new FileMissing('no node that has this file can be reached')
    const refused = await this.#local.duplicate(id, as)
    const digest = refused === undefined ? (await this.#known(id))?.whole : undefined
    if (digest !== undefined) await this.#second.have(as, digest)
    return refused
  }

  async share(id: string, as: string): Promise<void> {
    await this.#local.share(id, as)
  }

  read(id: string, from?: number, pieces?: Pieces): AsyncIterable<Uint8Array> {
    const bytes = this.#local.read(id, from, pieces)
    const ready = async () => {
      if (!(await this.#isHere(id)) && (await this.#known(id)) !== undefined) await this.#copy(id).begun
    }
    return { [Symbol.asyncIterator]: () => new SharedReader(ready, bytes) }
  }

  async size(id: string): Promise<number | undefined> {
    return await this.#local.size(id)
  }

  async remove(id: string): Promise<void> {
    await this.#copies.get(id)?.stop()
    this.#kept.delete(id)
    this.#second.forget(id)
    await this.#local.remove(id)
  }

  /** Interrupted copies start again when they are read. */
  async sweep(keep: ReadonlySet<string>): Promise<number> {
    return await this.#local.sweep(keep)
  }

  async give(
    id: string,
    from: number,
  ): Promise<{ readonly bytes: AsyncIterable<Uint8Array>; readonly size?: number } | undefined> {
    // An unfinished copy serves no other node: its source does.
    if (this.#copies.has(id) || !(await this.#isHere(id))) return undefined
    const size = await this.#local.size(id)
    return { bytes: this.#local.read(id, from, 'lent'), ...(size === undefined ? {} : { size }) }
  }

  async copyFrom(source: string, id: string, digest?: Digest): Promise<CopyState> {
    const size = this.#copies.has(id) ? undefined : await this.#local.size(id)
    if (size !== undefined) {
      if (digest === undefined || (size === digest.size && (await this.#digestOf(id)) === digest.sha256)) return 'kept'
      // It was replaced in the meantime.
      await this.remove(id)
    } else if (!this.#copies.has(id) && (await this.#isHere(id))) return 'refused'
    const copy = this.#copy(id)
    copy.expect(source, digest)
    if (digest === undefined) return 'copying'
    const ended = await Promise.race([copy.ended, pause(this.#parts.clock, ANSWER_MS)])
    if (ended === undefined) return 'copying'
    return ended === 'kept' ? 'kept' : 'refused'
  }

  async lacking(ids: readonly string[]): Promise<readonly string[]> {
    const missing: string[] = []
    for (const id of ids) if (this.#copies.has(id) || (await this.#local.size(id)) === undefined) missing.push(id)
    return missing
  }

  #copied(id: string, writer: FileWriter | Rejected): FileWriter | Rejected {
    return 'type' in writer ? writer : new CopiedWriter(id, writer, this.#second)
  }

  /** Whether this node has the file, complete or as an upload. */
  async #isHere(id: string): Promise<boolean> {
    return !this.#copies.has(id) && (await this.#local.durable(id)) !== undefined
  }

  #copy(id: string): FileCopy {
    const known = this.#copies.get(id)
    if (known !== undefined) return known
    const copy = new FileCopy(id, this.#parts)
    this.#copies.set(id, copy)
    void copy.ended.then((ended) => {
      this.#copies.delete(id)
      if (ended === 'kept' && copy.sha256 !== undefined) this.#remember(id, copy.sha256)
      if (ended === 'orphaned') this.#orphaned(id).catch((error: unknown) => this.#notTaken(id, error))
    })
    return copy
  }

  #notTaken(file: string, error: unknown): void {
    this.#parts.log.error('an upload whose node is gone could not go on here', { file, error: failureText(error) })
  }

  /** The digest of a complete file. */
  async #digestOf(id: string): Promise<string> {
    const kept = this.#kept.get(id)
    if (kept !== undefined) return kept
    const hash = createHash('sha256')
    for await (const piece of this.#local.read(id, 0, 'lent')) hash.update(piece)
    const digest = hash.digest('hex')
    this.#remember(id, digest)
    return digest
  }

  #remember(id: string, sha256: string): void {
    this.#kept.set(id, sha256)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest)
  }
}

/** The writer of an upload to this node: it finishes once another node has the file as well. */
class CopiedWriter implements FileWriter {
  readonly #id: string
  readonly #writer: FileWriter
  readonly #second: SecondCopies

  constructor(id: string, writer: FileWriter, second: SecondCopies) {
    this.#id = id
    this.#writer = writer
    this.#second = second
  }

  get offset(): number {
    return this.#writer.offset
  }

  get durable(): number {
    return this.#writer.durable
  }

  append(...pieces: readonly Uint8Array[]): Promise<Rejected | undefined> {
    if (this.offset >= SMALL_BYTES) this.#second.grows(this.#id)
    return this.#writer.append(...pieces)
  }

  sync(): Promise<Rejected | undefined> {
    return this.#writer.sync()
  }

  digest(): string {
    return this.#writer.digest()
  }

  suspend(): Promise<void> {
    return this.#writer.suspend()
  }

  async finish(): Promise<Digest | Rejected> {
    const digest = await this.#writer.finish()
    if (!('type' in digest)) await this.#second.have(this.#id, digest)
    return digest
  }

  discard(): Promise<void> {
    return this.#writer.discard()
  }
}

/** A reader of a file that may have to be copied first. `return` also ends a waiting one. */
class SharedReader implements AsyncIterator<Uint8Array, undefined> {
  readonly #ready: () => Promise<void>
  readonly #bytes: AsyncIterable<Uint8Array>
  #pieces: AsyncIterator<Uint8Array> | undefined
  #isOver = false

  constructor(ready: () => Promise<void>, bytes: AsyncIterable<Uint8Array>) {
    this.#ready = ready
    this.#bytes = bytes
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#pieces === undefined) {
      await this.#ready()
      this.#pieces ??= this.#bytes[Symbol.asyncIterator]()
    }
    return this.#isOver ? { done: true, value: undefined } : await this.#pieces.next()
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#isOver = true
    await this.#pieces?.return?.()
    return { done: true, value: undefined }
  }
}
