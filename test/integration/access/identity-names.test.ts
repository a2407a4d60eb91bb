import { expect, test } from 'vitest'
import { startHost } from '../../harness/host.ts'
import { caughtUp, LineClient } from '../../harness/line-client.ts'
import { pair } from '../../harness/line-rooms.ts'

const TAKEN = ['alice', 'ALICE', 'alIce', 'al1ce', 'аlicе']

test.each(TAKEN)('C63: while somebody is alice, nobody else is %s', async (nick) => {
  const { ani, budi } = await pair()
  await ani.ask('/nick alice', '* you are now alice')
  const refusal = await budi.ask(`/nick ${nick}`, /^! /)
  expect(refusal).toMatch(/^! (NAME_TAKEN|BAD_NAME) /)
  expect(budi.lines.filter((line) => line.startsWith('* you are now'))).toEqual(['* you are now budi'])
})

test.each([
  ['C63', 'alice\u200b'],
  ['C63', 'аdmin'],
  ...'Admin adm1n server SERVER system tamtam root NickServ'.split(' ').map((nick) => ['C64', nick] as const),
  ...'* !x @x #x 127.0.0.1 1.2.3.4 l27.o.o.1 a:b a/b a,b <a>'.split(' ').map((nick) => ['C64', nick] as const),
  ['C64', ''],
  ['C64', 'a b'],
  ['C64', 'x'.repeat(33)],
] as const)('%s: nobody can be called %j', async (_case, nick) => {
  const { ani, budi } = await pair()
  expect(await budi.ask(`/nick ${nick}`, /^! /)).toMatch(/^! BAD_NAME /)
  await caughtUp(budi, ani)
  expect(ani.lines.filter((line) => line.includes('is now'))).toEqual([])
})

test('C63: rn is not m while somebody is m', async () => {
  const { ani, budi } = await pair()
  await ani.ask('/nick rnarc', '* you are now rnarc')
  expect(await budi.ask('/nick marc', /^! /)).toMatch(/^! NAME_TAKEN /)
})

test('C65: of many that ask for one nick at once exactly one gets it', async () => {
  const { port } = await startHost()
  const crowd = await Promise.all(Array.from({ length: 10 }, () => LineClient.join(port)))
  for (const client of crowd) client.write('/nick same\n')
  await Promise.all(crowd.map((client) => client.until(/^(! NAME_TAKEN|\* you are now)/)))
  const owners = crowd.filter((client) => client.lines.includes('* you are now same'))
  expect(owners).toHaveLength(1)
})

test.each(['leave', 'reset', 'quit', 'halfClose'] as const)(
  'C65: a nick is free again when its owner goes (%s)',
  async (way) => {
    const { ani, budi } = await pair({ line: { halfCloseMs: 20 } })
    if (way === 'quit') ani.write('/quit\n')
    else ani[way]()
    await budi.until(/^\* ani left/)
    await budi.ask('/nick ani', '* you are now ani')
  },
)

test('C65: a nick that was changed is free again, and its owner may change its case', async () => {
  const { ani, budi } = await pair()
  await ani.ask('/nick Ani', '* you are now Ani')
  await budi.until('* ani is now Ani')
  await ani.ask('/nick tari', '* you are now tari')
  await budi.ask('/nick ani', '* you are now ani')
  await ani.until('* budi is now ani')
})

test('C65: what is said around a change of nick is said under the name of its time', async () => {
  const { ani, budi } = await pair()
  ani.write('one\n/nick tari\ntwo\n')
  await budi.until('<tari> two')
  expect(budi.lines.slice(-3)).toEqual(['<ani> one', '* ani is now tari', '<tari> two'])
})

test('C65: nothing is said behind /quit', async () => {
  const { ani, budi } = await pair()
  ani.write('one\n/quit\ntwo\n')
  await ani.closed()
  await budi.until('* ani left')
  expect(budi.talk).toEqual(['<ani> one'])
})

test.each(['../x', '..', '#', '', 'a/b', 'x'.repeat(65), 'лobby', '*', '\x1b[2J'])(
  'C66: there is no room called %j',
  async (room) => {
    const { ani, budi } = await pair()
    expect(await ani.ask(`/join ${room}`, /^! /)).toMatch(/^! BAD_ROOM /)
    ani.write('still here\n')
    await budi.until('<ani> still here')
  },
)

test('C66: one connection joins twenty rooms and no more, and may go back', async () => {
  const { port, ani, budi } = await pair()
  for (let room = 1; room < 20; room++)
    await ani.ask(`/join room-${room}`, new RegExp(`^\\* you are ani in room-${room}:`))
  expect(await ani.ask('/join one-more', /^! /)).toMatch(/^! TOO_MANY_ROOMS /)
  const from = ani.lines.length
  ani.write('/join #LOBBY\n')
  await ani.until(/^\* you are ani in lobby:/, from)
  ani.write('back\n')
  await budi.until('<ani> back')
  const other = await LineClient.join(port)
  await other.ask('/join one-more', /^\* you are 127\.0\.0\.1 in one-more: 1 here/)
})

test('C66: rooms that are empty vanish, and make room for others', async () => {
  const { ani, budi } = await pair({ limits: { rooms: 2 } })
  await ani.ask('/join hall', /^\* you are ani in hall/)
  expect(await budi.ask('/join attic', /^! /)).toMatch(/^! TOO_MANY_ROOMS /)
  await ani.ask('/join lobby', /^\* you are ani in lobby/)
  await budi.ask('/join attic', /^\* you are budi in attic/)
})

test('C66: what is said in one room is heard in no other', async () => {
  const { port, ani, budi } = await pair()
  const chandra = await LineClient.join(port, 'chandra')
  await chandra.ask('/join hall', /^\* you are chandra in hall/)
  ani.write('in the lobby\n')
  chandra.write('in the hall\n')
  await caughtUp(ani, budi)
  await ani.ask('/join hall', /^\* you are ani in hall: 2 here, \d+ so far/)
  await caughtUp(chandra, ani)
  expect(budi.talk).toEqual(['<ani> in the lobby'])
  expect(ani.talk).toEqual([])
  expect(chandra.talk).toEqual([])
})
