import { join } from 'node:path'
import type { FlowLoad, FlowResult, TransferLoad, TransferResult } from '../load/files.ts'
import { residentBytes, withPeak } from '../load/measure.ts'
import { finding, type Section, table } from '../report/section.ts'
import type { Server } from '../run/processes.ts'
import { alternate, median, ratio, typical } from '../run/rounds.ts'
import { baseline, type FileContender, FileServers, startHost } from '../run/servers.ts'
import type { Bench } from '../run/settings.ts'

interface FileResult extends TransferResult {
  readonly growthBytes: number
  readonly delayMs: number
}

/** One file through the room, and up alone, each beside a plain copy. */
export async function files(bench: Bench): Promise<readonly Section[]> {
  const bytes = bench.settings.fileMegabytes * 1e6
  const found = {
    relay: [] as FileResult[],
    copy: [] as FileResult[],
    upload: [] as FileResult[],
    hash: [] as FileResult[],
  }
  for (let round = 0; round < bench.settings.rounds; round++) {
    bench.report(`files: round ${round + 1}`)
    found.relay.push(await onHost(bench, { bytes, received: true }))
    found.copy.push(await onCopy(bench, { bytes, received: true }, []))
    found.upload.push(await onHost(bench, { bytes, received: false }))
    found.hash.push(await onCopy(bench, { bytes, received: false }, ['sha256']))
  }
  const rate = (ms: number | undefined) => bytes / 1000 / (ms ?? Number.NaN)
  const relay = (result: FileResult) => rate(result.relayMs)
  const upload = (result: FileResult) => rate(result.uploadMs)
  const ratioOf = (ours: FileResult[], theirs: FileResult[], of: (result: FileResult) => number) =>
    median(ours.map((each, round) => of(each) / of(theirs[round]!)))
  const growth = (results: readonly FileResult[]) => median(results.map(({ growthBytes }) => growthBytes / 1e6))
  const delay = (results: readonly FileResult[]) => median(results.map(({ delayMs }) => delayMs))
  const rows = [
    ['through the room to one receiver', { results: found.relay, of: relay }],
    ['raw copy, socket to file to socket', { results: found.copy, of: relay }],
    ['upload alone', { results: found.upload, of: upload }],
    ['raw copy with sha256', { results: found.hash, of: upload }],
  ] as const
  return [
    {
      title: `Files: ${bench.settings.fileMegabytes} MB, kept on disk, synced`,
      ...table<(typeof rows)[number][1]>('', rows, {
        'MB/s': ({ results, of }) => median(results.map(of)),
        'memory + MB': ({ results }) => growth(results),
        'event loop p99.9 ms': ({ results }) => delay(results),
      }),
      findings: [
        finding('through the room to raw copy', ratioOf(found.relay, found.copy, relay), ' ×', { atLeast: 0.8 }),
        finding('upload to raw copy with sha256', ratioOf(found.upload, found.hash, upload)),
        finding('host memory growth', growth(found.relay), ' MB', { atMost: 64 }),
        finding('event loop p99.9 meanwhile', delay(found.relay), ' ms', { atMost: 50 }),
      ],
      notes: ['the silences that the line protocol keeps around a file are set to nothing here'],
      raw: found,
    },
  ]
}

type Move = Pick<TransferLoad, 'bytes' | 'received'>

async function onHost(bench: Bench, move: Move): Promise<FileResult> {
  const server = await startHost(bench.processes, {
    data: bench.processes.newDirectory(),
    line: { apartMs: 0, inlineMaxBytes: 0 },
  })
  return transfer(bench, server, { ...move, server: 'tamtam' }, () => server.ask('delay'))
}

async function onCopy(bench: Bench, move: Move, digest: readonly string[]): Promise<FileResult> {
  const server = await bench.processes.serve(baseline('files.ts'), [
    'copy',
    join(bench.processes.newDirectory(), 'copy.part'),
    ...digest,
  ])
  return transfer(bench, server, { ...move, server: 'copy' }, async () => Number.NaN)
}

async function transfer(
  bench: Bench,
  server: Server,
  move: Omit<TransferLoad, 'port'>,
  delay: () => Promise<number>,
): Promise<FileResult> {
  try {
    if (move.server === 'tamtam') await server.ask('watchDelay')
    const before = residentBytes(server.pid)
    const load = { ...move, port: server.port }
    const [result, peak] = await withPeak(server.pid, () =>
      bench.processes.generate<TransferResult>({ type: 'transfer', load }),
    )
    return { ...result, growthBytes: peak - before, delayMs: await delay() }
  } finally {
    await server.stop()
  }
}

const WARM_UP_BYTES = 32e6
const TEN = 10
/** Of one processor: the client is the limit. */
const BUSY_SHARE = 0.95

interface Target {
  readonly name: string
  readonly to: string
  readonly atLeast?: number
}

interface Part {
  readonly title: string
  /** Undefined where this machine lacks a baseline. */
  readonly contenders: readonly (FileContender | undefined)[]
  readonly receivers?: number
  /** The base of the ratios in the table. */
  readonly base: string
  readonly targets: readonly Target[]
  readonly missing: string
}

/** Files over HTTP: up, down, and to receivers while they arrive, beside servers that do less. */
export async function transfers(bench: Bench): Promise<readonly Section[]> {
  const servers = new FileServers(bench.processes)
  const bytes = bench.settings.fileMegabytes * 1e6
  const size = `${bench.settings.fileMegabytes} MB`
  const relays = () => [
    servers.tamtam('tamtam', 'relay'),
    servers.node('node spool', 'relay'),
    servers.c('c spool', 'relay', 'spool'),
    servers.c('c, nothing kept', 'relay', 'relay'),
  ]
  const parts: Part[] = [
    {
      title: `Upload: ${size}`,
      contenders: [
        servers.tamtam('tamtam, PUT', 'put'),
        servers.tamtam('tamtam, tus by hand', 'patch'),
        servers.tamtam('tamtam, tus-js-client', 'tusJs'),
        servers.tus('@tus/server, by hand', 'patch'),
        servers.tus('@tus/server, tus-js-client', 'tusJs'),
        servers.node('node spool', 'put'),
        servers.c('c spool', 'put', 'spool'),
        servers.c('c, nothing kept', 'put', 'sink'),
      ],
      base: '@tus/server, tus-js-client',
      targets: [
        { name: 'tamtam, PUT', to: '@tus/server, tus-js-client', atLeast: 1.2 },
        { name: 'tamtam, tus-js-client', to: '@tus/server, tus-js-client' },
        { name: 'tamtam, tus by hand', to: '@tus/server, by hand' },
      ],
      missing: 'a compiler',
    },
    {
      title: `Download: ${size}`,
      contenders: [
        servers.tamtam('tamtam', 'download'),
        servers.nginx('nginx', bytes),
        servers.node('node spool', 'download'),
        servers.c('c sendfile', 'download', 'spool'),
      ],
      base: 'node spool',
      targets: [
        { name: 'tamtam', to: 'nginx', atLeast: 1 },
        { name: 'tamtam', to: 'c sendfile' },
      ],
      missing: 'nginx or a compiler',
    },
    {
      title: `Upload with one live receiver: ${size}`,
      contenders: relays(),
      receivers: 1,
      base: 'node spool',
      targets: [{ name: 'tamtam', to: 'c spool', atLeast: 0.8 }],
      missing: 'a compiler',
    },
    {
      title: `Upload with ${TEN} live receivers: ${size}`,
      contenders: relays(),
      receivers: TEN,
      base: 'node spool',
      targets: [{ name: 'tamtam', to: 'c spool', atLeast: 0.9 }],
      missing: 'a compiler',
    },
  ]
  for (const [title, kind] of [
    ['Upload', 'put'],
    ['Download', 'download'],
  ] as const)
    parts.push({
      title: `${title} over TLS: ${size}`,
      contenders: [servers.tamtam('in plain', kind), servers.tamtam('over TLS', kind, true)],
      base: 'in plain',
      targets: [{ name: 'over TLS', to: 'in plain' }],
      missing: 'nothing',
    })
  const sections: Section[] = []
  for (const part of parts) {
    bench.report(part.title)
    sections.push(await sectionOf(bench, part))
  }
  return sections
}

const rate = ({ megabytesPerSecond }: FlowResult) => megabytesPerSecond

async function sectionOf(bench: Bench, part: Part): Promise<Section> {
  const bytes = bench.settings.fileMegabytes * 1e6
  const taking = part.contenders.filter((contender) => contender !== undefined)
  const rounds = await alternate(bench.settings.rounds, taking, (server, { wire, kind, secure = false }) => {
    const { receivers = 0 } = part
    const { port, pid } = server
    const load: FlowLoad = { port, pid, wire, kind, secure, bytes, receivers, warmUpBytes: WARM_UP_BYTES }
    return bench.processes.generate<FlowResult>({ type: 'flow', load })
  })
  const notes = [`the client is one process of this machine, and shares its processors`]
  if (taking.length < part.contenders.length) notes.push(`left out: there is no ${part.missing}`)
  const busy = taking.filter(({ name }) => typical(rounds, name, ({ clientShare }) => clientShare) > BUSY_SHARE)
  if (busy.length > 0) notes.push(`the client was the limit for ${busy.map(({ name }) => name).join('; ')}`)
  return {
    title: part.title,
    ...table<string>(
      '',
      taking.map(({ name }) => [name, name]),
      {
        'MB/s': (name) => typical(rounds, name, rate),
        'CPU s/GB': (name) => typical(rounds, name, ({ cpuSeconds }) => cpuSeconds),
        'memory + MB': (name) => typical(rounds, name, ({ growthBytes }) => growthBytes / 1e6),
        [`× ${part.base}`]: (name) => ratio(rounds, name, part.base, rate),
        'client CPU': (name) => typical(rounds, name, ({ clientShare }) => clientShare),
      },
    ),
    findings: part.targets
      .filter(({ to }) => rounds.has(to))
      .map(({ name, to, atLeast }) =>
        finding(
          `${name} to ${to}`,
          ratio(rounds, name, to, rate),
          ' ×',
          atLeast === undefined ? undefined : { atLeast },
        ),
      ),
    notes,
    raw: Object.fromEntries(rounds),
  }
}
