import { randomBytes } from 'node:crypto'
import type { Ids } from '#domain/ports/system.ts'

/** 128 bits from the system's generator. */
export class RandomIds implements Ids {
  next(): string {
    return randomBytes(16).toString('hex')
  }
}

/** Predictable ids, 00…01, 00…02 and so on: for tests only, since they can be guessed. */
export class CountingIds implements Ids {
  #last = 0

  next(): string {
    this.#last += 1
    return this.#last.toString(16).padStart(32, '0')
  }
}
