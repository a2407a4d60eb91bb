import { residentBytes } from '../load/proc.ts'
import type { TransferLoad, TransferResult } from '../load/transfer.ts'
import { figure, type Section } from '../report/section.ts'
import { startHost } from '../run/contenders.ts'
import type { Server } from '../run/processes.ts'
import { median } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'

const COPY = new URL('../yardsticks/copy.ts', import.meta.url)
const SAMPLE_MS = 20

interface FileResult extends TransferResult {
  readonly growthBytes: number
  readonly delayMs: number
}

/** One file through the room, and up alone, each beside a copy that does nothing else. */
export async function files(bench: Bench): Promise<readonly Section[]> {
  const bytes = bench.settings.fileMegabytes * 1e6
  const found = {
    relay: [] as FileResult[],
    copy: [] as FileResult[],
    upload: [] as FileResult[],
    hash: [] as FileResult[],
  }
  for (let round = 0; round < bench.settings.rounds; round++) {
    bench.say(`files: round ${round + 1}`)
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
  const row = (name: string, results: FileResult[], of: (result: FileResult) => number) => [
    name,
    figure(median(results.map(of))),
    figure(median(results.map(({ growthBytes }) => growthBytes / 1e6))),
    figure(median(results.map(({ delayMs }) => delayMs))),
  ]
  return [
    {
      title: `Files: ${bench.settings.fileMegabytes} MB, kept on disk, synced`,
      head: ['', 'MB/s', 'memory + MB', 'event loop p99.9 ms'],
      rows: [
        row('through the room to one receiver', found.relay, relay),
        row('raw copy, socket to file to socket', found.copy, relay),
        row('upload alone', found.upload, upload),
        row('raw copy with sha256', found.hash, upload),
      ],
      findings: [
        {
          what: 'through the room to raw copy',
          value: ratioOf(found.relay, found.copy, relay),
          unit: ' ×',
          target: { atLeast: 0.8 },
        },
        { what: 'upload to raw copy with sha256', value: ratioOf(found.upload, found.hash, upload), unit: ' ×' },
        {
          what: 'host memory growth',
          value: median(found.relay.map(({ growthBytes }) => growthBytes / 1e6)),
          unit: ' MB',
          target: { atMost: 64 },
        },
        {
          what: 'event loop p99.9 meanwhile',
          value: median(found.relay.map(({ delayMs }) => delayMs)),
          unit: ' ms',
          target: { atMost: 50 },
        },
      ],
      notes: ['the silences that the line protocol keeps around a file are set to nothing here'],
      raw: found,
    },
  ]
}

type What = Pick<TransferLoad, 'bytes' | 'received'>

async function onHost(bench: Bench, what: What): Promise<FileResult> {
  const server = await startHost(bench.processes, {
    data: bench.processes.newDirectory(),
    line: { apartMs: 0, inlineMaxBytes: 0 },
  })
  return transfer(bench, server, { ...what, server: 'tamtam' }, () => server.ask('delay'))
}

async function onCopy(bench: Bench, what: What, digest: readonly string[]): Promise<FileResult> {
  const server = await bench.processes.serve(COPY, [bench.processes.newDirectory(), ...digest])
  return transfer(bench, server, { ...what, server: 'copy' }, async () => Number.NaN)
}

async function transfer(
  bench: Bench,
  server: Server,
  what: Omit<TransferLoad, 'port'>,
  delay: () => Promise<number>,
): Promise<FileResult> {
  const resident = () => residentBytes(server.pid) ?? Number.NaN
  try {
    if (what.server === 'tamtam') await server.ask('watchDelay')
    const before = resident()
    let most = before
    const sampling = setInterval(() => {
      most = Math.max(most, resident())
    }, SAMPLE_MS)
    const load = { ...what, port: server.port }
    const result = await bench.processes
      .generate<TransferResult>({ type: 'transfer', load })
      .finally(() => clearInterval(sampling))
    return { ...result, growthBytes: most - before, delayMs: await delay() }
  } finally {
    await server.stop()
  }
}
