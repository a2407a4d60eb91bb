import { expect, test } from 'vitest'
import { checkNick } from '#domain/names/nick.ts'
import { lineCapabilities } from '#server/irc/capabilities.ts'
import { IrcPeople } from '#server/irc/people.ts'

const guest = (id: string, name = '192.168.1.7') => ({ id, name })

test('guests are called by their address, the second one with a number that stays theirs', () => {
  const people = new IrcPeople('tamtam.irc')
  for (const id of ['a', 'b', 'c']) people.arrived(guest(id), 'lobby')
  const names = () => ['a', 'b', 'c'].map((id) => people.nickOf(guest(id), 'lobby'))
  expect(names()).toEqual(['[192-168-1-7]', '[192-168-1-7]2', '[192-168-1-7]3'])
  people.left(guest('b'), 'lobby')
  people.arrived(guest('d'), 'lobby')
  expect(people.nickOf(guest('d'), 'lobby')).toBe('[192-168-1-7]2')
  expect(people.nickOf(guest('c'), 'lobby')).toBe('[192-168-1-7]3')
  // One who is not listed has none.
  expect(people.nickOf(guest('x', 'fe80::1'), 'lobby')).toBe('[fe80-1]')
})

test('nobody can take the name of a guest', () => {
  const people = new IrcPeople('tamtam.irc')
  expect(checkNick(people.nickOf(guest('a'), 'lobby'))).toMatchObject({ code: 'BAD_NAME' })
})

const client = {
  ...{ id: 'm1', nick: 'ani', user: 'ani', realName: 'Ani', account: undefined },
  ...{ chosen: new Set<string>(), channels: new Map(), taken: undefined, heardAt: 0, signedOnAt: 0 },
  ...{ invitations: new Map<string, string>(), say: () => {}, echoes: false, away: undefined },
  capabilities: lineCapabilities(new Set()),
}

test('the last hundred who have left are remembered', () => {
  const people = new IrcPeople('tamtam.irc')
  for (let at = 0; at < 150; at++) people.remember({ ...client, nick: `n${at}` }, at)
  expect([people.gone('n49'), people.gone('N50').map(({ at }) => at)]).toEqual([[], [50]])
})

test('a host tells nothing of an address, and is the same each time', () => {
  const people = new IrcPeople('tamtam.irc')
  people.enter(client)
  expect(people.maskOf({ id: 'm1', name: 'ani' }, 'lobby')).toMatch(/^ani!~ani@\d{10}\.tamtam$/)
  expect(people.maskOf(guest('g'), 'lobby')).toMatch(/^\[192-168-1-7\]!tamtam@\d{10}\.tamtam$/)
  expect(people.hostOf(guest('g'))).toBe(new IrcPeople('tamtam.irc').hostOf(guest('g')))
})
