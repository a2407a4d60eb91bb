import type { ServerResponse } from 'node:http'
import { charsOf } from '../../../domain/room/chars.ts'
import type { PastEvent } from '../../../domain/room/events.ts'
import { householdOf } from '../shared/address.ts'

interface Household {
  turns: number
  readonly waiting: (() => void)[]
}

/**
 * Pages of history that lie here until they are taken: so many for each address, and the next one is read when one of them is gone. Whoever
 * asks on many connections and reads none of the answers costs no more (C61). Short ones are not held against anybody.
 */
export class PageTurns {
  readonly #most: number
  readonly #shortChars: number
  readonly #households = new Map<string, Household>()

  constructor(most: number, shortChars: number) {
    this.#most = most
    this.#shortChars = shortChars
  }

  async read(
    address: string,
    response: ServerResponse,
    page: () => Promise<readonly PastEvent[]>,
  ): Promise<readonly PastEvent[]> {
    const end = await this.#turn(householdOf(address))
    try {
      const entries = await page()
      const chars = entries.reduce((sum, entry) => sum + charsOf(entry), 0)
      if (chars <= this.#shortChars || response.closed) end()
      else response.once('close', end)
      return entries
    } catch (error) {
      end()
      throw error
    }
  }

  /** Answers what ends the turn. */
  async #turn(key: string): Promise<() => void> {
    const household = this.#households.get(key) ?? { turns: 0, waiting: [] }
    this.#households.set(key, household)
    // Whoever ends a turn hands it on.
    if (household.turns < this.#most) household.turns++
    else await new Promise<void>((resolve) => household.waiting.push(resolve))
    return () => {
      const next = household.waiting.shift()
      if (next !== undefined) next()
      else if (--household.turns === 0) this.#households.delete(key)
    }
  }
}
