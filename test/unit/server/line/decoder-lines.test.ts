import { describe, expect, test } from 'vitest'
import { LineDecoder } from '#server/line/decoder.ts'
import { bytes, decode, decodeEveryWay, utf8 } from './scenario.ts'

const hint = ['hint']
const text = (...lines: string[]) => lines.map((line) => ['text', line])

describe('lines of text', () => {
  test('C1 a line that comes in pieces is one line', () => {
    expect(decodeEveryWay('hello\n')).toEqual(text('hello'))
  })

  test('C2 lines that come in one segment are lines of their own, in order, in one item', () => {
    expect(decodeEveryWay('a\nb\nc\n')).toEqual(text('a', 'b', 'c'))
    expect(new LineDecoder().push(bytes('a\nb\nc\n'))).toEqual([{ type: 'text', lines: ['a', 'b', 'c'] }])
  })

  test('C3 one CR in front of the line feed is removed', () => {
    expect(decodeEveryWay('a\r\nb\nc\r\r\n')).toEqual(text('a', 'b', 'c\r'))
  })

  test('C4 a bare CR stays in the text for the escaper to show', () => {
    expect(decodeEveryWay('hi\r<10.0.0.9> fake\n\rx\n')).toEqual(text('hi\r<10.0.0.9> fake', '\rx'))
  })

  test('C5 empty lines say nothing and count', () => {
    expect(decodeEveryWay('\n\n\r\na\n\n')).toEqual(text('a'))
    expect(decode([bytes('\n\n\r\na\n\n')]).linesSeen).toBe(5)
    expect(decode([bytes('\n'.repeat(9000))])).toEqual({ tokens: [], linesSeen: 9000 })
  })

  test('C6 a line without a line feed is delivered when the input ends', () => {
    expect(decodeEveryWay('a\nbye')).toEqual(text('a', 'bye'))
    expect(decodeEveryWay('bye\r')).toEqual(text('bye'))
    expect(decodeEveryWay('/quit')).toEqual([['command', 'quit', '']])
  })

  test('C7 a line without a line feed is kept until one comes', () => {
    const decoder = new LineDecoder()
    expect(decoder.push(bytes('hello'))).toEqual([])
    expect(decoder.push(bytes('\n'))).toEqual([{ type: 'text', lines: ['hello'] }])
    expect(decoder.end()).toEqual([])
  })

  test('C11 bytes that are no UTF-8 become visible', () => {
    expect(decodeEveryWay('hi \xff\xfe\xc3\x28\n')).toEqual([...text('hi \\xff\\xfe\\xc3('), hint])
    expect(decodeEveryWay(`\xe2\x82\nok ${utf8('€')}\xed\xa0\x80\xc0\xaf\xf4\x90\x80\x80\xf0\x9f\n`)).toEqual([
      ...text('\\xe2\\x82'),
      // Their sender is told so, once.
      hint,
      ...text('ok €\\xed\\xa0\\x80\\xc0\\xaf\\xf4\\x90\\x80\\x80\\xf0\\x9f'),
    ])
  })

  test('C12 a character that comes in pieces is one character', () => {
    expect(decodeEveryWay(utf8('grüße 😀 日本\n'))).toEqual(text('grüße 😀 日本'))
  })

  test('C13 C15 control characters and other line ends stay in the text, only LF splits', () => {
    expect(decodeEveryWay(utf8('a\x00b\x07\x08c\tx\n'))).toEqual(text('a\x00b\x07\x08c\tx'))
    expect(decodeEveryWay(utf8('a\u2028b\x0bc\x0cd\u0085e\n'))).toEqual(text('a\u2028b\x0bc\x0cd\u0085e'))
  })

  test('many lines, more than a block holds, arrive whole and in order beside a few special ones', () => {
    const said = Array.from({ length: 2000 }, (_, index) => `line ${index} of ordinary länge`)
    const input = said.map((line, index) => (index % 700 === 699 ? `${line}\n/who\n\n` : `${line}\r\n`)).join('')
    const chunk = Buffer.from(input)
    const expected = said.flatMap((line, index) =>
      index % 700 === 699 ? [...text(line), ['command', 'who', '']] : text(line),
    )
    const outcome = decode([chunk])
    expect(outcome.tokens).toEqual(expected)
    for (const at of [1, 300, 8191, 8192, 8193, 30_000]) {
      expect(decode([chunk.subarray(0, at), chunk.subarray(at)])).toEqual(outcome)
    }
  })
})

test('C4 C5 C11 a block with one line that needs a closer look is read as it would be line by line', () => {
  const plain = 'ordinary words\n'.repeat(30)
  const expected = text(...Array<string>(30).fill('ordinary words'))
  for (const [special, said] of [
    ['\r\n', []],
    ['\rx\n', ['\rx']],
    ['\xff\n', ['\\xff']],
    ['//x\n', ['/x']],
    ['SENDER\n', ['SENDER']],
  ] as const) {
    const one = [...text(...said), ...(special.includes('\xff') ? [hint] : [])]
    expect(decode([bytes(`${plain}${special}${plain}`)]).tokens).toEqual([...expected, ...one, ...expected])
    expect(decode([bytes(`${special}${plain}`)]).tokens).toEqual([...one, ...expected])
    expect(decode([bytes(`${plain}${special}`)]).tokens).toEqual([...expected, ...one])
  }
})

describe('the first word', () => {
  test('two slashes say one', () => {
    expect(decodeEveryWay('//nick ani\n//\n///\n')).toEqual(text('/nick ani', '/', '//'))
  })

  test('a slash and a letter are a command, its word in lower case, its rest as it came', () => {
    expect(decodeEveryWay('/Nick   ani \r\n/who\n/me\twaves\n')).toEqual([
      ['command', 'nick', 'ani '],
      ['command', 'who', ''],
      ['command', 'me\twaves', ''],
    ])
  })

  test('a slash and something else is a command without a word, never text', () => {
    expect(decodeEveryWay('/\n/ nick\n/1\n/é\n')).toEqual([
      ['command', '', '/'],
      ['command', '', '/ nick'],
      ['command', '', '/1'],
      ['command', '', '/\\xe9'],
    ])
  })

  test('a second slash before the first blank makes a path of it, which is said', () => {
    const paths = ['/home/u/x', '/a/', '/etc/hosts is what I mean', '/1/2', '/nick/x y']
    expect(decodeEveryWay(`${paths.join('\n')}\n`)).toEqual(text(...paths))
    expect(decodeEveryWay('/send a/b\n/etc\n/put 1 a/b\nA')).toEqual([
      ['command', 'send', 'a/b'],
      ['command', 'etc', ''],
      ['begin', 'a/b', 1],
      ['body', 'A'],
      ['end', false],
    ])
    const many = 'plain words\n'.repeat(50)
    expect(decode([bytes(`${many}/home/u/x\n${many}`)]).tokens[50]).toEqual(['text', '/home/u/x'])
  })

  test('a command that is no UTF-8 is refused: a name of other letters than were meant is worse than none', () => {
    expect(decodeEveryWay('/nick Ren\xe9\n/topic caf\xe9\nhi\n')).toEqual([
      ['error', 'BAD_TEXT'],
      ['error', 'BAD_TEXT'],
      ...text('hi'),
    ])
  })

  test('commands and text keep their order', () => {
    expect(decodeEveryWay('a\n/who\nb\n c\n/x\n')).toEqual([
      ...text('a'),
      ['command', 'who', ''],
      ...text('b', ' c'),
      ['command', 'x', ''],
    ])
  })
})

describe('another protocol', () => {
  const closed = [['close', 'WRONG_PROTOCOL']]

  test.each(['GET / HTTP/1.1', 'get / http/1.1', 'PRI * HTTP/2.0', 'POST /x HTTP/1', 'SEND /x HTTP/1.1'])(
    'C35 C91 %s closes, and nothing behind it is spoken',
    (line) => {
      expect(decodeEveryWay(`hi\n${line}\r\nHost: x\r\n\r\nNICK x\nSEND y\n`)).toEqual([...text('hi'), ...closed])
    },
  )

  test('C35 a request in the middle of many lines closes', () => {
    const lines = 'ordinary words\n'.repeat(100)
    expect(decode([bytes(`${lines}GET / HTTP/1.1\n${lines}`)]).tokens.slice(99)).toEqual([
      ...text('ordinary words'),
      ...closed,
    ])
  })

  test('C35 a request with a target longer than a line closes too', () => {
    const options = { maxLineBytes: 24 }
    for (const line of ['GET /aaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1', 'POST http://a.example/\xa0\xff HTTP/1.1']) {
      expect(decodeEveryWay(`${line}\r\nHost: x\r\n\r\nspoken\n`, options)).toEqual(closed)
    }
  })

  test('C35 talk about HTTP is text', () => {
    const said = ['what does GET / HTTP/1.1 mean', 'GET / HTTP/1.1 is a request', 'GET /', ' GET / HTTP/1.1']
    expect(decodeEveryWay(`${said.join('\n')}\n`)).toEqual(text(...said))
  })
})

test('nothing is read after the input ended', () => {
  const decoder = new LineDecoder()
  decoder.end()
  expect(decoder.push(bytes('a\n'))).toEqual([])
  expect(decoder.end()).toEqual([])
})
