import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { skeleton } from '#domain/names/confusables.ts'
import { checkNick, type Nick } from '#domain/names/nick.ts'

const refusal = (advice: RegExp) => ({ type: 'rejected', code: 'BAD_NAME', message: expect.stringMatching(advice) })
const RESERVED = /reserved/
const ADDRESS = /address/
const SCRIPT = /one script/
const START = /start with a letter or a digit/

describe('C63 who may be called what', () => {
  const names = [
    'ani',
    'Ani_2',
    'x',
    '7',
    '007',
    'a.b-c_d',
    'host',
    'administrators',
    'Željko',
    'nguyễn',
    'Анна',
    'Ολγα',
  ]
  const more = [
    '王小明',
    'さくらカナー',
    '金さん',
    '김철수',
    'ตำรวจ',
    'सत्यम्',
    'שָׁלוֹם',
    'علي٣',
    'ꦲꦏ꧀ꦱꦫ',
    'ɛ̃ba',
    'ｂｏｂ',
    '1.2.3',
    '1.2.3.4.5',
  ]
  test.each([...names, ...more])('C63 %j may', (raw) => {
    const name = raw.normalize('NFC')
    expect(checkNick(raw)).toEqual({ name, skeleton: skeleton(name) })
  })

  test.each(['\u0639\u0644\u06cc\u200c\u0631\u0636\u0627', '\u0dc1\u0dca\u200d\u0dbb\u0dd3'])(
    'C63 %j may have its joiner, and is the same person as without it',
    (name) => {
      const { skeleton: look } = checkNick(name.replace(/[\u200c\u200d]/, '')) as Nick
      expect(checkNick(name)).toEqual({ name, skeleton: look })
    },
  )
  test.each(['ani\u200d', 'a\u200cni', '\u200d\u0639', '\u0639\u200c', '\u0639\u200c\u200c\u0644', '\u0639\u200ba'])(
    'C63 %j may not hide anything',
    (name) => expect(checkNick(name)).toMatchObject({ code: 'BAD_NAME' }),
  )

  test('C47 a decomposed name is kept composed', () => {
    expect(checkNick('e\u0301va')).toEqual(checkNick('\u00e9va'))
    expect(checkNick('e\u0301va')).toMatchObject({ name: '\u00e9va' })
  })

  test.each([
    ['nothing', '', /empty/],
    ['a mixture of Latin and Cyrillic', 'аdmin', SCRIPT],
    ['a mixture of Greek and Latin', 'αlpha', SCRIPT],
    ['a mixture of Hangul and kana', '김さん', SCRIPT],
    ['another script’s digits', 'ani٣', SCRIPT],
    ['a zero-width space', 'alice\u200b', SCRIPT],
    ['a turning character', 'a\u202eb', SCRIPT],
    ['a blank letter', 'a\u3164', SCRIPT],
    ['a blank letter among its own', '김\u3164', SCRIPT],
    ['an invisible mark', 'a\u034fb', SCRIPT],
    ['a blank letter first', '\u3164a', SCRIPT],
    ['a space', 'ani b', SCRIPT],
    ['a control', 'ani\x1b[2J', SCRIPT],
    ['C60 a line break with a forged log line', 'a\n{"level":"info","auth":"ok"}', SCRIPT],
    ['an emoji', 'ani🏠', SCRIPT],
    ['mathematical letters', '𝓪𝓷𝓲', SCRIPT],
    ['a lone surrogate', 'a\ud800', SCRIPT],
    ['a superscript digit', 'com¹', SCRIPT],
    ['an overlay that makes another ø', 'o\u0338', SCRIPT],
    ['five marks', `ɛ\u0301\u0316\u0302\u0317\u0303`, /marks/],
    ['one mark twice', 'ɛ\u0301\u0301', /marks/],
    ['a dash first', '-rf', START],
    ['a dot first', '.', START],
    ['an underscore first', '_ani', START],
    ['a mark first', '\u0301a', START],
  ])('C63 %s is refused', (_what, raw, advice) => expect(checkNick(raw)).toEqual(refusal(advice)))

  test('C63 32 bytes are enough, 33 are too many', () => {
    expect(checkNick('a'.repeat(32))).toMatchObject({ name: 'a'.repeat(32) })
    expect(checkNick('a'.repeat(33))).toEqual(refusal(/32 bytes/))
    expect(checkNick('é'.repeat(16))).toMatchObject({ name: 'é'.repeat(16) })
    expect(checkNick('é'.repeat(17))).toEqual(refusal(/32 bytes/))
    expect(checkNick('e\u0301'.repeat(16))).toMatchObject({ name: 'é'.repeat(16) })
    expect(checkNick('ΐ'.repeat(16).normalize('NFD'))).toMatchObject({ name: 'ΐ'.repeat(16) })
  })

  test('C63 a megabyte of marks, which normalising would sort for minutes, is refused first', () => {
    const started = performance.now()
    expect(checkNick(`a${'\u0301\u0316'.repeat(500_000)}`)).toEqual(refusal(/32 bytes/))
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

describe('C64 names that are not for members', () => {
  const reserved =
    'server system tamtam root admin administrator nickserv chanserv operator owner everybody everyone here'
  test.each(reserved.split(' '))('C64 %s is reserved, in any case', (name) => {
    expect(checkNick(name)).toEqual(refusal(RESERVED))
    expect(checkNick(name.toUpperCase())).toEqual(refusal(RESERVED))
    expect(checkNick(`${name}_`)).toEqual(refusal(RESERVED))
  })

  const alike = [
    'Admin',
    'adm1n',
    'adrnin',
    'r00t',
    'NickServ',
    'ѕуѕтем',
    'ｒｏｏｔ',
    'sys.tem',
    'o-w-n-e-r',
    'tarntam',
  ]
  test.each(alike)('C64 %j looks reserved', (name) => expect(checkNick(name)).toEqual(refusal(RESERVED)))

  test.each(['*', '!x', '@x', '#x', '::1', '&x', '+x'])('C64 %j is refused for its first character', (raw) =>
    expect(checkNick(raw)).toEqual(refusal(START)),
  )

  const addresses = [
    '127.0.0.1',
    '1.2.3.4',
    '255.255.255.255',
    '999.1.1.1',
    'l27.O.O.1',
    '10.0.0.2.',
    '10.0.0.2_-',
    '١٢٧.٠.٠.١',
    'I.o.O.l',
  ]
  test.each(addresses)('C64 %j reads like an address', (raw) => expect(checkNick(raw)).toEqual(refusal(ADDRESS)))

  test.each(['fe80::1', '2001:db8::1', 'a:b'])('C64 %j, of version 6, has a character that no name has', (raw) =>
    expect(checkNick(raw)).toEqual(refusal(SCRIPT)),
  )

  test('the message never quotes what was sent (C57, C60)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (raw) => {
        const nick = checkNick(`\u2603${raw}`)
        expect('message' in nick && nick.message).toMatch(/^[\x20-\x7e]+$/)
      }),
    )
  })
})

test('C63 what is accepted is accepted again unchanged, fits, and is nothing but letters, marks, digits and _ - .', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), (raw) => {
      const nick = checkNick(raw)
      if ('type' in nick) return
      expect(checkNick(nick.name)).toEqual(nick)
      expect(Buffer.byteLength(nick.name)).toBeLessThanOrEqual(32)
      expect(nick.name).toMatch(/^[\p{L}\p{M}\p{Nd}_.-]+$/u)
    }),
    { numRuns: 3000 },
  )
})
