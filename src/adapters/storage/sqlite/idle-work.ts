/** Nothing has been asked for so long: there is time. */
const QUIET_MS = 20
/** While there is no quiet, one step each so often keeps the backlog from growing without end. */
const AT_LEAST_EVERY_MS = 250
/** After a step that could not be done (full disk). */
const RETRY_MS = 5000

/** Does short steps of what may wait while nobody asks for anything. */
export class IdleWork {
  readonly #isWaiting: () => boolean
  readonly #step: () => boolean
  #timer: NodeJS.Timeout | undefined
  #requestedAt = 0
  #steppedAt = 0

  /** `step` does one short step and says whether it could. */
  constructor(isWaiting: () => boolean, step: () => boolean) {
    this.#isWaiting = isWaiting
    this.#step = step
  }

  noteRequest(): void {
    this.#requestedAt = performance.now()
    if (this.#timer === undefined && this.#isWaiting()) this.#wait(QUIET_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => this.#run(), ms)
  }

  #run(): void {
    this.#timer = undefined
    if (!this.#isWaiting()) return
    const now = performance.now()
    const quietIn = this.#requestedAt + QUIET_MS - now
    if (quietIn > 0 && now - this.#steppedAt < AT_LEAST_EVERY_MS) {
      this.#wait(quietIn)
      return
    }
    this.#steppedAt = now
    this.#wait(this.#step() ? 0 : RETRY_MS)
  }
}
