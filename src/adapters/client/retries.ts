import { setTimeout } from 'node:timers/promises'
import { Backoff } from '#domain/async/backoff.ts'
import { Disconnected, GaveUp, isPassing, isRefusal, type Refusal } from './errors.ts'
import type { ClientSettings } from './settings.ts'
import type { Retry } from './transfer-events.ts'

export interface Patience {
  /** Undefined: for ever. */
  readonly giveUpMs?: number
  readonly tell?: (retry: Retry) => void
  /** Ends the waiting: `again` then throws its reason. */
  readonly signal?: AbortSignal
}

/** Tries again for ever, or until nothing moved for `giveUpMs`. */
export class Retries {
  readonly #patience: Patience
  readonly #backoff: Backoff
  #movedAt = performance.now()

  constructor(settings: ClientSettings, patience: Patience = {}) {
    this.#backoff = new Backoff(settings, Math.random)
    this.#patience = patience
  }

  /** Something moved: the next failure is a first one again. */
  progressed(): void {
    this.#backoff.reset()
    this.#movedAt = performance.now()
  }

  /** Answers what `attempt` does, and asks again where the connection failed or the host only wants to be asked later. */
  async until<T extends object>(attempt: () => Promise<T | Refusal>): Promise<T | Refusal> {
    while (true) {
      const outcome = await attempt().catch((error: unknown) => {
        if (error instanceof Disconnected) return error
        throw error
      })
      const passing = outcome instanceof Disconnected || (isRefusal(outcome) && isPassing(outcome))
      if (!passing) return outcome
      await this.again(outcome.message)
    }
  }

  /** Waits until it makes sense to try again. */
  async again(why: string): Promise<void> {
    const inMs = this.#backoff.next()
    const { giveUpMs = Number.POSITIVE_INFINITY, tell, signal } = this.#patience
    signal?.throwIfAborted()
    const left = this.#movedAt + giveUpMs - performance.now()
    if (left <= 0) throw new GaveUp(why)
    tell?.({ attempt: this.#backoff.attempt, inMs, why })
    await setTimeout(Math.min(inMs, left), undefined, signal === undefined ? {} : { signal })
  }
}
