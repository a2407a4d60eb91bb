import { setTimeout as pause } from 'node:timers/promises'
import type { Msg } from '@nats-io/transport-node'
import { failureText } from '#domain/names/text.ts'
import type { Log } from '#domain/ports/system.ts'
import type { ClusterConnection, StoredMessage } from './connection.ts'

/** Without news for so long, the stream itself is asked: what is sent live may be lost. */
const QUIET_MS = 500
/** A server that has not got the newest message yet is asked again after this long, so many times. */
const AGAIN_MS = 10
const MOST_AGAIN = 50

/** The work with the messages of one shard. */
export interface Taking {
  /** Takes a message; false where entries before it are missing. */
  take(stored: StoredMessage): boolean
  /** The same of one that was sent live; false where the stream must be asked. */
  takeLive(stored: StoredMessage): boolean
  /** Takes it all the same, with what can be had of those before it. */
  takeBehindGap(stored: StoredMessage): Promise<void>
  /** Everything up to this sequence was taken. */
  took(seq: number): void
  /** More is taken than was dealt with: it has to wait. */
  readonly isBusy: boolean
  /** Resolves when it is not busy any more. */
  ready(): Promise<void>
}

/**
 * Reads one stream in its order: messages as they are sent live, and from the stream where some are missing. It needs no state at the server, which
 * would have to be made anew whenever one dies.
 */
export class ShardFollower {
  readonly #connection: ClusterConnection
  readonly #stream: string
  readonly #taking: Taking
  readonly #log: Log
  #seen: number
  /** The newest that was heard of. */
  #newest = 0
  #heardAt = 0
  #fetching: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false
  /** The last look at the stream was answered: what lasts is told once. */
  #isRead = true
  /** When all that was heard of was taken, last. */
  #currentAt = performance.now()

  /** Begins behind the sequence `seen`. */
  constructor(connection: ClusterConnection, stream: string, seen: number, taking: Taking, log: Log) {
    this.#connection = connection
    this.#stream = stream
    this.#seen = seen
    this.#taking = taking
    this.#log = log
  }

  /** Everything up to this sequence of the stream was taken. */
  get seen(): number {
    return this.#seen
  }

  /** For how long something may be missing here, beyond the time between two looks. */
  get lagMs(): number {
    return Math.max(0, performance.now() - this.#currentAt - QUIET_MS)
  }

  /** Resolves once all that the stream has was taken. Rejects where it cannot be read. `live`: the subject that it is sent to. */
  async start(live: string): Promise<void> {
    this.#connection.listen(live, (message) => this.#hear(message))
    await this.#connection.whenReady(() => this.#fetch())
    this.#timer = setInterval(() => {
      if (performance.now() - this.#heardAt >= QUIET_MS) this.fetch()
    }, QUIET_MS)
    this.#timer.unref()
  }

  /** Looks what there is, unless it is doing so. */
  fetch(): void {
    if (this.#isClosed || this.#fetching !== undefined || !this.#connection.isConnected) return
    this.#fetch().then(
      () => {
        this.#isRead = true
      },
      (error: unknown) => {
        if (this.#isRead) this.#log.warn('the log of the cluster cannot be read', { error: failureText(error) })
        this.#isRead = false
      },
    )
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    await this.#fetching?.catch(() => {})
  }

  #hear({ headers, data }: Msg): void {
    const seq = Number(headers?.get('Nats-Sequence'))
    if (!Number.isSafeInteger(seq) || seq <= this.#seen || this.#isClosed) return
    this.#heardAt = performance.now()
    this.#newest = Math.max(this.#newest, seq)
    if (this.#fetching !== undefined) return
    const stored = { subject: headers?.get('Nats-Subject') ?? '', seq, data }
    if (seq === this.#seen + 1 && !this.#taking.isBusy && this.#taking.takeLive(stored)) {
      this.#took(seq)
      this.#currentAt = performance.now()
    } else this.fetch()
  }

  #fetch(): Promise<void> {
    this.#fetching ??= this.#readOn().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #readOn(): Promise<void> {
    for (let again = 0; !this.#isClosed; ) {
      const page = await this.#connection.fetch(this.#stream, this.#seen + 1)
      for (const stored of page) {
        if (stored.seq <= this.#seen) continue
        if (!this.#taking.take(stored)) await this.#taking.takeBehindGap(stored)
        this.#took(stored.seq)
      }
      await this.#taking.ready()
      if (page.length > 0) again = 0
      else if (this.#newest <= this.#seen || again++ >= MOST_AGAIN) break
      else await pause(AGAIN_MS)
    }
    // What was heard of and is not there was forgotten meanwhile.
    this.#newest = this.#seen
    this.#currentAt = performance.now()
  }

  #took(seq: number): void {
    this.#seen = seq
    this.#taking.took(seq)
  }
}
