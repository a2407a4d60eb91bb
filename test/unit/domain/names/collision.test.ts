import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collisionKey, numbered } from '#domain/names/file-name.ts'
import { codePoints } from './code-points.ts'

describe('C47 names that may be one file', () => {
  test.each([
    ['README', 'readme'],
    ['é.txt', 'e\u0301.txt'],
    ['straße', 'STRASSE'],
    ['straße', 'straẞe'],
    ['İstanbul', 'istanbul'],
    ['İ', 'ı'],
    ['İ\u0307', 'i'],
    ['İ\u0316', 'i\u0316\u0307'],
    ['ΟΔΟΣ', 'οδος'],
    ['ΟΔΟΣ.txt', 'οδοσ.txt'],
    ['ﬀ', 'FF'],
    ['Ǆ', 'ǆ'],
    ['ᾳ', 'ΑΙ'],
    ['ᾳ\u0316', 'α\u0316\u0345'],
    ['ſ', 'S'],
    ['\u212a', 'k'],
    ['Ꭰ', 'ꭰ'],
  ])('C47 %j and %j', (one, other) => expect(collisionKey(one)).toBe(collisionKey(other)))

  test.each([
    ['a', 'b'],
    ['e', 'é'],
    ['a.txt', 'a.text'],
    ['ss', 's'],
    ['а', 'a'],
  ])('C47 %j and %j are two', (one, other) => expect(collisionKey(one)).not.toBe(collisionKey(other)))

  test('C47 case and composition change no key, for any code point, and the key of a key is itself', () => {
    const faults: string[] = []
    for (const point of codePoints()) {
      const character = String.fromCodePoint(point)
      const key = collisionKey(character)
      const others = [character.toUpperCase(), character.toLowerCase(), character.normalize('NFD'), key]
      if (others.some((other) => collisionKey(other) !== key)) faults.push(character)
    }
    expect(faults).toEqual([])
  })
})

describe('C47 C52 a number for the later one', () => {
  test.each([
    ['terima_a', 2, 'terima_a (2)'],
    ['terima_a.txt', 2, 'terima_a (2).txt'],
    ['a.tar.gz', 10, 'a.tar (10).gz'],
    ['.bashrc', 2, '.bashrc (2)'],
    ['a.', 2, 'a (2).'],
    [`a.${'e'.repeat(15)}`, 2, `a (2).${'e'.repeat(15)}`],
    [`a.${'e'.repeat(16)}`, 2, `a.${'e'.repeat(16)} (2)`],
    ['a'.repeat(251), 2, `${'a'.repeat(251)} (2)`],
    ['a'.repeat(252), 2, `${'a'.repeat(251)} (2)`],
    [`${'a'.repeat(247)}.txt`, 2, `${'a'.repeat(247)} (2).txt`],
    [`${'a'.repeat(251)}.txt`, 2, `${'a'.repeat(247)} (2).txt`],
    [`${'é'.repeat(130)}.é`, 12, `${'é'.repeat(123)} (12).é`],
  ])('%j for the %i. time is %j', (name, n, expected) => expect(numbered(name, n)).toBe(expected))

  test('any two numbers give two names, both within 255 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), fc.nat(), fc.nat(), (name, n, m) => {
        expect(Buffer.byteLength(numbered(name, n))).toBeLessThanOrEqual(255)
        expect(numbered(name, n) === numbered(name, m)).toBe(n === m)
      }),
    )
  })
})
