import { createHmac } from 'node:crypto'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import { keptSecret, newSecret } from './host-token.ts'

/** 32 hexadecimal digits, as clients make their own keys. */
const KEY_DIGITS = 32

/**
 * The keys of people without a client that makes one, who prove something else: an SSH key, an IRC account. Such a key works with
 * `ClientSession.authenticate` and `personOf`, like a client's own.
 */
export class Persons {
  readonly #secretStore: SecretStore
  #secret: string | undefined

  constructor(secretStore: SecretStore) {
    this.#secretStore = secretStore
  }

  /** Await it before any other call; creates the secret if there is none. */
  async open(): Promise<void> {
    this.#secret = await keptSecret(this.#secretStore, 'people', newSecret)
  }

  /**
   * The key of the person who has proved to own `shown`, the same each time. It is a digest under a secret of this host, because public
   * keys and names of accounts are public, and the history of a room shows what belongs to the key.
   */
  keyOf(way: 'ssh' | 'irc', ...shown: readonly string[]): string {
    return this.sealOf(way, ...shown).slice(0, KEY_DIGITS)
  }

  /** A digest that only this host can make, different for different parts: 64 hexadecimal digits. */
  sealOf(...parts: readonly string[]): string {
    if (this.#secret === undefined) throw new Error('the secret of persons is not open yet')
    return createHmac('sha256', this.#secret).update(JSON.stringify(parts)).digest('hex')
  }
}
