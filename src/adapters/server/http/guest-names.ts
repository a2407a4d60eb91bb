import type { Engine } from '#domain/engine/engine.ts'

/** The names that requests act under: one address may use its name in several at once, and frees it with the last. */
export class GuestNames {
  readonly #engine: Engine
  readonly #uses = new Map<string, number>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  use(owner: string): void {
    this.#uses.set(owner, (this.#uses.get(owner) ?? 0) + 1)
  }

  release(owner: string): void {
    const left = (this.#uses.get(owner) ?? 1) - 1
    if (left > 0) {
      this.#uses.set(owner, left)
      return
    }
    this.#uses.delete(owner)
    this.#engine.forget(owner)
  }
}
