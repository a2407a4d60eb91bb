import { TokenBucket } from '#domain/async/token-bucket.ts'
import type { Clock } from '#domain/ports/system.ts'

/** The most that one request is given before the next one's turn. */
const TURN_TOKENS = 8

interface WaitingRequest {
  left: number
  taken: number
  readonly done: (outcome: 'taken' | 'given up') => void
}

/**
 * A rate that several requests share. There are no debts: a request that is over the rate waits for its own tokens, a few at each of
 * its turns, so that a small one is through soon beside large ones; and one that is given up gives its tokens back (C67).
 */
export class SharedRate {
  readonly #bucket: TokenBucket
  readonly #perSecond: number
  /** In the order of their turns. */
  readonly #waiting = new Set<WaitingRequest>()
  #timer = false

  /** `perSecond` 0 stands for no limit. */
  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#bucket = new TokenBucket(clock, perSecond, burst)
  }

  /** Resolves when so many tokens were taken, or `signal` is aborted: none is taken then. */
  take(tokens: number, signal?: AbortSignal): Promise<'taken' | 'given up'> {
    if (signal?.aborted) return Promise.resolve('given up')
    if (this.#perSecond === 0) return Promise.resolve('taken')
    return new Promise((resolve) => {
      const waiting: WaitingRequest = { left: tokens, taken: 0, done: resolve }
      this.#waiting.add(waiting)
      signal?.addEventListener('abort', () => this.#giveUp(waiting), { once: true })
      this.#serve()
    })
  }

  /** For tokens that were taken and not used. */
  giveBack(tokens: number): void {
    this.#bucket.give(tokens)
    this.#serve()
  }

  /** In how many milliseconds about a request of so many tokens would be served that came now, behind others like it. */
  delayFor(tokens: number): number {
    if (this.#perSecond === 0) return 0
    const missing = (this.#waiting.size + 1) * tokens - this.#bucket.tokens
    return missing <= 0 ? 0 : Math.ceil((missing / this.#perSecond) * 1000)
  }

  get delayMs(): number {
    return this.delayFor(1)
  }

  /** Whether there is nothing to remember. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#bucket.full
  }

  #giveUp(waiting: WaitingRequest): void {
    if (!this.#waiting.delete(waiting)) return
    this.giveBack(waiting.taken)
    waiting.done('given up')
  }

  #serve(): void {
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      const wanted = Math.min(next.left, TURN_TOKENS)
      const taken = this.#bucket.take(wanted)
      next.left -= taken
      next.taken += taken
      if (taken > 0) this.#waiting.delete(next)
      if (next.left === 0) next.done('taken')
      else this.#waiting.add(next)
      if (taken < wanted) break
    }
    if (this.#waiting.size === 0 || this.#timer) return
    this.#timer = true
    void this.#bucket.ready().then(() => {
      this.#timer = false
      this.#serve()
    })
  }
}

/** A rate for each payer that has used it lately. */
export class SharedRates {
  readonly #make: () => SharedRate
  readonly #rates = new Map<string, SharedRate>()

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#make = () => new SharedRate(clock, perSecond, burst)
  }

  of(payer: string): SharedRate {
    const rate = this.#rates.get(payer) ?? this.#make()
    this.#rates.set(payer, rate)
    return rate
  }

  /** Forgets those that have nothing to remember. */
  sweep(): void {
    for (const [payer, rate] of this.#rates) if (rate.idle) this.#rates.delete(payer)
  }
}

/** A price in lines of text of a rate: a fixed part, and one line more for each `per` items of the answer. */
export interface Cost {
  readonly fixed: number
  readonly per: number
}

/** The one table of prices, for all servers: the cost of a request is the host's cost of its answer. A line of text costs 1. */
export const COSTS = {
  /** Lines of text. */
  text: { fixed: 0, per: 1 },
  /** Entries found. */
  search: { fixed: 10, per: 20 },
  /** Entries read. */
  history: { fixed: 1, per: 50 },
  /** Names listed. */
  members: { fixed: 0, per: 50 },
  /** Files listed, and their receipts. */
  files: { fixed: 0, per: 20 },
  rooms: { fixed: 1, per: 100 },
  /** Entries between the cursor of a joining member and the newest: they are read from the journal. */
  join: { fixed: 2, per: 1000 },
} as const satisfies Record<string, Cost>

/** Paid before anything is done. */
export const priceOf = ({ fixed }: Cost): number => fixed

/** Paid for so many items of an answer. */
export const priceOfItems = ({ per }: Cost, items: number): number => Math.ceil(Math.max(0, items) / per)

/** Paid for joining a room so many entries behind its newest. */
export const priceOfJoin = (behind: number): number => priceOf(COSTS.join) + priceOfItems(COSTS.join, behind)
