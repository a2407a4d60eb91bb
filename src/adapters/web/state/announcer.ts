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
  #gathered: Line[] = []
  /** Those that `text` has. */
  #told: readonly Line[] = []
  #timer: Cancel | undefined

  constructor(clock: Clock, everyMs: number, counted: (count: number) => string) {
    this.#clock = clock
    this.#everyMs = everyMs
    this.#counted = counted
  }

  get text(): ReadonlySignal<string> {
    return this.#text
  }

  /** Escaped already. `seq`: of the entry that it tells. */
  heard(text: string, seq: number): void {
    this.#gathered.push({ text, seq })
    this.#timer ??= this.#clock.after(this.#everyMs, () => {
      this.#timer = undefined
      const lines = this.#gathered
      this.#gathered = []
      this.#told = lines.length > MOST_READ_OUT ? [{ text: this.#counted(lines.length), seq: 0 }] : lines
      this.#text.value = textOf(this.#told)
    })
  }

  /** Takes back what entries say that were removed. */
  forget(isRemoved: (seq: number) => boolean): void {
    const left = ({ seq }: Line) => seq === 0 || !isRemoved(seq)
    this.#gathered = this.#gathered.filter(left)
    if (this.#told.every(left)) return
    this.#told = this.#told.filter(left)
    this.#text.value = textOf(this.#told)
  }
}

interface Line {
  readonly text: string
  /** 0: of several entries. */
  readonly seq: number
}

const textOf = (lines: readonly Line[]): string => lines.map(({ text }) => text).join('\n')

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
