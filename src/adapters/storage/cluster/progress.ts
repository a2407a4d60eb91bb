import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { ClusterRefused } from '#cluster/errors.ts'
import { errorCode, makeDirectory, replaceFile } from '#system/files/file-system.ts'

const FILE = 'cluster.json'
const EVERY_MS = 2000

const kept = v.object({
  /** The cluster that the directory is a copy of. */
  name: v.string(),
  epoch: v.string(),
  /** Of each shard, the stream sequence up to which everything is in the copy. */
  shards: v.array(v.pipe(v.number(), v.integer(), v.minValue(0))),
})

type Kept = v.InferOutput<typeof kept>

/** Throws `ClusterRefused` where the directory is a node's: what is written there alone, the cluster would not know. */
export async function refuseCopy(directory: string): Promise<void> {
  const cluster = await clusterOf(directory)
  if (cluster === undefined) return
  throw new ClusterRefused(
    'CLUSTER_OTHER_DATA',
    `${directory} is the copy of a node of the cluster ${cluster.name}; start it with --cluster, or choose another directory with --data`,
  )
}

/** Which cluster a data directory is a copy of. Undefined: of none. */
export async function clusterOf(directory: string): Promise<Kept | undefined> {
  const path = join(directory, FILE)
  try {
    return v.parse(kept, JSON.parse(await readFile(path, 'utf8')))
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined
    throw new ClusterRefused(
      'CLUSTER_OTHER_DATA',
      `${path} cannot be read; remove journal.db and it, and the node fetches everything again`,
      { cause },
    )
  }
}

/** How far the copy of each shard has come, kept now and then: what comes twice is known by its number. */
export class Progress {
  readonly #directory: string | undefined
  readonly #cluster: Omit<Kept, 'shards'>
  readonly #shards: number[]
  readonly #sync: () => Promise<boolean>
  #hasNews = true
  #timer: NodeJS.Timeout | undefined

  /** `directory`: left out, nothing is kept. `sync` makes the copy durable: what is noted is never ahead of it. */
  constructor(directory: string | undefined, { shards, ...cluster }: Kept, sync: () => Promise<boolean>) {
    this.#directory = directory
    this.#sync = sync
    this.#cluster = cluster
    this.#shards = [...shards]
  }

  of(shard: number): number {
    return this.#shards[shard] ?? 0
  }

  note(shard: number, seq: number): void {
    this.#shards[shard] = seq
    this.#hasNews = true
  }

  /** Keeps it from now on; `failed` is called where that is not possible. */
  async start(failed: (error: unknown) => void): Promise<void> {
    await this.save()
    this.#timer = setInterval(() => this.save().catch(failed), EVERY_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.save()
  }

  async save(): Promise<void> {
    if (this.#directory === undefined || !this.#hasNews) return
    this.#hasNews = false
    const shards = [...this.#shards]
    if (!(await this.#sync())) return
    await makeDirectory(this.#directory)
    await replaceFile(join(this.#directory, FILE), `${JSON.stringify({ ...this.#cluster, shards })}\n`)
  }
}
