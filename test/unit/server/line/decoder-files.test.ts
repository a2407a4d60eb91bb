import { describe, expect, test } from 'vitest'
import { LineDecoder } from '#server/line/decoder.ts'
import type { BeginItem, Item } from '#server/line/syntax.ts'
import { agree, byteByByte, bytes, decode, decodeEveryWay, SENTINEL, utf8 } from './scenario.ts'

const begin = (name: string, size?: number) => ['begin', name, size]
const end = ['end', false]
const badCommand = ['error', 'BAD_COMMAND']

describe('SEND', () => {
  test('C16 inside a text is text', () => {
    const said = ['please SEND a.txt now', ' SEND x', 'SENDER', 'send x', 'SEND\tx', 'SENDE x']
    expect(decodeEveryWay(`${said.join('\n')}\n`)).toEqual(said.map((line) => ['text', line]))
    const many = 'please SEND it\nSENDER\n'.repeat(50)
    expect(decode([bytes(many)]).tokens).toHaveLength(100)
  })

  test('C17 without a name is an error and the next line is read', () => {
    expect(decodeEveryWay('SEND\nSEND \nSEND   \r\nhi\n')).toEqual([badCommand, badCommand, badCommand, ['text', 'hi']])
  })

  test('C18 C19 begins a file wherever the segments part; the rest of the line is its name', () => {
    const input = `SEND my file  (1).txt \r\nDATA\r\n${SENTINEL}hi\n`
    expect(decodeEveryWay(input)).toEqual([begin('my file  (1).txt '), ['body', 'DATA\r\n'], end, ['text', 'hi']])
  })

  test('C11 C39 a name that is no UTF-8 gets replacement characters, for a backslash would part it', () => {
    expect(decodeEveryWay(`SEND Gr\xfc\xdfe\n${SENTINEL}`)).toEqual([begin('Gr\ufffd\ufffde'), end])
    expect(decodeEveryWay(utf8(`SEND Grüße\n${SENTINEL}`))).toEqual([begin('Grüße'), end])
  })

  test('C20 the mark ends a file at the same byte in any two segments', () => {
    const body = '\x00\xff/\n//AGUEL//TAMTAM/SEND b\n//quit\n'
    expect(decodeEveryWay(`SEND a\n${body}${SENTINEL}`)).toEqual([begin('a'), ['body', body], end])
  })

  test('C21 a mark that begins anew inside its own beginning is found', () => {
    for (const before of ['/', '//AGUEL', '//AGUEL//TAMTA', '//AGUEL//TAMTAM', '//AGUEL//TAMTAM']) {
      expect(decodeEveryWay(`SEND a\nx${before} ${before}x${SENTINEL}`)).toEqual([
        begin('a'),
        ['body', `x${before} ${before}x`],
        end,
      ])
    }
    for (const before of ['/', '//AGUEL', '//AGUEL//TAMTA']) {
      expect(decodeEveryWay(`SEND a\n${before}${SENTINEL}`)).toEqual([begin('a'), ['body', before], end])
    }
  })

  test('C22 what follows the mark is the next line, also the next SEND', () => {
    expect(decodeEveryWay(`SEND a\n1${SENTINEL}next\nSEND b\n2${SENTINEL}\n/who\n`)).toEqual([
      begin('a'),
      ['body', '1'],
      end,
      ['text', 'next'],
      begin('b'),
      ['body', '2'],
      end,
      ['command', 'who', ''],
    ])
  })

  test('C25 a body whose tail begins the mark ends early: the first mark ends it', () => {
    expect(decodeEveryWay(`SEND a\n//AGUEL//TAMTAM${SENTINEL}\n`)).toEqual([
      begin('a'),
      end,
      ['text', 'AGUEL//TAMTAM//'],
    ])
  })

  test('C26 an empty file is a file', () => {
    expect(decodeEveryWay(`SEND e\n${SENTINEL}`)).toEqual([begin('e'), end])
  })

  test('C27 sizes around the buffers of the first client arrive whole', () => {
    for (const size of [2047, 2048, 2049, 4096, 6144, 2048 - 17, 2048 - 1]) {
      const body = Buffer.alloc(size, 'a/b//AGUEL')
      const whole = Buffer.concat([bytes('SEND a\n'), body, bytes(SENTINEL)])
      const parts: Buffer[] = []
      for (let at = 0; at < whole.length; at += 2048) parts.push(whole.subarray(at, at + 2048))
      expect(decode(parts).tokens).toEqual([begin('a'), ['body', body.toString('latin1')], end])
    }
  })

  test('C30 a file that is cut says so, with all bytes that came', () => {
    expect(decodeEveryWay('SEND a\nhalf//AGUEL//TAM')).toEqual([begin('a'), ['body', 'half//AGUEL//TAM'], ['cut']])
    expect(decodeEveryWay('SEND a')).toEqual([begin('a'), ['cut']])
    expect(decodeEveryWay('/put 5 a\nhalf')).toEqual([begin('a', 5), ['body', 'half'], ['cut']])
  })
})

describe('a mark inside a file', () => {
  const head = `SEND a\nA${SENTINEL}`
  const closed = [begin('a'), ['body', 'A'], ['end', true], ['close', 'SUSPECT_END']]
  const suspects = [
    '\x00',
    'B\xff\n',
    'ok \xc3(',
    '\x1b[2J\n',
    'B\x7f\n',
    `${'a'.repeat(4097)}\n`,
    '\xe2\x82\n',
    'B\xc1',
    'B\xf5',
  ]
  const plain = [
    '',
    '\n',
    '\r\n',
    'B\nSEND x\n',
    'tab\there\n',
    `${'a'.repeat(4096)}\r\n`,
    utf8('grüße\n'),
    '\xe2\x82',
    '\xf0\x9f\x98',
  ]

  test.each(suspects)('C23 is suspected when %j follows in its segment, and nothing more is read', (rest) => {
    const input = bytes(`${head}${rest}later\n`)
    const whole = decode([input])
    expect(whole.tokens).toEqual(closed)
    for (let at = 1; at < head.length; at += 1) {
      expect(decode([input.subarray(0, at), input.subarray(at)]), `split at ${at}`).toEqual(whole)
    }
    for (let at = head.length; at < input.length; at += 1) {
      expect(agree(whole, decode([input.subarray(0, at), input.subarray(at)])), `split at ${at}`).toBe(true)
    }
  })

  test.each(plain)('C23 is not suspected when %j follows in its segment', (rest) => {
    expect(decode([bytes(`${head}${rest}`)]).tokens[2]).toEqual(end)
  })

  test('C23 only the first line behind the mark is judged, and only by the segment of the mark', () => {
    expect(decode([bytes(`${head}fine\n\x00\n`)]).tokens[2]).toEqual(end)
    expect(decode([bytes(head), bytes('\x00\n')]).tokens).toEqual([begin('a'), ['body', 'A'], end, ['text', '\x00']])
  })

  test('C23 does not concern a file whose size was said', () => {
    expect(decodeEveryWay('/put 1 a\nA\x00\n')).toEqual([begin('a', 1), ['body', 'A'], end, ['text', '\x00']])
  })
})

describe('/put', () => {
  test('C24 carries any body, the mark too', () => {
    const body = `x${SENTINEL}\n/quit\n`
    expect(decodeEveryWay(`/put ${body.length} a b\n${body}hi\n`)).toEqual([
      begin('a b', body.length),
      ['body', body],
      end,
      ['text', 'hi'],
    ])
  })

  test('names the one person whom a file is for', () => {
    const items = new LineDecoder().push(bytes('/put @budi 1 a b\nA/put  @x@y  1 @z\nB'))
    expect(items.filter(({ type }) => type === 'begin')).toEqual([
      { type: 'begin', name: 'a b', size: 1, to: 'budi' },
      { type: 'begin', name: '@z', size: 1, to: 'x@y' },
    ])
  })

  test('C26 carries an empty file', () => {
    expect(decodeEveryWay('/PUT 0 e\r\nhi\n')).toEqual([begin('e', 0), end, ['text', 'hi']])
  })

  test('a size it cannot have, or no name, is an error and the next line is read', () => {
    const bad = [
      '',
      ' 5',
      ' 5 ',
      ' x a',
      ' -1 a',
      ' 1.5 a',
      ' 0x10 a',
      ' 9007199254740992 a',
      ' 99999999999999999999 a',
      ' @budi',
      ' @budi 5',
      ' @ 5 a',
      ' budi 5 a',
    ]
    expect(decodeEveryWay(`${bad.map((rest) => `/put${rest}\n`).join('')}hi\n`)).toEqual([
      ...bad.map(() => badCommand),
      ['text', 'hi'],
    ])
    expect(decodeEveryWay('/put 9007199254740991 a\n')).toEqual([begin('a', Number.MAX_SAFE_INTEGER), ['cut']])
  })
})

describe('a file that is not wanted', () => {
  const isBegin = (item: Item): item is BeginItem => item.type === 'begin'

  test.each([
    ['SEND a\n', SENTINEL],
    ['/put 8 a\n', ''],
  ])('%j is read over, and its end still comes', (head, mark) => {
    const decoder = new LineDecoder()
    const [started] = decoder.push(bytes(head)).filter(isBegin)
    decoder.abandonBody(started!)
    const rest = byteByByte(bytes(`12345678${mark}hi\n`)).flatMap((byte) => decoder.push(byte))
    expect(rest).toEqual([
      { type: 'end', suspect: false },
      { type: 'text', lines: ['hi'] },
    ])
  })

  test('leaves another file that began in the same segment alone', () => {
    const decoder = new LineDecoder()
    const [first, second] = decoder.push(bytes(`SEND a\n1${SENTINEL}SEND b\n`)).filter(isBegin)
    decoder.abandonBody(first!)
    expect(decoder.push(bytes('2'))).toEqual([{ type: 'body', bytes: bytes('2') }])
    decoder.abandonBody(second!)
    expect(decoder.push(bytes('3'))).toEqual([])
    expect(decoder.end()).toEqual([{ type: 'cut' }])
  })
})

test('body slices are views of the segment they came in', () => {
  const decoder = new LineDecoder()
  decoder.push(bytes('SEND a\n'))
  const segment = bytes('some bytes')
  const [item] = decoder.push(segment)
  expect(item?.type === 'body' && item.bytes.buffer === segment.buffer).toBe(true)
})
