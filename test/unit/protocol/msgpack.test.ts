import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as inPages from '#protocol/msgpack.browser.ts'
import * as onHosts from '#protocol/msgpack.ts'
import { prescan } from '#protocol/prescan.ts'
import { clientSamples, hostSamples } from './samples.ts'

const number = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
)
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).filter((each) => each.isWellFormed()),
  fc.constantFrom(31, 32, 255, 256, 65_535, 65_536).map((length) => 'x'.repeat(length)),
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, number, text, fc.boolean(), fc.array(tie('value'), { maxLength: 20 }), tie('map')),
  map: fc.dictionary(fc.string({ maxLength: 7 }), tie('value'), { maxKeys: 20 }),
}))
const message = fc.dictionary(
  fc.string({ maxLength: 7 }).filter((key) => key !== '__proto__'),
  value,
)

/** Maps have no prototype there, which is what they are for. */
const plain = (decoded: unknown): unknown => JSON.parse(JSON.stringify(decoded))

describe('msgpack in pages', () => {
  test.each(Object.entries({ ...clientSamples, ...hostSamples }))('has the same bytes for %s', (_, sample) => {
    expect(inPages.pack(sample)).toEqual(onHosts.pack(sample))
    expect(plain(inPages.unpack(onHosts.pack(sample)))).toEqual(sample)
  })

  test('reads what hosts write, and hosts what it writes', () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(plain(inPages.unpack(onHosts.pack(sent)))).toEqual(plain(sent))
        expect(plain(onHosts.unpack(inPages.pack(sent)))).toEqual(plain(sent))
      }),
    )
  })

  test('reads every kind of value as hosts do, out of any bytes that the prescan lets pass', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 24 }),
      fc
        .tuple(fc.constantFrom(0xc4, 0xca, 0xcb, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd9), fc.uint8Array({ maxLength: 9 }))
        .map(([head, rest]) => Uint8Array.of(head, ...rest)),
    )
    let passed = 0
    fc.assert(
      fc.property(bytes, (given) => {
        if (prescan(given, 64) !== undefined) return
        passed++
        expect(comparable(inPages.unpack(given))).toEqual(comparable(onHosts.unpack(given)))
      }),
      { numRuns: 5000 },
    )
    expect(passed).toBeGreaterThan(100)
  })

  test('C104: a key called __proto__ is a key', () => {
    const map = inPages.unpack(Uint8Array.of(0x81, 0xa9, ...new TextEncoder().encode('__proto__'), 0x80))
    expect(Object.keys(map as object)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(map)).toBeNull()
  })
})

/** Floats that are none, bytes of whatever class, maps of whatever prototype. */
function comparable(decoded: unknown): unknown {
  if (ArrayBuffer.isView(decoded)) return { bytes: [...(decoded as Uint8Array)] }
  if (Array.isArray(decoded)) return decoded.map(comparable)
  if (typeof decoded !== 'object' || decoded === null) return Number.isNaN(decoded) ? 'no number' : decoded
  return Object.entries(decoded).map(([key, each]) => [key, comparable(each)])
}
