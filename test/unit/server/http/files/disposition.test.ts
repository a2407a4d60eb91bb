import { validateHeaderValue } from 'node:http'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { disposition } from '#server/http/files/headers.ts'

/** What a client that knows RFC 6266 saves the file as. */
function nameIn(value: string): string {
  const extended = /; filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]*)$/.exec(value)?.[1]
  return extended === undefined ? (/filename="([^"\\]*)"$/.exec(value)?.[1] ?? 'none') : decodeURIComponent(extended)
}

const WELL_FORMED =
  /^attachment; filename="[\x20-\x21\x23-\x5b\x5d-\x7e]*"(?:; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+)?$/

describe('Content-Disposition', () => {
  test.each([
    ['talk.pdf', 'attachment; filename="talk.pdf"'],
    ['my talk (2).pdf', 'attachment; filename="my talk (2).pdf"'],
    ['Übung.pdf', `attachment; filename="_bung.pdf"; filename*=UTF-8''%C3%9Cbung.pdf`],
    ['a"b\\c%41.txt', `attachment; filename="a_b_c_41.txt"; filename*=UTF-8''a%22b%5Cc%2541.txt`],
    ["ü'(*)", `attachment; filename="_'(*)"; filename*=UTF-8''%C3%BC%27%28%2A%29`],
    ['🎵.mp3', `attachment; filename="__.mp3"; filename*=UTF-8''%F0%9F%8E%B5.mp3`],
    ['', 'attachment; filename=""'],
  ])('%s', (name, value) => {
    expect(disposition('attachment', name)).toBe(value)
  })

  test('C98: a name cannot end the header and begin another', () => {
    const value = disposition('attachment', 'a"\r\nSet-Cookie: x')
    expect(value).toBe(`attachment; filename="a___Set-Cookie: x"; filename*=UTF-8''a%22%0D%0ASet-Cookie%3A%20x`)
  })

  test('C98: every byte and every code unit gives a header that holds exactly the name', () => {
    for (let unit = 0; unit <= 0xffff; unit++) {
      const name = `a${String.fromCharCode(unit)}b`
      const value = disposition('attachment', name)
      if (!WELL_FORMED.test(value)) expect.fail(`U+${unit.toString(16)}: ${value}`)
      validateHeaderValue('content-disposition', value)
      if (nameIn(value) !== name.toWellFormed()) expect.fail(`U+${unit.toString(16)} became ${nameIn(value)}`)
    }
  })

  test('C98: any name gives a header that holds exactly the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const value = disposition('attachment', name)
        expect(value).toMatch(WELL_FORMED)
        expect(nameIn(value)).toBe(name.toWellFormed())
      }),
    )
  })

  test('what may be shown is inline', () => {
    expect(disposition('inline', 'cat.png')).toBe('inline; filename="cat.png"')
  })
})
