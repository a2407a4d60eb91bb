import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { FanOutLoad } from '../load/fan-out.ts'
import type { WireName } from '../load/wire.ts'
import type { Section } from '../report/section.ts'
import { type Contender, compare, type Figures, median, plain, ratio, type Target } from '../run/compare.ts'
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
    return await bench.processes.generate<Figures>({
      type: 'fanOut',
      load: { ...shape, stalled, port, pid, wire, payloadBytes: PAYLOAD_BYTES, warmUpMs, measureMs },
    })
  } finally {
    await server.stop()
  }
}

const speaking = (bench: Bench, shape: Shape, { start, wire, ...about }: Speaker): Contender => ({
  ...about,
  measure: async () => load(bench, shape, wire, await start()),
})

export async function fanout(bench: Bench): Promise<readonly Section[]> {
  const all = speakers(bench.processes)
  const each: readonly SpeakerName[] = bench.settings.each ? ['each'] : []
  const taking = [all.memory, all.durable, all.batch, ...each.map((name) => all[name]), all.nats]
  const sections: Section[] = []
  for (const [id, shape] of Object.entries(SHAPES).slice(0, bench.settings.sizes.shapes)) {
    const section = await compare(bench, {
      id: `fanout-${id}`,
      title: `Fan-out, 64-byte lines: ${titleOf(shape)}`,
      contenders: taking.map((speaker) => speaking(bench, shape, speaker)),
      columns: ['lines in/s', RATE, CPU, 'p50 ms', 'p99 ms', 'generator CPU'],
      base: { name: 'batch', figure: RATE },
      targets: id === 'ten' ? [...TEN_MEMBERS, NATS_CPU] : [...MANY_MEMBERS, NATS_CPU],
    })
    sections.push(section)
  }
  return sections
}

const TEN_MEMBERS: readonly Target[] = [
  {
    what: 'memory to batch',
    of: ratio(RATE, 'memory', 'batch'),
    atLeast: 0.7,
    bound:
      'bound of memory to batch: with ten members each line is an event, a draft and a mail, about 5 µs, and goes to nine receivers only; batch makes nothing of a line',
  },
  {
    what: 'durable to memory',
    of: ratio(RATE, 'durable', 'memory'),
    atLeast: 0.5,
    bound:
      'bound of durable to memory: 160 lines are in flight, so a commit has about 80 of them, and one append is on its way at a time: thread, SQLite, sync, thread, some 0.3 to 0.5 ms; where a sync costs nothing it is 0.45 to 0.52',
  },
  {
    what: 'memory to nats',
    of: ratio(RATE, 'memory', 'nats'),
    atLeast: 2,
    bound:
      'bound of memory to nats: with nine receivers most of both servers’ work is reading and writing sockets, which is the same',
  },
]
const MANY_MEMBERS: readonly Target[] = [
  { what: 'memory to batch', of: ratio(RATE, 'memory', 'batch'), atLeast: 0.6 },
  { what: 'durable to memory', of: ratio(RATE, 'durable', 'memory'), atLeast: 0.5 },
  { what: 'memory to nats', of: ratio(RATE, 'memory', 'nats'), atLeast: 2 },
]
// Processor time as its inverse, so that more is better in this table as everywhere.
const NATS_CPU: Target = {
  what: 'nats to durable, processor time for each delivery',
  of: ratio(CPU, 'nats', 'durable'),
  atLeast: 2,
  bound: 'bound of the processor time: nats-server keeps nothing, durable puts every line on the disk',
}

/** Fan-out over frames and WebSockets, beside the line server and a Socket.IO server with the same task. */
export async function sessions(bench: Bench): Promise<readonly Section[]> {
  const { memory, frames, websocket, 'socket.io': socketIo } = speakers(bench.processes)
  const sections: Section[] = []
  for (const [id, shape] of Object.entries(SHAPES).slice(1, 3).slice(0, bench.settings.sizes.shapes)) {
    const section = await compare(bench, {
      id: `sessions-${id}`,
      title: `Sessions, 64-byte texts: ${titleOf(shape)}`,
      contenders: [{ ...memory, name: 'line' }, frames, websocket, socketIo].map((each) =>
        speaking(bench, shape, each),
      ),
      columns: [RATE, CPU, 'p50 ms', 'p99 ms', 'generator CPU'],
      base: { name: 'socket.io', figure: RATE },
      targets: [
        { what: 'frames to line', of: ratio(RATE, 'frames', 'line') },
        { what: 'WebSocket to frames', of: ratio(RATE, 'websocket', 'frames') },
        { what: 'WebSocket to Socket.IO', of: ratio(RATE, 'websocket', 'socket.io'), atLeast: 1 },
        {
          what: 'Socket.IO to WebSocket, processor time for each delivery',
          of: ratio(CPU, 'socket.io', 'websocket'),
          atLeast: 1,
        },
      ],
    })
    sections.push(section)
  }
  return sections
}

/** One message in flight: its time to all others, and the cost of keeping it. */
export async function latency(bench: Bench): Promise<readonly Section[]> {
  const { each, memory, durable } = speakers(bench.processes)
  const withSync = speaking(bench, ONE_IN_FLIGHT, durable)
  const sync = async () => ({ 'sync ms': syncMs(bench.processes.directory) })
  const section = await compare(bench, {
    id: 'latency',
    title: 'Latency: 100 members, 1 message in flight',
    contenders: [
      speaking(bench, ONE_IN_FLIGHT, each),
      speaking(bench, ONE_IN_FLIGHT, memory),
      { ...withSync, measure: async (round) => ({ ...(await sync()), ...(await withSync.measure(round)) }) },
    ],
    columns: ['p50 ms', 'p99 ms'],
    base: { name: 'each', figure: 'p50 ms' },
    targets: [
      { what: 'memory to each, p50', of: ratio('p50 ms', 'memory', 'each'), atMost: 1.2 },
      {
        what: 'durable less memory, p50, in syncs',
        of: (round) => (round('durable', 'p50 ms') - round('memory', 'p50 ms')) / round('durable', 'sync ms'),
        unit: '',
        atMost: 2,
      },
      { what: 'one fdatasync on the same disk', of: plain('sync ms', 'durable'), unit: ' ms' },
    ],
  })
  return [section]
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
export async function stalled(bench: Bench): Promise<readonly Section[]> {
  const { memory } = speakers(bench.processes)
  const beside = `beside ${STALLED} who never read`
  const contender = (name: string, count: number): Contender => ({
    name,
    measure: async () => load(bench, TEN_SEND, 'line', await memory.start(), count),
  })
  const section = await compare(bench, {
    id: 'stalled',
    title: `Stalled: ${titleOf(TEN_SEND)}, ${beside}`,
    contenders: [contender('alone', 0), contender(beside, STALLED)],
    columns: [RATE, 'p99 ms'],
    targets: [{ what: 'with to without them', of: ratio(RATE, beside, 'alone'), atLeast: 0.9 }],
  })
  return [section]
}

const CONSOLES: Readonly<Record<Console, string>> = {
  quiet: '--quiet',
  terminal: 'at a terminal',
  file: 'text in a file',
  json: '--json in a pipe',
}

/** The host as `npm start` starts it: its console is a member of the room, and what is said is printed. */
export async function consoles(bench: Bench): Promise<readonly Section[]> {
  const bound =
    'bound of the console: its text is made and written on the thread that serves the room, and who reads it takes a share of the two processors'
  const section = await compare(bench, {
    id: 'console',
    title: `The host’s own console: ${titleOf(TEN)}, nothing kept`,
    contenders: Object.entries(CONSOLES).map(([console, name]) => ({
      name,
      ...(console === 'terminal' ? { needs: ['script'] } : {}),
      measure: async () => load(bench, TEN, 'line', await startTamtam(bench.processes, console as Console)),
    })),
    columns: [RATE, CPU, 'p50 ms', 'p99 ms'],
    base: { name: '--quiet', figure: RATE },
    targets: [
      { what: 'text in a file to --quiet', of: ratio(RATE, CONSOLES.file, CONSOLES.quiet), atLeast: 0.9, bound },
      { what: '--json in a pipe to --quiet', of: ratio(RATE, CONSOLES.json, CONSOLES.quiet), atLeast: 0.9, bound },
      { what: 'at a terminal to --quiet', of: ratio(RATE, CONSOLES.terminal, CONSOLES.quiet) },
    ],
  })
  return [section]
}
