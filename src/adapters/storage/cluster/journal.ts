import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type Observable, Subject } from 'rxjs'
import type { ClusterConnection } from '#cluster/connection.ts'
import { ClusterRefused } from '#cluster/errors.ts'
import { kindOf, MESSAGE_BYTES, MessageCodec } from '#cluster/message.ts'
import { Subjects } from '#cluster/subjects.ts'
import { Turns } from '#cluster/turns.ts'
import { failureText } from '#domain/names/text.ts'
import { type Appended, JournalFailed, type SharedJournal, type Span, type Trimmed } from '#domain/ports/journal.ts'
import type { Log, Metrics } from '#domain/ports/system.ts'
import { Batch } from '#domain/room/batch.ts'
import type { Erasure } from '#domain/room/erasure.ts'
import type { Entry, PastEvent } from '#domain/room/events.ts'
import { densityFault, repeatedIdFault } from '../numbering.ts'
import { CopyWriter, type JournalCopy } from './copy-writer.ts'
import { LogReader, type PendingAppend, type ReadRoom } from './log-reader.ts'
import { clusterOf, Progress } from './progress.ts'

export interface ClusterSettings {
  /** The cluster's name, by which its subjects and streams begin. */
  readonly cluster: string
  /** This node's name. */
  readonly node: string
  /** Seals all messages; the same at every node. Left out, it is made of what the streams tell: against damage only. */
  readonly key?: string
  /** Copies of each stream. */
  readonly replicas: number
  /** Streams that the rooms are spread over; fixed when the cluster is made. */
  readonly shards: number
}

export interface ClusterJournalOptions extends ClusterSettings {
  /** Opened and closed with the journal, where others have not opened it before. */
  readonly connection: ClusterConnection
  readonly copy: JournalCopy
  /** Where the copy is, and how far it has come; left out, it begins anew each time. */
  readonly directory?: string
  readonly log: Log
  readonly metrics: Metrics
  /** Called whenever the log can be reached again, or no more. */
  readonly onReach?: (isReached: boolean) => void
  /** Called once, when this node can follow the cluster no more. */
  readonly onFailed?: (error: JournalFailed) => void
}

const COMMITTED: Appended = { status: 'committed' }
const BEHIND: Appended = { status: 'behind' }
const GIVEN_UP: Appended = {
  status: 'readOnly',
  message:
    'the cluster was not reached before this host had to stop: it is not known whether this was kept; see what is there, then send the rest again',
}
/** Who asks for all that there is gets what is here after this long. */
const CAUGHT_UP_MS = 2000
const CONFLICT_MS = 25
const RETRY_MS = 50
const RETRY_SPREAD_MS = 150
/** An append that cannot be made looks why after so long, and after so much more the log has lost what this node has. */
const LOOK_MS = 5000
const LOST_MS = 60_000

/**
 * The journal of a cluster: the streams of a NATS with JetStream, which every node reads whole into a copy of its own. It appends to a room
 * expecting the room's log to end where the copy does. Whether a batch was appended is told by the log alone: the next message that fits behind it is this
 * one, or another node's.
 */
export class ClusterJournal implements SharedJournal {
  readonly #options: ClusterJournalOptions
  readonly #connection: ClusterConnection
  readonly #copy: JournalCopy
  readonly #log: Log
  readonly #metrics: Metrics
  readonly #turns: Turns
  readonly #foreign = new Subject<Batch>()
  readonly #trimmed = new Subject<Trimmed>()
  /** Names this process: a node that was started again is another writer. */
  readonly #writer: string
  #commits = 0
  #writing: CopyWriter
  #subjects: Subjects
  #codec: MessageCodec | undefined
  #progress: Progress | undefined
  #opened: LogReader | undefined
  #opening: Promise<void> | undefined
  #failure: JournalFailed | undefined
  #isGivingUp = false

  constructor(options: ClusterJournalOptions) {
    const { connection, copy, log, metrics, node, cluster, shards } = options
    this.#options = options
    this.#copy = copy
    this.#log = log
    this.#metrics = metrics
    this.#writer = `${node}.${randomBytes(6).toString('base64url')}`
    this.#connection = connection
    this.#turns = new Turns(this.#writer, () => performance.now())
    this.#writing = new CopyWriter(copy, log, (error) => this.#fail(error))
    this.#subjects = new Subjects(cluster, shards)
  }

  get foreign$(): Observable<Batch> {
    return this.#foreign.asObservable()
  }

  get trimmed$(): Observable<Trimmed> {
    return this.#trimmed.asObservable()
  }

  open(): Promise<void> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  async close(): Promise<void> {
    if (this.#opening === undefined) return
    await this.#opening.catch(() => {})
    for (const { appends } of this.#opened?.rooms ?? []) await appends.run(async () => {})
    await this.#opened?.close()
    await this.#writing.settled()
    if (this.#failure === undefined) await this.#progress?.stop()
    await this.#connection.close()
    await this.#copy.close()
    this.#opening = undefined
    this.#opened = undefined
  }

  /** For how long something of other nodes may be missing here. */
  get lagMs(): number {
    return this.#opened?.lagMs ?? 0
  }

  giveUp(): void {
    this.#isGivingUp = true
    for (const room of this.#opened?.rooms ?? []) this.#opened?.settle(room)?.resolve(GIVEN_UP)
  }

  async append(batches: readonly Batch[]): Promise<Appended> {
    const batch = joined(batches)
    if (batch === undefined) return COMMITTED
    const room = this.#reader.roomOf(batch.room)
    return await room.appends.run(() => this.#append(room, batch))
  }

  turn(name: string): Promise<void> | undefined {
    const ms = this.#turns.waitMs(name)
    return ms === 0 ? undefined : pause(ms)
  }

  async caughtUp(name: string): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure
    if (!this.#connection.isConnected) return false
    const room = this.#reader.roomOf(name)
    const timeout = new AbortController()
    const late = pause(CAUGHT_UP_MS, false, { signal: timeout.signal, ref: false }).catch(() => false)
    // Without its leader the room is served as this node knows it.
    const reading = this.#reader.catchUp(room).then(
      () => true,
      () => {
        this.#metrics.count('cluster_not_caught_up')
        return false
      },
    )
    const isCaughtUp = await Promise.race([reading.then((is) => room.written.then(() => is)), late])
    timeout.abort()
    return isCaughtUp
  }

  async trim(name: string, upTo: number): Promise<void> {
    const room = this.#reader.roomOf(name)
    const subject = this.#subjects.ofRoom(name, 'trim')
    const filter = this.#subjects.ofRoom(name, '*')
    await this.#reader.catchUp(room)
    if (room.log.last === 0) return
    const bytes = this.#openCodec.encodeTrim(subject, Math.min(upTo, room.log.last))
    const published = await this.#connection.publish(subject, bytes, filter, room.log.at)
    // The next look at the room trims again.
    if (published.status !== 'kept') return
    this.#reader.take({ subject, seq: published.seq, data: bytes })
    await room.trimming
    const chat = this.#subjects.ofRoom(name, 'chat')
    const stream = this.#subjects.stream(room.shard)
    const newest = await this.#connection.newest(stream, chat)
    if (newest === undefined) return
    // A new node tells by the newest batch where the room ends.
    const end = await this.#placeOf(stream, chat, upTo, newest.seq)
    if (end > 0) await this.#connection.purge(stream, chat, end)
  }

  span(room: string): Promise<Span | undefined> {
    return this.#copy.span(room)
  }

  rooms(): Promise<ReadonlyMap<string, Span>> {
    return this.#copy.rooms()
  }

  read(room: string, after: number, limit: number): Promise<readonly Batch[]> {
    return this.#copy.read(room, after, limit)
  }

  facts(room: string): Promise<readonly Entry[]> {
    return this.#copy.facts(room)
  }

  search(room: string, query: string, limit: number, chars: number): Promise<readonly PastEvent[]> {
    return this.#copy.search(room, query, limit, chars)
  }

  erase(room: string, erasures: readonly Erasure[]): Promise<'erased' | 'readOnly'> {
    return this.#copy.erase(room, erasures)
  }

  async #open(): Promise<void> {
    const { directory, cluster } = this.#options
    const known = directory === undefined ? undefined : await clusterOf(directory)
    await this.#copy.open()
    try {
      const spans = await this.#copy.rooms()
      if (directory !== undefined && known === undefined && spans.size > 0)
        throw new ClusterRefused(
          'CLUSTER_OTHER_DATA',
          `${directory} has the history of a host of its own, which the cluster does not know; give this node a directory of its own with --data`,
        )
      this.#connection.onReach = (isReached) => this.#reached(isReached)
      await this.#connection.open()
      const { epoch, shards } = await this.#ensureStreams()
      if (known !== undefined && (known.epoch !== epoch || known.name !== cluster))
        throw new ClusterRefused(
          'CLUSTER_OTHER_DATA',
          `${directory} is a copy of another cluster, or this one was made anew; keep that directory (tamtam export --data writes its rooms into a file), and give this node another one with --data`,
        )
      const kept = known ?? { name: cluster, epoch, shards: Array(shards).fill(0) }
      this.#progress = new Progress(directory, kept, () => this.#copy.sync())
      await this.#progress.start((error) => this.#fail(error))
      const reader = this.#readerOf(spans)
      this.#opened = reader
      const progress = this.#progress
      await Promise.all(this.#subjects.shards.map((shard) => reader.follow(shard, progress)))
      await this.#writing.settled()
    } catch (error) {
      await this.#connection.close()
      await this.#copy.close()
      this.#opening = undefined
      throw this.#failure ?? error
    }
  }

  async #ensureStreams(): Promise<{ epoch: string; shards: number }> {
    const { cluster, key, replicas, shards } = this.#options
    let epoch = randomBytes(12).toString('base64url')
    let count = shards
    for (let shard = 0; shard < count; shard++) {
      const check = checkOf(key ?? epoch)
      const metadata = await this.#connection.ensureStream({
        ...{ name: this.#subjects.stream(shard), subjects: this.#subjects.ofShard(shard), replicas },
        ...{ republish: this.#subjects.live(shard), metadata: { epoch, shards: String(count), check } },
      })
      if (shard === 0) {
        epoch = metadata['epoch'] ?? ''
        count = Number(metadata['shards'])
        if (epoch === '' || !(count >= 1))
          throw new ClusterRefused(
            'CLUSTER_UNFIT',
            `the stream ${this.#subjects.stream(0)} is not of a cluster of tamtam; choose another name with --cluster-name`,
          )
        this.#subjects = new Subjects(cluster, count)
      }
      if (metadata['check'] !== checkOf(key ?? epoch))
        throw new ClusterRefused(
          'CLUSTER_UNFIT',
          'this node has another key than the cluster (TAMTAM_CLUSTER_KEY); give every node the same one, or none',
        )
    }
    this.#codec = new MessageCodec(key ?? epoch)
    return { epoch, shards: count }
  }

  #readerOf(spans: ReadonlyMap<string, Span>): LogReader {
    const parts = {
      ...{ connection: this.#connection, subjects: this.#subjects, codec: this.#openCodec, writing: this.#writing },
      ...{ turns: this.#turns, log: this.#log, metrics: this.#metrics },
    }
    return new LogReader(parts, spans, {
      foreign: (batch) => this.#foreign.next(batch),
      trimmed: (trimmed) => this.#trimmed.next(trimmed),
      failed: (error) => this.#fail(error),
    })
  }

  async #append(room: ReadRoom, batch: Batch): Promise<Appended> {
    if (!(await this.#position(room))) return GIVEN_UP
    // The copy shows everything that was taken: then ids are looked up in all of the room.
    await room.written
    if (batch.ids.length > 0) {
      const known = await this.#copy.known(room.name, batch.ids)
      if (known.length > 0) return { status: 'duplicate', known }
    }
    const { head, last } = room.log
    if (head === undefined || batch.first !== last + 1) {
      await room.written
      return BEHIND
    }
    const subject = this.#subjects.ofRoom(room.name, kindOf(batch))
    const commit = `${this.#writer}.${this.#commits++}`
    const bytes = this.#openCodec.encodeBatch(subject, batch, commit, head)
    if (bytes.length > MESSAGE_BYTES)
      throw new RangeError(`a batch of ${bytes.length} bytes is too large for a cluster`)
    return await new Promise<Appended>((resolve, reject) => {
      const pending = { commit, batch, resolve, reject }
      room.pending = pending
      this.#publish(room, pending, subject, bytes).catch((error: unknown) => this.#fail(error))
    })
  }

  /** Sends the same bytes until the log has decided: an answer that is lost, late or wrong changes nothing. */
  async #publish(room: ReadRoom, pending: PendingAppend, subject: string, data: Uint8Array): Promise<void> {
    const filter = this.#subjects.ofRoom(room.name, '*')
    const startedAt = performance.now()
    let lookAt = startedAt + LOOK_MS
    while (room.pending === pending) {
      const triedAt = performance.now()
      const published = await this.#connection.publish(subject, data, filter, room.log.at)
      if (published.status === 'kept') {
        this.#turns.took(performance.now() - triedAt)
        this.#reader.take({ subject, seq: published.seq, data })
      }
      if (room.pending !== pending) return
      this.#metrics.count(`cluster_appends_${published.status}`)
      // What came in between has very likely come here, or will in a moment.
      await this.#reader.pull(room, room.log.at + 1).catch(() => {})
      if (room.pending !== pending) return
      await pause(published.status === 'conflict' ? CONFLICT_MS : RETRY_MS + Math.random() * RETRY_SPREAD_MS)
      if (performance.now() < lookAt) continue
      lookAt = performance.now() + LOOK_MS
      await this.#look(room, performance.now() - startedAt)
    }
  }

  /** Why an append cannot be made: as long as the log is only out of reach, it waits. */
  async #look(room: ReadRoom, waitedMs: number): Promise<void> {
    const stream = this.#subjects.stream(room.shard)
    const span = await this.#connection.span(stream)
    if (span === undefined) return
    const isLost = span === 'gone' || span.last < room.log.at
    if (!isLost) return
    this.#log.error('the log of the cluster ends before what this node has of it', { stream })
    if (waitedMs < LOST_MS) return
    this.#fail(new Error(lost(stream)))
  }

  /** Finds out where the room's log ends; false where the host stops before. */
  async #position(room: ReadRoom): Promise<boolean> {
    const startedAt = performance.now()
    while (!room.isPositioned || room.log.head === undefined || room.repairing !== undefined) {
      if (this.#failure !== undefined) throw this.#failure
      if (this.#isGivingUp) return false
      try {
        await this.#reader.catchUp(room)
        if (room.log.head !== undefined) continue
        if (performance.now() - startedAt > LOST_MS)
          throw this.#fail(new Error(lost(this.#subjects.stream(room.shard))))
      } catch (error) {
        if (error instanceof JournalFailed) throw error
      }
      await pause(RETRY_MS + Math.random() * RETRY_SPREAD_MS)
    }
    return !this.#isGivingUp
  }

  /** The place before `end` up to which messages have entries up to `upTo` only, 0 where there is none: the numbers rise with the places. */
  async #placeOf(stream: string, subject: string, upTo: number, end: number): Promise<number> {
    let low = 0
    let high = end
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      const [stored] = await this.#connection.fetch(stream, middle, subject, 1)
      const message = stored && this.#openCodec.decode(stored.subject, stored.data)
      if (stored !== undefined && message?.type === 'batch' && message.last <= upTo)
        low = Math.max(middle, Math.min(stored.seq, high - 1))
      else high = middle
    }
    return low
  }

  #reached(isReached: boolean): void {
    this.#options.onReach?.(isReached)
    if (isReached) this.#opened?.fetch()
  }

  get #reader(): LogReader {
    if (this.#opened === undefined) throw new Error('the journal is not open; await open() first')
    return this.#opened
  }

  get #openCodec(): MessageCodec {
    if (this.#codec === undefined) throw new Error('the journal is not open; await open() first')
    return this.#codec
  }

  /** Nothing is kept here from now on: the other nodes go on. */
  #fail(cause: unknown): JournalFailed {
    if (this.#failure !== undefined) return this.#failure
    this.#failure = new JournalFailed(`this node's part of the cluster failed: ${failureText(cause)}`, { cause })
    for (const room of this.#opened?.rooms ?? []) this.#opened?.settle(room)?.reject(this.#failure)
    this.#options.onFailed?.(this.#failure)
    return this.#failure
  }
}

const lost = (stream: string): string =>
  `the stream ${stream} was deleted, or set back to an older state: this node's copy has entries that it has not; put the newest state of NATS's store back`

const checkOf = (key: string): string =>
  createHash('sha256').update(`tamtam cluster ${key}`).digest('base64url').slice(0, 16)

/** One batch of all; undefined where there is no entry. A mistake of the caller where they are not dense, or of several rooms. */
function joined(batches: readonly Batch[]): Batch | undefined {
  const written = batches.filter(({ entries }) => entries.length > 0)
  const [first, ...more] = written
  if (first === undefined) return undefined
  if (more.some(({ room }) => room !== first.room)) throw new RangeError('an append to a cluster is of one room')
  const batch =
    more.length === 0
      ? first
      : new Batch(
          first.room,
          written.flatMap(({ entries }) => entries),
          written.flatMap(({ ids }) => ids),
        )
  const fault = densityFault(batch) ?? repeatedIdFault(written)
  if (fault !== undefined) throw new RangeError(fault)
  return batch
}
