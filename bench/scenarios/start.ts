import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { SilentLog } from '#system/log.ts'
import type { Section } from '../report/section.ts'
import { startCommand } from '../run/contenders.ts'
import { alternate, typical } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'

const MESSAGES = 100_000
const MESSAGES_A_BATCH = 100

/** `tamtam host` on an empty and on a full data directory: how long from its start until somebody is in the room. */
export async function start(bench: Bench): Promise<readonly Section[]> {
  const { processes, settings } = bench
  bench.say(`start: with ${MESSAGES} messages`)
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
    await processes.generate({ type: 'joins', load: { port, joins: 1 } })
    const tookMs = performance.now() - (begun.get(name) ?? Number.NaN)
    process.kill(pid)
    return tookMs
  })
  const typicalMs = (name: string) => typical(rounds, name, (tookMs) => tookMs)
  return [
    {
      title: `Start: from the command until somebody is in the room, with ${MESSAGES} messages kept`,
      head: [],
      rows: [],
      findings: [
        { what: 'with the messages', value: typicalMs('full'), unit: ' ms', target: { atMost: 1000 } },
        { what: 'with an empty directory', value: typicalMs('empty'), unit: ' ms' },
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
