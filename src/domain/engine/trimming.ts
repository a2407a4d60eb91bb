import type { Journal } from '../ports/journal.ts'
import type { RoomActor } from '../room/actor.ts'
import type { EngineLimits } from './limits.ts'

/** Forgets the oldest entries of rooms whose history is full, once in a while rather than one by one. */
export class Trimming {
  readonly #journal: Journal
  readonly #limits: EngineLimits
  readonly #broken: (error: unknown) => void
  readonly #under = new Set<string>()

  constructor(journal: Journal, limits: EngineLimits, broken: (error: unknown) => void) {
    this.#journal = journal
    this.#limits = limits
    this.#broken = broken
  }

  /** To be called after each commit of a room. `slowest` answers the place of its reader that is furthest behind. */
  look(room: RoomActor, slowest: () => number): void {
    const { historyEntries, readerEntries } = this.#limits
    const { name, last } = room.state
    if (last - room.first < historyEntries * 1.1 || this.#under.has(name)) return
    const upTo = Math.min(last - historyEntries, Math.max(slowest(), last - historyEntries - readerEntries))
    if (upTo - room.first < historyEntries / 10) return
    this.#under.add(name)
    this.#journal.trim(name, upTo).then(
      () => {
        room.first = upTo + 1
        this.#under.delete(name)
      },
      (error: unknown) => this.#broken(error),
    )
  }
}
