import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { type KeyName, type SecretStore, SecretStoreDamaged } from '#domain/ports/secret-store.ts'

// None that a person could take for another: five bits each.
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'
const LENGTH = 26
const ours = randomBytes(32)

/** 130 bits at random, as something that can be read out and typed (C119). */
export const newSecret = (): string =>
  Array.from(randomBytes(LENGTH), (byte) => LETTERS[byte % LETTERS.length]).join('')

/** What a keyring holds under the name, made where there is nothing. */
export async function keptSecret(secretStore: SecretStore, name: KeyName, make: () => string): Promise<string> {
  const kept = await secretStore.read(name)
  if (kept !== undefined) {
    const secret = secretIn(kept)
    if (secret === undefined) throw new SecretStoreDamaged(name, 'it is no secret of at least 16 letters and digits')
    return secret
  }
  const secret = make()
  await secretStore.write(name, secret)
  return secret
}

/** Without the line end that an editor adds; undefined where it is cut short, or something else than what a host writes. */
export function secretIn(text: string): string | undefined {
  const secret = text.trim()
  return /^[\x21-\x7e]{16,256}$/.test(secret) ? secret : undefined
}

/** Whether two secrets are one. How long it takes tells nothing, whatever their lengths are (C120). */
export const sameSecret = (one: string, other: string): boolean => timingSafeEqual(sealOf(one), sealOf(other))

/** What only this process can make of a secret, and nobody can turn back. */
const sealOf = (secret: string): Buffer => createHmac('sha256', ours).update(secret).digest()
