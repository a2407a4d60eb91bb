import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '#domain/ports/system.ts'
import type { ClusterConnection, StoredMessage } from './connection.ts'
import { ShardFollower } from './follower.ts'
import type { BucketSubjects } from './subjects.ts'

const RETRY_MS = 25
const RETRY_SPREAD_MS = 50

/** A record as it was written last. */
export interface BucketRecord {
  /** Names this writing of it: a later one has a greater number. */
  readonly revision: number
  readonly data: Uint8Array
}

/** What a record is to become; it goes by itself after so many seconds where it says so. */
export interface BucketWrite {
  readonly data: Uint8Array
  readonly seconds?: number
}

/** Small records by their keys, the same at all nodes, each replaced only by who knows its newest revision. */
export interface Bucket {
  /** Idempotent; the others do it by themselves. */
  open(): Promise<void>
  /** The newest, whoever wrote it; undefined where there is none. Rejects where that cannot be told. */
  read(key: string): Promise<BucketRecord | undefined>
  /** Writes it where `revision` is the newest, 0 where there is none. False: another came first, or it is not known. */
  write(key: string, next: BucketWrite, revision: number): Promise<boolean>
  /** Calls `take` with each record: those that there are before it resolves, and each that is written from then on. */
  follow(take: (key: string, data: Uint8Array) => void): Promise<void>
}

/**
 * Replaces a record by what `change` makes of it, again where another node came first, for as long as `waitMs`; answers what it is then. `change` may be
 * called several times, also with what it made itself where an answer was lost. Undefined: it stays as it is.
 */
export async function update(
  bucket: Bucket,
  key: string,
  change: (before: Uint8Array | undefined) => BucketWrite | undefined,
  waitMs: number,
): Promise<Uint8Array | undefined> {
  for (const until = performance.now() + waitMs; ; ) {
    try {
      const before = await bucket.read(key)
      const next = change(before?.data)
      if (next === undefined) return before?.data
      if (await bucket.write(key, next, before?.revision ?? 0)) return next.data
    } catch (error) {
      if (performance.now() > until) throw error
    }
    if (performance.now() > until) throw new Error('the cluster cannot be reached to keep a record')
    await pause(RETRY_MS + Math.random() * RETRY_SPREAD_MS)
  }
}

/** A bucket in a stream of NATS, of which only the newest message of each key is kept. */
export class StreamBucket implements Bucket {
  readonly #connection: ClusterConnection
  readonly #subjects: BucketSubjects
  readonly #replicas: number
  readonly #log: Log
  #opening: Promise<void> | undefined

  constructor(connection: ClusterConnection, subjects: BucketSubjects, replicas: number, log: Log) {
    this.#connection = connection
    this.#subjects = subjects
    this.#replicas = replicas
    this.#log = log
  }

  open(): Promise<void> {
    this.#opening ??= this.#ensure().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async read(key: string): Promise<BucketRecord | undefined> {
    await this.open()
    const stored = await this.#connection.newest(this.#subjects.stream, this.#subjects.of(key))
    return stored && { revision: stored.seq, data: stored.data }
  }

  async write(key: string, { data, seconds }: BucketWrite, revision: number): Promise<boolean> {
    await this.open()
    const subject = this.#subjects.of(key)
    return (await this.#connection.publish(subject, data, subject, revision, seconds)).status === 'kept'
  }

  async follow(take: (key: string, data: Uint8Array) => void): Promise<void> {
    await this.open()
    const hear = ({ subject, data }: StoredMessage) => {
      const key = this.#subjects.keyOf(subject)
      if (key !== undefined) take(key, data)
      return true
    }
    const taking = {
      ...{ take: hear, takeLive: hear, took: () => {}, isBusy: false },
      ...{ takeBehindGap: async () => {}, ready: async () => {} },
    }
    const follower = new ShardFollower(this.#connection, this.#subjects.stream, 0, taking, this.#log)
    await follower.start(this.#subjects.live)
  }

  async #ensure(): Promise<void> {
    await this.#connection.open()
    const { stream, all, live } = this.#subjects
    await this.#connection.ensureStream({
      ...{ name: stream, subjects: all, republish: live, newestOnly: true },
      ...{ replicas: this.#replicas, metadata: {} },
    })
  }
}

/** What several buckets in one process share. */
export type MemoryRecords = Map<string, BucketRecord>

/** A node's bucket in memory, for tests. */
export class MemoryBucket implements Bucket {
  readonly #records: MemoryRecords
  isReached = true

  constructor(records: MemoryRecords) {
    this.#records = records
  }

  async open(): Promise<void> {}

  async read(key: string): Promise<BucketRecord | undefined> {
    if (!this.isReached) throw new Error('the bucket cannot be reached')
    return this.#records.get(key)
  }

  async write(key: string, { data }: BucketWrite, revision: number): Promise<boolean> {
    if (!this.isReached || (this.#records.get(key)?.revision ?? 0) !== revision) return false
    this.#records.set(key, { revision: revision + 1, data })
    return true
  }

  async follow(): Promise<void> {
    throw new Error('a bucket in memory is not followed')
  }
}
