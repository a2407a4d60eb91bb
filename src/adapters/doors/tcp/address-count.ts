import { isIPv4, isIPv6 } from 'node:net'

/** How many connections each address has. Loopback is this machine's own people, and may have any number. */
export class AddressCount {
  readonly #most: number
  readonly #counts = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Counts one more connection, or answers false where the address has all it may have. */
  enter(address: string): boolean {
    const key = keyOf(address)
    const before = this.#counts.get(key) ?? 0
    if (before >= this.#most && !isLoopback(address)) return false
    this.#counts.set(key, before + 1)
    return true
  }

  leave(address: string): void {
    const key = keyOf(address)
    const left = (this.#counts.get(key) ?? 1) - 1
    if (left > 0) this.#counts.set(key, left)
    else this.#counts.delete(key)
  }
}

export const isLoopback = (address: string): boolean =>
  address === '::1' || (isIPv4(address) && address.startsWith('127.'))

/** One household has a whole IPv6 /64 (C70). */
function keyOf(address: string): string {
  if (!isIPv6(address)) return address
  const [before = '', after] = address.split('::')
  const groups = before.split(':').filter((group) => group !== '')
  const tail = after === undefined ? [] : after.split(':').filter((group) => group !== '')
  const zeros = after === undefined ? 0 : 8 - groups.length - tail.length
  return [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...tail].slice(0, 4).join(':')
}
