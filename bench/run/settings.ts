import { parseArgs } from 'node:util'
import type { Processes } from './processes.ts'

/** How much is measured. */
interface Sizes {
  readonly rounds: number
  /** So often a command is run for one figure. */
  readonly times: number
  readonly warmUpMs: number
  readonly measureMs: number
  readonly talkMs: number
  /** Of the shapes of fan-out, the first so many. */
  readonly shapes: number
  readonly idle: number
  readonly joins: readonly number[]
  readonly historyMB: readonly number[]
  readonly folders: readonly (readonly [count: number, bytes: number])[]
  readonly fileBytes: number
  readonly receivedBytes: number
  readonly receivers: readonly number[]
  readonly floodBytes: number
  readonly scans: number
  /** Of a cluster. */
  readonly nodes: number
  readonly clusterRooms: number
}

const FULL: Sizes = {
  rounds: 3,
  times: 5,
  warmUpMs: 700,
  measureMs: 1200,
  talkMs: 5000,
  shapes: 4,
  idle: 5000,
  joins: [100, 1000, 4000],
  historyMB: [25, 250],
  folders: [
    [200, 10_000],
    [10_000, 10_000],
    [1, 1e9],
  ],
  fileBytes: 384e6,
  receivedBytes: 64e6,
  receivers: [1, 10],
  floodBytes: 64e6,
  scans: 1_000_000,
  nodes: 3,
  clusterRooms: 200,
}
const QUICK: Sizes = {
  ...FULL,
  rounds: 1,
  warmUpMs: 300,
  measureMs: 500,
  talkMs: 2000,
  idle: 1000,
  joins: [100, 1000],
  historyMB: [25],
  folders: [
    [200, 10_000],
    [2000, 10_000],
    [1, 128e6],
  ],
  fileBytes: 64e6,
  receivedBytes: 16e6,
}
/** Whether all of it runs at all. */
const SMOKE: Sizes = {
  rounds: 1,
  times: 1,
  warmUpMs: 10,
  measureMs: 50,
  talkMs: 100,
  shapes: 1,
  idle: 100,
  joins: [10],
  historyMB: [1],
  folders: [[3, 1000]],
  fileBytes: 1e6,
  receivedBytes: 1e6,
  receivers: [1],
  floodBytes: 1e6,
  scans: 1000,
  nodes: 2,
  clusterRooms: 3,
}

export interface Settings {
  readonly only: readonly string[]
  readonly sizes: Sizes
  readonly rounds: number
  /** Also the baseline that writes once for each line and receiver. */
  readonly each: boolean
  /** Silent connections. */
  readonly idle: number
  readonly stress: {
    readonly connections: number
    readonly hostile: number
    readonly rooms: number
    readonly seconds: number
  }
  readonly directory: string | undefined
  readonly json: string | undefined
  readonly write: boolean
}

const MOST_CONNECTIONS = 19_000
const MOST_SECONDS = 86_400

/** The tools of a section. */
export interface Bench {
  readonly processes: Processes
  readonly settings: Settings
}

export const usageOf = (sections: readonly string[]): string => `npm run bench -- [options]
  --quick             a first impression in about two minutes: one short round
  --smoke             tiny sizes: whether all of it runs
  --only <section>    ${sections.join(' | ')}; may be repeated
  --rounds <n>        alternating rounds, 3 unless given; parts that take long have one or two
  --each              also the baseline that writes once for each line and receiver
  --idle <n>          silent connections, 5000 unless given, fewer where the system allows fewer open files
  --dir <directory>   where durable data goes for the time of the run; a disk, not memory
  --json <file>       all measurements, round by round
  --write             writes docs/explain/benchmarks.md and its charts
Only for stress, which npm run load measures and nothing else does:
  --connections <n>   connections in all, 5000 unless given
  --hostile <n>       of them hostile: slow, flooding, half open, malformed, storming; a tenth unless given
  --rooms <n>         50 unless given
  --seconds <n>       duration of the chat, 20 unless given; 3600 is a soak`

/** Throws a `TypeError` whose message gives the fault. */
export function parseSettings(args: readonly string[], sections: readonly string[]): Settings | 'help' {
  const flag = { type: 'boolean', default: false } as const
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ quick: flag, smoke: flag, each: flag, write: flag, help: flag },
      ...{ rounds: text, idle: text, dir: text, json: text },
      ...{ connections: text, hostile: text, rooms: text, seconds: text },
      only: { type: 'string', multiple: true, default: sections.filter((name) => name !== 'stress') },
    },
  })
  if (values.help) return 'help'
  const unknown = values.only.find((name) => !sections.includes(name))
  if (unknown !== undefined) throw new TypeError(`there is no section ${unknown}; there are ${sections.join(', ')}`)
  const connections = count('connections', values.connections, 5000, MOST_CONNECTIONS)
  const hostile = count('hostile', values.hostile, Math.ceil(connections / 10), connections - 1)
  const rooms = count('rooms', values.rooms, Math.min(50, connections - hostile), connections - hostile)
  const sizes = values.smoke ? SMOKE : values.quick ? QUICK : FULL
  return {
    only: values.only,
    sizes,
    rounds: count('rounds', values.rounds, sizes.rounds),
    each: values.each,
    idle: count('idle', values.idle, sizes.idle),
    stress: { connections, hostile, rooms, seconds: count('seconds', values.seconds, 20, MOST_SECONDS) },
    directory: values.dir,
    json: values.json,
    write: values.write,
  }
}

function count(name: string, text: string | undefined, otherwise: number, most = 1e6): number {
  const value = Number(text ?? otherwise)
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value
  throw new TypeError(`--${name} takes a whole number from 1 to ${most}`)
}
