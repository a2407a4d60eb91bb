import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isHttpRequestLine, looksLikeLongHttpRequest } from '#server/connection/protocol-hints.ts'
import { LineDecoder } from '#server/line/decoder.ts'
import { SNIFF_LIMIT_BYTES, sniff } from '#server/listener/detect-protocol.ts'

const words = fc.constantFrom(
  ...['GET', 'post', 'SEND', 'SSH-', 'PROXY', 'TCP4', 'RFB', ' ', '/', '*', 'http://x', ' HTTP/', '1', '.', '1.1'],
  ...['NICK ', 'CAP LS', 'PASS x', 'USER a 0 * ', ':b'],
  ...['\r', '\n', '\r\n', '\r\n\r\n\x00\r\nQUIT\n', '\x16', '\x03', '\x00', '\xf5', 'TAM', '\xff', 'hello', '\xc3\xbc'],
)
const input = fc.array(words, { maxLength: 9 }).map((parts) => Buffer.from(parts.join(''), 'latin1'))
const runs = { numRuns: 20_000 }

test('C36 C37 more bytes never change a verdict, and a whole first line always has one', () => {
  fc.assert(
    fc.property(input, (whole) => {
      const verdicts = Array.from(whole, (_, at) => sniff(whole.subarray(0, at + 1)))
      const first = verdicts.findIndex((verdict) => verdict !== 'undecided')
      if (first >= 0) expect(new Set(verdicts.slice(first)).size).toBe(1)
      const filled = Buffer.concat([whole, Buffer.alloc(SNIFF_LIMIT_BYTES, 'a')])
      expect(sniff(filled)).not.toBe('undecided')
      if (first >= 0) expect(sniff(filled)).toBe(verdicts.at(-1))
      if (/[^\r\n][^\n]*\n/.test(whole.toString('latin1')) && whole.length > 14) expect(first).toBeGreaterThanOrEqual(0)
    }),
    runs,
  )
})

test('C36 C107 only a whole first line of registration is IRC: all else stays what it was', () => {
  fc.assert(
    fc.property(input, (whole) => {
      const first = /^[\r\n]*([^\n]*)\n/.exec(whole.toString('latin1'))?.[1]?.replace(/\r$/, '') ?? ''
      const begins = /^(CAP [A-Z].*|NICK :?\S+|PASS :?\S+|USER \S+ \S+ \S+ .+)$/.test(first)
      expect(sniff(whole) === 'irc', whole.toString('latin1')).toBe(begins)
    }),
    runs,
  )
})

test('C35 what was taken for lines but holds a request is still closed by the line decoder', () => {
  fc.assert(
    fc.property(input, (whole) => {
      const decoder = new LineDecoder()
      const spoken = [...decoder.push(whole), ...decoder.end()].flatMap((item) =>
        item.type === 'text' ? item.lines : [],
      )
      expect(spoken.some(isHttpRequestLine)).toBe(false)
    }),
    runs,
  )
})

test('C35 a request line, in any case, and nothing that only resembles one', () => {
  for (const line of ['GET / HTTP/1.1', 'get /a?b HTTP/1.0', 'PRI * HTTP/2.0', 'X y http/3']) {
    expect(isHttpRequestLine(line), line).toBe(true)
  }
  for (const line of [
    '',
    'GET /',
    'GET  / HTTP/1.1',
    ' GET / HTTP/1.1',
    'GET / HTTP/1.1 ',
    'GET /a b HTTP/1.1',
    'GET / HTTP/11',
  ]) {
    expect(isHttpRequestLine(line), line).toBe(false)
  }
})

test('C37 C91 the beginning of a request with a long target, and nothing that has more words', () => {
  for (const head of ['GET /aaa', 'post http://a', 'GET https://a', 'GET /aaa HTT', 'OPTIONS *']) {
    expect(looksLikeLongHttpRequest(head), head).toBe(true)
  }
  for (const head of ['', 'aaa', 'look at', 'GET /aaa is what', '/aaa', 'GET']) {
    expect(looksLikeLongHttpRequest(head), head).toBe(false)
  }
})
