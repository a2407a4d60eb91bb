import type { Cancel, Clock } from '#domain/ports/system.ts'

/** The longest wait that `setTimeout` takes; it fires at once when given more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The machine's time. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now()
  }

  elapsed(): number {
    return performance.now()
  }

  after(ms: number, run: () => void): Cancel {
    const due = this.elapsed() + ms
    let timer: NodeJS.Timeout
    const wait = (left: number): void => {
      timer = setTimeout(check, Math.min(left, LONGEST_TIMER_MS)).unref()
    }
    // A timer may fire a fraction of a millisecond early, and long waits are made of several timers.
    const check = (): void => {
      const left = due - this.elapsed()
      if (left > 0) wait(left)
      else run()
    }
    wait(ms)
    return () => clearTimeout(timer)
  }

  soon(run: () => void): void {
    setImmediate(run)
  }
}

interface Timer {
  readonly due: number
  readonly run: () => void
}

/** Time that stands still until it is advanced: for tests, and for embedders that replay. */
export class ManualClock implements Clock {
  readonly #startedAt: number
  readonly #timers = new Set<Timer>()
  #elapsed = 0

  /** `now` is the first answer of `now()`, in milliseconds since 1970. */
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

  /** Pending timers; 0 shows that none was left behind. */
  get waiting(): number {
    return this.#timers.size
  }

  /** Lets `ms` pass and runs the timers that fall due, in order, including those set meanwhile. */
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
