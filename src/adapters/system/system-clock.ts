import type { Cancel, Clock } from '#domain/ports/clock.ts'

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
