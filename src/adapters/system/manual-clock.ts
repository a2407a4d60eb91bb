import type { Cancel, Clock } from '#domain/ports/clock.ts'

interface Timer {
  readonly due: number
  readonly run: () => void
}

/** Time that stands still until it is advanced: for tests, and for embedders that replay. */
export class ManualClock implements Clock {
  readonly #startedAt: number
  readonly #timers = new Set<Timer>()
  #elapsed = 0

  /** `now` is what `now()` answers at first, in milliseconds since 1970. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#startedAt = now
  }

  now(): number {
    return this.#startedAt + this.#elapsed
  }

  elapsed(): number {
    return this.#elapsed
  }

  after(ms: number, run: () => void): Cancel {
    const timer = { due: this.#elapsed + Math.max(0, ms), run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  soon(run: () => void): void {
    queueMicrotask(run)
  }

  /** Timers that wait; 0 shows that nothing was left behind. */
  get waiting(): number {
    return this.#timers.size
  }

  /** Lets `ms` pass and runs what falls due, in order, also what those set in turn. */
  advance(ms: number): void {
    const target = this.#elapsed + ms
    for (let timer = this.#next(target); timer; timer = this.#next(target)) {
      this.#timers.delete(timer)
      this.#elapsed = timer.due
      timer.run()
    }
    this.#elapsed = target
  }

  /** The earliest timer up to `target`; of two at the same moment the one set first. */
  #next(target: number): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers) if (timer.due <= target && (!next || timer.due < next.due)) next = timer
    return next
  }
}
