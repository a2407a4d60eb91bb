import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ctcpOf,
  cutText,
  escapedTag,
  folded,
  IrcDecoder,
  lineOf,
  type Message,
  parse,
  withoutFormatting,
} from '#server/irc/codec.ts'

const plain = (message: Message | undefined) => message && { ...message, tags: Object.fromEntries(message.tags) }

describe('a line, taken apart', () => {
  test.each([
    ['NICK ani', 'NICK', ['ani']],
    ['nick  ani', 'NICK', ['ani']],
    ['PRIVMSG #lobby :hi, all', 'PRIVMSG', ['#lobby', 'hi, all']],
    ['PRIVMSG #lobby ::)', 'PRIVMSG', ['#lobby', ':)']],
    ['TOPIC #lobby :', 'TOPIC', ['#lobby', '']],
    [':me!u@h PRIVMSG a b', 'PRIVMSG', ['a', 'b']],
    ['USER a 0 * :A B', 'USER', ['a', '0', '*', 'A B']],
    ['QUIT\0\r', 'QUIT', []],
  ])('%j', (line, verb, params) => expect(plain(parse(line))).toEqual({ tags: {}, verb, params }))

  test('tags, with what stands for signs in them', () => {
    const message = parse('@label=a\\sb\\:\\\\;+typing=active;x PING 1')
    expect(plain(message)).toEqual({
      tags: { label: 'a b;\\', '+typing': 'active', x: '' },
      verb: 'PING',
      params: ['1'],
    })
  })

  test.each(['', ' ', ':a', '@a', '@a ', '\u0001X y'])('no command: %j', (line) => expect(parse(line)).toBeUndefined())

  test('a tag comes back as it was', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const clean = value.replaceAll('\0', '').replaceAll('\r', '')
        expect(parse(`@a=${escapedTag(clean)} X`)?.tags.get('a')).toBe(clean)
      }),
    )
  })
})

describe('bytes as they come', () => {
  const words = fc.constantFrom(
    ...['NICK ani\r\n', 'PRIVMSG #a :é🏠\n', '\n', '\r\n', '@a=b PING x\r\n', ':', ' ', '\0', 'x'.repeat(700), '\xff'],
    'x'.repeat(5000),
  )

  test('every split of a session in two is the same session', () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 6 }), (parts) => {
        const bytes = Buffer.concat(parts.map((part) => Buffer.from(part, part === '\xff' ? 'latin1' : 'utf8')))
        const whole = new IrcDecoder().push(bytes)
        for (let at = 0; at <= bytes.length; at += bytes.length > 2000 ? 97 : 1) {
          const decoder = new IrcDecoder()
          expect([...decoder.push(bytes.subarray(0, at)), ...decoder.push(bytes.subarray(at))]).toEqual(whole)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('a line of 510 bytes and 4096 of tags is taken, one byte more of either is not', () => {
    const [text, tags] = ['x'.repeat(501), `@${'t'.repeat(4094)} `]
    const push = (line: string) => new IrcDecoder().push(Buffer.from(`${line}\r\n`))
    expect(push(`${tags}PRIVMSG ${text}`)).toMatchObject([{ verb: 'PRIVMSG', params: [text] }])
    expect(push(`PRIVMSG ${text}xx`)).toEqual([{ fault: 'tooLong' }])
    expect(push(`@t${tags.slice(1)}PING x`)).toEqual([{ fault: 'tooLong' }])
  })

  test('a line without an end costs no memory, and is told of once it ends', () => {
    const decoder = new IrcDecoder()
    for (let count = 0; count < 100; count++) expect(decoder.push(Buffer.alloc(10_000, 'x'))).toEqual([])
    expect(decoder.push(Buffer.from('x\nPING 1\n'))).toMatchObject([{ fault: 'tooLong' }, { verb: 'PING' }])
  })

  test('what is no UTF-8 is no message', () => {
    expect(new IrcDecoder().push(Buffer.from('PRIVMSG #a :\xff\r\n', 'latin1'))).toEqual([{ fault: 'notText' }])
  })
})

describe('a line that is sent', () => {
  const anything = fc.string({ unit: 'binary' })

  test('ends once, at its end, and comes back as the parts that it was made of', () => {
    fc.assert(
      fc.property(anything, anything, (param, text) => {
        const line = lineOf({ source: 'tamtam.irc', verb: 'NOTICE', params: [param], text })
        expect(line.slice(0, -2)).not.toMatch(/[\r\n\0]/)
        expect(line.endsWith('\r\n')).toBe(true)
        const back = parse(line.slice(0, -2))
        expect(back?.params).toHaveLength(2)
        expect(back?.params[1]).toBe(text.replace(/[\r\n\0]+/g, ' '))
      }),
    )
  })

  test('a text in pieces is the text, and no piece is too long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.integer({ min: 16, max: 80 }), (text, most) => {
        const pieces = cutText(text, most)
        expect(pieces.join('')).toBe(text)
        for (const piece of pieces) {
          expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(most)
          expect(piece.isWellFormed()).toBe(text.isWellFormed())
        }
      }),
    )
  })

  test('it is cut between words', () => {
    expect(cutText('one two three four five', 16)).toEqual(['one two three ', 'four five'])
  })
})

test('formatting is taken out, and nothing else', () => {
  expect(withoutFormatting('\x02bold\x02 \x0304,12red\x03 \x1dit\x1d 3,4')).toBe('bold red it 3,4')
})

test('CTCP is told from text', () => {
  expect(ctcpOf('\x01ACTION waves at all\x01')).toEqual({ word: 'ACTION', rest: 'waves at all' })
  expect(ctcpOf('\x01version\x01')).toEqual({ word: 'VERSION', rest: '' })
  expect(ctcpOf('ACTION')).toBeUndefined()
})

test('names are compared by their ASCII letters', () => {
  expect(folded('#LobbyÉ')).toBe('#lobbyÉ')
})
