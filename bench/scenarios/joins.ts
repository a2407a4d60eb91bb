import type { JoinsResult } from '../load/joins.ts'
import type { Section } from '../report/section.ts'
import { contenders } from '../run/contenders.ts'
import { alternate, typical } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'

const JOINS = 1000

/** A crowd at the door: how long its last one waits. */
export async function joins(bench: Bench): Promise<readonly Section[]> {
  const { memory } = contenders(bench.processes)
  bench.say(`joins: ${JOINS} at once`)
  const rounds = await alternate(bench.settings.rounds, [memory], ({ port }) =>
    bench.processes.generate<JoinsResult>({ type: 'joins', load: { port, joins: JOINS } }),
  )
  return [
    {
      title: `Joins: ${JOINS} at once`,
      head: [],
      rows: [],
      findings: [
        {
          what: 'longest wait',
          value: typical(rounds, 'memory', ({ longestMs }) => longestMs),
          unit: ' ms',
          target: { atMost: 1000 },
        },
        { what: 'typical wait', value: typical(rounds, 'memory', ({ p50Ms }) => p50Ms), unit: ' ms' },
      ],
      notes: ['connecting included, which costs the generator as much as the host'],
      raw: Object.fromEntries(rounds),
    },
  ]
}
