import type { Clock } from '../ports/system.ts'
import type { Abortable } from './waiters.ts'

export interface BackoffSettings {
  /** The pause before the first retry. It doubles with each retry up to `mostRetryMs`, and half of it is random. */
  readonly firstRetryMs: number
  readonly mostRetryMs: number
}

/** Beyond this the pause has long reached its maximum; the limit keeps the power of two a number. */
const MOST_DOUBLINGS = 30

/** The pause before each retry. */
export class Backoff {
  readonly #settings: BackoffSettings
  readonly #random: () => number
  #attempt = 0

  /** `random` answers numbers from 0 up to, but not including, 1. */
  constructor(settings: BackoffSettings, random: () => number) {
    this.#settings = settings
    this.#random = random
  }

  /** Retries since the last success. */
  get attempt(): number {
    return this.#attempt
  }

  /** Counts one more retry; answers its pause in milliseconds. */
  next(): number {
    const { firstRetryMs, mostRetryMs } = this.#settings
    const most = Math.min(mostRetryMs, firstRetryMs * 2 ** Math.min(this.#attempt++, MOST_DOUBLINGS))
    // Half of it is random, so that the clients of a host do not all come back at the same moment.
    return Math.round(most * (0.5 + this.#random() / 2))
  }

  /** Something worked: the next failure counts as the first. */
  reset(): void {
    this.#attempt = 0
  }
}

/** Resolves after `ms` milliseconds, or when `signal` is aborted. */
export function pause(clock: Pick<Clock, 'after'>, ms: number, signal?: Abortable): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(ms, end)
    signal?.addEventListener('abort', end, { once: true })
  })
}

/** Resolves once the input already waiting was handed out: others get their turn. */
export const endOfTick = (clock: Pick<Clock, 'soon'>): Promise<void> => new Promise((resolve) => clock.soon(resolve))
