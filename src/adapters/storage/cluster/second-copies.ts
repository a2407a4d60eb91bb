import { createHash } from 'node:crypto'
import type { CopyState, FilePeers } from '#cluster/file-peers.ts'
import { pause } from '#domain/async/backoff.ts'
import { failureText } from '#domain/names/text.ts'
import type { Digest, FileStore, KnownFile } from '#domain/ports/file-store.ts'
import type { Cancel, Clock, Log, Metrics } from '#domain/ports/system.ts'

/** The wait for another node, before a file is kept at this one alone. */
const WAIT_MS = 10_000
const RETRY_MS = 200
const AGAIN_MS = 5000
/** Pause between two files copied for a lost node: nodes have other work, too. */
const PACE_MS = 10
/** Nodes that start together are all up by then. */
const CHECK_MS = 60_000
const CHECKED_AT_ONCE = 1000

export interface SecondCopiesParts {
  readonly local: FileStore
  readonly peers: FilePeers
  readonly known: (id: string) => Promise<KnownFile | undefined>
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Called with the number of files that only this node has. */
  readonly onSingle: (files: number) => void
}

/** Second copies, at other nodes, of the files that were uploaded to this one: a machine may be lost. */
export class SecondCopies {
  readonly #parts: SecondCopiesParts
  /** Files that only this node has, as far as it knows. */
  readonly #single = new Set<string>()
  /** The node that copies each growing file. */
  readonly #copiers = new Map<string, string>()
  #cancelAgain: Cancel | undefined
  #cancelCheck: Cancel | undefined
  #isClosed = false

  constructor(parts: SecondCopiesParts) {
    this.#parts = parts
  }

  /** The file grows: has another node copy it from now on, unless one does already. */
  grows(id: string): void {
    const copier = this.#copiers.get(id)
    if (copier === undefined || !this.#parts.peers.others.includes(copier)) void this.#follow(id)
  }

  /** The nodes are asked again at its end. */
  async #follow(id: string): Promise<void> {
    for (const node of this.#nodesFor(id)) {
      this.#copiers.set(id, node)
      const state = await this.#parts.peers.copy(node, id).catch(() => 'refused')
      if (state !== 'refused') return
    }
    if (this.#copiers.has(id)) this.#parts.clock.after(AGAIN_MS, () => this.#copiers.delete(id))
  }

  /** Resolves once another node has the whole file, or once none could take it for a while: that is tried again later. */
  async have(id: string, digest: Digest): Promise<void> {
    this.#copiers.delete(id)
    if (await this.#copy(id, digest, WAIT_MS)) return
    if (this.#isClosed) return
    this.#parts.log.warn('a file is on this node alone: no other takes a copy', { file: id })
    this.#single.add(id)
    this.#tell()
    this.#again()
  }

  /** The file is gone. */
  forget(id: string): void {
    this.#copiers.delete(id)
    if (this.#single.delete(id)) this.#tell()
  }

  /** Checks after a while which of these files, from earlier starts, are on this node alone. */
  check(ids: readonly string[]): void {
    this.#cancelCheck = this.#parts.clock.after(CHECK_MS, () => {
      this.spread(ids).catch((error: unknown) => {
        this.#parts.log.warn('it could not be seen which files have one copy', { error: failureText(error) })
        if (!this.#isClosed) this.check(ids)
      })
    })
  }

  close(): void {
    this.#isClosed = true
    this.#cancelAgain?.()
    this.#cancelCheck?.()
  }

  /** The nodes for a file, always in the same order; different files begin with different nodes. */
  #nodesFor(id: string): readonly string[] {
    const rank = (node: string) => createHash('sha256').update(`${node} ${id}`).digest('hex')
    return this.#parts.peers.others.toSorted((one, other) => (rank(one) < rank(other) ? -1 : 1))
  }

  async #copy(id: string, digest: Digest, waitMs: number): Promise<boolean> {
    const { clock, peers } = this.#parts
    for (const until = clock.elapsed() + waitMs; !this.#isClosed; await pause(clock, RETRY_MS)) {
      const states: (CopyState | 'away')[] = []
      for (const node of this.#nodesFor(id)) {
        let state: CopyState | 'away' = 'copying'
        // It continues, however large the file is.
        while (state === 'copying' && !this.#isClosed) state = await peers.copy(node, id, digest).catch(() => 'away')
        if (state === 'kept') return true
        states.push(state)
      }
      // Nodes without space will not have it in a moment either.
      if (states.length > 0 && states.every((state) => state === 'refused')) return false
      if (peers.aloneMs >= waitMs || clock.elapsed() > until) return false
    }
    return false
  }

  #again(inMs = AGAIN_MS): void {
    this.#cancelAgain ??= this.#parts.clock.after(inMs, async () => {
      for (const id of this.#single) {
        await pause(this.#parts.clock, PACE_MS)
        const digest = (await this.#parts.known(id).catch(() => undefined))?.whole
        if (digest === undefined || !(await this.#copy(id, digest, 0))) continue
        this.#single.delete(id)
        this.#tell()
      }
      this.#cancelAgain = undefined
      if (this.#single.size > 0 && !this.#isClosed) this.#again()
    })
  }

  /** Has the files among these copied that are on this node alone. Answers their number, and the files that no node has. */
  async spread(ids: readonly string[]): Promise<{ readonly copying: number; readonly missing: readonly string[] }> {
    const { local, peers } = this.#parts
    if (peers.others.length === 0) throw new Error('no other node is there')
    const missing: string[] = []
    let copying = 0
    for (let at = 0; at < ids.length && !this.#isClosed; at += CHECKED_AT_ONCE) {
      let left: readonly string[] = ids.slice(at, at + CHECKED_AT_ONCE)
      for (const node of peers.others) if (left.length > 0) left = await peers.lacking(node, left)
      for (const id of left)
        if ((await local.size(id)) === undefined) missing.push(id)
        else {
          this.#single.add(id)
          copying++
        }
    }
    this.#tell()
    if (this.#single.size > 0) this.#again(0)
    return { copying, missing }
  }

  #tell(): void {
    this.#parts.metrics.gauge('cluster_files_with_one_copy', this.#single.size)
    this.#parts.onSingle(this.#single.size)
  }
}
