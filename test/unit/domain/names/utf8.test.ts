import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutUtf8, utf8Length } from '#domain/names/text.ts'

test.each([
  ['', 0],
  ['\x7f', 1],
  ['\x80', 2],
  ['\u07ff', 2],
  ['\u0800', 3],
  ['\uffff', 3],
  ['\u{10000}', 4],
  ['\u{10ffff}', 4],
  ['\ud800', 3],
  ['a\udc00b', 5],
])('%j takes %i bytes', (text, bytes) => expect(utf8Length(text)).toBe(bytes))

test('the length is that of the encoder, for any string', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Length(text)).toBe(Buffer.byteLength(text))
    }),
  )
})

test('a cut is the longest start that fits and splits no code point', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, maxBytes) => {
      const cut = cutUtf8(text, maxBytes)
      const characters = Array.from(text)
      const kept = Array.from(cut).length
      expect(characters.slice(0, kept).join('')).toBe(cut)
      expect(utf8Length(cut)).toBeLessThanOrEqual(maxBytes)
      if (kept < characters.length) expect(utf8Length(cut + characters[kept])).toBeGreaterThan(maxBytes)
    }),
  )
})
