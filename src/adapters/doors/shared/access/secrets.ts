import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

// None that a person could take for another: five bits each.
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'
const LENGTH = 26
const ours = randomBytes(32)

/** 130 bits at random, as something that can be read out and typed (C119). */
export const newSecret = (): string =>
  Array.from(randomBytes(LENGTH), (byte) => LETTERS[byte % LETTERS.length]).join('')

/** Whether two secrets are one. How long it takes tells nothing, whatever their lengths are (C120). */
export const sameSecret = (one: string, other: string): boolean => timingSafeEqual(sealOf(one), sealOf(other))

/** What only this process can make of a secret, and nobody can turn back. */
const sealOf = (secret: string): Buffer => createHmac('sha256', ours).update(secret).digest()
