import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { SilentLog } from '#system/log.ts'
import type { EnterResult, TalkResult } from '../load/clients.ts'
import { openFileLimit, residentBytes } from '../load/measure.ts'
import { figure, finding, noTable, type Section, table } from '../report/section.ts'
import type { Server } from '../run/processes.ts'
import { alternate, median, typical } from '../run/rounds.ts'
import { contenders, startCommand, startHost } from '../run/servers.ts'
import type { Bench } from '../run/settings.ts'

const AT_ONCE = 100

/** Sends one line a second in each of the rooms. Throws where a line is lost, doubled or out of order. */
async function talk(bench: Bench, forMs: number): Promise<TalkResult> {
  const talked = await bench.processes.generate<TalkResult>({ type: 'talk', forMs, linesPerSecond: 1 })
  const { lost, wrong, cut } = talked
  if (lost + wrong + cut > 0) throw new Error(`${lost} lines lost, ${wrong} out of order, ${cut} connections cut`)
  return talked
}

const enter = (bench: Bench, port: number, clients: number, rooms: number, atOnce = AT_ONCE): Promise<EnterResult> =>
  bench.processes.generate({ type: 'enter', load: { port, clients, rooms, protocols: ['line'], atOnce } })

const ROOM_SIZE = 100
/** Open files that host and generator need for themselves. */
const KEPT_FILES = 300
const TALK_MS = 4000
const COLLECTIONS = 3
/** Two measurements of the same heap may differ by this much; more, and there is no figure. */
const NOISE_BYTES = 4e6

/** The cost of a silent member, and the latency of a few senders among many silent members. */
export async function idle(bench: Bench): Promise<readonly Section[]> {
  const limit = openFileLimit()
  const wanted = limit === undefined ? bench.settings.idle : Math.min(bench.settings.idle, limit - KEPT_FILES)
  const rooms = Math.max(1, Math.floor(wanted / ROOM_SIZE))
  const members = rooms * ROOM_SIZE
  bench.report(`idle: ${members} connections`)
  const server = await startHost(bench.processes, {})
  try {
    const before = await settledBytes(server)
    await enter(bench, server.port, members, rooms)
    const after = await settledBytes(server)
    const talked = await talk(bench, bench.settings.quick ? TALK_MS / 2 : TALK_MS)
    await bench.processes.generate({ type: 'leave' })
    const perMember = (bytes: number) => bytes / members / 1000
    const noise = before.noise + after.noise
    const known = noise < NOISE_BYTES
    const each = known ? perMember(after.bytes - before.bytes) : Number.NaN
    return [
      {
        title: `Idle: ${members} connections in rooms of ${ROOM_SIZE}, 1 % of them say a line a second`,
        ...noTable,
        findings: [
          finding('resident memory for each', each, ' kB', { atMost: 12 }),
          finding('the same with free pages that V8 keeps', perMember(after.unreleased - before.unreleased), ' kB'),
          finding('p99 of a line', talked.p99Ms, ' ms', { atMost: 50 }),
          finding('p50 of a line', talked.p50Ms, ' ms'),
        ],
        notes: [
          `${talked.lines} lines, ${talked.deliveries} deliveries, none lost`,
          known
            ? `memory is exact to ${figure(perMember(noise))} kB each`
            : 'memory: the heap did not settle, or there is no /proc',
        ],
        raw: { members, before, after, talk: talked },
      },
    ]
  } finally {
    await server.stop()
  }
}

interface Memory {
  /** After an ordinary collection: with the free pages that V8 keeps. */
  readonly unreleased: number
  readonly bytes: number
  readonly noise: number
}

/** Resident memory after several collections, and its spread. */
async function settledBytes(server: Server): Promise<Memory> {
  await server.ask('collect')
  const unreleased = residentBytes(server.pid)
  const found: number[] = []
  for (let turn = 0; turn <= COLLECTIONS; turn++) {
    await server.ask('release')
    if (turn > 0) found.push(residentBytes(server.pid))
  }
  return { unreleased, bytes: Math.min(...found), noise: Math.max(...found) - Math.min(...found) }
}

const JOINS = 1000

/** Many joins at once: the longest wait. */
export async function joins(bench: Bench): Promise<readonly Section[]> {
  const { memory } = contenders(bench.processes)
  bench.report(`joins: ${JOINS} at once`)
  const rounds = await alternate(bench.settings.rounds, [memory], ({ port }) => joined(bench, port, JOINS))
  const longest = typical(rounds, 'memory', ({ longestMs }) => longestMs)
  return [
    {
      title: `Joins: ${JOINS} at once`,
      ...noTable,
      findings: [
        finding('longest wait', longest, ' ms', { atMost: 1000 }),
        finding(
          'typical wait',
          typical(rounds, 'memory', ({ p50Ms }) => p50Ms),
          ' ms',
        ),
      ],
      notes: ['connecting included, which costs the generator as much as the host'],
      raw: Object.fromEntries(rounds),
    },
  ]
}

async function joined(bench: Bench, port: number, clients: number): Promise<EnterResult> {
  const entered = await enter(bench, port, clients, 0, clients)
  await bench.processes.generate({ type: 'leave' })
  return entered
}

const MESSAGES = 100_000
const MESSAGES_A_BATCH = 100

/** `tamtam host` on an empty and on a full data directory: the time from its start until a client is in the room. */
export async function start(bench: Bench): Promise<readonly Section[]> {
  const { processes, settings } = bench
  bench.report(`start: with ${MESSAGES} messages`)
  const full = processes.newDirectory()
  await fill(full)
  const begun = new Map<string, number>()
  const contender = (name: string, directory: () => string) => ({
    name,
    start: () => {
      begun.set(name, performance.now())
      return startCommand(processes, directory())
    },
  })
  const both = [contender('empty', () => processes.newDirectory()), contender('full', () => full)]
  const rounds = await alternate(settings.rounds, both, async ({ port, pid }, { name }) => {
    await joined(bench, port, 1)
    const tookMs = performance.now() - (begun.get(name) ?? Number.NaN)
    process.kill(pid)
    return tookMs
  })
  const typicalMs = (name: string) => typical(rounds, name, (tookMs) => tookMs)
  return [
    {
      title: `Start: from the command until somebody is in the room, with ${MESSAGES} messages kept`,
      ...noTable,
      findings: [
        finding('with the messages', typicalMs('full'), ' ms', { atMost: 1000 }),
        finding('with an empty directory', typicalMs('empty'), ' ms'),
      ],
      notes: [],
      raw: Object.fromEntries(rounds),
    },
  ]
}

async function fill(directory: string): Promise<void> {
  const journal = new SqliteJournal({ directory, log: new SilentLog(), freeSpaceFloorBytes: 0 })
  await journal.open()
  for (let first = 1; first <= MESSAGES; first += MESSAGES_A_BATCH) {
    const entries = Array.from({ length: MESSAGES_A_BATCH }, (_, index): Entry => {
      const seq = first + index
      return { type: 'said', seq, at: seq, by: { id: 'm1', name: 'ani' }, text: `line ${seq}` }
    })
    await journal.append([new Batch('lobby', entries)])
  }
  await journal.close()
}

const UPLOADS = 2
const DOWNLOADS = 2
/** In each room one of five members sends a line a second. */
const CHAT = { members: 500, rooms: 100 }
const FILE_BYTES = 64e6
const MOST_MS = 20
const MOST_TIMES_IDLE = 5
/** Measured longer than a fan-out: the figure is a hundredth of the lines. */
const TIMES_AS_LONG = 4

interface Chat extends TalkResult {
  readonly delayMs: number
  readonly megabytesPerSecond: number
}

/** The latency of chat beside files at full speed. */
export async function chat(bench: Bench): Promise<readonly Section[]> {
  const { settings, processes } = bench
  const found = { idle: [] as Chat[], beside: [] as Chat[], apart: [] as Chat[] }
  for (let round = 0; round < settings.rounds; round++) {
    bench.report(`chat beside files: round ${round + 1}`)
    const server = await startHost(processes, { data: processes.newDirectory() })
    try {
      const measure = {
        idle: async () => found.idle.push(await chatOn(bench, server)),
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
  const p99 = (results: readonly Chat[]) => median(results.map(({ p99Ms }) => p99Ms))
  const delay = (results: readonly Chat[]) => median(results.map(({ delayMs }) => delayMs))
  const timesThat = (others: readonly Chat[]) =>
    median(found.beside.map((each, round) => each.p99Ms / (others[round]?.p99Ms ?? Number.NaN)))
  const rows = [
    ['no files', found.idle],
    ['files flat out', found.beside],
    ['files flat out on a host of their own', found.apart],
  ] as const
  return [
    {
      title: `Chat while files move: ${UPLOADS} uploads and ${DOWNLOADS} downloads over HTTP, 100 lines a second, kept on disk`,
      ...table<readonly Chat[]>('', rows, {
        'p50 ms': (results) => median(results.map(({ p50Ms }) => p50Ms)),
        'p99 ms': p99,
        'event loop p99.9 ms': delay,
        'files MB/s': (results) => median(results.map(({ megabytesPerSecond }) => megabytesPerSecond)),
      }),
      findings: [
        finding('p99 beside files', p99(found.beside), ' ms', { atMost: MOST_MS }),
        finding('beside files to without', timesThat(found.idle), ' ×', { atMost: MOST_TIMES_IDLE }),
        finding('to files on a host of their own', timesThat(found.apart)),
        finding('event loop p99.9 meanwhile', delay(found.beside), ' ms', { atMost: 50 }),
      ],
      notes: [
        'the clients share the processors with the host',
        'with files on a host of their own the measured host has nothing to do with them: the rest is the machine’s',
      ],
      raw: found,
    },
  ]
}

async function besideFiles(bench: Bench, flooded: Server, server: Server): Promise<Chat> {
  const load = { port: flooded.port, uploads: UPLOADS, downloads: DOWNLOADS, bytes: FILE_BYTES }
  await bench.processes.generate({ type: 'flood', load }, 'beside')
  const talked = await chatOn(bench, server)
  const megabytesPerSecond = await bench.processes.generate<number>({ type: 'floodEnd' }, 'beside')
  return { ...talked, megabytesPerSecond }
}

async function chatOn(bench: Bench, server: Server): Promise<Chat> {
  await enter(bench, server.port, CHAT.members, CHAT.rooms)
  await server.ask('watchDelay')
  const talked = await talk(bench, bench.measureMs * TIMES_AS_LONG)
  const delayMs = await server.ask('delay')
  await bench.processes.generate({ type: 'leave' })
  return { ...talked, delayMs, megabytesPerSecond: 0 }
}
