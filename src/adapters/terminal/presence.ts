import type { Cancel, Clock } from '#domain/ports/system.ts'

/** Comings and goings of so long become one line. */
const FOLD_MS = 3000

/** Comings and goings in a large room, several in a line. */
export class Presence {
  readonly #clock: Clock
  readonly #tell: (type: 'joined' | 'left', names: readonly string[]) => void
  readonly #names = { joined: new Set<string>(), left: new Set<string>() }
  #timer: Cancel | undefined

  constructor(clock: Clock, tell: (type: 'joined' | 'left', names: readonly string[]) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  note(type: 'joined' | 'left', name: string): void {
    // Whoever came and went again in between is no news.
    if (!(type === 'left' && this.#names.joined.delete(name))) this.#names[type].add(name)
    this.#timer ??= this.#clock.after(FOLD_MS, () => this.flush())
  }

  flush(): void {
    this.#timer?.()
    this.#timer = undefined
    for (const type of ['joined', 'left'] as const) {
      const names = [...this.#names[type]]
      this.#names[type].clear()
      if (names.length > 0) this.#tell(type, names)
    }
  }
}
