import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { reachable } from '#system/reachable.ts'

const at = (address: string, internal = false): NetworkInterfaceInfo => {
  const common = { address, internal, netmask: '', mac: '', cidr: null }
  return address.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' }
}

const interfaces = {
  lo: [at('127.0.0.1', true), at('::1', true)],
  docker0: [at('172.17.0.1')],
  eth0: [at('10.0.0.7'), at('2001:db8::7'), at('fe80::1')],
  wlan0: [at('192.168.1.5'), at('169.254.3.4')],
}

describe('the addresses at which others reach a host', () => {
  it('are those of its networks, the likeliest first, without what only links know', () =>
    expect(reachable(interfaces, '::')).toEqual(['192.168.1.5', '10.0.0.7', '2001:db8::7', '172.17.0.1']))
  it('have no IPv6 among them where it does not listen on that', () =>
    expect(reachable(interfaces, '0.0.0.0')).toEqual(['192.168.1.5', '10.0.0.7', '172.17.0.1']))
  it('are the one that it listens on, where it is one', () =>
    expect(reachable(interfaces, '10.0.0.7')).toEqual(['10.0.0.7']))
  it('are none without a network', () => expect(reachable({ lo: interfaces.lo }, '::')).toEqual([]))
})
