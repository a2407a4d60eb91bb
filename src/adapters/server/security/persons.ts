import { createHmac } from 'node:crypto'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import { keptSecret, newSecret } from './host-token.ts'

/** 32 hexadecimal digits, as clients make their own keys. */
const KEY_DIGITS = 32

/**
 * The keys of persons who have none of ours, and show something else that is theirs alone: an SSH key, an account of IRC. Such a key is
 * for `ClientSession.authenticate` and `personOf`, like one that a client made.
 */
export class Persons {
  readonly #secretStore: SecretStore
  #secret: string | undefined

  constructor(secretStore: SecretStore) {
    this.#secretStore = secretStore
  }

  /** To be awaited before any other; makes the secret where there is none. */
  async open(): Promise<void> {
    this.#secret = await keptSecret(this.#secretStore, 'people', newSecret)
  }

  /**
   * The key of the person who has proved that `shown` is theirs, the same each time. A digest under a secret of this host, because public
   * keys and names of accounts are public, and the history of a room shows what the key stands for.
   */
  keyOf(way: 'ssh' | 'irc', ...shown: readonly string[]): string {
    return this.sealOf(way, ...shown).slice(0, KEY_DIGITS)
  }

  /** A digest that only this host can make, of parts that no other parts have: 64 hexadecimal digits. */
  sealOf(...parts: readonly string[]): string {
    if (this.#secret === undefined) throw new Error('the secret of persons is not open yet')
    return createHmac('sha256', this.#secret).update(JSON.stringify(parts)).digest('hex')
  }
}
