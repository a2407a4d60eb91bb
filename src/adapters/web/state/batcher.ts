import type { Clock } from '#domain/ports/system.ts'

/** Hands on what comes in bursts: the first at the end of the tick, the rest gathered, so that a flood is drawn a few times a second. */
export class Batcher<T> {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #give: (burst: readonly T[]) => void
  #gathered: T[] = []
  #givenAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, everyMs: number, give: (burst: readonly T[]) => void) {
    this.#clock = clock
    this.#everyMs = everyMs
    this.#give = give
  }

  add(one: T): void {
    this.#gathered.push(one)
    if (this.#gathered.length > 1) return
    const wait = this.#givenAt + this.#everyMs - this.#clock.elapsed()
    if (wait > 0) this.#clock.after(wait, () => this.#flush())
    else queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    const burst = this.#gathered
    this.#gathered = []
    this.#givenAt = this.#clock.elapsed()
    this.#give(burst)
  }
}
