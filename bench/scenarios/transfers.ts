import type { FlowLoad, FlowResult } from '../load/flow.ts'
import { type Finding, figure, type Section } from '../report/section.ts'
import { type FileContender, FileServers } from '../run/file-servers.ts'
import { alternate, type Rounds, ratio, typical } from '../run/rounds.ts'
import type { Bench } from '../run/settings.ts'

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
  /** Undefined where a yardstick is not to be had on this machine. */
  readonly contenders: readonly (FileContender | undefined)[]
  readonly receivers: number
  readonly bytes: number
  /** What the ratios in the table are to. */
  readonly base: string
  readonly targets: readonly Target[]
  readonly missing: string
}

/** Files over HTTP: up, down, and to receivers while they come, beside others who do less. */
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
      receivers: 0,
      bytes,
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
      receivers: 0,
      bytes,
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
      bytes,
      base: 'node spool',
      targets: [{ name: 'tamtam', to: 'c spool', atLeast: 0.8 }],
      missing: 'a compiler',
    },
    {
      title: `Upload with ${TEN} live receivers: ${size}`,
      contenders: relays(),
      receivers: TEN,
      bytes,
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
      contenders: [servers.tamtam('in plain', kind), servers.tamtamTls('over TLS', kind)],
      receivers: 0,
      bytes,
      base: 'in plain',
      targets: [{ name: 'over TLS', to: 'in plain' }],
      missing: 'nothing',
    })
  const sections: Section[] = []
  for (const part of parts) {
    bench.say(part.title)
    sections.push(await sectionOf(bench, part))
  }
  return sections
}

const rate = ({ megabytesPerSecond }: FlowResult) => megabytesPerSecond

async function sectionOf(bench: Bench, part: Part): Promise<Section> {
  const taking = part.contenders.filter((contender) => contender !== undefined)
  const rounds = await alternate(bench.settings.rounds, taking, (server, { wire, kind, secure = false }) => {
    const { bytes, receivers } = part
    const load: FlowLoad = {
      port: server.port,
      pid: server.pid,
      wire,
      kind,
      secure,
      bytes,
      receivers,
      warmUpBytes: WARM_UP_BYTES,
    }
    return bench.processes.generate<FlowResult>({ type: 'flow', load })
  })
  const notes = [`the client is one process of this machine, and shares its processors`]
  if (taking.length < part.contenders.length) notes.push(`left out: there is no ${part.missing}`)
  const busy = taking.filter(({ name }) => typical(rounds, name, ({ clientShare }) => clientShare) > BUSY_SHARE)
  if (busy.length > 0) notes.push(`the client was the limit for ${busy.map(({ name }) => name).join('; ')}`)
  return {
    title: part.title,
    head: ['', 'MB/s', 'CPU s/GB', 'memory + MB', `× ${part.base}`, 'client CPU'],
    rows: taking.map(({ name }) => [
      name,
      figure(typical(rounds, name, rate)),
      figure(typical(rounds, name, ({ cpuSeconds }) => cpuSeconds)),
      figure(typical(rounds, name, ({ growthBytes }) => growthBytes / 1e6)),
      figure(ratio(rounds, name, part.base, rate)),
      figure(typical(rounds, name, ({ clientShare }) => clientShare)),
    ]),
    findings: part.targets.filter(({ to }) => rounds.has(to)).map((target) => findingOf(rounds, target)),
    notes,
    raw: Object.fromEntries(rounds),
  }
}

const findingOf = (rounds: Rounds<FlowResult>, { name, to, atLeast }: Target): Finding => ({
  what: `${name} to ${to}`,
  value: ratio(rounds, name, to, rate),
  unit: ' ×',
  ...(atLeast === undefined ? {} : { target: { atLeast } }),
})
