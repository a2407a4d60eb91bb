import { setTimeout as pause } from 'node:timers/promises'
import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import { failureText } from '#domain/names/text.ts'
import type { Log } from '#domain/ports/system.ts'
import type { MessageBus } from './bus.ts'
import { ClusterRefused } from './errors.ts'
import { MESSAGE_BYTES } from './message.ts'

/** Compare-and-set on a subject filter, and batched reading. */
const LEAST_VERSION = [2, 11] as const
const CONNECT_MS = 5000
const REQUEST_MS = 2000
/** Servers that have just been started choose a leader first. */
const READY_MS = 30_000
const RETRY_MS = 250
const LAST_WORD_MS = 500
const BATCH_MESSAGES = 1000
const BATCH_BYTES = 8 * 1024 ** 2

/** Answers of JetStream by their codes. */
const ERRORS = { inUse: 10058, noMessage: 10037, noStream: 10059, wrongSequence: [10071, 10164] } as const
const STATUS = { endOfBatch: 204, notFound: 404 } as const

/** A stored message. */
export interface StoredMessage {
  readonly subject: string
  readonly seq: number
  readonly data: Uint8Array
}

/** What became of a message that was sent to be appended. `unknown`: it may be kept, or come to be. */
export type Published = { readonly status: 'kept'; readonly seq: number } | { readonly status: 'conflict' | 'unknown' }

export interface StreamSettings {
  readonly name: string
  readonly subjects: string
  /** Where it sends what it has kept, and with which subjects. */
  readonly republish?: string
  /** Only the newest message of each subject is kept, and for as long only as it says. */
  readonly newestOnly?: boolean
  readonly replicas: number
  readonly metadata: Readonly<Record<string, string>>
}

interface ApiAnswer {
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description: string }
  readonly config?: { readonly metadata?: Record<string, string>; readonly num_replicas?: number }
  readonly state?: { readonly first_seq: number; readonly last_seq: number }
  readonly message?: { readonly subject: string; readonly seq: number; readonly data?: string }
  readonly seq?: number
}

export interface ConnectionSettings {
  /** `nats://host:port` each; user and password in the first. */
  readonly servers: readonly string[]
  /** How the servers call this connection. */
  readonly name: string
}

/** A connection to the cluster's NATS, and the part of JetStream that a cluster needs. It reconnects by itself for as long as it is open. */
export class ClusterConnection {
  readonly #settings: ConnectionSettings
  readonly #log: Log
  #nats: NatsConnection | undefined
  #makeHeaders: (() => MsgHdrs) | undefined
  #isConnected = false
  #opening: Promise<void> | undefined
  /** Called after each loss, and when that is over. */
  onReach: (isReached: boolean) => void = () => {}

  constructor(settings: ConnectionSettings, log: Log) {
    this.#settings = settings
    this.#log = log
  }

  /** Connects, and makes sure that the server can carry a cluster; idempotent. Rejects with `ClusterRefused`. */
  open(): Promise<void> {
    this.#opening ??= this.#connect()
    return this.#opening
  }

  async #connect(): Promise<void> {
    // Nothing of NATS is loaded by a host of its own.
    const { connect, headers } = await import('@nats-io/transport-node')
    this.#makeHeaders = headers
    const { servers, name } = this.#settings
    const shown = servers.map(withoutPassword).join(', ')
    const [first = ''] = servers
    const { username, password } = new URL(first)
    const credentials =
      username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
    try {
      this.#nats = await connect({
        servers: servers.map((server) => new URL(server).host),
        ...credentials,
        ...(first.startsWith('tls:') ? { tls: {} } : {}),
        name,
        timeout: CONNECT_MS,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RETRY_MS,
        pingInterval: 2000,
        maxPingOut: 2,
        ignoreAuthErrorAbort: true,
      })
    } catch (cause) {
      const why = failureText(cause)
      throw new ClusterRefused('CLUSTER_UNREACHABLE', `no server of the cluster can be reached (${shown}): ${why}`, {
        cause,
      })
    }
    this.#isConnected = true
    void this.#watch(this.#nats)
    try {
      this.#checkServer(this.#nats)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  async close(): Promise<void> {
    const nats = this.#nats
    this.#nats = undefined
    this.#opening = undefined
    // The last word to the others; it is only lost where the server does not take it in time.
    if (this.#isConnected) await Promise.race([nats?.flush().catch(() => {}), pause(LAST_WORD_MS)])
    this.#isConnected = false
    await nats?.close()
  }

  /** Calls `take` for each message that comes on the subject, until the answer is called. */
  listen(subject: string, take: (message: Msg) => void): () => void {
    const subscription = this.#open.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) take(message)
      },
    })
    return () => subscription.unsubscribe()
  }

  /** Of messages that are not kept. */
  get bus(): MessageBus {
    const isConnected = () => this.#isConnected
    return {
      get isConnected() {
        return isConnected()
      },
      publish: (subject, data) => this.#nats?.publish(subject, data),
      subscribe: (subject, take) =>
        this.listen(subject, ({ data, reply }) =>
          take(data, reply ? (answer) => this.#nats?.publish(reply, answer) : undefined),
        ),
      request: async (subject, data, ms) => {
        const answered = this.#nats?.request(subject, data, { timeout: ms })
        return await answered?.then((message) => message.data).catch(() => undefined)
      },
    }
  }

  /** Makes the stream where there is none; answers its metadata. */
  async ensureStream(settings: StreamSettings): Promise<Readonly<Record<string, string>>> {
    const { name, subjects, republish, newestOnly, replicas, metadata } = settings
    const config = {
      ...{ name, subjects: [subjects], retention: 'limits', storage: 'file', num_replicas: replicas, discard: 'old' },
      ...{ allow_direct: true, deny_delete: true, metadata },
      ...(republish === undefined ? {} : { republish: { src: subjects, dest: republish } }),
      ...(newestOnly === true ? { max_msgs_per_subject: 1, allow_msg_ttl: true } : {}),
    }
    const made = await this.#whenReady(`STREAM.CREATE.${name}`, config)
    if (made.error === undefined) return made.config?.metadata ?? {}
    if (made.error.err_code !== ERRORS.inUse)
      throw new ClusterRefused(
        'CLUSTER_UNFIT',
        `NATS does not make the stream ${name} with ${replicas} copies: ${made.error.description}; start all its servers, or give fewer copies with --cluster-replicas`,
      )
    // Another node has just begun to make it.
    const isThere = ({ error }: ApiAnswer) => error?.err_code !== ERRORS.noStream
    const known = await this.#whenReady(`STREAM.INFO.${name}`, {}, isThere)
    if (known.error !== undefined)
      throw new ClusterRefused('CLUSTER_UNFIT', `NATS says nothing of the stream ${name}: ${known.error.description}`)
    return known.config?.metadata ?? {}
  }

  /** First and last sequence of a stream; undefined while it cannot be told. `gone`: there is no such stream. */
  async span(stream: string): Promise<{ readonly first: number; readonly last: number } | 'gone' | undefined> {
    const { error, state } = await this.#api(`STREAM.INFO.${stream}`, {})
    if (error?.err_code === ERRORS.noStream) return 'gone'
    return state && { first: state.first_seq, last: state.last_seq }
  }

  /** Appends, where the newest message of the subjects `filter` has the sequence `expected`; for so many `seconds` where they are given. Never rejects. */
  async publish(
    subject: string,
    data: Uint8Array,
    filter: string,
    expected: number,
    seconds?: number,
  ): Promise<Published> {
    const headers = this.#makeHeaders?.()
    headers?.set('Nats-Expected-Last-Subject-Sequence', String(expected))
    headers?.set('Nats-Expected-Last-Subject-Sequence-Subject', filter)
    if (seconds !== undefined) headers?.set('Nats-TTL', `${seconds}s`)
    const { error, seq } = await this.#request(subject, data, headers)
    if (seq !== undefined && error === undefined) return { status: 'kept', seq }
    const isConflict = (ERRORS.wrongSequence as readonly (number | undefined)[]).includes(error?.err_code)
    return { status: isConflict ? 'conflict' : 'unknown' }
  }

  /** The newest message of the subjects, as the stream's leader knows it; undefined where there is none, rejects where it cannot be asked. */
  async newest(stream: string, subjects: string): Promise<StoredMessage | undefined> {
    const { error, message } = await this.#api(`STREAM.MSG.GET.${stream}`, { last_by_subj: subjects })
    if (message !== undefined) {
      const { subject, seq, data = '' } = message
      return { subject, seq, data: Buffer.from(data, 'base64') }
    }
    if (error?.err_code === ERRORS.noMessage) return undefined
    throw new Error(`the cluster's log cannot be asked: ${error?.description ?? 'no answer'}`)
  }

  /** Forgets messages of these subjects up to the sequence `upTo`. */
  async purge(stream: string, subjects: string, upTo: number): Promise<void> {
    await this.#api(`STREAM.PURGE.${stream}`, { filter: subjects, seq: upTo + 1 })
  }

  /**
   * Messages of the stream from the sequence `from` on, in order, of these subjects or of all; as many as one answer holds. An empty answer means that
   * there are none, as far as the server that answers knows. Rejects where none answers.
   */
  fetch(stream: string, from: number, subjects?: string, most = BATCH_MESSAGES): Promise<readonly StoredMessage[]> {
    const nats = this.#open
    const query = {
      seq: from,
      batch: most,
      max_bytes: BATCH_BYTES,
      ...(subjects === undefined ? {} : { next_by_subj: subjects }),
    }
    const inbox = `${INBOX}.${crypto.randomUUID()}`
    const found: StoredMessage[] = []
    return new Promise((resolve, reject) => {
      const end = (why?: string) => {
        subscription.unsubscribe()
        clearTimeout(timer)
        // What came in order is good, whatever became of the rest.
        if (why === undefined || found.length > 0) resolve(found)
        else reject(new Error(`the cluster's log cannot be read: ${why}`))
      }
      const timer = setTimeout(() => end('no answer'), REQUEST_MS)
      const subscription = nats.subscribe(inbox, {
        callback: (error, message) => {
          if (error !== null) return end(error.message)
          const { headers, data } = message
          const status = headers?.code ?? 0
          if (status === STATUS.endOfBatch || status === STATUS.notFound) return end()
          if (status !== 0) return end(`${status} ${headers?.description ?? ''}`)
          timer.refresh()
          found.push({ subject: headers?.get('Nats-Subject') ?? '', seq: Number(headers?.get('Nats-Sequence')), data })
        },
      })
      try {
        nats.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), { reply: inbox })
      } catch (error) {
        end(failureText(error))
      }
    })
  }

  get #open(): NatsConnection {
    if (this.#nats === undefined) throw new Error('the cluster is not open; await open() first')
    return this.#nats
  }

  #api(call: string, body: object): Promise<ApiAnswer> {
    return this.#request(`$JS.API.${call}`, JSON.stringify(body))
  }

  /** An error without a number where there is no answer. */
  async #request(subject: string, data: Uint8Array | string, headers?: MsgHdrs): Promise<ApiAnswer> {
    try {
      const options = { timeout: REQUEST_MS, ...(headers === undefined ? {} : { headers }) }
      return (await this.#open.request(subject, data, options)).json<ApiAnswer>()
    } catch (error) {
      return { error: { code: 0, description: failureText(error) } }
    }
  }

  /** Does something again while servers that have just been started do not answer yet. */
  async whenReady<T>(work: () => Promise<T>): Promise<T> {
    for (const until = performance.now() + READY_MS; ; await pause(RETRY_MS)) {
      try {
        return await work()
      } catch (error) {
        if (performance.now() > until) throw error
      }
    }
  }

  async #whenReady(call: string, body: object, isSettled = (_: ApiAnswer) => true): Promise<ApiAnswer> {
    for (const until = performance.now() + READY_MS; ; await pause(RETRY_MS)) {
      const answer = await this.#api(call, body)
      const isReady = answer.error === undefined || (answer.error.err_code !== undefined && answer.error.code < 500)
      if ((isReady && isSettled(answer)) || performance.now() > until) return answer
    }
  }

  async #watch(nats: NatsConnection): Promise<void> {
    for await (const { type } of nats.status()) {
      if (type !== 'reconnect' && type !== 'disconnect') continue
      this.#log.warn(type === 'reconnect' ? 'the cluster is reached again' : 'the connection to the cluster was lost')
      this.#isConnected = type === 'reconnect'
      if (this.#isConnected) this.#checkAgain(nats)
      this.onReach(this.#isConnected)
    }
  }

  #checkAgain(nats: NatsConnection): void {
    try {
      this.#checkServer(nats)
    } catch (error) {
      this.#log.error('a server of the cluster is unfit', { error: failureText(error) })
    }
  }

  #checkServer({ info }: NatsConnection): void {
    const { version = '0', jetstream, max_payload: most = 0 } = info ?? {}
    const [major = 0, minor = 0] = version.split('.').map(Number)
    const [leastMajor, leastMinor] = LEAST_VERSION
    if (major < leastMajor || (major === leastMajor && minor < leastMinor))
      throw new ClusterRefused(
        'CLUSTER_UNFIT',
        `the NATS server is of version ${version}, and older ones than ${LEAST_VERSION.join('.')} may keep two messages where one must win; install a newer one (2.15 is advised)`,
      )
    if (jetstream !== true)
      throw new ClusterRefused(
        'CLUSTER_UNFIT',
        'the NATS server has no JetStream; start it with the file that tamtam nats-conf writes',
      )
    if (most < MESSAGE_BYTES)
      throw new ClusterRefused(
        'CLUSTER_UNFIT',
        `the NATS server takes messages of ${most} bytes only; set max_payload to 1MB or more`,
      )
  }
}

const INBOX = '_INBOX.tamtam'

const withoutPassword = (server: string): string => new URL(server).host
