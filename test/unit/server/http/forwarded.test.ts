import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { addressIn, networkIn, TrustedProxies } from '#server/connection/trusted-proxies.ts'
import { forwardedOf } from '#server/http/forwarded.ts'

const { trusts } = new TrustedProxies(['10.0.0.0/8', '127.0.0.1', 'fd00::/8'])
const listed = (list: string, more: object = {}) => forwardedOf({ 'x-forwarded-for': list, ...more }, trusts)
const paired = (forwarded: string, more: object = {}) => forwardedOf({ forwarded, ...more }, trusts)
const malformed = { fault: 'malformed' }

describe('X-Forwarded-For', () => {
  it.each([
    ['198.51.100.7', '198.51.100.7'],
    ['198.51.100.7:4711', '198.51.100.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:DB8::7]', '2001:db8::7'],
    ['[2001:db8:0:0::7]:4711', '2001:db8::7'],
    ['fe80::7%eth0', 'fe80::7'],
    ['[fe80::7%25eth0]:1', 'fe80::7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['198.51.100.7, 10.1.2.3', '198.51.100.7'],
    ['198.51.100.7,10.1.2.3,fd00::1', '198.51.100.7'],
    // Whoever is in front of the last that is no proxy of ours can write what they like.
    ['127.0.0.1, 198.51.100.7', '198.51.100.7'],
    ['evil, , 1.1.1.1, 198.51.100.7, ::ffff:10.0.0.1', '198.51.100.7'],
    // Nobody else was there.
    ['10.0.0.9, 10.0.0.1', '10.0.0.9'],
  ])('%s: the client is %s', (list, address) => {
    expect(listed(list)).toEqual({ address })
  })

  it.each([
    'unknown',
    'localhost',
    '198.51.100.256',
    '198.51.100',
    '1.2.3.4:5:6',
    '198.51.100.7,',
    ',',
    '198.51.100.7, unknown, 10.0.0.1',
    '[198.51.100.7]x',
    '[2001:db8::7',
    '2001:db8::7]:1',
    '"198.51.100.7"',
  ])('C125 %s names no client', (list) => {
    expect(listed(list)).toEqual(malformed)
  })

  it('C125 is read from its end, however long it is', () => {
    expect(listed(`${'1.1.1.1, '.repeat(500)}198.51.100.7`)).toEqual({ address: '198.51.100.7' })
    expect(listed('x'.repeat(8000))).toEqual(malformed)
  })

  it('is none where there is nothing in it, and then nothing else is believed', () => {
    for (const headers of [{}, { 'x-forwarded-for': '' }, { forwarded: '', 'x-forwarded-for': ' ' }])
      expect(
        forwardedOf({ ...headers, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'localhost' }, trusts),
      ).toEqual({})
  })

  it('goes with the scheme and the host that the nearest proxy tells', () => {
    const more = { 'x-forwarded-proto': 'http, HTTPS', 'x-forwarded-host': 'evil.example, chat.example:8443' }
    const told = { address: '198.51.100.7', scheme: 'https', host: 'chat.example:8443' }
    expect(listed('198.51.100.7', more)).toEqual(told)
    expect(listed('198.51.100.7', { 'x-forwarded-proto': 'wss' })).toEqual({ address: '198.51.100.7', scheme: 'https' })
    expect(listed('198.51.100.7', { 'x-forwarded-proto': 'ftp' })).toEqual(malformed)
    expect(listed('198.51.100.7', { 'x-forwarded-proto': 'constructor' })).toEqual(malformed)
  })
})

describe('Forwarded', () => {
  it.each([
    ['for=198.51.100.7', { address: '198.51.100.7' }],
    ['For="[2001:db8::7]:4711"', { address: '2001:db8::7' }],
    [
      'for=198.51.100.7;proto=https;host="chat.example:8443"',
      { address: '198.51.100.7', scheme: 'https', host: 'chat.example:8443' },
    ],
    ['proto=https ; for="198.51.100.7" ;by=10.0.0.1', { address: '198.51.100.7', scheme: 'https' }],
    ['for=1.1.1.1;proto=https, for=198.51.100.7;proto=http, for=10.0.0.1', { address: '198.51.100.7', scheme: 'http' }],
    ['for="un\\"known;,x", for=198.51.100.7', { address: '198.51.100.7' }],
  ])('%s', (text, told) => {
    expect(paired(text)).toEqual(told)
  })

  it.each([
    'for=unknown',
    'for=_hidden',
    'proto=https',
    'for=198.51.100.7;for=1.1.1.1',
    'for="198.51.100.7',
    'for=198.51.100.7 proto=https',
    'for=[2001:db8::7]',
    'for',
    '=x',
    'for=198.51.100.7,',
    'for=198.51.100.7;proto=gopher',
  ])('C125 %s names no client', (text) => {
    expect(paired(text)).toEqual(malformed)
  })

  it('C125 is refused where the other header names another client: one of them may be its own', () => {
    const both = { 'x-forwarded-for': '198.51.100.7' }
    expect(paired('for=1.1.1.1', both)).toEqual({ fault: 'contradictory' })
    expect(paired('for="198.51.100.7:80"', both)).toEqual({ address: '198.51.100.7' })
  })
})

test('C125 of whatever stands in a header, the client is an address that is no proxy of ours, or all of them are', () => {
  const part = fc.constantFrom(
    ...['for=', 'proto=', 'https', ';', ',', ', ', '"', '\\', '[', ']', ':80', '%eth0', ' ', 'unknown', '\u00ff'],
    ...['10.0.0.1', '198.51.100.7', '::1', '2001:db8::7', '::ffff:10.0.0.1', '127.0.0.1', '999.1.1.1'],
  )
  const header = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(header, header, (list, pairs) => {
      const told = forwardedOf({ 'x-forwarded-for': list, forwarded: pairs }, trusts)
      if ('fault' in told || told.address === undefined) return
      expect(addressIn(told.address)).toBe(told.address)
      const last = list.split(',').at(-1)?.trim() ?? ''
      // What a client puts in front of what the proxy adds changes nothing.
      if (addressIn(last) !== undefined && !trusts(last) && pairs.trim() === '')
        expect(told.address).toBe(addressIn(last))
    }),
    { numRuns: 5000 },
  )
})

describe('trusted networks', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', '127.0.0.2'],
    ['10.0.0.0/8', '::ffff:10.255.0.1', '11.0.0.1'],
    ['192.0.2.128/25', '192.0.2.200', '192.0.2.1'],
    ['fd00::/8', 'fdff::1', 'fe00::1'],
    ['fe80::/10', 'fe80::1%eth0', '::1'],
  ])('%s has %s and not %s', (network, one, other) => {
    const proxies = new TrustedProxies([network])
    expect([proxies.trusts(one), proxies.trusts(other), proxies.trusts('unknown')]).toEqual([true, false, false])
  })

  it.each(['', '10.0.0.0/33', '10.0.0.0/0', '::/0', '10.0.0/8', 'localhost', '10.0.0.0/8/8', 'fe80::1%eth0', '::/129'])(
    '%j is none',
    (text) => {
      expect(networkIn(text)).toBeUndefined()
      expect(() => new TrustedProxies([text])).toThrow(RangeError)
    },
  )
})
