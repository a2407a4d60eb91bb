/**
 * Runs a few pieces of work at once, and of those that wait one of each asker in turn: an asker with much work waits behind its own, and
 * nobody behind it. Work should be a short step; whatever takes longer comes back for another turn.
 */
export class FairTurns {
  readonly #atOnce: number
  /** In the order of their turns; each with the work that it has waiting. */
  readonly #askers = new Map<string, (() => void)[]>()
  #running = 0

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  async run<T>(asker: string, work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) await this.#turn(asker)
    else this.#running++
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  #turn(asker: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#askers.get(asker)
      if (waiting === undefined) this.#askers.set(asker, [resolve])
      else waiting.push(resolve)
    })
  }

  /** Hands the place to the next asker, who then goes to the end of the line. */
  #next(): void {
    const [first] = this.#askers
    if (first === undefined) {
      this.#running--
      return
    }
    const [asker, waiting] = first
    const next = waiting.shift()
    this.#askers.delete(asker)
    if (waiting.length > 0) this.#askers.set(asker, waiting)
    next?.()
  }
}
