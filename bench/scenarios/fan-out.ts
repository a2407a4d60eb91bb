import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { FanOutLoad } from '../load/fan-out.ts'
import type { WireName } from '../load/wire.ts'
import {
  atLeast,
  atMost,
  type Comparison,
  type Contender,
  type Figures,
  median,
  plain,
  ratio,
  type Target,
  told,
} from '../run/compare.ts'
import type { Server } from '../run/processes.ts'
import { type Console, type Speaker, type SpeakerName, speakers, startTamtam } from '../run/servers.ts'
import type { Bench } from '../run/settings.ts'

type Shape = Pick<FanOutLoad, 'members' | 'senders' | 'window'>

const TEN: Shape = { members: 10, senders: 10, window: 16 }
const ONE_SENDS: Shape = { members: 100, senders: 1, window: 64 }
const TEN_SEND: Shape = { members: 100, senders: 10, window: 16 }
const SHAPES: Readonly<Record<string, Shape>> = {
  ten: TEN,
  one: ONE_SENDS,
  hundred: TEN_SEND,
  thousand: { members: 1000, senders: 100, window: 1 },
}
const ONE_IN_FLIGHT: Shape = { members: 100, senders: 1, window: 1 }
const STALLED = 20
const PAYLOAD_BYTES = 64
const SYNCS = 200
const PAGE_BYTES = 4096

const RATE = 'deliveries/s'
const CPU = 'CPU µs/delivery'

const titleOf = ({ members, senders, window }: Shape): string =>
  `${members} members, ${senders === members ? 'all send' : senders === 1 ? '1 sends' : `${senders} send`}, ${window} in flight each`

/** Measures a load of this shape on a server, which is stopped then. */
async function load(bench: Bench, shape: Shape, wire: WireName, server: Server, stalled = 0): Promise<Figures> {
  const { warmUpMs, measureMs } = bench.settings.sizes
  const { port, pid } = server
  try {
    const load = { ...shape, stalled, port, pid, wire, payloadBytes: PAYLOAD_BYTES, warmUpMs, measureMs }
    return await bench.processes.generate('fanOut', load)
  } finally {
    await server.stop()
  }
}

const speaking = (bench: Bench, shape: Shape, { start, wire, ...about }: Speaker): Contender => ({
  ...about,
  measure: async () => load(bench, shape, wire, await start()),
})

export async function* fanout(bench: Bench): AsyncGenerator<Comparison> {
  const all = speakers(bench.processes)
  const each: readonly SpeakerName[] = bench.settings.each ? ['each'] : []
  const taking = [all.memory, all.durable, all.batch, ...each.map((name) => all[name]), all.nats]
  for (const [id, shape] of Object.entries(SHAPES).slice(0, bench.settings.sizes.shapes)) {
    yield {
      id: `fanout-${id}`,
      title: `Fan-out, 64-byte lines: ${titleOf(shape)}`,
      contenders: taking.map((speaker) => speaking(bench, shape, speaker)),
      columns: ['lines in/s', RATE, CPU, 'p50 ms', 'p99 ms', 'generator CPU'],
      base: { name: 'batch', figure: RATE },
      targets: targetsOf(id),
    }
  }
}

const targetsOf = (id: string): readonly Target[] => {
  const few = id === 'ten' ? ', ten members' : ''
  return [
    atLeast(few === '' ? 0.6 : 0.7, `memory to batch${few}`, ratio(RATE, 'memory', 'batch')),
    atLeast(0.5, `durable to memory${few}`, ratio(RATE, 'durable', 'memory')),
    atLeast(2, `memory to nats${few}`, ratio(RATE, 'memory', 'nats')),
    // Processor time as its inverse, so that more is better in this table as everywhere.
    atLeast(2, 'nats to durable, processor time for each delivery', ratio(CPU, 'nats', 'durable')),
  ]
}

/** Fan-out over frames and WebSockets, and then over IRC, beside the line server and a Socket.IO server with the same task. */
export async function* sessions(bench: Bench): AsyncGenerator<Comparison> {
  const { memory, frames, websocket, 'socket.io': socketIo } = speakers(bench.processes)
  for (const [id, shape] of Object.entries(SHAPES).slice(1, 3).slice(0, bench.settings.sizes.shapes)) {
    yield {
      id: `sessions-${id}`,
      title: `Sessions, 64-byte texts: ${titleOf(shape)}`,
      contenders: [{ ...memory, name: 'line' }, frames, websocket, socketIo].map((each) =>
        speaking(bench, shape, each),
      ),
      columns: [RATE, CPU, 'p50 ms', 'p99 ms', 'generator CPU'],
      base: { name: 'socket.io', figure: RATE },
      mostRounds: 2,
      targets: [
        told('frames to line', ratio(RATE, 'frames', 'line')),
        told('WebSocket to frames', ratio(RATE, 'websocket', 'frames')),
        atLeast(1, 'WebSocket to Socket.IO', ratio(RATE, 'websocket', 'socket.io')),
        atLeast(1, 'Socket.IO to WebSocket, processor time for each delivery', ratio(CPU, 'socket.io', 'websocket')),
      ],
    }
  }
  yield* ircRoom(bench)
}

/** Clients of IRC beside those of the line server, as many as a large room has. */
async function* ircRoom(bench: Bench): AsyncGenerator<Comparison> {
  const { memory, irc } = speakers(bench.processes)
  const [, shape = TEN] = Object.entries(SHAPES)[bench.settings.sizes.shapes - 1] ?? []
  yield {
    id: 'irc',
    title: `IRC, 64-byte texts: ${titleOf(shape)}`,
    contenders: [{ ...memory, name: 'line' }, irc].map((each) => speaking(bench, shape, each)),
    columns: [RATE, CPU, 'p50 ms', 'p99 ms', 'generator CPU'],
    base: { name: 'line', figure: RATE },
    targets: [
      atLeast(0.6, 'IRC to line', ratio(RATE, 'irc', 'line')),
      told('line to IRC, processor time for each delivery', ratio(CPU, 'line', 'irc')),
    ],
  }
}

/** One message in flight: its time to all others, and the cost of keeping it. */
export async function* latency(bench: Bench): AsyncGenerator<Comparison> {
  const { each, memory, durable } = speakers(bench.processes)
  const withSync = speaking(bench, ONE_IN_FLIGHT, durable)
  const sync = () => ({ 'sync ms': syncMs(bench.processes.directory) })
  const inSyncs: Target['of'] = (round) =>
    (round('durable', 'p50 ms') - round('memory', 'p50 ms')) / round('durable', 'sync ms')
  yield {
    id: 'latency',
    title: 'Latency: 100 members, 1 message in flight',
    contenders: [
      speaking(bench, ONE_IN_FLIGHT, each),
      speaking(bench, ONE_IN_FLIGHT, memory),
      { ...withSync, measure: async (round) => ({ ...sync(), ...(await withSync.measure(round)) }) },
    ],
    columns: ['p50 ms', 'p99 ms'],
    base: { name: 'each', figure: 'p50 ms' },
    targets: [
      atMost(1.2, 'memory to each, p50', ratio('p50 ms', 'memory', 'each')),
      atMost(2, 'durable less memory, p50, in syncs', inSyncs, ''),
      told('one fdatasync on the same disk', plain('sync ms', 'durable'), ' ms'),
    ],
  }
}

/** The median time of one small write and its sync, here and now. */
function syncMs(directory: string): number {
  const path = join(directory, 'sync.probe')
  const file = openSync(path, 'w')
  const page = Buffer.alloc(PAGE_BYTES, 1)
  try {
    return median(
      Array.from({ length: SYNCS }, () => {
        const started = performance.now()
        writeSync(file, page)
        fdatasyncSync(file)
        return performance.now() - started
      }),
    )
  } finally {
    closeSync(file)
    rmSync(path)
  }
}

/** Whether members that never read slow the others down. */
export async function* stalled(bench: Bench): AsyncGenerator<Comparison> {
  const { memory } = speakers(bench.processes)
  const beside = `beside ${STALLED} who never read`
  const contender = (name: string, count: number): Contender => ({
    name,
    measure: async () => load(bench, TEN_SEND, 'line', await memory.start(), count),
  })
  yield {
    id: 'stalled',
    title: `Stalled: ${titleOf(TEN_SEND)}, ${beside}`,
    contenders: [contender('alone', 0), contender(beside, STALLED)],
    columns: [RATE, 'p99 ms'],
    targets: [atLeast(0.9, 'with to without them', ratio(RATE, beside, 'alone'))],
  }
}

const CONSOLES: Readonly<Record<Console, string>> = {
  quiet: '--quiet',
  terminal: 'at a terminal',
  file: 'text in a file',
  json: '--json in a pipe',
}

/** The host as `npm start` starts it: its console is a member of the room, and what is said is printed. */
export async function* consoles(bench: Bench): AsyncGenerator<Comparison> {
  yield {
    id: 'console',
    title: `The host’s own console: ${titleOf(TEN)}, nothing kept`,
    contenders: Object.entries(CONSOLES).map(([console, name]) => ({
      name,
      ...(console === 'terminal' ? { needs: ['script'] } : {}),
      measure: async () => load(bench, TEN, 'line', await startTamtam(bench.processes, console as Console)),
    })),
    columns: [RATE, CPU, 'p50 ms', 'p99 ms'],
    base: { name: '--quiet', figure: RATE },
    mostRounds: 2,
    targets: [
      atLeast(0.9, 'text in a file to --quiet', ratio(RATE, CONSOLES.file, CONSOLES.quiet)),
      atLeast(0.9, '--json in a pipe to --quiet', ratio(RATE, CONSOLES.json, CONSOLES.quiet)),
      told('at a terminal to --quiet', ratio(RATE, CONSOLES.terminal, CONSOLES.quiet)),
    ],
  }
}
