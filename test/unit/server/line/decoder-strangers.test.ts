import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LineDecoder } from '#server/line/decoder.ts'
import { addTokens, bytes, decode, decodeEveryWay, SENTINEL, type Token, utf8 } from './scenario.ts'

const BOM = '\xef\xbb\xbf'
const text = (...lines: string[]) => lines.map((line) => ['text', line])
const answer = (said: string) => ['answer', said]

describe('a byte order mark', () => {
  test('in front of all is no part of a text, word or file', () => {
    expect(decodeEveryWay(`${BOM}hi\r\n`)).toEqual(text('hi'))
    expect(decodeEveryWay(`${BOM}hi`)).toEqual(text('hi'))
    expect(decodeEveryWay(`${BOM}//nick\n`)).toEqual(text('/nick'))
    expect(decodeEveryWay(`${BOM}/nick ani\n`)).toEqual([['command', 'nick', 'ani']])
    expect(decodeEveryWay(`${BOM}/put 1 a\nA`)).toEqual([
      ['begin', 'a', 1],
      ['body', 'A'],
      ['end', false],
    ])
    expect(decodeEveryWay(`${BOM}SEND a\nA${SENTINEL}`)).toEqual([
      ['begin', 'a', undefined],
      ['body', 'A'],
      ['end', false],
    ])
    expect(decodeEveryWay(`${BOM}\nhi\n`)).toEqual(text('hi'))
    expect(decodeEveryWay(BOM)).toEqual([])
  })

  test('in front of a request does not hide it', () => {
    expect(decodeEveryWay(`${BOM}GET / HTTP/1.1\r\nHost: x\r\n\r\nspoken\n`)).toEqual([['close', 'WRONG_PROTOCOL']])
    expect(decodeEveryWay(`hi\n${BOM}GET / HTTP/1.1\r\nHost: x\r\n`)).toEqual([
      ...text('hi'),
      ['close', 'WRONG_PROTOCOL'],
    ])
  })

  test('further on is what it is within a text, and no part of a word: the bytes of a file are not said', () => {
    expect(decodeEveryWay(`a\n${BOM}b\nc${BOM}\n`)).toEqual(text('a', '\ufeffb', 'c\ufeff'))
    expect(decodeEveryWay(`/token x\n${BOM}SEND a\nA${SENTINEL}`)).toEqual([
      ['command', 'token', 'x'],
      ['begin', 'a', undefined],
      ['body', 'A'],
      ['end', false],
    ])
    expect(decodeEveryWay(`a\n${BOM}/nick b\n${BOM}${BOM}/who\n`)).toEqual([
      ...text('a'),
      ['command', 'nick', 'b'],
      ['command', 'who', ''],
    ])
    const many = 'plain words\n'.repeat(50)
    expect(decode([bytes(`${many}${BOM}/who\n${many}`)]).tokens[50]).toEqual(['command', 'who', ''])
  })

  test('only the first is taken away, and a body keeps its own', () => {
    expect(decodeEveryWay(`${BOM}${BOM}a\n`)).toEqual(text('\ufeffa'))
    expect(decodeEveryWay(`${BOM}SEND a\n${BOM}A${SENTINEL}`)).toEqual([
      ['begin', 'a', undefined],
      ['body', `${BOM}A`],
      ['end', false],
    ])
  })

  test('takes nothing of the limit of a line', () => {
    const options = { maxLineBytes: 16 }
    const line = 'a'.repeat(16)
    for (const end of ['\n', '\r\n', '']) expect(decodeEveryWay(`${BOM}${line}${end}`, options)).toEqual(text(line))
    expect(decodeEveryWay(`${BOM}${line}a\nb\n`, options)).toEqual([['error', 'LINE_TOO_LONG'], ...text('b')])
    expect(decodeEveryWay(`b\n${BOM}${line}\n`, options)).toEqual([...text('b'), ['error', 'LINE_TOO_LONG']])
  })
})

describe('UTF-16', () => {
  const refused = [['close', 'BAD_TEXT']]
  const le = (said: string) => Buffer.from(said, 'utf16le').toString('latin1')
  const be = (said: string) => Buffer.from(said, 'utf16le').swap16().toString('latin1')

  test.each(['hi\r\nthere\r\n', 'hi\n', 'hi', '/nick ani\r\n', 'SEND a.txt\r\nDATA', 'y\r\n', 'halo dunia'])(
    '%j is refused in either byte order, with its mark and without, and nothing of it is said',
    (said) => {
      for (const wide of [le(`\ufeff${said}`), be(`\ufeff${said}`), le(said), be(said)])
        expect(decodeEveryWay(wide), JSON.stringify(wide)).toEqual(refused)
    },
  )

  test('of letters that have no NUL is known by its mark, or by the end of its line', () => {
    for (const said of ['привет\r\n', 'привет, как дела\r\n', '\ufeffпривет', '\ufeff你好\n'])
      for (const wide of [le(said), be(said)]) expect(decodeEveryWay(wide), said).toEqual(refused)
  })

  test('is known behind other lines, and where its line is too long', () => {
    expect(decodeEveryWay(`/nick ani\n${le('\ufeffhi\r\n')}`)).toEqual([['command', 'nick', 'ani'], ...refused])
    expect(decodeEveryWay(le('a'.repeat(30)), { maxLineBytes: 16 })).toEqual(refused)
    const many = 'plain words\n'.repeat(50)
    expect(decode([bytes(`${many}${le('hi\r\n')}${many}`)]).tokens.slice(50)).toEqual(refused)
  })

  test('is not seen in a NUL that somebody sends', () => {
    expect(decodeEveryWay('a\x00b\x07\x08c\n')).toEqual(text('a\x00b\x07\x08c'))
    expect(decodeEveryWay('hello\n\x00world\n\x00\n')).toEqual(text('hello', '\x00world', '\x00'))
  })
})

describe('telnet', () => {
  const DO_MARK = '\xff\xfd\x06'
  const MARK = answer('\xff\xfb\x06')

  test('Ctrl-C is answered, and is no talk: the next line is clean', () => {
    expect(decodeEveryWay(`first\r\n\xff\xf4${DO_MARK}second\r\n`)).toEqual([...text('first'), MARK, ...text('second')])
    expect(decodeEveryWay(`\xff\xf4${DO_MARK}`)).toEqual([MARK])
  })

  test.each(['\xf3', '\xee', '\xed', '\xec', '\xf5'])(
    'so is %j with a timing mark: break, abort, suspend, end of file, abort output',
    (key) => {
      expect(decodeEveryWay(`\xff${key}${DO_MARK}second\r\n`)).toEqual([MARK, ...text('second')])
      expect(decodeEveryWay(`\xff${key}${DO_MARK}\xff${key}${DO_MARK}x\n`)).toEqual([MARK, MARK, ...text('x')])
    },
  )

  test.each(['\xf1', '\xf2', '\xf3', '\xf5', '\xf7', '\xf8', '\xf9'])(
    '%j alone at the start of a line is no talk',
    (key) => {
      expect(decodeEveryWay(`\xff${key}hello\r\n`)).toEqual(text('hello'))
      expect(decodeEveryWay(`hello\n\xff${key}`)).toEqual(text('hello'))
    },
  )

  test('an option is refused once, however often it is asked for: two programs can not answer each other for ever', () => {
    const putty = '\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03'
    const refused = ['\xfe\x1f', '\xfe\x20', '\xfe\x18', '\xfe\x27', '\xfc\x01', '\xfe\x03', '\xfc\x03'].map((each) =>
      answer(`\xff${each}`),
    )
    expect(decodeEveryWay(`${putty}hi\r\n${putty}there\r\n`)).toEqual([...refused, ...text('hi', 'there')])
    expect(decodeEveryWay('\xff\xfd\x01'.repeat(100))).toEqual([answer('\xff\xfc\x01')])
    // What needs no answer gets none.
    expect(decodeEveryWay('\xff\xfc\x01\xff\xfd\x03\xff\xfe\x03\xff\xfe\x01hi\n')).toEqual([
      answer('\xff\xfc\x03'),
      ...text('hi'),
    ])
  })

  test('an option may have the number of a line end, or of the beginning of all this', () => {
    expect(decodeEveryWay('a\xff\xfd\x0ab\n\xff\xfb\x0dc\n\xff\xfb\xff\n')).toEqual([
      answer('\xff\xfc\x0a'),
      ...text('ab'),
      answer('\xff\xfe\x0d'),
      ...text('c'),
      answer('\xff\xfe\xff'),
    ])
  })

  test('"are you there" is answered', () => {
    expect(decodeEveryWay('\xff\xf6')).toEqual([answer('* yes, tamtam is here\n')])
    expect(decodeEveryWay('\xff\xfb\x1fhal\xff\xf6o\n')).toEqual([
      answer('\xff\xfe\x1f'),
      answer('* yes, tamtam is here\n'),
      ...text('halo'),
    ])
  })

  test('a character or the line is taken back', () => {
    const on = '\xff\xfb\x1f'
    const refused = answer('\xff\xfe\x1f')
    expect(decodeEveryWay(`${on}hallo\xff\xf7\xff\xf7o\n`)).toEqual([refused, ...text('halo')])
    expect(decodeEveryWay(`${on}${utf8('x€')}\xff\xf7y\n`)).toEqual([refused, ...text('xy')])
    expect(decodeEveryWay(`${on}\xff\xf7wrong\xff\xf8right\n`)).toEqual([refused, ...text('right')])
    expect(decodeEveryWay(`${on}half a line\xff\xf4${DO_MARK}right\n`)).toEqual([refused, MARK, ...text('right')])
  })

  test('a subnegotiation is passed over, with the line ends and doubled bytes in it; one that does not end closes', () => {
    expect(decodeEveryWay('\xff\xfa\x18\x00a\nb\xff\xff\xff\xf0hi\n')).toEqual(text('hi'))
    expect(decode([bytes(`\xff\xfa${'a'.repeat(5000)}`), bytes('\nspoken\n')]).tokens).toEqual([
      ['close', 'WRONG_PROTOCOL'],
    ])
    expect(decodeEveryWay('hi\n\xff\xfa\x18\x00xterm')).toEqual(text('hi'))
  })

  test('a doubled byte is one, and a command whose second byte came as urgent data is passed over, once it is telnet', () => {
    const on = '\xff\xfb\x1f'
    const refused = answer('\xff\xfe\x1f')
    expect(decodeEveryWay(`${on}a\xff\xffb\n`)).toEqual([refused, ...text('a\\xffb'), ['hint']])
    expect(decodeEveryWay(`${on}\xff\xf4\xffhello\n`)).toEqual([refused, ...text('hello')])
  })

  test('CR NUL ends a line', () => {
    expect(decodeEveryWay('hello\r\x00there\r\x00')).toEqual(text('hello', 'there'))
    expect(decodeEveryWay('\xff\xfb\x1f\x07bell\r\x00/who\r\x00')).toEqual([
      answer('\xff\xfe\x1f'),
      ...text('\x07bell'),
      ['command', 'who', ''],
    ])
    expect(decodeEveryWay('SEND a\r\x00')).toEqual([['begin', 'a', undefined], ['cut']])
    const many = 'plain words\n'.repeat(50)
    expect(decode([bytes(`${many}hello\r\x00${many}`)]).tokens[50]).toEqual(['text', 'hello'])
  })

  test('the bytes of a file are bytes, whoever sends it', () => {
    const body = `\xff\xf4${DO_MARK}\xff\xff\r\x00\xff\xfe\xff\xfa`
    for (const on of ['', '\xff\xfb\x1f']) {
      const before = on === '' ? [] : [answer('\xff\xfe\x1f')]
      expect(decodeEveryWay(`${on}/put ${body.length} a\n${body}hi\n`)).toEqual([
        ...before,
        ['begin', 'a', body.length],
        ['body', body],
        ['end', false],
        ...text('hi'),
      ])
      expect(decodeEveryWay(`${on}SEND a\n${body}${SENTINEL}`)).toEqual([
        ...before,
        ['begin', 'a', undefined],
        ['body', body],
        ['end', false],
      ])
    }
  })

  test('who does not speak it says these bytes: я is 0xff in Windows-1251', () => {
    const shown = (line: string) => line.replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)
    // ясно, ящик, заяц, опять, яр, моя рука.
    for (const word of [
      '\xff\xf1\xed\xee',
      '\xff\xf9\xe8\xea',
      '\xe7\xe0\xff\xf6',
      '\xee\xef\xff\xf2\xfc',
      '\xff\xf0',
      '\xec\xee\xff \xf0',
    ])
      expect(decodeEveryWay(`${word} x\n`), word).toEqual([...text(shown(`${word} x`)), ['hint']])
  })

  test('nothing that a telnet client may send is ever said, at any split', () => {
    const part = fc.constantFrom(
      ...[
        '\xff\xf4',
        '\xff\xf6',
        '\xff\xf1',
        '\xff\xf3',
        '\xff\xf5',
        DO_MARK,
        '\xff\xfb\x1f',
        '\xff\xfe\x01',
        '\xff\xfc\x06',
      ],
      '\xff\xfa\x18\x00xterm\xff\xf0',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.nat(), (parts, at) => {
        const whole = bytes(`\xff\xfb\x03${parts.join('')}halo\r\n`)
        const decoder = new LineDecoder()
        const tokens: Token[] = []
        for (const piece of [whole.subarray(0, at % whole.length), whole.subarray(at % whole.length)])
          addTokens(tokens, decoder.push(piece))
        expect(tokens.filter(([type]) => type !== 'answer')).toEqual(text('halo'))
        const answered = tokens.filter(([type]) => type === 'answer').map(([, said]) => said as string)
        expect(answered.filter((said) => said === '\xff\xfb\x06')).toHaveLength(
          parts.filter((each) => each === DO_MARK).length,
        )
      }),
      { numRuns: 3000 },
    )
  })
})
