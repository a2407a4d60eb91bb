import { setTimeout as pause } from 'node:timers/promises'
import type { ClusterConnection, StoredMessage } from '#cluster/connection.ts'
import { ShardFollower } from '#cluster/follower.ts'
import { type BatchMessage, batchOf, type Message, type MessageCodec } from '#cluster/message.ts'
import { RoomLog } from '#cluster/room-log.ts'
import type { MessageKind, Subjects } from '#cluster/subjects.ts'
import type { Turns } from '#cluster/turns.ts'
import { SerialQueue } from '#domain/async/serial-queue.ts'
import type { Appended, Span, Trimmed } from '#domain/ports/journal.ts'
import type { Log, Metrics } from '#domain/ports/system.ts'
import type { Batch } from '#domain/room/batch.ts'
import type { CopyWriter } from './copy-writer.ts'
import type { Progress } from './progress.ts'

/** One append whose fate the log decides. */
export interface PendingAppend {
  readonly commit: string
  readonly batch: Batch
  resolve(appended: Appended): void
  reject(error: unknown): void
}

/** A room of the log, as far as it was read. */
export interface ReadRoom {
  readonly name: string
  readonly shard: number
  readonly log: RoomLog
  readonly appends: SerialQueue
  /** Where its log ends is known from the stream. */
  isPositioned: boolean
  pending: PendingAppend | undefined
  /** Resolves when everything that was taken of it is in the copy, and was emitted. */
  written: Promise<void>
  /** Resolves when the newest trim is carried out. */
  trimming: Promise<void>
  repairing: Promise<void> | undefined
}

export interface LogReaderParts {
  readonly connection: ClusterConnection
  readonly subjects: Subjects
  readonly codec: MessageCodec
  readonly writing: CopyWriter
  readonly turns: Turns
  readonly log: Log
  readonly metrics: Metrics
}

/** Called in the order of each room, once it can be read here. */
export interface LogReaderEvents {
  foreign(batch: Batch): void
  trimmed(trimmed: Trimmed): void
  /** This node cannot read what the others can. */
  failed(error: unknown): void
}

const DONE = Promise.resolve()
/** Servers that follow the leader have what it has after some milliseconds. */
const PULL_MS = 2000
const AGAIN_MS = 5
const COMMITTED: Appended = { status: 'committed' }
const BEHIND: Appended = { status: 'behind' }

/**
 * Reads the streams of a cluster: judges each message, writes the batches into the copy, and tells those that wait for them. Messages come live, by
 * the answer to an append, and by reading: whichever comes first counts, since each is judged by its place.
 */
export class LogReader {
  readonly #connection: ClusterConnection
  readonly #subjects: Subjects
  readonly #codec: MessageCodec
  readonly #writing: CopyWriter
  readonly #turns: Turns
  readonly #log: Log
  readonly #metrics: Metrics
  readonly #spans: ReadonlyMap<string, Span>
  readonly #emit: LogReaderEvents
  readonly #rooms = new Map<string, ReadRoom>()
  readonly #followers: ShardFollower[] = []
  #hasFailed = false

  /** `spans`: what is in the copy already. */
  constructor(parts: LogReaderParts, spans: ReadonlyMap<string, Span>, emit: LogReaderEvents) {
    this.#connection = parts.connection
    this.#subjects = parts.subjects
    this.#codec = parts.codec
    this.#writing = parts.writing
    this.#turns = parts.turns
    this.#log = parts.log
    this.#metrics = parts.metrics
    this.#spans = spans
    this.#emit = emit
  }

  get rooms(): Iterable<ReadRoom> {
    return this.#rooms.values()
  }

  /** Looks at once what there is. */
  fetch(): void {
    for (const follower of this.#followers) follower.fetch()
  }

  /** For how long something may be missing here. */
  get lagMs(): number {
    return Math.max(0, ...this.#followers.map((follower) => follower.lagMs))
  }

  async close(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.close()))
  }

  /** Reads a shard from where the progress is; resolves once all that it has was taken. */
  async follow(shard: number, progress: Progress): Promise<void> {
    const writing = this.#writing
    const follower = new ShardFollower(
      this.#connection,
      this.#subjects.stream(shard),
      progress.of(shard),
      {
        take: (stored) => this.take(stored),
        takeLive: (stored) => this.takeLive(stored),
        takeBehindGap: this.#takeBehindGap,
        took: (seq) => writing.add({ done: () => progress.note(shard, seq) }),
        get isBusy() {
          return writing.isBusy
        },
        ready: () => writing.ready(),
      },
      this.#log,
    )
    this.#followers[shard] = follower
    await follower.start(this.#subjects.live(shard))
  }

  /** What is known of a room; made where it is new. */
  roomOf(name: string): ReadRoom {
    const known = this.#rooms.get(name)
    if (known !== undefined) return known
    const room: ReadRoom = {
      ...{ name, shard: this.#subjects.shardOf(name), log: new RoomLog(this.#spans.get(name)?.last ?? 0) },
      ...{
        appends: new SerialQueue(),
        isPositioned: false,
        pending: undefined,
        written: DONE,
        trimming: DONE,
        repairing: undefined,
      },
    }
    this.#rooms.set(name, room)
    return room
  }

  /** Takes the pending append from its room: it has been judged. */
  settle(room: ReadRoom): PendingAppend | undefined {
    const { pending } = room
    room.pending = undefined
    return pending
  }

  /** Takes everything of the room that its stream's leader has. Rejects where that cannot be told. */
  async catchUp(room: ReadRoom): Promise<void> {
    const stream = this.#subjects.stream(room.shard)
    const stored = await this.#connection.newest(stream, this.#subjects.ofRoom(room.name, '*'))
    if (stored !== undefined && stored.seq > room.log.at) {
      const message = this.#codec.decode(stored.subject, stored.data)
      const isHere = message?.type === 'batch' && message.last === room.log.last
      if (!isHere) await this.pull(room, Math.max(room.log.at, this.#followers[room.shard]?.seen ?? 0) + 1, stored.seq)
      // Nothing of the room lies between it and what was taken.
      if (!this.take(stored)) await this.#takeBehindGap(stored)
    }
    await room.repairing
    // The newest may be a trim.
    for (const kind of room.log.head === undefined ? (['chat', 'facts'] as const) : []) {
      const batch = await this.#connection.newest(stream, this.#subjects.ofRoom(room.name, kind))
      const message = batch && this.#codec.decode(batch.subject, batch.data)
      if (message?.type === 'batch') room.log.goOnFrom(message)
    }
    room.isPositioned = true
  }

  /**
   * Takes the room's messages from a place in the stream on, up to the place `to` at least. Rejects where no server that answers has all of them
   * in time.
   */
  async pull(room: ReadRoom, from: number, to = 0, behindGap = this.#takeBehindGap): Promise<void> {
    const stream = this.#subjects.stream(room.shard)
    const subjects = this.#subjects.ofRoom(room.name, '*')
    const until = performance.now() + PULL_MS
    for (let next = from; ; ) {
      const page = await this.#connection.fetch(stream, next, subjects)
      for (const stored of page) {
        if (!this.take(stored)) await behindGap(stored)
        next = stored.seq + 1
      }
      if (page.length === 0 && next > to) return
      if (page.length === 0 && performance.now() > until) throw new Error('no server has all of the room yet')
      if (page.length === 0) await pause(AGAIN_MS)
      await this.#writing.ready()
    }
  }

  /** Takes a message that was sent live, where nothing but the stream can have it: anybody on the network of NATS can send one. */
  takeLive(stored: StoredMessage): boolean {
    const place = this.#subjects.parse(stored.subject)
    if (place === undefined) return false
    const { log } = this.roomOf(place.room)
    if (stored.seq <= log.at) return true
    return log.fits(this.#codec.decode(stored.subject, stored.data)) && this.take(stored)
  }

  /** Takes a message of the stream; false where entries of its room before it are missing. */
  take(stored: StoredMessage, gaps: 'found' | 'accepted' = 'found'): boolean {
    if (this.#hasFailed) return true
    const { seq } = stored
    const place = this.#subjects.parse(stored.subject)
    if (place === undefined) return true
    const room = this.roomOf(place.room)
    if (seq <= room.log.at) return true
    const [message, batch] = this.#read(room, place.kind, stored)
    const verdict = room.log.judge({ seq, message }, gaps)
    switch (verdict.type) {
      case 'gap':
        return false
      case 'out':
        if (verdict.isVoid) {
          this.#metrics.count('cluster_void_messages')
          this.#log.error('a message of the cluster does not fit and is left out by every node', {
            room: room.name,
            seq,
          })
        }
        return true
      case 'trim': {
        const trimmed = { room: room.name, upTo: verdict.upTo }
        room.trimming = new Promise((resolve) => {
          this.#writing.add({
            trim: trimmed,
            done: () => {
              this.#emit.trimmed(trimmed)
              resolve()
            },
          })
        })
        return true
      }
      case 'batch':
        if (batch !== undefined) this.#keep(room, batch, verdict.message.commit)
        return true
      default:
        return verdict satisfies never
    }
  }

  #read(room: ReadRoom, kind: MessageKind, { subject, data }: StoredMessage): [Message | undefined, Batch?] {
    const message = this.#codec.decode(subject, data)
    if (message?.type !== 'batch') return [kind === 'trim' ? message : undefined]
    const own = room.pending?.commit === message.commit ? room.pending.batch : undefined
    const batch = own ?? this.#batchOf(room.name, message)
    return batch === undefined || kind === 'trim' ? [undefined] : [message, batch]
  }

  #batchOf(room: string, message: BatchMessage): Batch | undefined {
    try {
      return batchOf(room, message)
    } catch (error) {
      // The others take it.
      this.#hasFailed = true
      this.#emit.failed(error)
      return undefined
    }
  }

  /** The room's next batch: into the copy, and then to whoever waits for it. */
  #keep(room: ReadRoom, batch: Batch, commit: string): void {
    const pending = this.settle(room)
    const isOwn = pending?.commit === commit
    this.#turns.spoke(room.name, commit.slice(0, commit.lastIndexOf('.')))
    room.written = new Promise((resolve) => {
      this.#writing.add({
        batch,
        done: () => {
          if (!isOwn) this.#emit.foreign(batch)
          pending?.resolve(isOwn ? COMMITTED : BEHIND)
          resolve()
        },
      })
    })
  }

  /** Takes a message behind a gap: the room is read anew, and only what the stream has not itself is missing then. */
  readonly #takeBehindGap = async (stored: StoredMessage): Promise<void> => {
    const name = this.#subjects.parse(stored.subject)?.room
    if (name === undefined) return
    const room = this.roomOf(name)
    while (!this.take(stored)) {
      room.repairing ??= this.#repair(room, stored.seq).finally(() => {
        room.repairing = undefined
      })
      await room.repairing
    }
  }

  async #repair(room: ReadRoom, to: number): Promise<void> {
    const stream = this.#subjects.stream(room.shard)
    const trim = await this.#connection.newest(stream, this.#subjects.ofRoom(room.name, 'trim'))
    const message = trim && this.#codec.decode(trim.subject, trim.data)
    if (message?.type === 'trim') room.log.trimmed(message.upTo)
    room.log.rewind()
    await this.pull(room, 1, to, async (stored) => {
      this.#metrics.count('cluster_gaps')
      this.#log.error('entries of a room are missing in the cluster: readers are told so', { room: room.name })
      this.take(stored, 'accepted')
    })
  }
}
