import type { FanoutLoad, FanoutResult } from '../load/fanout.ts'
import { figure, type Section } from '../report/section.ts'
import { type Contender, contenders, natsVersion } from '../run/contenders.ts'
import type { Server } from '../run/processes.ts'
import { alternate, median, type Rounds, ratio, typical } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'

export interface Shape {
  readonly members: number
  readonly senders: number
  readonly window: number
}

const SHAPES: readonly Shape[] = [
  { members: 10, senders: 10, window: 16 },
  { members: 100, senders: 1, window: 64 },
  { members: 100, senders: 10, window: 16 },
  { members: 1000, senders: 100, window: 1 },
]
const PAYLOAD_BYTES = 64
const BUSY_SHARE = 0.95
/** So much of one processor taken by others, and the figures are more about them than about us. */
const DISTURBING_SHARE = 0.3

/** A load of this shape on this server, measured by the generator. */
export function fanOut(bench: Bench, shape: Shape, stalled = 0) {
  return (server: Server, { wire }: Contender): Promise<FanoutResult> => {
    const { warmUpMs, measureMs } = bench
    const { port, pid } = server
    const load: FanoutLoad = { ...shape, stalled, port, pid, wire, payloadBytes: PAYLOAD_BYTES, warmUpMs, measureMs }
    return bench.processes.generate({ type: 'fanout', load })
  }
}

export async function fanout(bench: Bench): Promise<readonly Section[]> {
  const all = contenders(bench.processes)
  const nats = natsVersion()
  const taking = [all.memory, all.durable, all.batch]
  if (bench.settings.each) taking.push(all.each)
  if (nats !== undefined) taking.push(all.nats)
  const sections: Section[] = []
  for (const shape of SHAPES) {
    bench.say(`fan-out: ${titleOf(shape)}`)
    const rounds = await alternate(bench.settings.rounds, taking, fanOut(bench, shape))
    sections.push(sectionOf(shape, rounds, taking, nats))
  }
  return sections
}

export const titleOf = ({ members, senders, window }: Shape): string =>
  `${members} members, ${senders === members ? 'all send' : senders === 1 ? '1 sends' : `${senders} send`}, ${window} in flight each`

function sectionOf(
  shape: Shape,
  rounds: Rounds<FanoutResult>,
  taking: readonly Contender[],
  nats: string | undefined,
): Section {
  const rate = (result: FanoutResult) => result.deliveriesPerSecond
  const rows = taking.map(({ name }) => {
    const of = (what: (result: FanoutResult) => number | undefined) => figure(typical(rounds, name, what))
    return [
      name,
      of((result) => result.linesPerSecond),
      of(rate),
      of((result) => result.cpuUs),
      of((result) => result.p50Ms),
      of((result) => result.p99Ms),
      figure(ratio(rounds, name, 'batch', rate)),
      of((result) => result.generatorShare),
      of((result) => result.otherShare),
    ]
  })
  const cpu = (result: FanoutResult) => result.cpuUs
  const findings = [
    { what: 'memory to batch', value: ratio(rounds, 'memory', 'batch', rate), unit: ' ×', target: { atLeast: 0.6 } },
    {
      what: 'durable to memory',
      value: ratio(rounds, 'durable', 'memory', rate),
      unit: ' ×',
      target: { atLeast: 0.5 },
    },
  ]
  if (nats !== undefined)
    findings.push(
      { what: 'memory to nats', value: ratio(rounds, 'memory', 'nats', rate), unit: ' ×', target: { atLeast: 2 } },
      // Told as its inverse, so that more is better in this table as everywhere.
      {
        what: 'nats to durable, processor time for each delivery',
        value: ratio(rounds, 'nats', 'durable', cpu),
        unit: ' ×',
        target: { atLeast: 2 },
      },
    )
  const others = median(taking.map(({ name }) => typical(rounds, name, (result) => result.otherShare)))
  const busy = taking.filter(({ name }) => typical(rounds, name, (result) => result.generatorShare) > BUSY_SHARE)
  const notes = [
    nats === undefined ? 'left out: there is no nats-server in PATH' : nats,
    ...(busy.length === 0
      ? []
      : [`the generator was the limit for ${busy.map(({ name }) => name).join(', ')}: compare processor time there`]),
  ]
  if (others > DISTURBING_SHARE)
    notes.push(`other programs kept ${figure(others)} processors busy: measure again when the machine is quiet`)
  return {
    title: `Fan-out, 64-byte lines: ${titleOf(shape)}`,
    head: [
      'server',
      'lines in/s',
      'deliveries/s',
      'CPU µs/delivery',
      'p50 ms',
      'p99 ms',
      '× batch',
      'generator CPU',
      'other CPU',
    ],
    rows,
    findings,
    notes,
    raw: Object.fromEntries(rounds),
  }
}
