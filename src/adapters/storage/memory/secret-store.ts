import type { KeyName, SecretStore } from '#domain/ports/secret-store.ts'

/** Secrets for as long as the process runs. */
export class MemorySecretStore implements SecretStore {
  readonly #secrets = new Map<KeyName, string>()

  async read(name: KeyName): Promise<string | undefined> {
    return this.#secrets.get(name)
  }

  async write(name: KeyName, secret: string): Promise<void> {
    this.#secrets.set(name, secret)
  }
}
