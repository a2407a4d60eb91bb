import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TextLine, TextLines, textLines, textOf } from '#system/files/text.ts'
import { pieces } from '../../../harness/bytes.ts'

const BOM = '\xef\xbb\xbf'
const told = (line: TextLine) => (typeof line === 'string' ? line : { refused: line.code })
const refused = (code: string) => ({ refused: code })

function read(chunks: readonly Buffer[], most?: number) {
  const lines = new TextLines(most)
  return [...chunks.flatMap((chunk) => lines.push(chunk)), ...lines.end()].map(told)
}

/** Whole, byte by byte, and at every split. `input` is latin1. */
function everyWay(input: string | Buffer, most?: number) {
  const whole = typeof input === 'string' ? Buffer.from(input, 'latin1') : input
  const found = read([whole], most)
  expect(
    read(
      Array.from(whole, (byte) => Buffer.of(byte)),
      most,
    ),
  ).toEqual(found)
  for (let at = 1; at < whole.length; at++)
    expect(read([whole.subarray(0, at), whole.subarray(at)], most), `split at ${at}`).toEqual(found)
  return found
}

describe('lines of a text', () => {
  it('end with LF, CR LF, or with the text', () => {
    expect(everyWay('a\nb\r\n\nc')).toEqual(['a', 'b', '', 'c'])
    expect(everyWay('a\n')).toEqual(['a'])
    expect(everyWay('')).toEqual([])
  })
  it('come out as they are: no other sign ends one, and nothing in one is changed', () => {
    const odd = ['a\rb', 'a\u2028b\u2029c\u0085d', '\fpage', 'n\0l', '\u001b[2J', 'zwj\u200dx', ' \t ']
    expect(everyWay(Buffer.from(`${odd.join('\n')}\n`))).toEqual(odd)
  })
  it('begin behind a byte order mark; further ones are text', () => {
    expect(everyWay(`${BOM}/nick a\r\n${BOM}b\n`)).toEqual(['/nick a', '\ufeffb'])
    expect(everyWay(BOM)).toEqual([''])
  })
  it('that are no UTF-8 are refused, and the others are not', () => {
    expect(everyWay('a\ncaf\xe9\nb\n\xff')).toEqual(['a', refused('BAD_TEXT'), 'b', refused('BAD_TEXT')])
  })
  it('that are too long are refused, and the others are not', () => {
    expect(everyWay(`a\n${'x'.repeat(9)}\n${'y'.repeat(8)}\nb`, 8)).toEqual([
      'a',
      refused('LINE_TOO_LONG'),
      'yyyyyyyy',
      'b',
    ])
    expect(everyWay('x'.repeat(30), 8)).toEqual([refused('LINE_TOO_LONG')])
  })
  it('are none in UTF-16, which is told once', () => {
    for (const text of ['hi\r\nthere\r\n', '\ufeffhi\nthere', 'привет\r\n']) {
      const le = Buffer.from(text, 'utf16le')
      for (const wide of [le, Buffer.from(le).swap16()]) expect(everyWay(wide), text).toEqual([refused('BAD_TEXT')])
    }
    expect(everyWay(Buffer.from('x'.repeat(30), 'utf16le'), 8)).toEqual([refused('BAD_TEXT')])
  })
  it('give the text again, whatever it is and however it comes', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat(40)), (parts, cuts) => {
        const lines = parts.map((part) => part.replace(/[\n\r\0]/g, ' ')).filter((part) => !part.startsWith('\ufeff'))
        const whole = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        const chunks: Buffer[] = []
        let at = 0
        for (const cut of cuts) {
          chunks.push(whole.subarray(at, at + cut))
          at += cut
        }
        chunks.push(whole.subarray(Math.min(at, whole.length)))
        expect(read(chunks)).toEqual(lines)
      }),
    )
  })
  it('come one by one out of a pipe', async () => {
    const found: TextLine[] = []
    for await (const line of textLines(pieces('a\nb', 'c\n', 'd'))) found.push(line)
    expect(found).toEqual(['a', 'bc', 'd'])
  })
})

describe('a text file', () => {
  it('is read without its byte order mark, and refused where it is not UTF-8', () => {
    expect(textOf(Buffer.from('\ufeff{"port": 1}'))).toBe('{"port": 1}')
    expect(textOf(Buffer.from('grüße'))).toBe('grüße')
    expect(textOf(Buffer.alloc(0))).toBe('')
    expect(textOf(Buffer.from('\ufeffa', 'utf16le'))).toMatchObject({
      code: 'BAD_TEXT',
      message: expect.stringContaining('UTF-16'),
    })
    expect(textOf(Buffer.from('{"port": 1}', 'utf16le'))).toMatchObject({ code: 'BAD_TEXT' })
    expect(textOf(Buffer.from('caf\xe9', 'latin1'))).toMatchObject({ code: 'BAD_TEXT' })
  })
})
