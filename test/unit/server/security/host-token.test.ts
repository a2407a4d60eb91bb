import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SecretStoreDamaged } from '#domain/ports/secret-store.ts'
import { keptSecret, newSecret, sameSecret } from '#server/security/host-token.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'

test('C120: secrets of any lengths are compared whole, and never by an exception', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, other) => {
      expect(sameSecret(one, one)).toBe(true)
      expect(sameSecret(one, other)).toBe(one === other)
      expect(sameSecret(one, `${one}x`)).toBe(false)
    }),
  )
})

test('C119: a secret of ours has 130 bits in letters that can be read out, and none comes twice', () => {
  const secrets = Array.from({ length: 1000 }, newSecret)
  expect(new Set(secrets).size).toBe(1000)
  for (const secret of secrets) expect(secret).toMatch(/^[a-km-np-z2-9]{26}$/)
  expect(new Set(secrets.join('')).size).toBe(32)
})

describe('a kept secret', () => {
  test('is the one that was written, also with the line end of an editor', async () => {
    const secretStore = new MemorySecretStore()
    const made = await keptSecret(secretStore, 'token', newSecret)
    await secretStore.write('token', `${made}\r\n`)
    expect(await keptSecret(secretStore, 'token', newSecret)).toBe(made)
  })
  test.each(['', ' \n', 'short', '\0'.repeat(40), 'a secret with spaces in it', 'x'.repeat(300)])(
    'that reads %j is none: nobody comes in by it, and no other takes its place',
    async (text) => {
      const secretStore = new MemorySecretStore()
      await secretStore.write('token', text)
      await expect(keptSecret(secretStore, 'token', newSecret)).rejects.toThrow(SecretStoreDamaged)
      expect(await secretStore.read('token')).toBe(text)
    },
  )
})
