import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newSecret, sameSecret } from '../../../../../src/adapters/doors/shared/access/secrets.ts'

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
