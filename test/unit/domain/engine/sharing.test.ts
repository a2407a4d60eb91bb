import { expect, onTestFinished, test } from 'vitest'
import { createTamtam } from '#app/tamtam.ts'
import { MemoryBus, MemoryHub } from '#cluster/bus.ts'
import { ClusterMembers } from '#cluster/members.ts'
import { Subjects } from '#cluster/subjects.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { MemorySharedJournal, SharedLog } from '#storage/memory/shared-journal.ts'
import { ManualClock } from '#system/clock.ts'
import { MemoryLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { until } from '../../../harness/patience.ts'

interface Member {
  readonly session: LocalSession
  readonly shown: RoomEvent[]
}

/** Two hosts on one log; while a journal is held, its host hears of the other only when it appends. */
async function twoHosts(founders = false) {
  const log = new SharedLog()
  const hub = new MemoryHub()
  const hosts = [log, log].map((shared, index) => {
    const journal = new MemorySharedJournal(shared)
    const bus = new MemoryBus(hub)
    const clock = new ManualClock()
    const ports = { clock, log: new MemoryLog(), metrics: new MemoryMetrics() }
    const subjects = new Subjects('tamtam', 1)
    const sharedMembers = new ClusterMembers({
      ...ports,
      bus,
      subjects,
      node: `n${index}`,
      key: undefined,
      version: '1',
      lagMs: () => 0,
    })
    return { journal, bus, clock, tamtam: createTamtam({ founders, overrides: { journal, sharedMembers } }) }
  })
  for (const { tamtam, clock } of hosts) {
    let isStarted = false
    const starting = tamtam.start().then(() => {
      isStarted = true
    })
    await until('the start', () => {
      clock.advance(100)
      return isStarted
    })
    await starting
    onTestFinished(() => tamtam.stop())
  }
  const [one, other] = hosts
  if (one === undefined || other === undefined) throw new Error('there are two')
  const enter = async ({ tamtam }: typeof one, name: string, role?: 'owner'): Promise<Member> => {
    const session = await tamtam.engine.join({
      room: 'lobby',
      name,
      person: `p-${name}`,
      ...(role === undefined ? {} : { role }),
    })
    const shown: RoomEvent[] = []
    session.events$.subscribe((event) => shown.push(event))
    return { session, shown }
  }
  return { one, other, enter }
}

const say = ({ session }: Member, text: string, id?: string) =>
  session.send({ type: 'say', text, ...(id === undefined ? {} : { id }) })
const linesOf = ({ shown }: Member) =>
  shown.flatMap((event) => (event.type === 'said' ? [`${event.seq} ${event.text}`] : []))
const typesOf = ({ shown }: Member) => shown.map(({ type }) => type)

test('what is said at one host is shown at the other, under one number at both, whoever comes first', async () => {
  const { one, other, enter } = await twoHosts()
  const [ani, budi] = [await enter(one, 'ani'), await enter(other, 'budi')]
  for (const { journal } of [one, other]) journal.hold(true)
  const answers = await Promise.all([1, 2, 3, 4, 5].flatMap((count) => [say(ani, `a${count}`), say(budi, `b${count}`)]))
  expect(answers.every(({ type }) => type === 'ack')).toBe(true)
  for (const { journal } of [one, other]) journal.hold(false)
  await until('both to show all', () => linesOf(ani).length === 10 && linesOf(budi).length === 10)
  expect(linesOf(ani)).toEqual(linesOf(budi))
  expect(linesOf(ani).map((line) => Number(line.split(' ')[0]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  for (const name of ['a', 'b'])
    expect(linesOf(ani).flatMap((line) => (line.split(' ')[1]?.startsWith(name) ? [line.split(' ')[1]] : []))).toEqual(
      [1, 2, 3, 4, 5].map((count) => `${name}${count}`),
    )
})

test('a message is decided again behind a mute that came first', async () => {
  const { one, other, enter } = await twoHosts()
  const [owner, budi] = [await enter(one, 'ani', 'owner'), await enter(other, 'budi')]
  other.journal.hold(true)
  await owner.session.send({ type: 'mute', name: 'budi' })
  expect(await say(budi, 'not heard')).toMatchObject({ type: 'rejected', code: 'MUTED' })
  await until('the mute', () => typesOf(budi).includes('muted'))
  expect([...linesOf(owner), ...linesOf(budi)]).toEqual([])
})

test('slow mode holds over both hosts for who has a key, and a message that is sent again is no other', async () => {
  const { one, other, enter } = await twoHosts()
  const owner = await enter(one, 'ani', 'owner')
  const inLobby = (host: typeof one) =>
    host.tamtam.engine.join({ room: 'lobby', name: 'budi', member: 'b', person: 'p-budi' })
  const [here, there] = [await inLobby(one), await inLobby(other)]
  await owner.session.send({ type: 'setSlowMode', seconds: 60 })
  await until('the rule', () => there.rules.slowSeconds === 60)
  const halo = { type: 'say', text: 'halo', id: 'i1' } as const
  expect(await here.send(halo)).toMatchObject({ type: 'ack' })
  await until('it is shown', () => there.last === here.last)
  expect(await there.send({ type: 'say', text: 'lagi' })).toMatchObject({ type: 'rejected', code: 'SLOW_MODE' })
  expect(await there.send(halo)).toMatchObject({ type: 'ack', duplicate: true })
})

test('C128 an id that comes to both hosts is one message', async () => {
  const { one, other, enter } = await twoHosts()
  const [ani, budi] = [await enter(one, 'ani'), await enter(other, 'budi')]
  other.journal.hold(true)
  expect(await say(ani, 'halo', 'i1')).toEqual({ type: 'ack', seq: 1, duplicate: false })
  expect(await say(budi, 'halo', 'i1')).toEqual({ type: 'ack', seq: 1, duplicate: true })
  other.journal.hold(false)
  await until('it is shown', () => linesOf(budi).length === 1)
  expect(linesOf(ani)).toEqual(['1 halo'])
})

test('nobody leaves before what they said, though another host came first', async () => {
  const { one, other, enter } = await twoHosts()
  const [ani, budi] = [await enter(one, 'ani'), await enter(other, 'budi')]
  const cici = await enter(other, 'cici')
  other.journal.hold(true)
  await say(ani, 'first')
  const said = say(budi, 'last words')
  const left = budi.session.close()
  expect(await said).toMatchObject({ type: 'ack', seq: 2 })
  await left
  other.journal.hold(false)
  await until('their leaving', () => typesOf(cici).includes('left'))
  expect(typesOf(cici)).toEqual(['said', 'said', 'left'])
  expect(linesOf(cici)).toEqual(['1 first', '2 last words'])
})

test('who was put out of a locked room stays out, though another host came first', async () => {
  const { one, other, enter } = await twoHosts()
  const ani = await enter(one, 'ani')
  const owner = await enter(other, 'host', 'owner')
  const budi = await enter(other, 'budi')
  await owner.session.send({ type: 'lock' })
  await until('the lock', () => typesOf(ani).includes('locked'))
  other.journal.hold(true)
  await say(ani, 'first')
  expect(await owner.session.send({ type: 'kick', name: 'budi' })).toMatchObject({ type: 'ack' })
  expect(budi.session.kicked?.code).toBe('NOT_A_MEMBER')
  await until('everything', () => owner.session.last === 3)
  await budi.session.close()
  await expect(enter(other, 'budi')).rejects.toMatchObject({ code: 'LOCKED' })
  await expect(enter(one, 'budi')).rejects.toMatchObject({ code: 'LOCKED' })
})

test('a ban ends membership at every host, and holds there', async () => {
  const { one, other, enter } = await twoHosts()
  const owner = await enter(one, 'ani', 'owner')
  const budi = await enter(other, 'budi')
  await owner.session.send({ type: 'ban', name: 'budi' })
  await until('its end', () => budi.session.kicked !== undefined)
  expect(budi.session.kicked?.code).toBe('BANNED')
  await budi.session.close()
  await expect(enter(other, 'budi')).rejects.toMatchObject({ code: 'BANNED' })
})

test('who comes from another host finds what they saw there, in rooms in use and others, and sees every room', async () => {
  const { one, other, enter } = await twoHosts()
  const ani = await enter(one, 'ani')
  for (const { journal } of [one, other]) journal.hold(true)
  await say(ani, 'halo')
  const first = await enter(other, 'budi')
  expect(first.session.last).toBe(1)
  await say(ani, 'lagi')
  const second = await enter(other, 'cici')
  expect(second.session.last).toBe(2)
  expect(await second.session.history(10)).toHaveLength(2)
  const elsewhere = await one.tamtam.engine.join({ room: 'dapur', name: 'dewi' })
  await elsewhere.send({ type: 'say', text: 'x' })
  other.journal.hold(false)
  await until('the new room', async () =>
    (await other.tamtam.engine.rooms()).some(({ name, last }) => name === 'dapur' && last === 1),
  )
})

test('a message that is removed at one host is erased at the other', async () => {
  const { one, other, enter } = await twoHosts()
  const [ani, budi] = [await enter(one, 'ani'), await enter(other, 'budi')]
  await say(ani, 'rahasia')
  await ani.session.send({ type: 'removeMessage', seq: 1 })
  await until('the removal', () => typesOf(budi).includes('messageRemoved'))
  await until('it is erased', async () => (await other.journal.read('lobby', 0, 10))[0]?.entries[0]?.type === 'erased')
  expect((await budi.session.history(10)).map(({ type }) => type)).toEqual(['erased', 'messageRemoved'])
})

const namesIn = ({ session }: Member) => session.members.map(({ name }) => name).sort()
const newsOf = ({ shown }: Member) =>
  shown.flatMap((event) => ('by' in event && !('seq' in event) ? [`${event.by.name} ${event.type}`] : []))

test('members of both hosts are in one list, hear of each other, whisper, and are made moderators and kicked from either', async () => {
  const { one, other, enter } = await twoHosts()
  const ani = await enter(one, 'ani', 'owner')
  const budi = await enter(other, 'budi')
  const cici = await enter(other, 'cici')
  await until('cici', () => namesIn(ani).length === 3)
  for (const member of [ani, budi, cici]) expect(namesIn(member)).toEqual(['ani', 'budi', 'cici'])
  expect(newsOf(ani)).toEqual(['budi joined', 'cici joined'])
  expect(newsOf(budi)).toEqual(['cici joined'])

  expect(await budi.session.send({ type: 'whisper', to: 'ani', text: 'psst' })).toMatchObject({ type: 'ack' })
  await until('the whisper', () => typesOf(ani).includes('whispered'))
  expect(typesOf(cici)).not.toContain('whispered')
  await budi.session.send({ type: 'away', reason: 'kopi' })
  await until('the absence', () => ani.session.members.some(({ away }) => away === 'kopi'))
  expect(await cici.session.send({ type: 'rename', name: 'citra' })).toMatchObject({ type: 'ack' })
  await until('the new name', () => namesIn(ani).includes('citra'))
  await ani.session.send({ type: 'op', name: 'budi' })
  await until('the rank', () => budi.session.member.role === 'op')

  // Of two moderators on two hosts none kicks the other, nor the owner; the owner does, and who is kicked is out.
  expect(await budi.session.send({ type: 'kick', name: 'ani' })).toMatchObject({ code: 'NOT_ALLOWED' })
  expect(await ani.session.send({ type: 'kick', name: 'citra', reason: 'enough' })).toMatchObject({ type: 'ack' })
  await until('the kick', () => namesIn(ani).length === 2)
  expect(cici.session.kicked).toMatchObject({ code: 'NOT_A_MEMBER', message: 'kicked by ani: enough' })
  expect(ani.shown.findLast(({ type }) => type === 'left')).toMatchObject({ kickedBy: { name: 'ani' } })
  await budi.session.close('went home')
  await until('the leaving', () => namesIn(ani).length === 1)
  expect(newsOf(ani).slice(2)).toEqual(['budi away', 'citra renamed', 'citra left', 'budi left'])
})

test('a member with both hosts comes once and goes once, and whoever enters a room first on either has founded it', async () => {
  const { one, other } = await twoHosts(true)
  const inDen = (host: typeof one, name: string, member: string) =>
    host.tamtam.engine.join({ room: 'den', name, member, person: `p-${name}` })
  const [ani, budi] = [await inDen(one, 'ani', 'a'), await inDen(other, 'budi', 'b')]
  expect([ani.member.role, budi.member.role]).toEqual(['op', undefined])
  const shown: string[] = []
  ani.events$.subscribe((event) => shown.push(event.type))
  const again = await inDen(one, 'budi', 'b')
  await budi.close()
  expect(ani.members.map(({ id }) => id)).toEqual(['a', 'b'])
  const elsewhere = await inDen(other, 'cici', 'c')
  expect(elsewhere.members.map(({ id }) => id).sort()).toEqual(['a', 'b', 'c'])
  await again.close()
  await until('the leaving', () => shown.includes('left'))
  expect(shown).toEqual(['joined', 'left'])
  await until('the same elsewhere', () => elsewhere.members.length === 2)
  // The room's founder is kept with its first entry, whoever says it.
  await elsewhere.send({ type: 'say', text: 'halo' })
  await until('the founder', () => shown.includes('opped'))
  expect(ani.member.role).toBe('op')
})
