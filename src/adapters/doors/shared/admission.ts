import type { Access } from '../../../domain/engine/access.ts'
import type { Clock } from '../../../domain/ports/clock.ts'
import { Guesses, type GuessSettings } from './guesses.ts'

/** Whom the host's rule lets into its rooms, the same at every door where people show what they have. */
export class Admission {
  readonly #access: Access
  readonly #guesses: Guesses

  constructor(access: Access, clock: Clock, settings: GuessSettings) {
    this.#access = access
    this.#guesses = new Guesses(clock, settings)
  }

  /**
   * Which of these rooms somebody may enter, called as the rooms themselves are. What is shown is not looked at any more where too
   * much of the kind was wrong: it is then answered like any stranger (C119).
   */
  enterable(address: string, credential: string | undefined, rooms: readonly string[]): readonly string[] {
    const open = () => rooms.filter((room) => this.#access({ room, address }))
    if (credential === undefined || !this.#guesses.mayTry(address)) return open()
    const opened = rooms.filter((room) => this.#access({ room, address, credential }))
    if (opened.length === 0) this.#guesses.failed(address)
    return opened
  }

  /** Forgets what there is no need to remember. */
  sweep(): void {
    this.#guesses.sweep()
  }
}
