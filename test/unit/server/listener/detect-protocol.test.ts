import { describe, expect, test } from 'vitest'
import { FRAMES_MAGIC } from '#protocol/frames.ts'
import { SNIFF_LIMIT_BYTES, sniff, type Verdict, verdictAtLast } from '#server/listener/detect-protocol.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')
const verdicts = (text: string) => Array.from(text, (_, at) => sniff(bytes(text.slice(0, at + 1))))

/** The byte that decides, and the verdict; none of the bytes in front decides, none behind changes it. */
function decided(text: string): readonly [number, Verdict] {
  const all = verdicts(text)
  const at = all.findIndex((verdict) => verdict !== 'undecided')
  expect(new Set(all.slice(at)).size, `${JSON.stringify(text)} stays decided`).toBe(1)
  return [at + 1, all.at(-1) as Verdict]
}

describe('lines', () => {
  test.each([
    ['hello\n', 6],
    ['hello\r', 6],
    ['hello world, ah', 14],
    ['/nick ani\n', 1],
    ['<b>\n', 1],
    ['1 GET / HTTP/1.1\n', 1],
    ['\xc3\xbc\n', 1],
    ['\x1b[2J\n', 1],
    ['\x7f', 1],
    ['SEND a.txt\n', 5],
    ['SEND / HTTP/1.1\r\n', 5],
    ['SENDER\n', 7],
    ['GET / HTTP/x', 12],
    ['GET / HTTP/1.1 is', 15],
    ['get /x\n', 7],
    ['what /x\n', 8],
    ['PROXIES\n', 8],
    ['SSH-keys\n', 5],
    ['\r\n\r\nhi\n', 7],
  ])('C36 C37 %j are decided by byte %i', (text, at) => expect(decided(text)).toEqual([at, 'line']))

  test.each([
    // PuTTY, before anybody has said anything.
    ['\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18', 3],
    ['\xff\xfd\x01', 3],
    // Ctrl-C, "are you there", break.
    ['\xff\xf4\xff\xfd\x06', 2],
    ['\xff\xf6', 2],
    ['\xff\xf3\xff\xfd\x06', 3],
    ['\xff\xf1hello\r\n', 6],
    ['\xff\xf3hi\n', 5],
    ['\r\n\xff\xfb\x1f', 5],
    // UTF-16: it is for the line server to say that it is not taken.
    ['\xff\xfeh\x00i\x00', 2],
    ['\xfe\xff\x00h', 2],
    ['\x00h\x00i\x00\r\x00\n', 4],
    ['\xef\xbb\xbfGET / HTTP/1.1\r\n', 1],
  ])('%j are decided by byte %i, though no text begins so', (text, at) => expect(decided(text)).toEqual([at, 'line']))

  test('a break of telnet and nothing behind it is no sound', () => {
    expect(verdictAtLast(bytes('\xff\xf3'))).toBe('line')
    expect(verdictAtLast(bytes('\xff\xf3h'))).toBe('line')
    for (const binary of ['\xff', '\xff\xfb', '\x00', '\x00a', '\xfe', '\xf5'])
      expect(verdictAtLast(bytes(binary))).toBe('binary')
  })

  test('C36 a silent peer, or one that only sent blank lines, is undecided', () => {
    expect(sniff(bytes(''))).toBe('undecided')
    expect(sniff(bytes('\r\n\n'))).toBe('undecided')
  })

  test.each([0x07, 0x08, 0x09, 0x0b, 0x0c, 0x1b])('C14 a control character that text may begin with: %i', (byte) => {
    expect(sniff(Buffer.of(byte, 0x61))).toBe('line')
  })
})

describe('HTTP', () => {
  test.each([
    'GET / HTTP/1.1\r\n',
    'GET / HTTP/1.1\n',
    'get / http/1.1\r\n',
    'POST / HTTP/1.0\r\n',
    'PRI * HTTP/2.0\r\n',
    'BREW /pot HTTP/1.1\r\n',
    'CONNECT host:443 HTTP/1.1\r\n',
    'GET /x HTTP/2\r\n',
    '\r\nGET / HTTP/1.1\r\n',
    'POST /\r\n',
    'GET /\n',
    'OPTIONS *\r\n',
    'GET http://a.example/\r\n',
  ])('C91 C92 %j is decided by its line feed', (text) => expect(decided(text)).toEqual([text.length, 'http']))

  test('C91 what a page posts is HTTP by its first line, whatever its body says', () => {
    expect(sniff(bytes('POST / HTTP/1.1\r\nHost: 127.0.0.1:8268\r\n\r\nNICK x\nSEND y\n'))).toBe('http')
  })
})

describe('IRC', () => {
  test.each([
    'CAP LS 302\r\n',
    'NICK ani\n',
    'NICK :ani\r\n',
    'PASS a-word\r\n',
    'USER ani 0 * :Ani Sari\r\n',
    '\r\nNICK ani\r\n',
  ])('C107 %j is decided by its line feed', (text) => expect(decided(text)).toEqual([text.length, 'irc']))

  test.each([
    'NICK is here\n',
    'nick ani\n',
    'CAP\n',
    'CAP off\n',
    'USER a b\n',
    'PASS me the salt\n',
    'NICKS x\n',
    'NICK \n',
  ])('C36 %j is a line', (text) => expect(sniff(bytes(text))).toBe('line'))

  test('C36 what has no line feed is a line of somebody who types', () => {
    for (const text of ['NICK ani', 'USER a 0 * :b', 'CAP LS']) {
      expect(sniff(bytes(text))).toBe('undecided')
      expect(verdictAtLast(bytes(text))).toBe('line')
    }
    expect(sniff(bytes(`NICK ${'a'.repeat(5000)}`))).toBe('line')
  })
})

describe('others', () => {
  test('the magic of frames', () => {
    expect(decided('\xf5TAM\x00\x00')).toEqual([4, 'frames'])
    expect(Buffer.from(FRAMES_MAGIC)).toEqual(bytes('\xf5TAM'))
    expect(decided('\xf5TAX')).toEqual([4, 'binary'])
  })

  test.each<[string, number, Verdict]>([
    ['\x16\x03\x01\x02', 2, 'tls'],
    ['\x16\x02', 2, 'binary'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 8, 'ssh'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n', 9, 'foreign'],
    ['PROXY UNKNOWN\r\n', 13, 'foreign'],
    ['\r\n\r\n\x00\r\nQUIT\n\x21', 12, 'foreign'],
    ['\r\n\r\n\x00x', 6, 'binary'],
    ['RFB 003.008\n', 6, 'foreign'],
    ['\x03\x00\x00\x13', 2, 'foreign'],
    ['\x04\x01\x00\x50', 2, 'foreign'],
    ['\x05\x01\x00', 2, 'foreign'],
    ['\x05\xff', 2, 'binary'],
    ['\x00\x01\x00\x08\x21\x12\xa4\x42', 2, 'binary'],
    // Sounds: MP3 and AAC, whose frames begin like telnet.
    ['\xff\xfb\x90\x64\x00\x00', 3, 'binary'],
    ['\xff\xf3\x44\xc4\x00\x00', 4, 'binary'],
    ['\xff\xf1\x50\x80\x2d', 4, 'binary'],
    ['\xff\xd8\xff\xe0', 2, 'binary'],
    ['\x00a\x01b', 3, 'binary'],
    ['\x00a\x00\x01', 4, 'binary'],
  ])('C14 C92 %j: byte %i says %s', (text, at, verdict) => expect(decided(text)).toEqual([at, verdict]))

  test('C14 every first byte that begins no text is binary, or waits for what may follow it', () => {
    const controls = [...Array(0x20).keys()].filter((byte) => ![7, 8, 9, 10, 11, 12, 13, 0x1b].includes(byte))
    const invalid = Array.from({ length: 11 }, (_, at) => 0xf5 + at)
    for (const byte of [...controls, ...invalid])
      expect(sniff(Buffer.of(byte, 0xee)), `0x${byte.toString(16)}`).toBe('binary')
  })
})

describe('the limit', () => {
  const filled = (text: string, length: number) => bytes(text.padEnd(length, 'a'))

  test.each<[string, Verdict]>([
    ['a', 'line'],
    ['see ', 'line'],
    ['GET /', 'http'],
    ['POST http://', 'http'],
  ])('C37 a first line that begins with %j and does not end is decided at 4 KiB', (text, verdict) => {
    expect(sniff(filled(text, SNIFF_LIMIT_BYTES - 1))).toBe('undecided')
    expect(sniff(filled(text, SNIFF_LIMIT_BYTES))).toBe(verdict)
    expect(sniff(filled(text, 65_536))).toBe(verdict)
    expect(sniff(Buffer.concat([filled(text, 5000), bytes(' HTTP/1.1\r\n')]))).toBe(verdict)
  })

  test('C37 blank lines do not keep it waiting either', () => {
    expect(sniff(Buffer.alloc(SNIFF_LIMIT_BYTES - 1, '\n'))).toBe('undecided')
    expect(sniff(Buffer.alloc(SNIFF_LIMIT_BYTES, '\n'))).toBe('line')
  })
})
