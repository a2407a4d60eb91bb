import type { FilePeers } from '#cluster/file-peers.ts'
import { pause } from '#domain/async/backoff.ts'
import type { Rejected } from '#domain/errors.ts'
import { failureText } from '#domain/names/text.ts'
import {
  type Digest,
  FileAway,
  type FileStore,
  FileStoreFailed,
  type FileWriter,
  type KnownFile,
} from '#domain/ports/file-store.ts'
import type { Clock, Log, Metrics } from '#domain/ports/system.ts'

/** Time without an answer from any node after which a started copy is given up; one that has not started, sooner. */
const GIVE_UP_MS = 10_000
const FIRST_MS = 2000
const RETRY_MS = 200
/** The room is told a file's digest a moment after its last byte. */
const DIGEST_MS = 60_000
const LOOK_MS = 50

export interface FileCopyParts {
  /** This node's own files. */
  readonly local: FileStore
  readonly peers: FilePeers
  readonly known: (id: string) => Promise<KnownFile | undefined>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * A copy of one file from other nodes; when one of them breaks off, the next replaces it. It is kept only with the digest known to the
 * room.
 */
export class FileCopy {
  readonly id: string
  /** Resolves once the copy can be read, while it grows; rejects if it cannot. */
  readonly begun: Promise<void>
  /** Resolves at its end. `orphaned`: the upload's home is gone, and the bytes stay. */
  readonly ended: Promise<'kept' | 'failed' | 'orphaned'>
  readonly #parts: FileCopyParts
  readonly #begun = Promise.withResolvers<void>()
  readonly #stop = new AbortController()
  /** Nodes that sent wrong bytes. */
  readonly #wrong = new Set<string>()
  /** The expected digest; once the copy is kept, its own. */
  #expected: Digest | undefined
  #source: string | undefined
  #writer: FileWriter | undefined

  constructor(id: string, parts: FileCopyParts) {
    this.id = id
    this.#parts = parts
    this.begun = this.#begun.promise
    // Readers get this rejection; without any, nobody needs it.
    this.begun.catch(() => {})
    this.ended = this.#run().catch(async (error: unknown) => await this.#failed(error))
  }

  /** Asks a node whether it has the file; if complete, with its digest. */
  expect(source: string, digest: Digest | undefined): void {
    this.#source = source
    this.#expected = digest ?? this.#expected
  }

  get sha256(): string | undefined {
    return this.#expected?.sha256
  }

  /** Ends the copy and removes it; resolves after that. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.ended
  }

  async #run(): Promise<'kept' | 'failed' | 'orphaned'> {
    const { clock, known, metrics } = this.#parts
    for (let until = clock.elapsed() + FIRST_MS; !this.#stop.signal.aborted; ) {
      const file = await known(this.id)
      if (this.#isOrphan(file)) {
        await this.#writer?.suspend()
        return 'orphaned'
      }
      for (const node of this.#sources(file?.home)) {
        const moved = await this.#takeFrom(node)
        if (moved === 'refused') return await this.#failed()
        if (moved !== 'none') until = clock.elapsed() + GIVE_UP_MS
        if (moved !== 'end') continue
        const digest = await this.#digest()
        if (digest === undefined) continue
        if (await this.#keep(digest)) return 'kept'
        this.#parts.log.error('another node gave other bytes than the room knows', { node, file: this.id })
        metrics.count('cluster_files_wrong')
        this.#wrong.add(node)
      }
      if (clock.elapsed() > until || this.#sources(undefined).length === 0) break
      await pause(clock, RETRY_MS, this.#stop.signal)
    }
    return await this.#failed()
  }

  #isOrphan(file: KnownFile | undefined): boolean {
    if (this.#writer === undefined || file?.home === undefined) return false
    return !this.#parts.peers.others.includes(file.home)
  }

  #sources(home: string | undefined): readonly string[] {
    const isFirst = (node: string) => Number(node === this.#source || node === home)
    const nodes = this.#parts.peers.others.filter((node) => !this.#wrong.has(node))
    return nodes.toSorted((one, other) => isFirst(other) - isFirst(one))
  }

  /** `end`: there are no further bytes. `some`: the connection broke. */
  async #takeFrom(node: string): Promise<'end' | 'some' | 'none' | 'refused'> {
    const { local, peers } = this.#parts
    const bytes = await peers.read(node, this.id, this.#writer?.offset ?? 0, this.#stop.signal).catch(() => undefined)
    if (bytes === undefined || this.#stop.signal.aborted) return 'none'
    this.#writer ??= accepted(await local.create(this.id))
    if (this.#writer === undefined) return 'refused'
    this.#begun.resolve()
    try {
      for await (const piece of bytes) if ((await this.#writer.append(piece)) !== undefined) return 'refused'
      return 'end'
    } catch (error) {
      if (error instanceof FileStoreFailed) throw error
      return 'some'
    }
  }

  async #digest(): Promise<Digest | undefined> {
    const { clock, known } = this.#parts
    for (const until = clock.elapsed() + DIGEST_MS; clock.elapsed() < until; await pause(clock, LOOK_MS)) {
      const file = await known(this.id)
      const digest = this.#expected ?? file?.whole
      if (digest !== undefined || this.#stop.signal.aborted || this.#isOrphan(file)) return digest
    }
    return undefined
  }

  async #keep({ size, sha256 }: Digest): Promise<boolean> {
    const writer = this.#writer
    if (writer === undefined) return false
    if (writer.offset === size && writer.digest() === sha256) {
      const kept = await writer.finish()
      if ('type' in kept) throw new Error(kept.message)
      this.#expected = kept
      this.#parts.metrics.count('cluster_files_copied')
      return true
    }
    this.#writer = undefined
    await writer.discard()
    return false
  }

  async #failed(error?: unknown): Promise<'failed'> {
    this.#begun.reject(new FileAway('no node that has this file can be reached'))
    if (error !== undefined)
      this.#parts.log.warn('a file of another node could not be kept', { error: failureText(error) })
    await this.#writer?.discard().catch(() => {})
    return 'failed'
  }
}

const accepted = (writer: FileWriter | Rejected): FileWriter | undefined => ('type' in writer ? undefined : writer)
