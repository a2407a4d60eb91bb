import { type ReadonlySignal, signal } from '@preact/signals'
import { isGone, isPassing, isRefusal, type Refusal, refusal } from '#client/errors.ts'
import { type Progress, TransferMeter } from '#client/transfer-meter.ts'
import { Backoff } from '#domain/async/backoff.ts'
import { Waiters } from '#domain/async/waiters.ts'
import type { HostRequests } from '../browser/host-requests.ts'
import { pageDefaults, sessionDefaults } from '../defaults.ts'
import { Digesting, Unreadable } from './digest.ts'
import { type Begun, begunOf } from './resume-store.ts'
import { createUpload, lookAt, removeUpload, sendPart } from './tus.ts'

export type UploadState =
  | { readonly status: 'waiting' }
  | { readonly status: 'moving' }
  | { readonly status: 'paused' }
  | { readonly status: 'whole'; readonly at: number }
  | { readonly status: 'failed'; readonly why: Refusal }

export interface UploadParts {
  readonly host: HostRequests
  readonly room: string
  /** Who sends: what they began before is gone on with. */
  readonly me: string
  /** The name of the one person whom it is for; undefined: everybody in the room. */
  readonly to: string | undefined
  /** Ids that other uploads of this page write. */
  readonly taken: () => ReadonlySet<string>
}

/** One file on its way from this page to a room, over as many connections as it takes. */
export class Upload {
  /** Told apart by it among the uploads of this page. */
  readonly key: number
  readonly name: string
  readonly room: string
  readonly #file: Blob
  readonly #parts: UploadParts
  readonly #state = signal<UploadState>({ status: 'waiting' })
  readonly #meter: TransferMeter
  #digesting: Digesting | undefined
  readonly #begun = signal<string | undefined>(undefined)
  /** What is sent at once. */
  #pieceBytes = pageDefaults.leastPieceBytes
  readonly #backoff = new Backoff(sessionDefaults, Math.random)
  readonly #pauses = new Waiters()
  /** Ends what is under way; another for each time that it goes on. */
  #going = new AbortController()

  constructor(key: number, file: Blob, name: string, parts: UploadParts) {
    this.key = key
    this.#file = file
    this.name = name
    this.room = parts.room
    this.#parts = parts
    this.#meter = new TransferMeter(name, performance.now())
    this.#meter.take({ type: 'begins', at: 0, total: file.size }, performance.now())
  }

  get state(): ReadonlySignal<UploadState> {
    return this.#state
  }

  /** Whom it is for, where that is one person. */
  get to(): string | undefined {
    return this.#parts.to
  }

  /** The file's id; undefined until the host has it. */
  get begun(): ReadonlySignal<string | undefined> {
    return this.#begun
  }

  get progress(): Progress {
    return this.#meter.at(performance.now())
  }

  /** Sends it; resolves when it is whole, or has failed, or was paused. */
  async run(): Promise<void> {
    this.#going = new AbortController()
    const going = this.#going.signal
    this.#state.value = { status: 'moving' }
    const end = await this.#send(going).catch((error: unknown): Refusal => {
      if (error instanceof Unreadable) return refusal(0, 'CHANGED', error.message)
      throw error
    })
    if (going.aborted) return
    this.#close()
    this.#state.value = isRefusal(end) ? { status: 'failed', why: end } : { status: 'whole', at: Date.now() }
  }

  pause(): void {
    this.#going.abort()
    this.#state.value = { status: 'paused' }
  }

  /** Nothing of it stays on the host. */
  cancel(): void {
    this.pause()
    this.#close()
    const id = this.#begun.peek()
    if (id !== undefined) void removeUpload(this.#parts.host, id)
  }

  /** Tries again now: the host is back. */
  hurry(): void {
    this.#pauses.release()
  }

  async #send(going: AbortSignal): Promise<object | Refusal> {
    while (!going.aborted) {
      const outcome = await this.#attempt(going)
      if (going.aborted || !isRefusal(outcome)) return outcome
      if (isGone(outcome) && this.#begun.peek() !== undefined) this.#begun.value = undefined
      // Somebody else sends it now, who began where this page was.
      else if (outcome.code === 'FENCED' || !isPassing(outcome)) return outcome
      await this.#again(outcome)
    }
    return {}
  }

  /** Goes on from where the host has it, for as long as nothing fails. */
  async #attempt(going: AbortSignal): Promise<object | Refusal> {
    const { host } = this.#parts
    const id = this.#begun.peek() ?? (await this.#begin(going))
    if (typeof id !== 'string') return id
    this.#begun.value = id
    const { size } = this.#file
    const look = await lookAt(host, id)
    if (isRefusal(look)) return look
    if (look.status === 'whole') return this.#checked(look.sha256)
    this.#meter.take({ type: 'begins', at: look.offset, total: size }, performance.now())
    for (let { offset } = look; !going.aborted; ) {
      const sha256 = await this.#digestFor(offset)
      const end = Math.min(offset + this.#pieceBytes, sha256 === undefined ? size - pageDefaults.lastPartBytes : size)
      const bytes = this.#file.slice(offset, end)
      // A request whose body can't be read looks like a connection that was lost.
      await bytes.slice(0, 1).arrayBuffer().catch(unreadable)
      const began = performance.now()
      const sent = await sendPart(host, {
        id,
        offset,
        bytes,
        sha256,
        signal: going,
        moved: (count) => this.#moved(offset + count),
      })
      if (isRefusal(sent)) return sent
      if (sent.offset === size) return {}
      this.#moved(sent.offset)
      this.#pieceBytes = pieceFor(bytes.size, performance.now() - began)
      offset = sent.offset
    }
    return {}
  }

  #moved(bytes: number): void {
    this.#backoff.reset()
    this.#meter.take({ type: 'moved', bytes }, performance.now())
  }

  /** The digest, where it is known, or where all but the end of the file is there. */
  async #digestFor(offset: number): Promise<string | undefined> {
    const digesting = this.#opened([])
    const isEnd = this.#file.size - offset <= pageDefaults.lastPartBytes
    return isEnd ? await digesting.whole : digesting.known
  }

  async #begin(going: AbortSignal): Promise<string | Refusal> {
    const { host, room, me, to, taken } = this.#parts
    const { size } = this.#file
    const begun = await begunOf(host, { room, name: this.name, size, me, to, taken: taken() })
    if (isRefusal(begun)) return begun
    const digesting = this.#opened(begun.map(({ offset }) => offset))
    for (const each of begun) if (await this.#isOurs(each, digesting)) return each.id
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, pageDefaults.quickDigestMs))
    const sha256 = await Promise.race([digesting.whole, late])
    if (going.aborted) return refusal(0, 'PAUSED', 'paused')
    const created = await createUpload(host, { room, name: this.name, size, sha256, to })
    return isRefusal(created) ? created : created.id
  }

  /** Files of one name and size are common: it is seen by the bytes whether this is the one (C111). */
  async #isOurs({ offset, prefix }: Begun, digesting: Digesting): Promise<boolean> {
    return (await digesting.prefix(offset)) === prefix
  }

  #opened(prefixes: readonly number[]): Digesting {
    const known = prefixes.every((bytes) => this.#digesting?.prefix(bytes) !== undefined)
    if (this.#digesting === undefined || !known) {
      this.#digesting?.close()
      this.#digesting = new Digesting(this.#file, prefixes)
    }
    return this.#digesting
  }

  async #checked(sha256: string | undefined): Promise<object | Refusal> {
    const same = sha256 === undefined || sha256 === (await this.#opened([]).whole)
    return same ? {} : refusal(409, 'HASH_MISMATCH', 'what arrived is not this file')
  }

  async #again({ message }: Refusal): Promise<void> {
    const inMs = this.#backoff.next()
    this.#meter.take({ type: 'retry', attempt: this.#backoff.attempt, inMs, why: message }, performance.now())
    const timer = setTimeout(() => this.#pauses.release(), inMs)
    await this.#pauses.wait(this.#going.signal)
    clearTimeout(timer)
  }

  #close(): void {
    this.#digesting?.close()
    this.#digesting = undefined
  }
}

/**
 * As much as takes about a second: a browser tells of bytes as gone that still wait in the system's buffers, so only the host's answers
 * are to be trusted, and they must come often.
 */
const pieceFor = (bytes: number, ms: number): number =>
  Math.min(
    pageDefaults.mostPieceBytes,
    Math.max(pageDefaults.leastPieceBytes, Math.floor((bytes / Math.max(1, ms)) * 1000)),
  )

const unreadable = (error: unknown): never => {
  throw new Unreadable(String(error))
}
