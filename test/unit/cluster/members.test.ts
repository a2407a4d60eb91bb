import { describe, expect, test } from 'vitest'
import { MemoryBus, MemoryHub } from '#cluster/bus.ts'
import { MemberCodec } from '#cluster/member-message.ts'
import { askToForget, type Beat, ClusterMembers, listenForBeats } from '#cluster/members.ts'
import { Subjects } from '#cluster/subjects.ts'
import { ManualClock } from '#system/clock.ts'
import { MemoryLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { joined, NotedRoom, sharedMembersContract } from '../../contract/storage/shared-members-contract.ts'
import { until } from '../../harness/patience.ts'

const subjects = new Subjects('tamtam', 1)

async function opened(count: number, key?: string) {
  const hub = new MemoryHub()
  const clock = new ManualClock()
  const ports = { clock, log: new MemoryLog(), metrics: new MemoryMetrics() }
  const node = (bus: MemoryBus, name: string) => ({
    bus,
    members: new ClusterMembers({ ...ports, subjects, key, version: '1', lagMs: () => 12.3, bus, node: name }),
  })
  const hosts = Array.from({ length: count }, (_, index) => node(new MemoryBus(hub), `n${index}`))
  const opening = Promise.all(hosts.map(({ members }) => members.open()))
  clock.advance(1000)
  await opening
  const [one, other] = hosts
  if (one === undefined || other === undefined) throw new Error('there are two')
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      clock.advance(1000)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { hub, clock, hosts, one, other, pass, node }
}

/** A room of two nodes: ani and budi are with the first. */
async function inRoom() {
  const cluster = await opened(2, 'key')
  const [here, there] = [new NotedRoom('ani', 'budi'), new NotedRoom()]
  await cluster.one.members.enter('lobby', here)
  await cluster.other.members.enter('lobby', there)
  return { ...cluster, here, there }
}

describe('P8 ClusterMembers over a bus in memory', () => {
  const contract = sharedMembersContract(async (count) => {
    const { hosts } = await opened(count)
    const members = hosts.map((each) => each.members)
    return { hosts: members, dispose: async () => void (await Promise.all(members.map((each) => each.close()))) }
  })
  for (const { name, run } of contract) test(name, run)
})

test('a node that is gone is forgotten by the others, and none that lives', async () => {
  const { one, other, pass } = await opened(2, 'key')
  const ask = (node: string) => askToForget(one.bus, subjects, 'key', { host: one.members.host, node })
  one.members.onForget(async (node) => ({ copying: 2, lost: [{ room: 'lobby', name: node }] }))
  expect([await ask('n0'), await ask('n1')]).toEqual([undefined, undefined])
  other.bus.isConnected = false
  await pass(8)
  expect(await ask('n1')).toEqual({ copying: 2, lost: [{ room: 'lobby', name: 'n1' }] })
  one.members.onForget(async () => await Promise.reject(new Error('no answer')))
  expect(await ask('n1')).toBeUndefined()
})

test('news that are lost on the way are found out by the next, or where no more come, by a number that is told again', async () => {
  const { one, here, there, pass } = await inRoom()
  const lost = (name: string) => {
    one.bus.loses = (subject) => subject.includes('.p.')
    here.own.push(joined(name))
    one.members.tell('lobby', [joined(name)])
    one.bus.loses = () => false
  }
  lost('cici')
  here.own.push(joined('dodi'))
  one.members.tell('lobby', [joined('dodi')])
  await until('the list', () => there.lists.length === 2)
  expect([there.lists.at(-1), there.heard]).toEqual(['ani budi cici dodi', []])
  lost('eka')
  await pass(11)
  expect(there.lists.at(-1)).toBe('ani budi cici dodi eka')
  // All of it is known: nothing is asked any more.
  const asked = there.lists.length
  await pass(25)
  expect(there.lists).toHaveLength(asked)
})

test('C126 a node that is not heard for six seconds is gone with its members, and is asked anew when it is heard again', async () => {
  const { one, there, pass } = await inRoom()
  one.bus.loses = () => true
  await pass(5)
  expect(there.lists).toEqual(['ani budi'])
  await pass(3)
  expect(there.lists).toEqual(['ani budi', ': their machine is gone'])
  one.bus.loses = () => false
  await pass(2)
  expect(there.lists.at(-1)).toBe('ani budi')
})

test('a node that is cut off does not take the others for dead, and asks them when it is back', async () => {
  const { other, there, here, one, pass } = await inRoom()
  other.bus.isConnected = false
  await pass(20)
  here.own.push(joined('cici'))
  one.members.tell('lobby', [joined('cici')])
  expect(there.lists).toEqual(['ani budi'])
  other.bus.isConnected = true
  await pass(2)
  expect(there.lists).toEqual(['ani budi', 'ani budi cici'])
})

test('a second node of the same name is refused while the first lives, and so is one of two that start at once', async () => {
  const { hub, clock, one, node } = await opened(2)
  const start = async (...nodes: readonly { readonly members: ClusterMembers }[]) => {
    const starting = Promise.allSettled(nodes.map(({ members }) => members.open()))
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(1000)
    return (await starting).map((each) => (each.status === 'fulfilled' ? 'started' : each.reason.code))
  }
  const make = () => node(new MemoryBus(hub), 'n0')
  const twin = make()
  expect(await start(twin)).toEqual(['CLUSTER_NODE_TAKEN'])
  await one.members.close()
  expect((await start(twin, make())).toSorted()).toEqual(['CLUSTER_NODE_TAKEN', 'started'])
})

test('who listens hears of each node once a second: its name, its members and how far it is behind', async () => {
  const { hub, hosts, pass } = await inRoom()
  const beats = new Map<string, Beat>()
  listenForBeats(new MemoryBus(hub), subjects, 'key', (beat) => beats.set(beat.node, beat))
  listenForBeats(new MemoryBus(hub), subjects, 'another', (beat) => beats.set('forged', beat))
  await pass(1)
  const [host] = hosts.map(({ members }) => members.host)
  expect([...beats.keys()]).toEqual(['n0', 'n1'])
  expect(beats.get('n0')).toEqual({ host, node: 'n0', members: 2, lagMs: 12, version: '1' })
})

test('C133 what was not sealed with the key, for its subject, or is no message of nodes, is left out', async () => {
  const { other, there } = await inRoom()
  const subject = subjects.members('lobby')
  const message = { host: 'n9.forged', number: 1, news: [joined('eve')] }
  const torn = new MemberCodec('key').encodeNews(subject, message).slice(0, -1)
  for (const data of [
    new MemberCodec('another').encodeNews(subject, message),
    new MemberCodec('key').encodeNews(subjects.members('hall'), message),
    ...[torn, new Uint8Array(), new Uint8Array(40), Buffer.alloc(2_000_000)],
    new MemberCodec('key').encodeNews(subject, { ...message, host: 'no host' }),
  ])
    other.bus.publish(subject, data)
  await new Promise((resolve) => setImmediate(resolve))
  expect([there.heard, there.lists]).toEqual([[], ['ani budi']])
})
