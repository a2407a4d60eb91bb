import type { Clock } from '../ports/system.ts'

/** A file that is through before this is no news while it comes. */
const FIRST_MS = 3000
/** What is told at the latest after so long, and after so much of the file, though not more often than each second. */
const EVERY_MS = 10_000
const EVERY_SHARE = 0.1
const LEAST_MS = 1000

/** Says now and then how much of a file has come: often enough to follow, and seldom enough for a room of thousands. */
export class ProgressNews {
  readonly #clock: Clock
  readonly #tell: (bytes: number) => void
  #toldAt: number
  #told: number
  #wasTold = false

  /** `bytes` have come before. */
  constructor(clock: Clock, bytes: number, tell: (bytes: number) => void) {
    this.#clock = clock
    this.#tell = tell
    this.#toldAt = clock.elapsed()
    this.#told = bytes
  }

  /** So many bytes have come by now, of `size` in all where that is known. */
  reached(bytes: number, size: number | undefined): void {
    const now = this.#clock.elapsed()
    const ms = now - this.#toldAt
    if (ms < (this.#wasTold ? LEAST_MS : FIRST_MS) || bytes <= this.#told) return
    const isMuch = size !== undefined && bytes - this.#told >= size * EVERY_SHARE
    if (this.#wasTold && ms < EVERY_MS && !isMuch) return
    this.#toldAt = now
    this.#told = bytes
    this.#wasTold = true
    this.#tell(bytes)
  }
}
