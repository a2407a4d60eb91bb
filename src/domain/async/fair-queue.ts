import { Waiters } from './waiters.ts'

/**
 * Runs a few tasks at once. The others take turns: one for each address, and within an address one for each requester. A requester with
 * much work waits behind its own tasks; nobody waits behind it, or behind the number of requesters at another address. A task should be
 * a short step; longer work queues again for its next step.
 */
export class FairQueue {
  readonly #atOnce: number
  /** By address and requester, both in the order of their turns. */
  readonly #addresses = new Map<string, Map<string, Waiters>>()
  #running = 0

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  async run<Result>(address: string, requester: string, task: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#atOnce) await this.#turn(address, requester)
    else this.#running++
    try {
      return await task()
    } finally {
      this.#next()
    }
  }

  #turn(address: string, requester: string): Promise<void> {
    const requesters = this.#addresses.get(address) ?? new Map<string, Waiters>()
    this.#addresses.set(address, requesters)
    const waiters = requesters.get(requester) ?? new Waiters()
    requesters.set(requester, waiters)
    return waiters.wait()
  }

  /** Gives the place to the next requester of the next address; both then go to the end of their queues. */
  #next(): void {
    const [first] = this.#addresses
    if (first === undefined) {
      this.#running--
      return
    }
    const [address, requesters] = first
    const [next] = requesters
    this.#addresses.delete(address)
    const [requester, waiters] = next as [string, Waiters]
    requesters.delete(requester)
    if (waiters.size > 1) requesters.set(requester, waiters)
    if (requesters.size > 0) this.#addresses.set(address, requesters)
    waiters.releaseOne()
  }
}
