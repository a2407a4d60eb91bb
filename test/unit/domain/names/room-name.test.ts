import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkRoomName } from '#domain/names/room-name.ts'

const REFUSED = {
  type: 'rejected',
  code: 'BAD_ROOM',
  message: expect.stringMatching(/room name cannot be used: .+\.$/),
}

describe('C66 what a room may be called', () => {
  test.each([
    ['lobby', 'lobby'],
    ['Lobby', 'lobby'],
    ['#Lobby', 'lobby'],
    ['LOBBY-2', 'lobby-2'],
    ['admin', 'admin'],
    ['here', 'here'],
    ['10.0.0.1', '10.0.0.1'],
    ['Кухня', 'кухня'],
    ['台所', '台所'],
    ['CAFE\u0301', 'café'],
    ['a.b', 'a.b'],
    ['\u0645\u06cc\u200c\u062e', '\u0645\u06cc\u062e'],
    ['\u0dc1\u0dca\u200d\u0dbb\u0dd3', '\u0dc1\u0dca\u0dbb\u0dd3'],
  ])('C66 %j is %j', (raw, name) => expect(checkRoomName(raw)).toBe(name))

  const paths = ['../x', '.', '..', '#..', 'a/b', 'a\\b', '/', '%2e%2e', '~']
  const others = [
    '',
    '#',
    '##a',
    '#*',
    '*',
    'a.>',
    ' ',
    'a b',
    'a\nb',
    'a\0',
    '-a',
    '_a',
    'лobby',
    'a\u200b',
    '\u0645\u06cc\u200c',
    'a\u200cb',
    '🏠',
    'a\ud800',
  ]
  test.each([...paths, ...others])('C66 %j is refused', (raw) => expect(checkRoomName(raw)).toEqual(REFUSED))

  test('C66 64 bytes are enough, 65 are too many, counted in lower case and without the #', () => {
    expect(checkRoomName(`#${'a'.repeat(64)}`)).toBe('a'.repeat(64))
    expect(checkRoomName('a'.repeat(65))).toEqual(REFUSED)
    expect(checkRoomName('İ'.repeat(21))).toBe('i\u0307'.repeat(21))
    expect(checkRoomName('İ'.repeat(22))).toEqual(REFUSED)
    expect(checkRoomName('ΐ'.repeat(32).normalize('NFD'))).toBe('ΐ'.repeat(32))
  })

  test('C66 a megabyte of marks, which normalising would sort for minutes, is refused first', () => {
    const started = performance.now()
    expect(checkRoomName('\u0301\u0316'.repeat(500_000))).toEqual(REFUSED)
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  test('C66 what is accepted is accepted again unchanged, and is one path component', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), (raw) => {
        const name = checkRoomName(raw)
        if (typeof name !== 'string') return
        expect(checkRoomName(name)).toBe(name)
        expect(checkRoomName(raw.toUpperCase())).toEqual(checkRoomName(raw.toUpperCase().toLowerCase()))
        expect(name).toMatch(/^[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd}_.-]*$/u)
      }),
      { numRuns: 3000 },
    )
  })
})
