import type { TalkResult } from '../load/crowd.ts'
import { figure, type Section } from '../report/section.ts'
import { startHost } from '../run/contenders.ts'
import type { Server } from '../run/processes.ts'
import { median } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'

const UPLOADS = 2
const DOWNLOADS = 2
/** A hundred rooms, in each of which one of five says a line a second. */
const CROWD = { members: 500, roomSize: 5 }
const FILE_BYTES = 64e6
const MOST_MS = 20
const MOST_TIMES_IDLE = 5
/** Measured longer than a fan-out: the figure is a hundredth of the lines. */
const TIMES_AS_LONG = 4

interface Talk extends TalkResult {
  readonly delayMs: number
  readonly megabytesPerSecond: number
}

/** What people who talk notice of files that move as fast as they go. */
export async function chat(bench: Bench): Promise<readonly Section[]> {
  const { settings, processes } = bench
  const found = { idle: [] as Talk[], beside: [] as Talk[], apart: [] as Talk[] }
  for (let round = 0; round < settings.rounds; round++) {
    bench.say(`chat beside files: round ${round + 1}`)
    const server = await startHost(processes, { data: processes.newDirectory() })
    try {
      const measure = {
        idle: async () => found.idle.push(await talk(bench, server)),
        beside: async () => found.beside.push(await besideFiles(bench, server, server)),
        apart: async () => {
          const other = await startHost(processes, { data: processes.newDirectory() })
          found.apart.push(await besideFiles(bench, server, other).finally(() => other.stop()))
        },
      }
      const order = ['idle', 'beside', 'apart'] as const
      for (const name of round % 2 === 0 ? order : order.toReversed()) await measure[name]()
    } finally {
      await server.stop()
    }
  }
  const typical = (results: readonly Talk[], of: (result: Talk) => number) => median(results.map(of))
  const p99 = ({ p99Ms }: Talk) => p99Ms
  const timesThat = (others: readonly Talk[]) =>
    median(found.beside.map((each, round) => each.p99Ms / (others[round]?.p99Ms ?? Number.NaN)))
  const row = (name: string, results: readonly Talk[]) => [
    name,
    figure(typical(results, ({ p50Ms }) => p50Ms)),
    figure(typical(results, p99)),
    figure(typical(results, ({ delayMs }) => delayMs)),
    figure(typical(results, ({ megabytesPerSecond }) => megabytesPerSecond)),
  ]
  return [
    {
      title: `Chat while files move: ${UPLOADS} uploads and ${DOWNLOADS} downloads over HTTP, 100 lines a second, kept on disk`,
      head: ['', 'p50 ms', 'p99 ms', 'event loop p99.9 ms', 'files MB/s'],
      rows: [
        row('no files', found.idle),
        row('files flat out', found.beside),
        row('files flat out on a host of their own', found.apart),
      ],
      findings: [
        { what: 'p99 beside files', value: typical(found.beside, p99), unit: ' ms', target: { atMost: MOST_MS } },
        {
          what: 'beside files to without',
          value: timesThat(found.idle),
          unit: ' ×',
          target: { atMost: MOST_TIMES_IDLE },
        },
        { what: 'to files on a host of their own', value: timesThat(found.apart), unit: ' ×' },
        {
          what: 'event loop p99.9 meanwhile',
          value: typical(found.beside, ({ delayMs }) => delayMs),
          unit: ' ms',
          target: { atMost: 50 },
        },
      ],
      notes: [
        'who uploads, downloads and talks shares the processors with the host',
        'with files on a host of their own the one that is talked on has nothing to do with them: what is left is the machine’s',
      ],
      raw: found,
    },
  ]
}

async function besideFiles(bench: Bench, flooded: Server, server: Server): Promise<Talk> {
  const load = { port: flooded.port, uploads: UPLOADS, downloads: DOWNLOADS, bytes: FILE_BYTES }
  await bench.processes.generate({ type: 'flood', load }, 'beside')
  const talked = await talk(bench, server)
  const megabytesPerSecond = await bench.processes.generate<number>({ type: 'floodEnd' }, 'beside')
  return { ...talked, megabytesPerSecond }
}

async function talk({ processes, measureMs }: Bench, server: Server): Promise<Talk> {
  await processes.generate({ type: 'crowd', load: { ...CROWD, port: server.port } })
  await server.ask('watchDelay')
  const forMs = measureMs * TIMES_AS_LONG
  const talked = await processes.generate<TalkResult>({ type: 'crowdTalk', forMs })
  const delayMs = await server.ask('delay')
  await processes.generate({ type: 'crowdLeave' })
  return { ...talked, delayMs, megabytesPerSecond: 0 }
}
