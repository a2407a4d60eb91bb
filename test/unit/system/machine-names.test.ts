import { expect, test } from 'vitest'
import { namesIn } from '#system/machine-names.ts'

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
