/**
 * Runs a few pieces of work at once, and of those that wait one of each address in turn, and there of each asker: an asker with much work
 * waits behind its own, nobody behind it, and nobody behind how many askers another address has. Work should be a short step; whatever
 * takes longer comes back for another turn.
 */
export class FairQueue {
  readonly #atOnce: number
  /** By address and asker, both in the order of their turns; each asker with the work that it has waiting. */
  readonly #addresses = new Map<string, Map<string, (() => void)[]>>()
  #running = 0

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  async run<T>(address: string, asker: string, work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) await this.#turn(address, asker)
    else this.#running++
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  #turn(address: string, asker: string): Promise<void> {
    return new Promise((resolve) => {
      const askers = this.#addresses.get(address) ?? new Map<string, (() => void)[]>()
      this.#addresses.set(address, askers)
      const waiting = askers.get(asker)
      if (waiting === undefined) askers.set(asker, [resolve])
      else waiting.push(resolve)
    })
  }

  /** Hands the place to the next asker of the next address; both then go to the end of their lines. */
  #next(): void {
    const [first] = this.#addresses
    if (first === undefined) {
      this.#running--
      return
    }
    const [address, askers] = first
    const next = nextOf(askers)
    this.#addresses.delete(address)
    if (askers.size > 0) this.#addresses.set(address, askers)
    next?.()
  }
}

function nextOf(askers: Map<string, (() => void)[]>): (() => void) | undefined {
  const [first] = askers
  if (first === undefined) return undefined
  const [asker, waiting] = first
  const next = waiting.shift()
  askers.delete(asker)
  if (waiting.length > 0) askers.set(asker, waiting)
  return next
}
