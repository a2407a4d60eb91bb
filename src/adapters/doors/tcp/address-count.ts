import { householdOf, isLoopback } from '../shared/address.ts'

/** How many connections each address has. Loopback is this machine's own people, and may have any number. */
export class AddressCount {
  readonly #most: number
  readonly #counts = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Counts one more connection, or answers false where the address has all it may have. */
  enter(address: string): boolean {
    const key = householdOf(address)
    const before = this.#counts.get(key) ?? 0
    if (before >= this.#most && !isLoopback(address)) return false
    this.#counts.set(key, before + 1)
    return true
  }

  leave(address: string): void {
    const key = householdOf(address)
    const left = (this.#counts.get(key) ?? 1) - 1
    if (left > 0) this.#counts.set(key, left)
    else this.#counts.delete(key)
  }
}
