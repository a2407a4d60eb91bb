import type { AccessRequest } from '#domain/engine/access.ts'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { Cancel, Clock, Log } from '#domain/ports/system.ts'
import { keptSecret, newSecret, sameSecret, secretIn } from './secrets.ts'

/** So often it is looked whether the token has been replaced: who came in by the old one goes within a second (C124). */
const LOOK_MS = 400

/** The token of a host that is for those who know it. Another process may replace it at any time. */
export class HostToken {
  readonly #secretStore: SecretStore
  readonly #clock: Clock
  readonly #log: Log
  #token: string | undefined
  #cancelLook: Cancel = () => {}

  constructor(secretStore: SecretStore, clock: Clock, log: Log) {
    this.#secretStore = secretStore
    this.#clock = clock
    this.#log = log
  }

  /** To be awaited before any other. `changed` hears of each new token until `close`. */
  async open(changed: () => void): Promise<void> {
    this.#token = await keptSecret(this.#secretStore, 'token', newSecret)
    this.#watch(changed)
  }

  get text(): string | undefined {
    return this.#token
  }

  opens({ credential }: Pick<AccessRequest, 'credential'>): boolean {
    return credential !== undefined && this.#token !== undefined && sameSecret(credential, this.#token)
  }

  close(): void {
    this.#cancelLook()
  }

  #watch(changed: () => void): void {
    this.#cancelLook = this.#clock.after(LOOK_MS, () => {
      this.#secretStore
        .read('token')
        .then(
          (text) => {
            const token = text === undefined ? undefined : secretIn(text)
            if (token === this.#token) return
            // Where it is gone, or no secret any more, nobody has it.
            this.#token = token
            this.#log.warn('the token was replaced')
            changed()
          },
          (error: unknown) => this.#log.error('the token can not be read', { error: String(error) }),
        )
        .finally(() => this.#watch(changed))
    })
  }
}

/** Nobody comes in by the one before any more. */
export async function replaceToken(secretStore: SecretStore): Promise<string> {
  const token = newSecret()
  await secretStore.write('token', token)
  return token
}
