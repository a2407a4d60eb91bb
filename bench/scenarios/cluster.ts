import { connect, type RoomSession } from '#app/index.ts'
import { atLeast, atMost, type Comparison, type Figures, median, plain, ratio } from '../run/compare.ts'
import { howToGetNats, natsProgram, startNats } from '../run/nats.ts'
import type { Server } from '../run/processes.ts'
import { startHost } from '../run/servers.ts'
import type { Bench } from '../run/settings.ts'

/** Lines that each speaker has under way where it is busy. */
const AT_ONCE = 16

/** Nodes around NATS, which sync on every server what they acknowledge, beside one host on its disk. */
export async function* cluster(bench: Bench): AsyncGenerator<Comparison> {
  const { nodes: count, clusterRooms } = bench.settings.sizes
  const program = natsProgram
  const nodes = `${count} nodes`
  const alone = {
    name: 'one host',
    measure: async () => {
      const host = await startHost(bench.processes, { data: bench.processes.newDirectory() })
      return await measured(bench, [host]).finally(() => host.stop())
    },
  }
  const around = (nats: string) => ({
    name: nodes,
    measure: async () => {
      const servers = await startNats(bench.processes, nats, count < 3 ? 1 : 3)
      const urls = servers.map(({ port }) => `nats://127.0.0.1:${port}`)
      const starting = Array.from({ length: count }, (_, index) =>
        startHost(bench.processes, {
          data: bench.processes.newDirectory(),
          cluster: { servers: urls, node: `n${index}`, drainMs: 0 },
        }),
      )
      const hosts = await Promise.all(starting)
      try {
        return await measured(bench, hosts)
      } finally {
        for (const each of [...hosts, ...servers]) await each.stop()
      }
    },
  })
  yield {
    id: 'cluster',
    title: `Cluster: ${count} nodes around NATS, and all of it on this machine`,
    contenders: [alone, ...(program === undefined ? [] : [around(program)])],
    columns: [
      'acknowledged p50 ms',
      'p99 ms',
      'shown elsewhere p50 ms',
      'lines/s in many rooms',
      'busy room, lines/s',
      'least share',
    ],
    targets: [
      atMost(3, 'acknowledged by nodes, p50', plain('acknowledged p50 ms', nodes), ' ms'),
      atMost(15, 'acknowledged by nodes, p99', plain('p99 ms', nodes), ' ms'),
      atMost(
        1.3,
        'shown at another node to acknowledged',
        (round) => round(nodes, 'shown elsewhere p50 ms') / round(nodes, 'acknowledged p50 ms'),
      ),
      atLeast(0.8, 'one room, the least busy node to the busiest', plain('least share', nodes)),
      atLeast(0.1, 'lines of many rooms, nodes to one host', ratio('lines/s in many rooms', nodes, 'one host')),
    ],
    notes: [
      `many rooms: ${clusterRooms}, at one node, ${AT_ONCE} lines under way in each; a busy room: so many under way at each node`,
      ...(program === undefined ? [`not measured: ${nodes}: ${howToGetNats}`] : []),
    ],
  }
}

async function measured(bench: Bench, hosts: readonly Server[]): Promise<Figures> {
  const { measureMs, warmUpMs, clusterRooms } = bench.settings.sizes
  const sessions: RoomSession[] = []
  const enter = async ({ port }: Server, name: string, room: string) => {
    const session = await connect(`${name}@127.0.0.1:${port}/${room}`, { transport: 'frames' })
    sessions.push(session)
    return session
  }
  const [first] = hosts
  const last = hosts.at(-1)
  if (first === undefined || last === undefined) throw new Error('there is a host')
  try {
    const [ani, budi] = [await enter(first, 'ani', 'lobby'), await enter(last, 'budi', 'lobby')]
    await oneByOne(ani, budi, warmUpMs)
    const { acknowledged, shown } = await oneByOne(ani, budi, measureMs)
    const speakers = await Promise.all(hosts.map((host, index) => enter(host, `s${index}`, 'busy')))
    await Promise.all(speakers.map((speaker) => saysFor(speaker, warmUpMs)))
    const said = await Promise.all(speakers.map((speaker) => saysFor(speaker, measureMs)))
    const inRooms = await Promise.all(
      Array.from({ length: clusterRooms }, (_, index) => enter(first, `r${index}`, `r${index}`)),
    )
    await Promise.all(inRooms.map((speaker) => saysFor(speaker, warmUpMs)))
    const inAll = await Promise.all(inRooms.map((speaker) => saysFor(speaker, measureMs)))
    const perSecond = (lines: readonly number[]) => (lines.reduce((sum, each) => sum + each, 0) / measureMs) * 1000
    return {
      'acknowledged p50 ms': median(acknowledged),
      'p99 ms': acknowledged.toSorted((one, other) => one - other)[Math.floor(acknowledged.length * 0.99)],
      'shown elsewhere p50 ms': median(shown),
      'lines/s in many rooms': perSecond(inAll),
      'busy room, lines/s': perSecond(said),
      ...(hosts.length > 1 ? { 'least share': Math.min(...said) / Math.max(...said) } : {}),
    }
  } finally {
    await Promise.all(sessions.map((session) => session.close()))
  }
}

async function sayOne(session: RoomSession, text: string): Promise<void> {
  const answer = await session.send({ type: 'say', text })
  if (answer.type === 'rejected') throw new Error(`a line was refused: ${answer.code} ${answer.message}`)
}

/** One line after the other: the time until it was acknowledged, and until another saw it. */
async function oneByOne(speaker: RoomSession, reader: RoomSession, forMs: number) {
  const [acknowledged, shown]: [number[], number[]] = [[], []]
  let seen = Promise.withResolvers<number>()
  const reading = reader.events$.subscribe((event) => event.type === 'said' && seen.resolve(performance.now()))
  for (const until = performance.now() + forMs; performance.now() < until; ) {
    seen = Promise.withResolvers()
    const at = performance.now()
    await sayOne(speaker, 'a line of some forty letters, as people do')
    acknowledged.push(performance.now() - at)
    shown.push((await seen.promise) - at)
  }
  reading.unsubscribe()
  return { acknowledged, shown }
}

/** Answers how many lines were acknowledged in time, with so many under way. */
async function saysFor(speaker: RoomSession, forMs: number): Promise<number> {
  const until = performance.now() + forMs
  let count = 0
  const run = async () => {
    while (performance.now() < until) {
      await sayOne(speaker, 'a line of some forty letters, as people do')
      if (performance.now() < until) count++
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
  return count
}
