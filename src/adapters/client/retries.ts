import { Backoff, type BackoffSettings } from '#domain/async/backoff.ts'
import { Waiters } from '#domain/async/waiters.ts'
import { Disconnected, GaveUp, isPassing, isRefusal, type Refusal } from './errors.ts'

/** One retry. */
export interface Retry {
  /** Its number in a row, from 1. */
  readonly attempt: number
  readonly inMs: number
  readonly why: string
}

export interface Patience {
  /** Undefined: never. */
  readonly giveUpMs?: number
  readonly report?: (retry: Retry) => void
  /** Ends the wait: `again` then throws its reason. */
  readonly signal?: AbortSignal
}

/** Tries again for ever, or until there was no progress for `giveUpMs`. */
export class Retries {
  readonly #settings: BackoffSettings
  readonly #patience: Patience
  readonly #backoff: Backoff
  readonly #pauses = new Waiters()
  #movedAt = performance.now()

  constructor(settings: BackoffSettings, patience: Patience = {}) {
    this.#settings = settings
    this.#backoff = new Backoff(settings, Math.random)
    this.#patience = patience
  }

  /** The same pauses from the start, for something to be given up after `giveUpMs`. */
  within(giveUpMs: number): Retries {
    return new Retries(this.#settings, { giveUpMs })
  }

  /** There was progress: the next failure counts as the first. */
  progressed(): void {
    this.#backoff.reset()
    this.#movedAt = performance.now()
  }

  /** The host is back: ends a pause. */
  hurry(): void {
    this.#pauses.release()
  }

  /** Answers the outcome of `attempt`, which is repeated while the connection fails or the refusal is temporary. */
  async until<T extends object>(
    attempt: () => Promise<T | Refusal>,
    { passes = isPassing, signal }: { passes?: (refusal: Refusal) => boolean; signal?: AbortSignal | undefined } = {},
  ): Promise<T | Refusal> {
    while (true) {
      const outcome = await attempt().catch((error: unknown) => {
        if (error instanceof Disconnected) return error
        throw error
      })
      const passing = outcome instanceof Disconnected || (isRefusal(outcome) && passes(outcome))
      if (!passing) return outcome
      await this.again(outcome.message, signal)
    }
  }

  /** Waits until it makes sense to try again. */
  async again(why: string, signal = this.#patience.signal): Promise<void> {
    const { giveUpMs = Number.POSITIVE_INFINITY, report } = this.#patience
    const inMs = this.#backoff.next()
    signal?.throwIfAborted()
    const left = this.#movedAt + giveUpMs - performance.now()
    if (left <= 0) throw new GaveUp(why)
    report?.({ attempt: this.#backoff.attempt, inMs, why })
    const timer = setTimeout(() => this.#pauses.release(), Math.min(inMs, left))
    await this.#pauses.wait(signal)
    clearTimeout(timer)
    signal?.throwIfAborted()
  }
}
