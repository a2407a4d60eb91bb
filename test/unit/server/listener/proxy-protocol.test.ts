import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type ProxyHeader, readProxyHeader } from '#server/listener/proxy-protocol.ts'

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** A header of version 2. */
function binary(command: number, family: number, rest: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(rest.length)
  return Buffer.concat([SIGNATURE, Buffer.of(command, family), length, rest])
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const FOUR = hex('c6336407 0a000002 dc04 01bb')
const SIX = hex('20010db8000000000000000000000007 fd000000000000000000000000000001 dc04 01bb')
const MAPPED = hex('00000000000000000000ffffc6336407 00000000000000000000ffff0a000002 dc04 01bb')
const client = (address: string, at: string, tls = false) => ({ address, at, tls })
const four = client('198.51.100.7', '10.0.0.2:443')

const WHOLE: readonly (readonly [string, Buffer, object | undefined])[] = [
  ['version 1', Buffer.from('PROXY TCP4 198.51.100.7 10.0.0.2 56324 443\r\n'), four],
  [
    'version 1 of IPv6',
    Buffer.from('PROXY TCP6 2001:DB8:0:0::7 fd00::1 1 65535\r\n'),
    client('2001:db8::7', '[fd00::1]:65535'),
  ],
  [
    'version 1 of an address mapped into IPv6',
    Buffer.from('PROXY TCP6 ::ffff:198.51.100.7 ::ffff:a00:2 1 443\r\n'),
    four,
  ],
  ['version 1 that knows no client', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['version 1 that knows none, and says more', Buffer.from('PROXY UNKNOWN ffff:f::1 ::1 1 2\r\n'), undefined],
  ['version 2', binary(0x21, 0x11, FOUR), four],
  ['version 2 of IPv6', binary(0x21, 0x21, SIX), client('2001:db8::7', '[fd00::1]:443')],
  ['version 2 of an address mapped into IPv6', binary(0x21, 0x21, MAPPED), four],
  ['version 2 of the proxy itself', binary(0x20, 0x00, Buffer.alloc(0)), undefined],
  ['version 2 of the proxy itself, with an address', binary(0x20, 0x11, FOUR), undefined],
  ['version 2 of a Unix socket', binary(0x21, 0x31, Buffer.alloc(216)), undefined],
  ['version 2 of nothing it can tell', binary(0x21, 0x00, hex('0400026869')), undefined],
  ['version 2 and more that it tells', binary(0x21, 0x11, Buffer.concat([FOUR, hex('04 0002 6869')])), four],
  [
    'version 2 of a client that speaks TLS',
    binary(0x21, 0x11, Buffer.concat([FOUR, hex('20 0005 01 00000000')])),
    { ...four, tls: true },
  ],
  ['version 2 of one that does not', binary(0x21, 0x11, Buffer.concat([FOUR, hex('20 0005 00 00000000')])), four],
]

describe('a header of the PROXY protocol', () => {
  it.each(WHOLE)('%s is partial at every byte before its end, and whole from there on', (_case, header, told) => {
    for (let length = 0; length < header.length; length++)
      expect(readProxyHeader(header.subarray(0, length))).toEqual({ status: 'partial' })
    const whole: ProxyHeader = { status: 'whole', bytes: header.length, ...(told && { client: told as never }) }
    expect(readProxyHeader(header)).toEqual(whole)
    expect(readProxyHeader(Buffer.concat([header, Buffer.from('PROXY TCP4 x\r\n\xff')]))).toEqual(whole)
  })

  it.each([
    'PROXY TCP4 198.51.100.7 10.0.0.2 56324\r\n',
    'PROXY TCP4 198.51.100.7 10.0.0.2 56324 443 9\r\n',
    'PROXY TCP4  198.51.100.7 10.0.0.2 56324 443\r\n',
    'PROXY TCP4 198.51.100.7 10.0.0.2 056324 443\r\n',
    'PROXY TCP4 198.51.100.7 10.0.0.2 65536 443\r\n',
    'PROXY TCP4 198.51.100.7 10.0.0.2 -1 443\r\n',
    'PROXY TCP4 ::1 ::1 1 443\r\n',
    'PROXY TCP4 198.51.100.256 10.0.0.2 1 443\r\n',
    'PROXY TCP6 198.51.100.7 10.0.0.2 1 443\r\n',
    'PROXY tcp4 198.51.100.7 10.0.0.2 1 443\r\n',
    'PROXY UDP4 198.51.100.7 10.0.0.2 1 443\r\n',
    'PROXY \r\n',
    `PROXY TCP6 ${'f'.repeat(100)}`,
  ])('C125 %j is malformed', (text) => {
    expect(readProxyHeader(Buffer.from(text))).toEqual({ status: 'malformed' })
  })

  it.each([
    ['another version', binary(0x31, 0x11, FOUR)],
    ['another command', binary(0x22, 0x11, FOUR)],
    ['UDP', binary(0x21, 0x12, FOUR)],
    ['too few bytes for its addresses', binary(0x21, 0x21, FOUR)],
    ['more bytes than are taken', binary(0x21, 0x11, Buffer.alloc(5000))],
    ['something told that is longer than all', binary(0x21, 0x11, Buffer.concat([FOUR, hex('04 0009 68')]))],
    ['something told that has no length', binary(0x21, 0x11, Buffer.concat([FOUR, hex('04 00')]))],
  ])('C125 version 2 with %s is malformed', (_case, header) => {
    expect(readProxyHeader(header)).toEqual({ status: 'malformed' })
  })

  it.each(['GET / HTTP/1.1\r\n', 'PROXIES\n', 'proxy TCP4', '\r\n\r\nGET /', '\r\n\r\n\0x', '\xf5TAM', '/nick ani\n'])(
    '%j is none',
    (text) => {
      expect(readProxyHeader(Buffer.from(text, 'latin1'))).toEqual({ status: 'none' })
    },
  )
})

test('C125 of whatever comes, more bytes never change what was decided, and a whole header is within what came', () => {
  const words = fc.constantFrom(
    ...['PROXY ', 'TCP4 ', 'TCP6 ', 'UNKNOWN', '10.0.0.1 ', '::1 ', '1 ', '65535', '\r\n', '\r', ' ', 'x'].map((text) =>
      Buffer.from(text),
    ),
    ...[SIGNATURE, Buffer.of(0x21, 0x11), Buffer.of(0x20, 0), Buffer.of(0, 12), Buffer.of(0, 36), FOUR, SIX],
  )
  const input = fc
    .array(fc.oneof({ weight: 8, arbitrary: words }, fc.uint8Array({ maxLength: 40 })), { maxLength: 9 })
    .map((parts) => Buffer.concat(parts))
  fc.assert(
    fc.property(input, (whole) => {
      const all = Array.from({ length: whole.length + 1 }, (_, at) => readProxyHeader(whole.subarray(0, at)))
      const first = all.findIndex(({ status }) => status !== 'partial')
      if (first < 0) return
      for (const each of all.slice(first)) expect(each).toEqual(all[first])
      const decided = all[first]
      if (decided?.status === 'whole') expect(decided.bytes).toBe(first)
    }),
    { numRuns: 2000 },
  )
})
