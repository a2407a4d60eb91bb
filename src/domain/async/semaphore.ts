import { Waiters } from './waiters.ts'

/** Limits the number of tasks that run at once; the others wait in order. */
export class Semaphore {
  readonly #waiters = new Waiters()
  #free: number

  constructor(atOnce: number) {
    this.#free = atOnce
  }

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--
    else await this.#waiters.wait()
    try {
      return await task()
    } finally {
      // The place goes directly to the next task, so that nobody can come between.
      if (!this.#waiters.releaseOne()) this.#free++
    }
  }
}
