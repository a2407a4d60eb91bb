import type { ApiClient } from './api-client.ts'
import type { Retries, Retry } from './retries.ts'

/** Progress of a transfer; all numbers are bytes of the file. */
export type TransferUpdate =
  | { readonly type: 'hashing'; readonly done: number; readonly total: number }
  /** It starts at `at`, which is above 0 if it was begun earlier. */
  | { readonly type: 'begins'; readonly at: number; readonly total: number | undefined }
  | { readonly type: 'moved'; readonly bytes: number }
  | ({ readonly type: 'retry' } & Retry)

export type OnTransferUpdate = (update: TransferUpdate) => void

export interface TransferOptions {
  readonly api: ApiClient
  readonly retries: Retries
  readonly report: OnTransferUpdate
  /** The largest rate, in bytes a second. */
  readonly limit?: number
}

/** Under a limit, bytes move this often in a second. */
const STEPS_PER_SECOND = 20

/** Passes bytes on at no more than `perSecond`; undefined: no limit. */
export async function* paced(
  pieces: AsyncIterable<Uint8Array>,
  perSecond: number | undefined,
): AsyncGenerator<Uint8Array> {
  if (perSecond === undefined) {
    yield* pieces
    return
  }
  const step = Math.max(1, Math.floor(perSecond / STEPS_PER_SECOND))
  let due = performance.now()
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += step) {
      const slice = piece.subarray(at, at + step)
      yield slice
      // An unused share is not saved up: otherwise there would be no limit after a pause.
      due = Math.max(due, performance.now() - 1000 / STEPS_PER_SECOND) + (slice.length / perSecond) * 1000
      const waitMs = due - performance.now()
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    }
  }
}

/** Progress of a transfer, in bytes, milliseconds, and bytes a second. */
export interface Progress {
  readonly name: string
  readonly phase: 'reading' | 'moving'
  readonly done: number
  /** Undefined while the size is unknown. */
  readonly total: number | undefined
  readonly rate: number
  /** Time without progress. */
  readonly stillMs: number
  /** Retries since the last progress. */
  readonly retries: number
}

/** The displayed rate is that of the last seconds. */
const RATE_MS = 3000
/** A shorter time says nothing about the rate. */
const LEAST_MS = 100

/** The progress of one transfer, ready to be shown at any moment. Times are milliseconds of a monotonic clock. */
export class TransferMeter {
  #progress: Progress
  #samples: { readonly at: number; readonly bytes: number }[] = []
  #movedAt: number
  #retries = 0

  constructor(name: string, now: number) {
    this.#progress = { name, phase: 'moving', done: 0, total: undefined, rate: 0, stillMs: 0, retries: 0 }
    this.#movedAt = now
  }

  get name(): string {
    return this.#progress.name
  }

  get retries(): number {
    return this.#retries
  }

  get done(): number {
    return this.#progress.done
  }

  get total(): number | undefined {
    return this.#progress.total
  }

  take(update: TransferUpdate, now: number): void {
    switch (update.type) {
      case 'hashing':
        this.#moved(update.done, now)
        this.#progress = { ...this.#progress, phase: 'reading', total: update.total }
        return
      case 'begins':
        this.#progress = { ...this.#progress, phase: 'moving', done: update.at, total: update.total }
        this.#samples = []
        return
      case 'moved':
        this.#moved(update.bytes, now)
        return
      case 'retry':
        this.#retries = update.attempt
        return
      default:
        update satisfies never
    }
  }

  /** Call it often, so that the rate is that of the last seconds. */
  at(now: number): Progress {
    // When called more often than that, it only updates the newest sample.
    if (now - (this.#samples.at(-2)?.at ?? Number.NEGATIVE_INFINITY) < LEAST_MS) this.#samples.pop()
    this.#samples.push({ at: now, bytes: this.#progress.done })
    while (now - (this.#samples[1]?.at ?? now) > RATE_MS) this.#samples.shift()
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    const ms = first === undefined || last === undefined ? 0 : last.at - first.at
    const rate =
      first === undefined || last === undefined || ms < LEAST_MS ? 0 : ((last.bytes - first.bytes) / ms) * 1000
    return { ...this.#progress, rate, stillMs: now - this.#movedAt, retries: this.#retries }
  }

  #moved(bytes: number, now: number): void {
    this.#movedAt = now
    this.#retries = 0
    this.#progress = { ...this.#progress, done: bytes }
  }
}
