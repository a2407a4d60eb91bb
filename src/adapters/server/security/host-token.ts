import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { AccessRequest } from '#domain/engine/access.ts'
import { isSharedSecretStore, type KeyName, type SecretStore, SecretStoreDamaged } from '#domain/ports/secret-store.ts'
import type { Cancel, Clock, Log } from '#domain/ports/system.ts'
import { personOf } from '../connection/key-registry.ts'

/** The interval of checks for a new token: members who joined with the old one are removed within a second (C124). */
const LOOK_MS = 400

/** The token of a host that is not open to everybody. Another process may replace it at any time. */
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

  /** Await it before any other call. `changed` is called for each new token until `close`. */
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
            // If it is gone, or is no longer a valid secret, nobody has it.
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

/** Replaces the token: the old one admits nobody any more. */
export async function replaceToken(secretStore: SecretStore): Promise<string> {
  const token = newSecret()
  await secretStore.write('token', token)
  return token
}

/** The owner's key, which makes its holder the owner of every room, from any address. */
export class OwnerKey {
  readonly #secretStore: SecretStore
  #key = ''
  #person = ''

  constructor(secretStore: SecretStore) {
    this.#secretStore = secretStore
  }

  /** Await it before any other call; creates the key if there is none. */
  async open(): Promise<void> {
    const key = await keptSecret(this.#secretStore, 'owner', () => randomBytes(16).toString('hex'))
    this.#key = key.trim()
    this.#person = personOf(this.#key)
  }

  /** Only for the owner: never reveal it to anybody. */
  get key(): string {
    return this.#key
  }

  /** The member id of the key's holder, which is public. */
  get person(): string {
    return this.#person
  }

  isOf(person: string): boolean {
    return this.#person !== '' && person === this.#person
  }
}

// No letters that people confuse: five bits each.
const SECRET_LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'
const SECRET_LENGTH = 26
/** For this process only. */
const SEAL_KEY = randomBytes(32)

/** 130 random bits, as a word that can be read aloud and typed (C119). */
export const newSecret = (): string =>
  Array.from(randomBytes(SECRET_LENGTH), (byte) => SECRET_LETTERS[byte % SECRET_LETTERS.length]).join('')

/** The secret with this name from the store, created if there is none. */
export async function keptSecret(secretStore: SecretStore, name: KeyName, make: () => string): Promise<string> {
  const kept = await secretStore.read(name)
  if (kept !== undefined) {
    const secret = secretIn(kept)
    if (secret === undefined) throw new SecretStoreDamaged(name, 'it is no secret of at least 16 letters and digits')
    return secret
  }
  return await keepNew(secretStore, name, make())
}

/** Keeps a secret if there is none. Answers the one that is there afterwards, since another host may have been faster. */
export async function keepNew(secretStore: SecretStore, name: KeyName, secret: string): Promise<string> {
  if (isSharedSecretStore(secretStore)) return await secretStore.claim(name, secret)
  await secretStore.write(name, secret)
  return secret
}

/** Without the line end that an editor adds; undefined if it is cut short, or not written by a host. */
function secretIn(text: string): string | undefined {
  const secret = text.trim()
  return /^[\x21-\x7e]{16,256}$/.test(secret) ? secret : undefined
}

/** Compares two secrets in a time that reveals nothing, whatever their lengths (C120). */
export const sameSecret = (one: string, other: string): boolean => timingSafeEqual(sealOf(one), sealOf(other))

/** Only this process can compute it, and nobody can reverse it. */
const sealOf = (secret: string): Buffer => createHmac('sha256', SEAL_KEY).update(secret).digest()
