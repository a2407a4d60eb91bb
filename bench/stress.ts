// A host under stress: well-behaved clients of all protocols beside attackers and file transfers (`bench/README.md`).
import { parseArgs } from 'node:util'
import type { AttackersLoad, Attacks } from './load/attackers.ts'
import type { ClientsLoad, TalkResult } from './load/clients.ts'
import { openFileLimit, residentBytes, withPeak } from './load/measure.ts'
import { Processes, type Server } from './run/processes.ts'
import { startHost } from './run/servers.ts'

const USAGE = `npm run load -- [options]
  --connections <n>   connections in all, 5000 unless given
  --hostile <n>       of them hostile: slow, flooding, half open, malformed, storming; 500 unless given
  --rooms <n>         50 unless given
  --seconds <n>       duration of the chat, 20 unless given; 3600 is a soak
  --json              all figures, as one line`
const MOST_CONNECTIONS = 19_000
const MOST_SECONDS = 86_400
const FILE_BYTES = 32e6
const MIB = 1024 * 1024
/** The most growth of the host's memory: a base, a share for each connection, and more for an attacker, which reads nothing or sends much. */
const GROWTH = { base: 128 * MIB, each: 64 * 1024, hostile: 512 * 1024 }
const MOST_P99_MS = 100
/** Readers come by these, as often as here. */
const PROTOCOLS: ClientsLoad['protocols'] = ['line', 'line', 'frames', 'websocket', 'http']
const CONNECTING_AT_ONCE = 50
const LINES_A_SECOND_AND_ROOM = 2
/** Rates hold for clients of this machine too. */
const FROM_ELSEWHERE = {
  line: { rateOnLoopback: true },
  session: { rateOnLoopback: true },
  http: { rateOnLoopback: true },
}

interface Load {
  readonly connections: number
  readonly hostile: number
  readonly rooms: number
  readonly seconds: number
  readonly json: boolean
}

interface Outcome extends TalkResult {
  readonly attacks: Attacks
  readonly filesMBPerSecond: number
  readonly loopDelayP999Ms: number
  /** The longest steps of the host, in processor time. */
  readonly stepP999Ms: number
  readonly grownMB: number
  readonly mostGrownMB: number
}

function loadOf(args: readonly string[]): Load {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      connections: text,
      hostile: text,
      rooms: text,
      seconds: text,
      json: { type: 'boolean', default: false },
    },
  })
  const count = (name: 'connections' | 'hostile' | 'rooms' | 'seconds', otherwise: number, most: number) => {
    const value = Number(values[name] ?? otherwise)
    if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value
    throw new TypeError(`--${name} takes a whole number from 1 to ${most}`)
  }
  const connections = count('connections', 5000, MOST_CONNECTIONS)
  const hostile = count('hostile', Math.ceil(connections / 10), connections - 1)
  const rooms = count('rooms', 50, connections - hostile)
  return { connections, hostile, rooms, seconds: count('seconds', 20, MOST_SECONDS), json: values.json }
}

async function stress(processes: Processes, server: Server, load: Load): Promise<Outcome> {
  const { port, pid } = server
  const { connections, hostile, rooms, seconds } = load
  const begun = residentBytes(pid)
  const clients: ClientsLoad = {
    port,
    clients: connections - hostile,
    rooms,
    protocols: PROTOCOLS,
    atOnce: CONNECTING_AT_ONCE,
  }
  const attackers: AttackersLoad = { port, rooms, attackers: hostile }
  const files = { port, uploads: 1, downloads: 1, bytes: FILE_BYTES }
  await processes.generate({ type: 'enter', load: clients })
  const [outcome, peak] = await withPeak(pid, async () => {
    await processes.generate({ type: 'attack', load: attackers }, 'beside')
    await processes.generate({ type: 'flood', load: files }, 'beside')
    await server.ask('watchDelay')
    await server.ask('watchSteps')
    const forMs = seconds * 1000
    const talked = await processes.generate<TalkResult>({
      type: 'talk',
      forMs,
      linesPerSecond: LINES_A_SECOND_AND_ROOM,
    })
    const loopDelayP999Ms = await server.ask('delay')
    const stepP999Ms = await server.ask('steps')
    const filesMBPerSecond = await processes.generate<number>({ type: 'floodEnd' }, 'beside')
    const attacks = await processes.generate<Attacks>({ type: 'attackEnd' }, 'beside')
    return { ...talked, attacks, filesMBPerSecond, loopDelayP999Ms, stepP999Ms }
  })
  await processes.generate({ type: 'leave' })
  // Without /proc nothing is known of the host's memory.
  const grownMB = Number.isNaN(begun) ? 0 : (peak - begun) / MIB
  const mostGrownMB = (GROWTH.base + connections * GROWTH.each + hostile * GROWTH.hostile) / MIB
  return { ...outcome, grownMB, mostGrownMB }
}

function show(load: Load, outcome: Outcome): void {
  const { lines, deliveries, lost, wrong, cut, p50Ms, p99Ms, attacks, filesMBPerSecond, ...rest } = outcome
  const kinds = Object.entries(attacks).map(([kind, times]) => `${kind} ${times}`)
  console.log(
    `${load.connections} connections, ${load.hostile} of them hostile (${kinds.join(', ')}), ${load.rooms} rooms, ${load.seconds} s`,
  )
  console.log(
    `  ${lines} lines, ${deliveries} deliveries: ${lost} lost, ${wrong} out of order or doubled, ${cut} well-behaved clients cut`,
  )
  console.log(
    `  p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms (at most ${MOST_P99_MS} on a machine with nothing else to do)`,
  )
  console.log(
    `  files ${filesMBPerSecond.toFixed(0)} MB/s meanwhile; event loop p99.9 ${rest.loopDelayP999Ms.toFixed(1)} ms, of it ${rest.stepP999Ms.toFixed(1)} ms of processor time`,
  )
  console.log(`  the host grew by ${rest.grownMB.toFixed(0)} MB (at most ${rest.mostGrownMB.toFixed(0)})`)
}

async function main(): Promise<number> {
  const load = loadOf(process.argv.slice(2))
  const files = openFileLimit() ?? Number.POSITIVE_INFINITY
  if (load.connections + 300 > files) throw new TypeError(`this shell may open ${files} files only: ulimit -n`)
  const processes = new Processes()
  processes.clearAtExit()
  const server = await startHost(processes, { data: processes.newDirectory(), ...FROM_ELSEWHERE })
  const outcome = await stress(processes, server, load)
  await server.stop()
  if (load.json) console.log(JSON.stringify(outcome))
  else show(load, outcome)
  const { lost, wrong, cut, grownMB, mostGrownMB, deliveries } = outcome
  return deliveries > 0 && lost + wrong + cut === 0 && grownMB <= mostGrownMB ? 0 : 1
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`)
    process.exit(2)
  },
)
