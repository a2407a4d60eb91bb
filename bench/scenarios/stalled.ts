import type { FanoutResult } from '../load/fanout.ts'
import { figure, type Section } from '../report/section.ts'
import { contenders } from '../run/contenders.ts'
import { alternate, median } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'
import { fanOut } from './fanout.ts'

const SHAPE = { members: 100, senders: 10, window: 16 }
const STALLED = 20

/** Whether those who read notice those who do not. */
export async function stalled(bench: Bench): Promise<readonly Section[]> {
  const { memory } = contenders(bench.processes)
  const beside: FanoutResult[] = []
  bench.say(`stalled: ${STALLED} of ${SHAPE.members + STALLED} members never read`)
  const alone = await alternate(bench.settings.rounds, [memory], async (server, contender) => {
    beside.push(await fanOut(bench, SHAPE, STALLED)(server, contender))
    return fanOut(bench, SHAPE)(server, contender)
  })
  const without = alone.get('memory') ?? []
  const ratios = beside.map(
    (each, round) => each.deliveriesPerSecond / (without[round]?.deliveriesPerSecond ?? Number.NaN),
  )
  const row = (name: string, results: readonly FanoutResult[]) => [
    name,
    figure(median(results.map((each) => each.deliveriesPerSecond))),
    figure(median(results.map((each) => each.p99Ms))),
  ]
  return [
    {
      title: `Stalled: 100 members, 10 send, 16 in flight, beside ${STALLED} who never read`,
      head: ['members', 'deliveries/s', 'p99 ms'],
      rows: [row('100', without), row(`100 and ${STALLED}`, beside)],
      findings: [{ what: 'with to without them', value: median(ratios), unit: ' ×', target: { atLeast: 0.9 } }],
      notes: [],
      raw: { without, beside },
    },
  ]
}
