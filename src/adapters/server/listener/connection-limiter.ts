import { isLoopback, subnetOf } from '../connection/address.ts'

interface Household<Connection> {
  readonly members: Set<Connection>
  /** Those that have come in nowhere yet, the oldest first. */
  readonly strangers: Set<Connection>
}

/** What becomes of a new connection: it is counted, and another one may have to make place for it. */
export type Counted<Connection> =
  | { readonly status: 'counted'; readonly evicted?: Connection }
  | { readonly status: 'full' }

/**
 * How many connections each address has, and how many have come in nowhere yet. Where there are too many, the oldest of those makes place
 * for the next, of the address that has most of them: whoever has the right thing to show gets to show it, whatever strangers at the same
 * address do. Loopback is this machine's own people, and may have any number.
 */
export class ConnectionLimiter<Connection> {
  readonly #most: number
  readonly #mostStrangers: number
  readonly #households = new Map<string, Household<Connection>>()
  #strangers = 0

  /** `most` of each address; `mostStrangers` of all together that have come in nowhere yet. */
  constructor(most: number, mostStrangers: number) {
    this.#most = most
    this.#mostStrangers = mostStrangers
  }

  /** `as`: a stranger comes in when `known` says so. */
  enter(connection: Connection, address: string, as: 'stranger' | 'member'): Counted<Connection> {
    const key = subnetOf(address)
    const household = this.#households.get(key) ?? { members: new Set(), strangers: new Set() }
    const { members, strangers } = household
    const isFull = !isLoopback(address) && members.size + strangers.size >= this.#most
    const from = isFull ? household : this.#crowded(as)
    const [evicted] = from?.strangers ?? []
    if (from !== undefined && evicted === undefined) return { status: 'full' }
    if (evicted !== undefined) this.#forget(evicted, from)
    this.#households.set(key, household)
    household[as === 'stranger' ? 'strangers' : 'members'].add(connection)
    if (as === 'stranger') this.#strangers++
    return evicted === undefined ? { status: 'counted' } : { status: 'counted', evicted }
  }

  /** It has come in, and makes place for nobody any more. */
  known(connection: Connection, address: string): void {
    const household = this.#households.get(subnetOf(address))
    if (household?.strangers.delete(connection) !== true) return
    this.#strangers--
    household.members.add(connection)
  }

  leave(connection: Connection, address: string): void {
    const key = subnetOf(address)
    const household = this.#households.get(key)
    this.#forget(connection, household)
    if (household?.members.size === 0 && household.strangers.size === 0) this.#households.delete(key)
  }

  #forget(connection: Connection, household: Household<Connection> | undefined): void {
    if (household?.strangers.delete(connection) === true) this.#strangers--
    else household?.members.delete(connection)
  }

  /** Who has to make place among all strangers; undefined where nobody has. */
  #crowded(as: 'stranger' | 'member'): Household<Connection> | undefined {
    if (as === 'member' || this.#strangers < this.#mostStrangers) return undefined
    let most: Household<Connection> = { members: new Set(), strangers: new Set() }
    for (const each of this.#households.values()) if (each.strangers.size > most.strangers.size) most = each
    return most
  }
}
