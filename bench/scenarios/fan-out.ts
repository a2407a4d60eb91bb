import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { FanOutLoad, FanOutResult } from '../load/fan-out.ts'
import { figure, finding, type Section, table } from '../report/section.ts'
import type { Server } from '../run/processes.ts'
import { alternate, median, type Rounds, ratio, typical } from '../run/rounds.ts'
import { type Contender, contenders, natsVersion } from '../run/servers.ts'
import type { Bench } from '../run/settings.ts'

interface Shape {
  readonly members: number
  readonly senders: number
  readonly window: number
}

const ONE_SENDS: Shape = { members: 100, senders: 1, window: 64 }
const TEN_SEND: Shape = { members: 100, senders: 10, window: 16 }
const SHAPES: readonly Shape[] = [
  { members: 10, senders: 10, window: 16 },
  ONE_SENDS,
  TEN_SEND,
  { members: 1000, senders: 100, window: 1 },
]
const ONE_IN_FLIGHT: Shape = { members: 100, senders: 1, window: 1 }
const STALLED = 20
const PAYLOAD_BYTES = 64
const BUSY_SHARE = 0.95
/** So much of one processor used by others, and the figures are more about them than about us. */
const DISTURBING_SHARE = 0.3
const SYNCS = 200
const PAGE_BYTES = 4096

const rate = (result: FanOutResult) => result.deliveriesPerSecond
const cpu = (result: FanOutResult) => result.cpuUs
const p50 = (result: FanOutResult) => result.p50Ms
const p99 = (result: FanOutResult) => result.p99Ms
const ownShare = (result: FanOutResult) => result.generatorShare

/** A load of this shape on this server, measured by the generator. */
function fanOut(bench: Bench, shape: Shape, stalled = 0) {
  return (server: Server, { wire }: Contender): Promise<FanOutResult> => {
    const { warmUpMs, measureMs } = bench
    const { port, pid } = server
    const load: FanOutLoad = { ...shape, stalled, port, pid, wire, payloadBytes: PAYLOAD_BYTES, warmUpMs, measureMs }
    return bench.processes.generate({ type: 'fanOut', load })
  }
}

const titleOf = ({ members, senders, window }: Shape): string =>
  `${members} members, ${senders === members ? 'all send' : senders === 1 ? '1 sends' : `${senders} send`}, ${window} in flight each`

type Pick = (result: FanOutResult) => number | undefined

/** Columns of medians over the rounds, for rows of contenders' names. */
const medians = (rounds: Rounds<FanOutResult>, columns: Readonly<Record<string, Pick>>) =>
  Object.fromEntries(
    Object.entries(columns).map(([head, of]) => [head, (name: string) => typical(rounds, name, of)] as const),
  )

export async function fanout(bench: Bench): Promise<readonly Section[]> {
  const all = contenders(bench.processes)
  const nats = natsVersion()
  const taking = [all.memory, all.durable, all.batch]
  if (bench.settings.each) taking.push(all.each)
  if (nats !== undefined) taking.push(all.nats)
  const sections: Section[] = []
  for (const shape of SHAPES) {
    bench.report(`fan-out: ${titleOf(shape)}`)
    const rounds = await alternate(bench.settings.rounds, taking, fanOut(bench, shape))
    sections.push(sectionOf(shape, rounds, taking, nats))
  }
  return sections
}

function sectionOf(
  shape: Shape,
  rounds: Rounds<FanOutResult>,
  taking: readonly Contender[],
  nats: string | undefined,
): Section {
  const to = (name: string, other: string, of: Pick = rate) => ratio(rounds, name, other, of)
  const findings = [
    finding('memory to batch', to('memory', 'batch'), ' ×', { atLeast: 0.6 }),
    finding('durable to memory', to('durable', 'memory'), ' ×', { atLeast: 0.5 }),
  ]
  // Processor time as its inverse, so that more is better in this table as everywhere.
  const perDelivery = 'nats to durable, processor time for each delivery'
  if (nats !== undefined)
    findings.push(
      finding('memory to nats', to('memory', 'nats'), ' ×', { atLeast: 2 }),
      finding(perDelivery, to('nats', 'durable', cpu), ' ×', { atLeast: 2 }),
    )
  const others = median(taking.map(({ name }) => typical(rounds, name, (result) => result.otherShare)))
  const busy = taking.filter(({ name }) => typical(rounds, name, ownShare) > BUSY_SHARE).map(({ name }) => name)
  const notes = [nats ?? 'left out: there is no nats-server in PATH']
  if (busy.length > 0) notes.push(`the generator was the limit for ${busy.join(', ')}: compare processor time there`)
  if (others > DISTURBING_SHARE)
    notes.push(`other programs kept ${figure(others)} processors busy: measure again when the machine is quiet`)
  return {
    title: `Fan-out, 64-byte lines: ${titleOf(shape)}`,
    ...table(
      'server',
      taking.map(({ name }) => [name, name]),
      {
        ...medians(rounds, {
          'lines in/s': (result) => result.linesPerSecond,
          'deliveries/s': rate,
          'CPU µs/delivery': cpu,
          'p50 ms': p50,
          'p99 ms': p99,
        }),
        '× batch': (name) => to(name, 'batch'),
        ...medians(rounds, { 'generator CPU': ownShare, 'other CPU': (result) => result.otherShare }),
      },
    ),
    findings,
    notes,
    raw: Object.fromEntries(rounds),
  }
}

/** Fan-out over frames and WebSockets, beside the line server and a Socket.IO server with the same task. */
export async function sessions(bench: Bench): Promise<readonly Section[]> {
  const { memory, frames, websocket, 'socket.io': socketIo } = contenders(bench.processes)
  const taking = [memory, frames, websocket, socketIo]
  const sections: Section[] = []
  for (const shape of [ONE_SENDS, TEN_SEND]) {
    bench.report(`sessions: ${titleOf(shape)}`)
    const rounds = await alternate(bench.settings.rounds, taking, fanOut(bench, shape))
    const to = (name: string, other: string, of: Pick = rate) => ratio(rounds, name, other, of)
    const perDelivery = 'Socket.IO to WebSocket, processor time for each delivery'
    sections.push({
      title: `Sessions, 64-byte texts: ${titleOf(shape)}`,
      ...table(
        'server',
        taking.map(({ name }) => [name === 'memory' ? 'line' : name, name]),
        {
          ...medians(rounds, { 'deliveries/s': rate, 'CPU µs/delivery': cpu, 'p50 ms': p50, 'p99 ms': p99 }),
          '× Socket.IO': (name) => to(name, 'socket.io'),
          ...medians(rounds, { 'generator CPU': ownShare }),
        },
      ),
      findings: [
        finding('frames to line', to('frames', 'memory')),
        finding('WebSocket to frames', to('websocket', 'frames')),
        finding('WebSocket to Socket.IO', to('websocket', 'socket.io'), ' ×', { atLeast: 1 }),
        finding(perDelivery, to('socket.io', 'websocket', cpu), ' ×', { atLeast: 1 }),
      ],
      notes: [],
      raw: Object.fromEntries(rounds),
    })
  }
  return sections
}

/** One message in flight: its time to all others, and the cost of keeping it. */
export async function latency(bench: Bench): Promise<readonly Section[]> {
  const all = contenders(bench.processes)
  const taking = [all.each, all.memory, all.durable]
  const syncs: number[] = []
  const run = fanOut(bench, ONE_IN_FLIGHT)
  bench.report('latency: one message in flight')
  const rounds = await alternate(bench.settings.rounds, taking, (server, contender) => {
    if (contender.name === 'durable') syncs.push(syncMs(bench.processes.directory))
    return run(server, contender)
  })
  const extra = (rounds.get('durable') ?? []).map((durable, round) => {
    const memory = rounds.get('memory')?.[round]?.p50Ms ?? Number.NaN
    return (durable.p50Ms - memory) / (syncs[round] ?? Number.NaN)
  })
  const toEach = (name: string) => ratio(rounds, name, 'each', p50)
  return [
    {
      title: 'Latency: 100 members, 1 message in flight',
      ...table(
        'server',
        taking.map(({ name }) => [name, name]),
        { ...medians(rounds, { 'p50 ms': p50, 'p99 ms': p99 }), '× each (p50)': toEach },
      ),
      findings: [
        finding('memory to each, p50', toEach('memory'), ' ×', { atMost: 1.2 }),
        finding('durable less memory, p50, in syncs', median(extra), '', { atMost: 2 }),
        finding('one fdatasync on the same disk', median(syncs), ' ms'),
      ],
      notes: [],
      raw: { rounds: Object.fromEntries(rounds), syncs },
    },
  ]
}

/** The median time of one small write and its sync, here and now. */
function syncMs(directory: string): number {
  const path = join(directory, 'sync.probe')
  const file = openSync(path, 'w')
  const page = Buffer.alloc(PAGE_BYTES, 1)
  try {
    const times: number[] = []
    for (let index = 0; index < SYNCS; index++) {
      const started = performance.now()
      writeSync(file, page)
      fdatasyncSync(file)
      times.push(performance.now() - started)
    }
    return median(times)
  } finally {
    closeSync(file)
    rmSync(path)
  }
}

/** Whether members that never read slow the others down. */
export async function stalled(bench: Bench): Promise<readonly Section[]> {
  const { memory } = contenders(bench.processes)
  const beside: FanOutResult[] = []
  bench.report(`stalled: ${STALLED} of ${TEN_SEND.members + STALLED} members never read`)
  const alone = await alternate(bench.settings.rounds, [memory], async (server, contender) => {
    beside.push(await fanOut(bench, TEN_SEND, STALLED)(server, contender))
    return fanOut(bench, TEN_SEND)(server, contender)
  })
  const without = alone.get('memory') ?? []
  const ratios = beside.map((each, round) => rate(each) / (without[round]?.deliveriesPerSecond ?? Number.NaN))
  const rows = [
    ['100', without],
    [`100 and ${STALLED}`, beside],
  ] as const
  return [
    {
      title: `Stalled: 100 members, 10 send, 16 in flight, beside ${STALLED} who never read`,
      ...table<readonly FanOutResult[]>('members', rows, {
        'deliveries/s': (results) => median(results.map(rate)),
        'p99 ms': (results) => median(results.map(p99)),
      }),
      findings: [finding('with to without them', median(ratios), ' ×', { atLeast: 0.9 })],
      notes: [],
      raw: { without, beside },
    },
  ]
}
