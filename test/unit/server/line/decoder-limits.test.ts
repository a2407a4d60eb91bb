import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { LineDecoder, MAX_DISCARDED_BYTES, MAX_LINE_BYTES } from '#server/line/decoder.ts'
import { byteByByte, bytes, decode, decodeEveryWay, utf8 } from './scenario.ts'

const tooLong = ['error', 'LINE_TOO_LONG']
const short = { maxLineBytes: 16, maxDiscardedBytes: 60 }

describe('the limit of a line', () => {
  test('C10 is reached without harm, with LF, CRLF or nothing behind', () => {
    const line = 'a'.repeat(16)
    for (const end of ['\n', '\r\n', '', '\r']) {
      expect(decodeEveryWay(`${line}${end}`, short)).toEqual([['text', line]])
    }
  })

  test('C10 is not passed by one byte, and the next line is read', () => {
    for (const line of ['a'.repeat(17), `${'a'.repeat(16)}\rb`, `${'a'.repeat(16)}\r\r`, 'a'.repeat(50)]) {
      expect(decodeEveryWay(`${line}\nb\n`, short)).toEqual([tooLong, ['text', 'b']])
    }
  })

  test('C10 counts bytes and cuts no character', () => {
    expect(decodeEveryWay(utf8(`${'a'.repeat(12)}😀\n`), short)).toEqual([['text', `${'a'.repeat(12)}😀`]])
    expect(decodeEveryWay(utf8(`${'a'.repeat(13)}😀\n`), short)).toEqual([tooLong])
  })

  test('C10 holds at the default, also among many lines', () => {
    const line = 'a'.repeat(MAX_LINE_BYTES)
    const wide = '€'.repeat(MAX_LINE_BYTES / 3)
    const chunk = Buffer.from(`x\n${line}\n${wide}\n${wide}€\n${line}a\n${line}\r\ny\n`)
    const expected = [['text', 'x'], ['text', line], ['text', wide], tooLong, tooLong, ['text', line], ['text', 'y']]
    expect(decode([chunk]).tokens).toEqual(expected)
    expect(decode(byteByByte(chunk)).tokens).toEqual(expected)
  })

  test('C9 is told once, as soon as it is passed', () => {
    const decoder = new LineDecoder(short)
    expect(decoder.push(bytes('a'.repeat(16)))).toEqual([])
    expect(decoder.push(bytes('a'))).toMatchObject([{ type: 'error', code: 'LINE_TOO_LONG' }])
    expect(decoder.push(bytes('a'))).toEqual([])
    expect(decoder.push(bytes('\nb\n'))).toEqual([{ type: 'text', lines: ['b'] }])
    expect(decoder.linesSeen).toBe(2)
  })

  test('C9 a line that never ends closes', () => {
    expect(decodeEveryWay(`${'a'.repeat(59)}\nb\n`, short)).toEqual([tooLong, ['text', 'b']])
    expect(decodeEveryWay(`${'a'.repeat(60)}\nb\n`, short)).toEqual([tooLong, ['close', 'LINE_TOO_LONG']])
    expect(decodeEveryWay('a'.repeat(99), short)).toEqual([tooLong, ['close', 'LINE_TOO_LONG']])
  })

  test('C9 10 MiB without a line feed: one error, then closed at 1 MiB', () => {
    const decoder = new LineDecoder()
    const chunk = Buffer.alloc(65_536, 'a')
    const answers = Array.from({ length: 160 }, () => decoder.push(chunk))
    expect(answers.flat()).toMatchObject([{ type: 'error', code: 'LINE_TOO_LONG' }, { type: 'close' }])
    expect(answers.findIndex((items) => items.some(({ type }) => type === 'close'))).toBe(
      MAX_DISCARDED_BYTES / chunk.length - 1,
    )
  })

  test('C9 discarding holds nothing', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const held = () => {
      collect()
      return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
    }
    const segment = Buffer.alloc(9000, 'a')
    const heldEach = () => {
      const decoders = Array.from({ length: 1000 }, () => new LineDecoder())
      const before = held()
      for (const decoder of decoders) {
        for (let pushed = 0; pushed < 36_000; pushed += 9000) decoder.push(segment)
      }
      return (held() - before) / decoders.length
    }
    // What else lives in this process may grow meanwhile; decoders that held something would do so every time.
    expect(Math.min(...Array.from({ length: 5 }, heldEach))).toBeLessThan(2048)
  })

  test('C1 what waits for its end keeps no segment alive', () => {
    const segment = Buffer.from('said\nunfinished')
    const decoder = new LineDecoder()
    decoder.push(segment)
    segment.fill('x')
    expect(decoder.push(bytes('\n'))).toEqual([{ type: 'text', lines: ['unfinished'] }])
  })
})
