import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Meter, residentBytes, until, withPeak } from '../load/measure.ts'
import {
  atLeast,
  atMost,
  type Comparison,
  type Contender,
  type Figures,
  plain,
  ratio,
  type Target,
  told,
} from '../run/compare.ts'
import type { Command, Processes, Server } from '../run/processes.ts'
import {
  seed,
  startForScp,
  startNginx,
  startRsync,
  startSeed,
  startSpool,
  startSpoolC,
  startSshd,
  startTamtam,
  startTus,
  tamtam,
} from '../run/servers.ts'
import type { Bench } from '../run/settings.ts'
import type { Tool } from '../run/tools.ts'

const BLOCK_BYTES = 1e6
const PATIENCE_MS = 60_000
const GB = 1e9
const EACH = 'MB/s each'

/** One way to put a file or folder somewhere and to bring it back, with its server started. */
interface Way {
  readonly server: Server
  up?(source: string): Promise<unknown>
  /** `into` has the content of `source` then. */
  down?(source: string, into: string): Promise<unknown>
  /** To all receivers while it goes up. Without it they begin when it is up. */
  live?(source: string, into: readonly string[]): Promise<unknown>
}

interface WayKind {
  readonly name: string
  readonly needs?: readonly Tool[]
  /** `receivers` of a live one. */
  start(processes: Processes, receivers: number): Promise<Way>
}

const CURL: readonly [string, ...string[]] = ['curl', '-sSfk']

/** The commands, as people type them, on a host as `npm start` starts it. */
const commands = (name: string, liveOnly = false): WayKind => ({
  name,
  needs: ['script'],
  start: async (processes) => {
    const server = await startTamtam(processes, 'terminal', '--data', processes.newDirectory())
    const room = `127.0.0.1:${server.port}/lobby`
    const up = (source: string) => processes.run(tamtam('send', '--quiet', room, source))
    const down = (source: string, into: string) =>
      processes.run(tamtam('get', '--quiet', '-o', into, room, basename(source)))
    const live = async (source: string, into: readonly string[]) => {
      const sending = processes.begin(tamtam('send', '--quiet', room, source)).done
      await Promise.race([listed(server), sending])
      await Promise.all([sending, ...into.map((path) => down(source, path))])
    }
    return { server, live, ...(liveOnly ? {} : { up, down }) }
  },
})

/** The same host, with curl. */
const curlOnTamtam = (name: string, ...flags: readonly string[]): WayKind => ({
  name,
  needs: ['script', 'curl'],
  start: async (processes) => {
    const server = await startTamtam(processes, 'terminal', ...flags, '--data', processes.newDirectory())
    const base = `${flags.includes('--tls') ? 'https' : 'http'}://127.0.0.1:${server.port}`
    const put = (source: string): Command => [...CURL, '-T', source, `${base}/lobby/`]
    const get = (url: string, into: string) => processes.run([...CURL, '-o', into, `${base}${url}`])
    // The answer has the link.
    const link = async (answer: Promise<string>) => JSON.parse(await answer).url as string
    let url = ''
    return {
      server,
      up: async (source) => {
        const { firstLine, done } = processes.begin(put(source))
        url = await link(firstLine)
        await done
      },
      down: (_, into) => get(url, into),
      live: async (source, into) => {
        const sending = processes.begin(put(source)).done
        const arriving = await listed(server)
        await Promise.all([sending, ...into.map((path) => get(arriving, path))])
      },
    }
  },
})

/** The link of the one file of the room, whole or still arriving. */
async function listed({ port }: Server): Promise<string> {
  let url: string | undefined
  const look = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/rooms/lobby/files`)
    url = ((await answer.json()) as { files: readonly { url: string }[] }).files[0]?.url
    return url !== undefined
  }
  await until(look, 'no file came into the room', PATIENCE_MS)
  return url ?? ''
}

/** A server that takes PUT at any path and gives it back. */
const curlOn = (
  name: string,
  needs: readonly Tool[],
  start: (processes: Processes, receivers: number) => Promise<Server>,
): WayKind => ({
  name,
  needs: [...needs, 'curl'],
  start: async (processes, receivers) => {
    const server = await start(processes, receivers)
    const base = `http://127.0.0.1:${server.port}`
    const put = (source: string): Command => [...CURL, '-T', source, `${base}/${basename(source)}`]
    const get = (source: string, into: string) => processes.run([...CURL, '-o', into, `${base}/${basename(source)}`])
    return {
      server,
      up: (source) =>
        statSync(source).isDirectory()
          ? folder(processes, source, (name) => `upload-file = ${source}/${name}\nurl = ${base}/${name}`)
          : processes.run(put(source)),
      down: (source, into) =>
        statSync(source).isDirectory()
          ? folder(processes, source, (name) => `output = ${into}/${name}\nurl = ${base}/${name}`)
          : get(source, into),
      ...(needs.includes('nginx')
        ? {}
        : {
            live: (source, into) => Promise.all([processes.run(put(source)), ...into.map((path) => get(source, path))]),
          }),
    }
  },
})

/** All files of a folder by one curl. */
const folder = (processes: Processes, source: string, one: (name: string) => string): Promise<unknown> =>
  processes.run([...CURL, '--create-dirs', '-K', '-'], { input: readdirSync(source).map(one).join('\n') })

const nginx = (processes: Processes) => startNginx(processes, processes.newDirectory())

/** `scp` of OpenSSH, by SFTP, to its own server or to ours. */
const scpTo = (
  name: string,
  needs: readonly Tool[],
  start: typeof startSshd,
  folderOf: (processes: Processes) => string,
): WayKind => ({
  name,
  needs: ['scp', ...needs],
  start: async (processes) => {
    const { server, scp, at } = await start(processes)
    const there = folderOf(processes)
    return {
      server,
      up: (source) => processes.run(scp(source, `${at}${there}`)),
      down: (source, into) => processes.run(scp(`${at}${there}/${basename(source)}`, into)),
    }
  },
})

const scp = scpTo('scp', ['sshd'], startSshd, (processes) => processes.newDirectory())
const scpToOwn = scpTo('scp to tamtam', [], startForScp, () => 'lobby')

const rsync: WayKind = {
  name: 'rsync daemon',
  needs: ['rsync'],
  start: async (processes) => {
    const server = await startRsync(processes, processes.newDirectory())
    const at = `rsync://127.0.0.1:${server.port}/bench`
    // A folder's content goes by its name with a slash.
    const slash = (source: string) => (statSync(source).isDirectory() ? '/' : '')
    return {
      server,
      up: (source) => processes.run(['rsync', '-a', source, `${at}/`]),
      down: (source, into) =>
        processes.run(['rsync', '-a', `${at}/${basename(source)}${slash(source)}`, `${into}${slash(source)}`]),
    }
  },
}

const seedOn = (
  name: string,
  start: (processes: Processes) => Promise<Server>,
  needs: readonly Tool[] = [],
): WayKind => ({
  name,
  needs,
  start: async (processes) => {
    const server = await start(processes)
    return {
      server,
      live: async (source, into) => {
        const saving = into.map((path) => processes.begin(seed('save', server, path)))
        await Promise.all(saving.map(({ firstLine }) => firstLine))
        await Promise.all([processes.run(seed('send', server, source)), ...saving.map(({ done }) => done)])
      },
    }
  },
})
const SEED = 'the seed'
const theSeed = seedOn(SEED, startSeed)

/** Uploads by tus-js-client. */
const tusJs = (name: string, path: string, start: (processes: Processes) => Promise<Server>): WayKind => ({
  name,
  start: async (processes) => {
    const server = await start(processes)
    const endpoint = `http://127.0.0.1:${server.port}${path}`
    const up = (source: string) => processes.generate('tus', { endpoint, path: source, bytes: statSync(source).size })
    return { server, up }
  },
})

/** Up, down, and both, each byte compared; `receivers` at once where there are more than one, or where it is live. */
function moving(bench: Bench, source: string, bytes: number, kind: WayKind, receivers?: number): Contender {
  const { processes } = bench
  return {
    name: kind.name,
    needs: kind.needs ?? [],
    measure: async () => {
      // What others have left to be written is not to be waited for here.
      await processes.run(['sync'])
      const { server, up, down, live } = await kind.start(processes, receivers ?? 0)
      const there = processes.newDirectory()
      const into = Array.from({ length: receivers ?? 1 }, (_, index) => join(there, `${index}.bench`))
      const before = residentBytes(server.pid)
      const cost = (what: string, act: () => Promise<unknown>) => costOf(what, server, bytes, act)
      const [figures, peak] = await withPeak(server.pid, async (): Promise<Figures> => {
        if (live !== undefined && (receivers !== undefined || up === undefined))
          return cost('both', () => live(source, into))
        const sent = await cost('up', async () => up?.(source))
        if (down === undefined) return sent
        const got = await cost('down', () => Promise.all(into.map((path) => down(source, path))))
        return { ...sent, ...got, 'both s': (sent['up s'] ?? Number.NaN) + (got['down s'] ?? Number.NaN) }
      }).finally(() => server.stop())
      if (down !== undefined || live !== undefined)
        for (const path of into) await processes.run(['diff', '-rq', source, path])
      rmSync(there, { recursive: true })
      const both = figures['both s'] ?? Number.NaN
      return { ...figures, [EACH]: bytes / 1e6 / both, 'memory + MB': (peak - before) / 1e6 }
    },
  }
}

async function costOf(what: string, server: Server, bytes: number, act: () => Promise<unknown>): Promise<Figures> {
  const meter = new Meter(server.pid)
  await act()
  const { seconds, cpuSeconds = Number.NaN } = meter.read()
  return { [`${what} s`]: seconds, [`${what} CPU s/GB`]: (cpuSeconds / bytes) * GB }
}

/** A folder of so many files that differ, or one file. */
async function newFiles(processes: Processes, count: number, bytes: number): Promise<string> {
  const path = join(processes.newDirectory(), count === 1 ? 'bench.bin' : 'bench')
  if (count > 1) {
    mkdirSync(path)
    const block = randomBytes(bytes + count)
    for (let index = 0; index < count; index++)
      writeFileSync(join(path, `file-${index}.bin`), block.subarray(index, index + bytes))
  } else {
    const block = randomBytes(BLOCK_BYTES)
    for (let at = 0; at < bytes; at += block.length) await appendFile(path, block.subarray(0, bytes - at))
  }
  return path
}

const OWN = 'tamtam send, get'
const CURL_OWN = 'curl on tamtam'
const CURL_NGINX = 'curl on nginx'
const NODE_SPOOL = 'node spool'
const C_SPOOL = 'c spool'
const TUS_OWN = 'tus-js-client on tamtam'
const TUS_SERVER = 'tus-js-client on @tus/server'
const OVER_TLS = 'curl on tamtam, TLS'
const FOLLOWING = 'tamtam get follows send'
const SEED_OWN = 'the seed’s client on tamtam'

const onNginx = curlOn(CURL_NGINX, ['nginx'], nginx)
const onNode = curlOn(NODE_SPOOL, [], startSpool)
const onC = curlOn(C_SPOOL, ['cc'], startSpoolC)

/** Folders of few, many and one file: the commands beside what people know. */
export async function* folders(bench: Bench): AsyncGenerator<Comparison> {
  for (const [count, bytes] of bench.settings.sizes.folders) {
    const source = await newFiles(bench.processes, count, bytes)
    const about = `${count} × ${bytes < 1e6 ? `${bytes / 1000} kB` : `${bytes / 1e6} MB`}`
    const to = count > 1000 ? rsync.name : scp.name
    yield {
      id: `folder-${count}`,
      title: `Up and down, ${about}`,
      contenders: [commands(OWN), scp, rsync, onNginx].map((kind) => moving(bench, source, count * bytes, kind)),
      columns: ['up s', 'down s', 'up CPU s/GB', 'down CPU s/GB'],
      base: { name: scp.name, figure: 'up s' },
      targets: [
        (count > 1 ? atMost.bind(null, 3) : told)(`send to ${to}`, ratio('up s', OWN, to)),
        told(`get to ${to}`, ratio('down s', OWN, to)),
      ],
      ...(count === 200 ? {} : { mostRounds: 1 }),
    }
    rmSync(source, { recursive: true })
  }
}

/** One file in every way: up, then down. */
export async function* file(bench: Bench): AsyncGenerator<Comparison> {
  const bytes = bench.settings.sizes.fileBytes
  const source = await newFiles(bench.processes, 1, bytes)
  const kinds: readonly WayKind[] = [
    commands(OWN),
    commands(FOLLOWING, true),
    curlOnTamtam(CURL_OWN),
    curlOnTamtam(OVER_TLS, '--tls'),
    scp,
    scpToOwn,
    rsync,
    onNginx,
    theSeed,
    onNode,
    onC,
    tusJs(TUS_OWN, '/rooms/lobby/files', (processes) =>
      startTamtam(processes, 'file', '--data', processes.newDirectory()),
    ),
    tusJs(TUS_SERVER, '/files', (processes) => startTus(processes, processes.newDirectory())),
  ]
  yield {
    id: 'file',
    title: `One file of ${bytes / 1e6} MB, up and down`,
    contenders: kinds.map((kind) => moving(bench, source, bytes, kind)),
    columns: ['up s', 'down s', 'both s', 'up CPU s/GB', 'down CPU s/GB', 'memory + MB'],
    base: { name: scp.name, figure: 'both s' },
    targets: ONE_FILE,
    mostRounds: 2,
    notes: [
      'tamtam verifies and keeps SHA-256, syncs before it says that a file is there, and its own commands verify again; nobody else here does any of it',
      `${SEED} and ${FOLLOWING} bring it down while it goes up`,
    ],
  }
}

const ONE_FILE: readonly Target[] = [
  atLeast(3, 'send and get, as quick as scp up and down', ratio('both s', scp.name, OWN)),
  atLeast(0.5, 'scp to tamtam, as quick as to sshd up', ratio('up s', scp.name, scpToOwn.name)),
  atLeast(0.5, 'scp to tamtam, as quick as to sshd down', ratio('down s', scp.name, scpToOwn.name)),
  atLeast(1.5, 'send and get, as quick as the seed', ratio('both s', SEED, OWN)),
  atLeast(1.5, 'get that follows send, as quick as the seed', ratio('both s', SEED, FOLLOWING)),
  atMost(1.25, 'get to curl -o', ratio('down s', OWN, CURL_OWN)),
  atMost(1.25, 'send to curl -T', ratio('up s', OWN, CURL_OWN)),
  atMost(1.15, 'upload, processor time to node spool', ratio('up CPU s/GB', CURL_OWN, NODE_SPOOL)),
  atLeast(1.2, 'curl -T, as quick as tus-js-client on @tus/server', ratio('up s', TUS_SERVER, CURL_OWN)),
  told('tus-js-client on tamtam, as quick as on @tus/server', ratio('up s', TUS_SERVER, TUS_OWN)),
  atLeast(1, 'curl -o, as quick as from nginx', ratio('down s', CURL_NGINX, CURL_OWN)),
  told('up over TLS, as quick as in plain', ratio('up s', CURL_OWN, OVER_TLS)),
  told('down over TLS, as quick as in plain', ratio('down s', CURL_OWN, OVER_TLS)),
  atMost(64, 'growth of the host’s memory', plain('memory + MB', CURL_OWN), ' MB'),
]

/** One file to one and to ten receivers, live where the server can. */
export async function* receivers(bench: Bench): AsyncGenerator<Comparison> {
  const bytes = bench.settings.sizes.receivedBytes
  const source = await newFiles(bench.processes, 1, bytes)
  for (const count of bench.settings.sizes.receivers) {
    const curls = `curl × ${count} on tamtam`
    const gets = `tamtam send, get × ${count}`
    const onTamtam = (processes: Processes) => startTamtam(processes, 'terminal', '--data', processes.newDirectory())
    const kinds = [commands(gets), curlOnTamtam(curls), onC, onNode, onNginx, scp, theSeed]
    if (count === 1) kinds.push(seedOn(SEED_OWN, onTamtam, ['script']))
    yield {
      id: `receivers-${count}`,
      title: `One file of ${bytes / 1e6} MB to ${count === 1 ? 'one receiver' : `${count} receivers`}`,
      contenders: kinds.map((kind) => moving(bench, source, bytes, kind, count)),
      columns: ['both s', EACH, 'both CPU s/GB', 'memory + MB'],
      base: { name: C_SPOOL, figure: EACH },
      targets: [
        atLeast(0.7, 'get to c spool', ratio(EACH, gets, C_SPOOL)),
        atLeast(count === 1 ? 0.8 : 0.9, 'curl to c spool', ratio(EACH, curls, C_SPOOL)),
        told('get to scp', ratio(EACH, gets, scp.name)),
        told('get to the seed', ratio(EACH, gets, SEED)),
        told('the seed’s client, on tamtam to on the seed', ratio(EACH, SEED_OWN, SEED)),
      ],
      mostRounds: 2,
      notes: ['nginx and scp have no live receivers: there they begin when the file is up'],
    }
  }
}
