import { describe, expect, it } from 'vitest'
import { isLoopback } from '#server/connection/incoming-connection.ts'
import { ConnectionLimiter } from '#server/listener/listener.ts'

const MANY = 1000

/** So many of each address, and connections that are called by their number; `come` answers who had to make place, or `full`. */
function counting(most: number, mostUnauthenticated = MANY) {
  const count = new ConnectionLimiter<number>(most, mostUnauthenticated)
  let made = 0
  const come = (address: string, as: 'unauthenticated' | 'authenticated' = 'unauthenticated') => {
    const counted = count.enter(made++, address, as)
    return counted.status === 'full' ? 'full' : counted.evicted
  }
  /** One that comes in right away. */
  const enter = (address: string) => {
    const evicted = come(address)
    count.authenticate(made - 1, address)
    return evicted
  }
  return { count, come, enter }
}

describe('connections of one address', () => {
  it('C70 are so many, and one that goes makes place', () => {
    const { count, enter } = counting(2)
    const from = '192.0.2.1'
    expect([enter(from), enter(from), enter(from)]).toEqual([undefined, undefined, 'full'])
    expect(enter('192.0.2.2')).toBe(undefined)
    count.leave(0, from)
    expect([enter(from), enter(from)]).toEqual([undefined, 'full'])
  })

  it('that have come in nowhere yet shut out nobody: the oldest of them makes place', () => {
    const { come, enter } = counting(3)
    const from = '192.0.2.1'
    expect([come(from), come(from), come(from)]).toEqual([undefined, undefined, undefined])
    expect([enter(from), enter(from), enter(from)]).toEqual([0, 1, 2])
    expect(come(from)).toBe('full')
  })

  it('that made place are counted no more, also when they end later', () => {
    const { count, come } = counting(1)
    const from = '192.0.2.1'
    come(from)
    expect(come(from)).toBe(0)
    count.leave(0, from)
    expect(come(from)).toBe(1)
  })

  it.each([
    ['2001:db8::1', '2001:db8::2'],
    ['2001:db8:0:0:1::1', '2001:db8::ffff'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::9'],
    ['fe80::1', 'fe80::aaaa:bbbb:cccc:dddd'],
  ])('C70 are counted together in one IPv6 /64: %s and %s', (one, other) => {
    const { enter } = counting(1)
    expect([enter(one), enter(other)]).toEqual([undefined, 'full'])
  })

  it('C70 are counted apart in another /64', () => {
    const { enter } = counting(1)
    expect([enter('2001:db8:0:1::1'), enter('2001:db8:0:2::1')]).toEqual([undefined, undefined])
  })

  it.each(['127.0.0.1', '127.9.9.9', '::1'])('are not counted on loopback: %s', (address) => {
    const { come } = counting(1)
    expect(isLoopback(address)).toBe(true)
    expect([come(address), come(address, 'authenticated'), come(address)]).toEqual([undefined, undefined, undefined])
  })
})

describe('C68 connections that have come in nowhere yet', () => {
  it('make place where there are too many: the oldest of the address that has most of them', () => {
    const { come, enter } = counting(MANY, 4)
    const [many, quiet] = ['192.0.2.1', '192.0.2.2']
    expect([come(quiet), come(many), come(many), come(many)]).toEqual([undefined, undefined, undefined, undefined])
    expect([come(many), come('192.0.2.3')]).toEqual([1, 2])
    // Whoever has come in is not among them.
    expect([enter('192.0.2.4'), come(quiet)]).toEqual([3, undefined])
  })

  it('are none where they come as members', () => {
    const { come } = counting(MANY, 1)
    expect([come('127.0.0.1', 'authenticated'), come('127.0.0.1', 'authenticated')]).toEqual([undefined, undefined])
  })
})
