import { parseArgs } from 'node:util'
import type { Processes } from './processes.ts'

const SECTIONS = [
  'fanout',
  'sessions',
  'latency',
  'idle',
  'joins',
  'start',
  'files',
  'transfers',
  'chat',
  'stalled',
  'scan',
] as const
export type SectionName = (typeof SECTIONS)[number]

export interface Settings {
  readonly only: readonly SectionName[]
  readonly rounds: number
  readonly quick: boolean
  /** Also the baseline that writes once for each line and receiver. */
  readonly each: boolean
  /** Silent connections. */
  readonly idle: number
  readonly fileMegabytes: number
  readonly directory: string | undefined
  readonly json: string | undefined
  readonly write: boolean
}

/** The tools of a section. */
export interface Bench {
  readonly processes: Processes
  readonly settings: Settings
  readonly warmUpMs: number
  readonly measureMs: number
  report(line: string): void
}

export const USAGE = `npm run bench -- [options]
  --quick             a first impression in about a minute: one short round
  --only <section>    ${SECTIONS.join(' | ')}; may be repeated
  --rounds <n>        alternating rounds, 3 unless given
  --each              also the baseline that writes once for each line and receiver
  --idle <n>          silent connections, 5000 unless given, fewer where the system allows fewer open files
  --file <megabytes>  size of the files, 256 unless given
  --dir <directory>   where durable data goes for the time of the run; a disk, not memory
  --json <file>       all measurements, round by round
  --write             writes docs/benchmarks.md`

/** Throws a `TypeError` whose message gives the fault. */
export function parseSettings(args: readonly string[]): Settings | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [...SECTIONS] },
      rounds: { type: 'string' },
      each: { type: 'boolean', default: false },
      idle: { type: 'string' },
      file: { type: 'string' },
      dir: { type: 'string' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const { quick, each, dir, json, write } = values
  const only = values.only.map((name) => {
    const section = SECTIONS.find((each) => each === name)
    if (section === undefined) throw new TypeError(`there is no section ${name}; there are ${SECTIONS.join(', ')}`)
    return section
  })
  const idle = count('idle', values.idle, quick ? 1000 : 5000)
  const fileMegabytes = count('file', values.file, quick ? 64 : 256)
  const rounds = count('rounds', values.rounds, quick ? 1 : 3)
  return { only, rounds, quick, each, idle, fileMegabytes, directory: dir, json, write }
}

function count(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`--${name} takes a whole number from 1`)
  return value
}
