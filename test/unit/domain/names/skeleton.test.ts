import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { skeleton } from '#domain/names/confusables.ts'
import { codePoints } from './code-points.ts'

describe('C63 names that look alike have one skeleton', () => {
  test.each([
    ['admin', 'Admin', 'case'],
    ['admin', 'аdmin', 'a Cyrillic a'],
    ['admin', 'adm1n', 'a one'],
    ['admin', 'admln', 'an l'],
    ['admin', 'AdmIn', 'a capital i'],
    ['admin', 'adrnin', 'r and n'],
    ['admin', 'adｍin', 'a full-width m'],
    ['admin', '𝓪𝓭𝓶𝓲𝓷', 'mathematical letters'],
    ['admin', 'ⓐⓓⓜⓘⓝ', 'circled letters'],
    ['admin', 'αdmin', 'a Greek alpha'],
    ['admin', 'аԁⅿіո', 'five letters of four scripts'],
    ['admin', 'ad\u00admin', 'a soft hyphen'],
    ['alice', 'alice\u200b', 'a zero-width space'],
    ['alice', '\ufeffa\u2060lice\u{e0061}', 'invisible characters'],
    ['alice', 'ａｌｉｃｅ', 'full-width letters'],
    ['alice', 'АLІСЕ', 'Cyrillic capitals'],
    ['alice', 'al\u3164ice\u034f\ufe0f', 'blanks and selectors'],
    ['e\u0316\u0301', 'e\u0301\u200b\u0316', 'an invisible character between marks'],
    ['cat', '\u{1043d}at', 'a Deseret letter'],
    ['6o', 'бΣ', 'a final sigma after what looks like a digit'],
    ['wow', 'vvow', 'two v'],
    ['root', 'r00t', 'zeros'],
    ['root', 'rοοt', 'Greek omicrons'],
    ['ani', 'ANI', 'case'],
    ['ani', 'anı', 'a dotless i'],
    ['ani', 'anİ', 'a dotted capital i'],
    ['ani', 'ani\u0307', 'a dot on a dotted letter'],
    ['jo', 'j\u0307o', 'a dot on a j'],
    ['bek', 'ВЕК', 'Cyrillic capitals that have other small letters'],
    ['boss', 'bоѕѕ', 'Cyrillic letters'],
    ['boss', 'boß', 'a sharp s'],
    ['sos', 'ՏՕՏ', 'Armenian capitals'],
    ['daw', 'ᎠᎪᎳ', 'Cherokee letters'],
    ['file', 'ﬁle', 'a ligature'],
    ['é', 'e\u0301', 'composition'],
    ['aether', 'ӕther', 'a Cyrillic ligature'],
    ['ΟΔΟΣ', 'οδος', 'a final sigma'],
  ])('C63 %j and %j: %s', (one, other) => expect(skeleton(other)).toBe(skeleton(one)))

  test.each([
    ['ani', 'ana'],
    ['ani', 'aní'],
    ['user5', 'users'],
    ['a-b', 'a_b'],
    ['zaba', 'żaba'],
    ['王', '玉'],
    ['Анна', 'Нина'],
  ])('C63 %j and %j are told apart', (one, other) => expect(skeleton(other)).not.toBe(skeleton(one)))

  test('C63 a skeleton is its own skeleton, in either case, for every code point', () => {
    const faults: string[] = []
    for (const point of codePoints()) {
      const character = String.fromCodePoint(point)
      const look = skeleton(character)
      const others = [look, character.toUpperCase(), character.toLowerCase(), character.normalize('NFD')]
      if (others.some((other) => skeleton(other) !== look)) faults.push(character)
    }
    expect(faults).toEqual([])
  })

  test('C63 full-width and mathematical letters and digits look like ASCII, each of them', () => {
    for (const [index, ascii] of Array.from('abcdefghijklmnopqrstuvwxyz').entries()) {
      const styles = [0xff21, 0xff41, 0x1d400, 0x1d41a, 0x1d5a0, 0x1d670, 0x1d68a, 0x24d0].map((start) => start + index)
      for (const point of styles) expect(skeleton(String.fromCodePoint(point))).toBe(skeleton(ascii))
    }
    for (let digit = 0; digit < 10; digit++) {
      for (const start of [0xff10, 0x1d7ce]) {
        expect(skeleton(String.fromCodePoint(start + digit))).toBe(skeleton(String(digit)))
      }
    }
  })

  test('C63 a skeleton is its own skeleton, for any string', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(skeleton(skeleton(name))).toBe(skeleton(name))
      }),
      { numRuns: 2000 },
    )
  })
})
