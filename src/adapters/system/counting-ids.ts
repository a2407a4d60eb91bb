import type { Ids } from '#domain/ports/ids.ts'

/** Predictable ids, 00…01, 00…02 and so on: for tests only, since anybody can guess them. */
export class CountingIds implements Ids {
  #last = 0

  next(): string {
    this.#last += 1
    return this.#last.toString(16).padStart(32, '0')
  }
}
