import { type ReadonlySignal, signal } from '@preact/signals'
import type { Cancel, Clock } from '#domain/ports/system.ts'

/** So many messages are read out one by one; more are only counted. */
const MOST_READ_OUT = 3

/**
 * The texts for screen readers: new messages, gathered, so that neither history nor a flood of messages keeps
 * it talking.
 */
export class Announcer {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #counted: (count: number) => string
  readonly #text = signal('')
  #gathered: string[] = []
  #timer: Cancel | undefined

  constructor(clock: Clock, everyMs: number, counted: (count: number) => string) {
    this.#clock = clock
    this.#everyMs = everyMs
    this.#counted = counted
  }

  get text(): ReadonlySignal<string> {
    return this.#text
  }

  /** Escaped already. */
  heard(line: string): void {
    this.#gathered.push(line)
    this.#timer ??= this.#clock.after(this.#everyMs, () => {
      this.#timer = undefined
      const lines = this.#gathered
      this.#gathered = []
      this.#text.value = lines.length > MOST_READ_OUT ? this.#counted(lines.length) : lines.join('\n')
    })
  }
}

/** Passes on bursts: the first item at the end of the tick, the rest gathered, so that a flood is drawn a few times a second. */
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
