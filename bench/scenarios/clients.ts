import { once } from 'node:events'
import { connect } from 'node:net'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { SilentLog } from '#system/log.ts'
import type { EnterResult, TalkResult } from '../load/clients.ts'
import { Meter, openFileLimit, residentBytes } from '../load/measure.ts'
import { atMost, type Comparison, type Contender, type Figures, median, plain, ratio } from '../run/compare.ts'
import type { Command, Server } from '../run/processes.ts'
import { executable, npmStart, startHello, startHost, startTamtam, tamtam } from '../run/servers.ts'
import type { Bench } from '../run/settings.ts'

const AT_ONCE = 100

/** Sends one line a second in each of the rooms. Throws where a line is lost, doubled or out of order. */
async function talk(bench: Bench, forMs: number): Promise<TalkResult> {
  const talked = await bench.processes.generate('talk', { forMs, linesPerSecond: 1 })
  const { lost, wrong, cut } = talked
  if (lost + wrong + cut > 0) throw new Error(`${lost} lines lost, ${wrong} out of order, ${cut} connections cut`)
  return talked
}

const enter = (bench: Bench, port: number, clients: number, rooms: number, more = {}): Promise<EnterResult> =>
  bench.processes.generate('enter', { port, clients, rooms, protocols: ['line'], atOnce: AT_ONCE, ...more })

const ROOM_SIZE = 100
/** Open files that host and generator need for themselves. */
const KEPT_FILES = 300
const COLLECTIONS = 3
/** Two measurements of the same heap may differ by this much; more, and there is no figure. */
const NOISE_BYTES = 4e6

/** The cost of a silent member, and the latency of a few senders among many silent members. */
export async function* idle(bench: Bench): AsyncGenerator<Comparison> {
  const wanted = Math.min(bench.settings.idle, (openFileLimit() ?? Number.POSITIVE_INFINITY) - KEPT_FILES)
  const rooms = Math.max(1, Math.floor(wanted / ROOM_SIZE))
  const members = rooms * ROOM_SIZE
  const measure = async (): Promise<Figures> => {
    const server = await startHost(bench.processes)
    try {
      const before = await settledBytes(server)
      await enter(bench, server.port, members, rooms)
      const after = await settledBytes(server)
      const { lines, deliveries, p50Ms, p99Ms } = await talk(bench, bench.settings.sizes.talkMs)
      await bench.processes.generate('leave')
      const each = (bytes: number) => bytes / members / 1000
      const noise = before.noise + after.noise
      return {
        'kB each': noise < NOISE_BYTES ? each(after.bytes - before.bytes) : Number.NaN,
        '± kB': each(noise),
        'kB each, unreleased': each(after.unreleased - before.unreleased),
        'p50 ms': p50Ms,
        'p99 ms': p99Ms,
        lines,
        deliveries,
      }
    } finally {
      await server.stop()
    }
  }
  const name = `${members} members`
  yield {
    id: 'idle',
    title: `Idle: ${members} connections in rooms of ${ROOM_SIZE}, 1 % of them say a line a second`,
    contenders: [{ name, measure }],
    columns: ['kB each', '± kB', 'kB each, unreleased', 'p50 ms', 'p99 ms', 'lines', 'deliveries'],
    targets: [
      atMost(12, 'resident memory for each', plain('kB each', name), ' kB'),
      atMost(50, 'p99 of a line', plain('p99 ms', name), ' ms'),
    ],
    mostRounds: 1,
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

/** Many come into one room at once, alone or each with a nick. */
export async function* joins(bench: Bench): AsyncGenerator<Comparison> {
  const { joins: sizes } = bench.settings.sizes
  const name = (count: number, nicks: boolean) => `${count}${nicks ? ' with nicks' : ''}`
  const contender = (count: number, nicks: boolean): Contender => ({
    name: name(count, nicks),
    measure: async () => {
      const server = await startHost(bench.processes)
      try {
        const meter = new Meter(server.pid)
        const { longestMs, p50Ms } = await enter(bench, server.port, count, 0, { atOnce: count, nicks })
        const { cpuSeconds = Number.NaN } = meter.read()
        await bench.processes.generate('leave')
        return {
          'CPU s': cpuSeconds,
          'CPU ms each': (cpuSeconds * 1000) / count,
          'longest ms': longestMs,
          'p50 ms': p50Ms,
        }
      } finally {
        await server.stop()
      }
    },
  })
  const most = sizes.at(-1) ?? 0
  yield {
    id: 'joins',
    title: 'Joins: so many into one room at once',
    contenders: sizes.flatMap((count) => [contender(count, false), contender(count, true)]),
    columns: ['CPU s', 'CPU ms each', 'p50 ms', 'longest ms'],
    targets: [
      atMost(1.5, 'with nicks to alone, processor time', ratio('CPU s', name(most, true), name(most, false))),
      atMost(1000, 'longest wait of 1000', plain('longest ms', name(1000, false)), ' ms'),
    ],
    mostRounds: 1,
    notes: ['connecting included, which costs the generator as much as the host'],
  }
}

const BATCH_ENTRIES = 100
const TEXT_BYTES = 1000
const ROOMS = 10
const LISTENING = 'listening ms'

/** From the start of the process until its page is answered. */
export async function* start(bench: Bench): AsyncGenerator<Comparison> {
  const { processes, settings } = bench
  const contender = (name: string, startIt: () => Promise<Server>): Contender => ({
    name,
    measure: async () => {
      const began = performance.now()
      const server = await startIt()
      const listening = performance.now() - began
      try {
        const page = await fetch(`http://127.0.0.1:${server.port}/`)
        await page.arrayBuffer()
        const first = performance.now() - began
        if (page.status !== 200) throw new Error(`the page is answered with ${page.status}`)
        return { [LISTENING]: listening, 'page ms': first, 'memory MB': residentBytes(server.pid) / 1e6 }
      } finally {
        await server.stop()
      }
    },
  })
  const host = (command: (...args: readonly string[]) => Command, data: string) => () =>
    processes.serveProgram(command('host', '--json', '--port', '0', '--data', data), 'inside')
  // The first request of a process loads what it is made with.
  await contender('', () => startHello(processes)).measure(0)
  const contenders = [
    contender('node hello', () => startHello(processes)),
    contender('tamtam', async () => host(tamtam, processes.newDirectory())()),
    contender('npm start', async () => host(npmStart, processes.newDirectory())()),
  ]
  const packed = executable
  if (packed !== undefined)
    contenders.push(contender('executable', async () => host(packed, processes.newDirectory())()))
  const withHistory = (megabytes: number) => `tamtam, ${megabytes} MB of history`
  for (const megabytes of settings.sizes.historyMB) {
    const full = processes.newDirectory()
    await fill(full, megabytes * 1e6)
    contenders.push(contender(withHistory(megabytes), host(tamtam, full)))
  }
  const most = settings.sizes.historyMB.at(-1) ?? 0
  yield {
    id: 'start',
    title: 'Start: from the command until it listens, and until its page is there',
    contenders,
    columns: [LISTENING, 'page ms', 'memory MB'],
    base: { name: 'node hello', figure: LISTENING },
    targets: [
      atMost(3.5, 'listening, to node hello', ratio(LISTENING, 'tamtam', 'node hello')),
      atMost(300, 'history adds', (round) => round(withHistory(most), LISTENING) - round('tamtam', LISTENING), ' ms'),
    ],
  }
}

/** Fills a journal with so many bytes of texts. */
async function fill(directory: string, bytes: number): Promise<void> {
  const journal = new SqliteJournal({ directory, log: new SilentLog(), freeSpaceFloorBytes: 0 })
  await journal.open()
  const text = 'cerita'.repeat(TEXT_BYTES / 6)
  const entries = Math.ceil(bytes / TEXT_BYTES / ROOMS)
  for (let first = 1; first <= entries; first += BATCH_ENTRIES)
    await journal.append(
      Array.from({ length: ROOMS }, (_, room) => {
        const batch = Array.from({ length: BATCH_ENTRIES }, (_, index): Entry => {
          const seq = first + index
          return { type: 'said', seq, at: seq, by: { id: 'm1', name: 'ani' }, text: `${text} ${seq}` }
        })
        return new Batch(`room${room}`, batch)
      }),
    )
  // Waits until all is indexed, as it is in a host that has been running.
  for (let room = 0; room < ROOMS; room++) await journal.search(`room${room}`, `${entries}`, 1, TEXT_BYTES)
  await journal.close()
}

/** What somebody waits for who types a command, or comes with netcat and says nothing. */
export async function* waits(bench: Bench): AsyncGenerator<Comparison> {
  const { processes } = bench
  const { times } = bench.settings.sizes
  const often = async (wait: () => Promise<number>): Promise<Figures> => {
    const meter = new Meter(process.pid)
    const waited: number[] = []
    for (let time = 0; time < times; time++) waited.push(await wait())
    return { ms: median(waited), 'CPU ms': ((meter.read().cpuSeconds ?? Number.NaN) / times) * 1000 }
  }
  const command = (name: string, program: Command): Contender => ({
    name,
    measure: () => often(async () => (await processes.run(program)) * 1000),
  })
  const NODE = 'node -e 0'
  const server = await startTamtam(processes, 'file')
  try {
    const room = `127.0.0.1:${server.port}/lobby`
    const said = ['-sSf', '-d', 'halo', `http://127.0.0.1:${server.port}/rooms/lobby/messages`]
    yield {
      id: 'waits',
      title: 'Commands, and the first line to a silent netcat',
      contenders: [
        command(NODE, [process.execPath, '-e', '0']),
        command('tamtam --help', tamtam('--help')),
        command('tamtam say', tamtam('say', room, 'halo')),
        command('tamtam ls', tamtam('ls', room)),
        command('npm start -- --help', npmStart('--help')),
        ...(executable === undefined
          ? []
          : [
              command('executable --help', executable('--help')),
              command('executable say', executable('say', room, 'halo')),
            ]),
        { ...command('curl -d', ['curl', ...said]), needs: ['curl'] },
        {
          name: 'netcat',
          measure: async () => ({ ...(await often(() => firstLineMs(server))), 'CPU ms': Number.NaN }),
        },
      ],
      columns: ['ms', 'CPU ms'],
      base: { name: NODE, figure: 'ms' },
      targets: [
        atMost(4, '--help to node -e 0', ratio('ms', 'tamtam --help', NODE)),
        atMost(4, 'say to node -e 0', ratio('ms', 'tamtam say', NODE)),
        atMost(250, 'welcome of a silent netcat', plain('ms', 'netcat'), ' ms'),
      ],
    }
  } finally {
    await server.stop()
  }
}

async function firstLineMs({ port }: Server): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const began = performance.now()
  await once(socket, 'data')
  socket.destroy()
  return performance.now() - began
}

const UPLOADS = 2
const DOWNLOADS = 2
/** In each room one of five members sends a line a second. */
const CHAT = { members: 500, rooms: 100 }
const ALONE = 'no files'
const BESIDE = 'files flat out'
const APART = 'files flat out on a host of their own'

/** The latency of chat beside files at full speed. */
export async function* chat(bench: Bench): AsyncGenerator<Comparison> {
  const { processes, settings } = bench
  const newHost = () => startHost(processes, { data: processes.newDirectory() })
  const contender = (name: string, flooded: (server: Server) => Promise<Server | undefined>): Contender => ({
    name,
    measure: async () => {
      const server = await newHost()
      const other = await flooded(server)
      try {
        if (other !== undefined) {
          const load = { port: other.port, uploads: UPLOADS, downloads: DOWNLOADS, bytes: settings.sizes.floodBytes }
          await processes.generateBeside('flood', load)
        }
        await enter(bench, server.port, CHAT.members, CHAT.rooms)
        await server.ask('watchDelay')
        const { p50Ms, p99Ms } = await talk(bench, settings.sizes.talkMs)
        const delay = await server.ask('delay')
        await processes.generate('leave')
        const moved = other === undefined ? 0 : await processes.generateBeside('floodEnd')
        return { 'p50 ms': p50Ms, 'p99 ms': p99Ms, 'event loop p99.9 ms': delay, 'files MB/s': moved }
      } finally {
        await server.stop()
        await other?.stop()
      }
    },
  })
  yield {
    id: 'chat',
    title: `Chat while files move: ${UPLOADS} uploads and ${DOWNLOADS} downloads over HTTP, 100 lines a second, kept on disk`,
    contenders: [
      contender(ALONE, async () => undefined),
      contender(BESIDE, async (server) => server),
      contender(APART, newHost),
    ],
    columns: ['p50 ms', 'p99 ms', 'event loop p99.9 ms', 'files MB/s'],
    targets: [
      atMost(20, 'p99 beside files', plain('p99 ms', BESIDE), ' ms'),
      atMost(5, 'p99 beside files to without', ratio('p99 ms', BESIDE, ALONE)),
      atMost(1.1, 'p99 to files on a host of their own', ratio('p99 ms', BESIDE, APART)),
      atMost(50, 'event loop p99.9 meanwhile', plain('event loop p99.9 ms', BESIDE), ' ms'),
    ],
    mostRounds: 2,
    notes: ['the clients share the processors with the host'],
  }
}
