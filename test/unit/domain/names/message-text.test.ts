import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkText } from '#domain/names/text.ts'

const refusal = (code: string) => ({ type: 'rejected', code, message: expect.stringMatching(/[a-z]/) })

describe('what a message may say', () => {
  test.each([
    ['plain text', 'halo semua', 'halo semua'],
    ['one character', 'x', 'x'],
    ['text in any script', 'дом 家 🏠', 'дом 家 🏠'],
    ['several lines', 'one\ntwo', 'one\ntwo'],
    ['CR LF as LF', 'one\r\ntwo\r\n\r\nthree', 'one\ntwo\n\nthree'],
    ['no line ends at the end', 'one\r\n\n\r\r\n', 'one'],
    ['line ends at the start', '\none', '\none'],
    ['a CR by itself', 'a\rb', 'a\rb'],
    ['controls, which doors escape', '\x1b[2J\0', '\x1b[2J\0'],
    ['spaces only', '   ', '   '],
  ])('it may be %s', (_name, raw, text) => expect(checkText(raw, 4096)).toBe(text))

  test.each(['', '\n', '\r\n', '\r', '\n\r\n\n'])('it has to say something: %j', (raw) =>
    expect(checkText(raw, 4096)).toEqual(refusal('BAD_TEXT')),
  )

  test.each(['\ud800', 'a\udc00b', '\ude00\ud83d'])('half a surrogate pair is refused: %j', (raw) =>
    expect(checkText(raw, 4096)).toEqual(refusal('BAD_TEXT')),
  )
})

describe('how long it may be', () => {
  test.each([
    ['ASCII', 'a'],
    ['two bytes', 'é'],
    ['three bytes', '字'],
    ['four bytes', '😀'],
  ])('%s each are counted as UTF-8 does', (_name, character) => {
    const bytes = Buffer.byteLength(character)
    expect(checkText(character.repeat(10), 10 * bytes)).toBe(character.repeat(10))
    expect(checkText(character.repeat(10), 10 * bytes - 1)).toEqual(refusal('LINE_TOO_LONG'))
  })

  test('line ends that are cut do not count', () => {
    expect(checkText(`abc${'\r\n'.repeat(100)}`, 3)).toBe('abc')
    expect(checkText('ab\r\nc', 4)).toBe('ab\nc')
  })

  test('a million line ends before the last letter are looked at once each', () => {
    const started = performance.now()
    expect(checkText(`${'\n'.repeat(1_000_000)}x`, 10)).toEqual(refusal('LINE_TOO_LONG'))
    // Looked at again and again they take minutes.
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

test('what is accepted fits, is whole Unicode, has no CR LF, and is accepted unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(64), (raw, maxBytes) => {
      const text = checkText(raw, maxBytes)
      if (typeof text !== 'string') return
      expect(text).not.toBe('')
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes)
      expect(text.isWellFormed()).toBe(true)
      expect(checkText(text, maxBytes)).toBe(text)
    }),
  )
})
