import type { TalkResult } from '../load/crowd.ts'
import { openFileLimit, residentBytes } from '../load/proc.ts'
import { figure, type Section } from '../report/section.ts'
import { startHost } from '../run/contenders.ts'
import type { Server } from '../run/processes.ts'
import type { Bench } from '../run/settings.ts'

const ROOM_SIZE = 100
/** Open files that host and generator need for themselves. */
const KEPT_FILES = 300
const TALK_MS = 4000
const COLLECTIONS = 3
/** Two measurements of the same heap may differ by this much; more, and there is no figure. */
const NOISE_BYTES = 4e6

/** What a silent member costs, and whether the few who talk are heard in time among many who do not. */
export async function idle(bench: Bench): Promise<readonly Section[]> {
  const limit = openFileLimit()
  const wanted = limit === undefined ? bench.settings.idle : Math.min(bench.settings.idle, limit - KEPT_FILES)
  const members = Math.max(ROOM_SIZE, Math.floor(wanted / ROOM_SIZE) * ROOM_SIZE)
  bench.say(`idle: ${members} connections`)
  const server = await startHost(bench.processes, {})
  try {
    const before = await settledBytes(server)
    await bench.processes.generate({ type: 'crowd', load: { port: server.port, members, roomSize: ROOM_SIZE } })
    const after = await settledBytes(server)
    const forMs = bench.settings.quick ? TALK_MS / 2 : TALK_MS
    const talk = await bench.processes.generate<TalkResult>({ type: 'crowdTalk', forMs })
    await bench.processes.generate({ type: 'crowdLeave' })
    return [sectionOf(members, before, after, talk)]
  } finally {
    await server.stop()
  }
}

function sectionOf(members: number, before: Memory, after: Memory, talk: TalkResult): Section {
  const each = (after.bytes - before.bytes) / members / 1000
  const kept = (after.unreleased - before.unreleased) / members / 1000
  const doubt = (before.noise + after.noise) / members / 1000
  const known = before.noise + after.noise < NOISE_BYTES
  return {
    title: `Idle: ${members} connections in rooms of ${ROOM_SIZE}, 1 % of them say a line a second`,
    head: [],
    rows: [],
    findings: [
      { what: 'resident memory for each', value: known ? each : Number.NaN, unit: ' kB', target: { atMost: 12 } },
      { what: 'the same with free pages that V8 keeps', value: kept, unit: ' kB' },
      { what: 'p99 of a line', value: talk.p99Ms, unit: ' ms', target: { atMost: 50 } },
      { what: 'p50 of a line', value: talk.p50Ms, unit: ' ms' },
    ],
    notes: [
      `${talk.lines} lines, ${talk.deliveries} deliveries, none lost`,
      known ? `memory is exact to ${figure(doubt)} kB each` : 'memory: the heap did not settle, or there is no /proc',
    ],
    raw: { members, before, after, talk },
  }
}

interface Memory {
  /** After an ordinary collection: with the free pages that V8 keeps. */
  readonly unreleased: number
  readonly bytes: number
  readonly noise: number
}

/** Resident memory after several collections, and how far they lie apart. */
async function settledBytes(server: Server): Promise<Memory> {
  await server.ask('collect')
  const unreleased = residentBytes(server.pid) ?? Number.NaN
  const found: number[] = []
  for (let turn = 0; turn <= COLLECTIONS; turn++) {
    await server.ask('release')
    if (turn > 0) found.push(residentBytes(server.pid) ?? Number.NaN)
  }
  return { unreleased, bytes: Math.min(...found), noise: Math.max(...found) - Math.min(...found) }
}
