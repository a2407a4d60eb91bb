import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it, test } from 'vitest'
import { localName, namesIn, reachable } from '#system/network.ts'

const HOSTS = `127.0.0.1\tlocalhost
127.0.1.1 kantor.example.org Kantor chat # and its friends
::1 ip6-localhost other
192.168.1.9 printer
`
const RESOLVER = 'domain example.com\nsearch lan fritz.box. . \nnameserver 192.168.1.1\noptions ndots:1\n'

test('a machine is called what it calls itself, what mDNS, its table of hosts and its search domains make of that', () => {
  expect(namesIn('Kantor', HOSTS, RESOLVER)).toEqual([
    'kantor',
    'kantor.local',
    'kantor.example.org',
    'chat',
    'kantor.example.com',
    'kantor.lan',
    'kantor.fritz.box',
  ])
  expect(namesIn('kantor.example.org.', '', '')).toEqual(['kantor.example.org', 'kantor', 'kantor.local'])
})

test('what is no name is left out', () => {
  expect(namesIn('', '', 'search lan')).toEqual([])
  expect(namesIn('a b', '1.2.3.4 a_b <x>', '')).toEqual([])
})

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

test.each([
  ['Kantor', 'kantor.local'],
  ['kantor.example.org', 'kantor.local'],
  ['localhost', undefined],
  ['a_b', undefined],
  ['', undefined],
])('the name by which mDNS finds the machine %j is %s', (name, local) => {
  expect(localName(name)).toBe(local)
})
