import { setTimeout as pause } from 'node:timers/promises'
import * as v from 'valibot'
import { failureText } from '#domain/names/text.ts'
import type { SharedNames } from '#domain/ports/shared-names.ts'
import type { Log } from '#domain/ports/system.ts'
import { type Bucket, update } from './bucket.ts'
import { SealedJson } from './sealed-json.ts'
import { tokenOf } from './subjects.ts'

const CLAIM_MS = 5000
const FREED_MS = 50
const FREED_TRIES = 4
/** Time that a freed name is remembered, so that a node that read it before is told of the change. */
const FREED_SECONDS = 60

/** The owner of a name, and its nodes; without a node it is free. */
const record = v.object({ owner: v.string(), hosts: v.array(v.string()) })
type NameRecord = v.InferOutput<typeof record>

export interface ClusterNamesParts {
  readonly bucket: Bucket
  /** This node since its start, and whether another node is alive. */
  readonly nodes: { readonly host: string; lives(host: string): boolean; onBack(back: () => void): void }
  readonly key: string | undefined
  readonly log: Log
}

/** One record for each used name. A name whose nodes are all gone is free. */
export class ClusterNames implements SharedNames {
  readonly #parts: ClusterNamesParts
  readonly #codec: SealedJson
  /** The names at this node, with their owners. */
  readonly #held = new Map<string, string>()
  /** Work on one name is done in turn. */
  readonly #turns = new Map<string, Promise<unknown>>()
  #lost: (skeleton: string) => void = () => {}

  constructor(parts: ClusterNamesParts) {
    this.#parts = parts
    this.#codec = new SealedJson(parts.key ?? '')
    parts.nodes.onBack(() => void this.#claimAgain())
  }

  onLost(lost: (skeleton: string) => void): void {
    this.#lost = lost
  }

  claim(skeleton: string, owner: string): Promise<'claimed' | 'taken' | 'unknown'> {
    return this.#inTurn(skeleton, async () => {
      if (this.#held.get(skeleton) === owner) return 'claimed'
      let outcome = await this.#claim(skeleton, owner)
      // A member who is seen to leave has the name for a moment longer.
      for (let tries = 0; outcome === 'taken' && tries < FREED_TRIES; tries++) {
        await pause(FREED_MS)
        outcome = await this.#claim(skeleton, owner)
      }
      if (outcome === 'claimed') this.#held.set(skeleton, owner)
      return outcome
    })
  }

  async look(skeleton: string, owner: string): Promise<'free' | 'taken' | 'unknown'> {
    const key = tokenOf(skeleton)
    try {
      const kept = await this.#parts.bucket.read(key)
      return this.#isOthers(this.#read(key, kept?.data), owner) ? 'taken' : 'free'
    } catch {
      return 'unknown'
    }
  }

  release(skeleton: string): void {
    void this.#inTurn(skeleton, async () => {
      if (this.#held.delete(skeleton)) await this.#release(skeleton)
    })
  }

  async #claim(skeleton: string, owner: string): Promise<'claimed' | 'taken' | 'unknown'> {
    const { bucket, nodes } = this.#parts
    const key = tokenOf(skeleton)
    let isTaken = false
    const change = (data: Uint8Array | undefined) => {
      const kept = this.#read(key, data)
      isTaken = this.#isOthers(kept, owner)
      const others = kept?.owner === owner ? kept.hosts.filter((host) => host !== nodes.host && nodes.lives(host)) : []
      return isTaken ? undefined : { data: this.#codec.encode(key, { owner, hosts: [...others, nodes.host] }) }
    }
    try {
      await update(bucket, key, change, CLAIM_MS)
      return isTaken ? 'taken' : 'claimed'
    } catch {
      return 'unknown'
    }
  }

  async #release(skeleton: string): Promise<void> {
    const { bucket, nodes, log } = this.#parts
    const key = tokenOf(skeleton)
    const change = (data: Uint8Array | undefined) => {
      const kept = this.#read(key, data)
      if (kept === undefined || !kept.hosts.includes(nodes.host)) return undefined
      const hosts = kept.hosts.filter((host) => host !== nodes.host)
      const next = this.#codec.encode(key, { ...kept, hosts })
      return { data: next, ...(hosts.length === 0 ? { seconds: FREED_SECONDS } : {}) }
    }
    try {
      await update(bucket, key, change, CLAIM_MS)
    } catch (error) {
      // It becomes free when this node is gone.
      log.warn('a name could not be freed', { error: failureText(error) })
    }
  }

  /** Another may have taken it while this node was cut off. */
  async #claimAgain(): Promise<void> {
    for (const [skeleton, owner] of [...this.#held]) {
      const outcome = await this.#inTurn(skeleton, async () =>
        this.#held.get(skeleton) === owner ? await this.#claim(skeleton, owner) : 'claimed',
      )
      if (outcome !== 'taken' || !this.#held.delete(skeleton)) continue
      this.#lost(skeleton)
    }
  }

  #isOthers(kept: NameRecord | undefined, owner: string): boolean {
    const { nodes } = this.#parts
    return (
      kept !== undefined && kept.owner !== owner && kept.hosts.some((host) => host !== nodes.host && nodes.lives(host))
    )
  }

  /** Records without a valid seal count as nothing. */
  #read(key: string, data: Uint8Array | undefined): NameRecord | undefined {
    return data && this.#codec.decode(record, key, data)
  }

  async #inTurn<T>(skeleton: string, task: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(skeleton) ?? Promise.resolve()
    const turn = before.then(task)
    this.#turns.set(skeleton, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(skeleton) === turn) this.#turns.delete(skeleton)
    }
  }
}
