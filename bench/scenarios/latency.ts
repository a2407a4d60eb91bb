import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { FanoutResult } from '../load/fanout.ts'
import { figure, type Section } from '../report/section.ts'
import { contenders } from '../run/contenders.ts'
import { alternate, median, ratio, typical } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'
import { fanOut } from './fanout.ts'

const SHAPE = { members: 100, senders: 1, window: 1 }
const SYNCS = 200
const PAGE_BYTES = 4096

/** One message in flight: how long it takes to all others, and what keeping it costs. */
export async function latency(bench: Bench): Promise<readonly Section[]> {
  const all = contenders(bench.processes)
  const taking = [all.each, all.memory, all.durable]
  const syncs: number[] = []
  const run = fanOut(bench, SHAPE)
  bench.say('latency: one message in flight')
  const rounds = await alternate(bench.settings.rounds, taking, (server, contender) => {
    if (contender.name === 'durable') syncs.push(syncMs(bench.processes.directory))
    return run(server, contender)
  })
  const p50 = (result: FanoutResult) => result.p50Ms
  const extra = (rounds.get('durable') ?? []).map((durable, round) => {
    const memory = rounds.get('memory')?.[round]?.p50Ms ?? Number.NaN
    return (durable.p50Ms - memory) / (syncs[round] ?? Number.NaN)
  })
  return [
    {
      title: 'Latency: 100 members, 1 message in flight',
      head: ['server', 'p50 ms', 'p99 ms', '× each (p50)'],
      rows: taking.map(({ name }) => [
        name,
        figure(typical(rounds, name, p50)),
        figure(typical(rounds, name, (result) => result.p99Ms)),
        figure(ratio(rounds, name, 'each', p50)),
      ]),
      findings: [
        {
          what: 'memory to each, p50',
          value: ratio(rounds, 'memory', 'each', p50),
          unit: ' ×',
          target: { atMost: 1.2 },
        },
        { what: 'durable less memory, p50, in syncs', value: median(extra), unit: '', target: { atMost: 2 } },
        { what: 'one fdatasync on the same disk', value: median(syncs), unit: ' ms' },
      ],
      notes: [],
      raw: { rounds: Object.fromEntries(rounds), syncs },
    },
  ]
}

/** The median time of one small write and its sync, here and now. */
function syncMs(directory: string): number {
  const path = join(directory, 'sync.probe')
  const file = openSync(path, 'w')
  const page = Buffer.alloc(PAGE_BYTES, 1)
  try {
    const times: number[] = []
    for (let index = 0; index < SYNCS; index++) {
      const started = performance.now()
      writeSync(file, page)
      fdatasyncSync(file)
      times.push(performance.now() - started)
    }
    return median(times)
  } finally {
    closeSync(file)
    rmSync(path)
  }
}
