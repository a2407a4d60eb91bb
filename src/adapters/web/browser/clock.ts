import type { Cancel, Clock } from '#domain/ports/system.ts'

/** The browser's time. In a tab that nobody sees it calls late; what counts is measured by `elapsed`. */
export class BrowserClock implements Clock {
  now(): number {
    return Date.now()
  }

  elapsed(): number {
    return performance.now()
  }

  after(ms: number, run: () => void): Cancel {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  }

  soon(run: () => void): void {
    setTimeout(run)
  }
}
