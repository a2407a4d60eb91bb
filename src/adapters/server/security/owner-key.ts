import { randomBytes } from 'node:crypto'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import { personOf } from '../connection/key-registry.ts'
import { keptSecret } from './secrets.ts'

/** The key of whoever hosts: who shows it owns every room, from wherever they come. */
export class OwnerKey {
  readonly #secretStore: SecretStore
  #person = ''

  constructor(secretStore: SecretStore) {
    this.#secretStore = secretStore
  }

  /** To be awaited before any other; makes the key where there is none. */
  async open(): Promise<void> {
    const key = await keptSecret(this.#secretStore, 'owner', () => randomBytes(16).toString('hex'))
    this.#person = personOf(key.trim())
  }

  /** Who the key stands for: as all may know it. */
  get person(): string {
    return this.#person
  }

  isOf(person: string): boolean {
    return this.#person !== '' && person === this.#person
  }
}
