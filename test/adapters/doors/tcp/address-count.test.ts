import { describe, expect, it } from 'vitest'
import { isLoopback } from '../../../../src/adapters/doors/shared/address.ts'
import { AddressCount } from '../../../../src/adapters/doors/tcp/address-count.ts'

describe('connections of one address', () => {
  it('C70 are so many, and one that goes makes place', () => {
    const count = new AddressCount(2)
    const enter = () => count.enter('192.0.2.1')
    expect([enter(), enter(), enter()]).toEqual([true, true, false])
    expect(count.enter('192.0.2.2')).toBe(true)
    count.leave('192.0.2.1')
    expect([enter(), enter()]).toEqual([true, false])
  })

  it.each([
    ['2001:db8::1', '2001:db8::2'],
    ['2001:db8:0:0:1::1', '2001:db8::ffff'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::9'],
    ['fe80::1', 'fe80::aaaa:bbbb:cccc:dddd'],
  ])('C70 are counted together in one IPv6 /64: %s and %s', (one, other) => {
    const count = new AddressCount(1)
    expect([count.enter(one), count.enter(other)]).toEqual([true, false])
  })

  it('C70 are counted apart in another /64', () => {
    const count = new AddressCount(1)
    expect([count.enter('2001:db8:0:1::1'), count.enter('2001:db8:0:2::1')]).toEqual([true, true])
  })

  it.each(['127.0.0.1', '127.9.9.9', '::1'])('are not counted on loopback: %s', (address) => {
    const count = new AddressCount(1)
    expect(isLoopback(address)).toBe(true)
    expect([count.enter(address), count.enter(address), count.enter(address)]).toEqual([true, true, true])
  })
})
