import type { ClientsLoad } from '../load/clients.ts'
import { openFileLimit, residentBytes, withPeak } from '../load/measure.ts'
import { atMost, type Comparison, type Figures, plain } from '../run/compare.ts'
import { startHost } from '../run/servers.ts'
import type { Bench } from '../run/settings.ts'

const FILE_BYTES = 32e6
const MIB = 1024 * 1024
/** The most growth of the host's memory: a base, a share for each connection, and more for an attacker, which reads nothing or sends much. */
const GROWTH = { base: 128 * MIB, each: 64 * 1024, hostile: 512 * 1024 }
/** Readers come by these, as often as here. */
const PROTOCOLS: ClientsLoad['protocols'] = ['line', 'line', 'frames', 'websocket', 'http']
const CONNECTING_AT_ONCE = 50
const LINES_A_SECOND_AND_ROOM = 2
const KEPT_FILES = 300
/** Rates hold for clients of this machine too. */
const FROM_ELSEWHERE = {
  line: { rateOnLoopback: true },
  session: { rateOnLoopback: true },
  http: { rateOnLoopback: true },
}

/**
 * A host under stress: well-behaved clients of all protocols beside attackers and file transfers. Throws where one of them lost a line, got one
 * twice or out of order, or was cut, or where the host grew too much.
 */
export async function* stress(bench: Bench): AsyncGenerator<Comparison> {
  const { connections, hostile, rooms, seconds } = bench.settings.stress
  const files = openFileLimit() ?? Number.POSITIVE_INFINITY
  if (connections + KEPT_FILES > files) throw new Error(`this shell may open ${files} files only: ulimit -n`)
  const name = `${connections} connections`
  yield {
    id: 'stress',
    title: `Stress: ${name}, ${hostile} of them hostile, ${rooms} rooms, ${seconds} s`,
    contenders: [{ name, measure: () => stressed(bench) }],
    columns: ['lines', 'deliveries', 'p50 ms', 'p99 ms', 'files MB/s', LOOP, STEPS, GROWN],
    targets: [atMost(100, 'p99 on a machine with nothing else to do', plain('p99 ms', name), ' ms')],
    mostRounds: 1,
  }
}

const LOOP = 'event loop p99.9 ms'
/** The longest steps of the host, in processor time. */
const STEPS = 'step p99.9 CPU ms'
const GROWN = 'memory + MiB'

async function stressed({ processes, settings }: Bench): Promise<Figures> {
  const { connections, hostile, rooms, seconds } = settings.stress
  const server = await startHost(processes, { data: processes.newDirectory(), ...FROM_ELSEWHERE })
  const { port, pid } = server
  const begun = residentBytes(pid)
  const clients = { port, clients: connections - hostile, rooms, protocols: PROTOCOLS, atOnce: CONNECTING_AT_ONCE }
  await processes.generate('enter', clients)
  const [{ talked, attacks, ...figures }, peak] = await withPeak(pid, async () => {
    await processes.generateBeside('attack', { port, rooms, attackers: hostile })
    await processes.generateBeside('flood', { port, uploads: 1, downloads: 1, bytes: FILE_BYTES })
    await server.ask('watchDelay')
    await server.ask('watchSteps')
    const talking = { forMs: seconds * 1000, linesPerSecond: LINES_A_SECOND_AND_ROOM }
    return {
      talked: await processes.generate('talk', talking),
      [LOOP]: await server.ask('delay'),
      [STEPS]: await server.ask('steps'),
      'files MB/s': await processes.generateBeside('floodEnd'),
      attacks: await processes.generateBeside('attackEnd'),
    }
  })
  await processes.generate('leave')
  await server.stop()
  const { p50Ms, p99Ms, ...counts } = talked
  // Without /proc nothing is known of the host's memory.
  const grown = Number.isNaN(begun) ? 0 : peak - begun
  const most = GROWTH.base + connections * GROWTH.each + hostile * GROWTH.hostile
  if (counts.lost + counts.wrong + counts.cut > 0) throw new Error(`of the well-behaved: ${JSON.stringify(counts)}`)
  if (grown > most) throw new Error(`the host grew by ${grown / MIB} MiB, and ${most / MIB} are the most`)
  return { ...counts, ...attacks, ...figures, 'p50 ms': p50Ms, 'p99 ms': p99Ms, [GROWN]: grown / MIB }
}
