import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { someBytes } from '../load/body.ts'
import type { FlowKind, FlowLoad } from '../load/files.ts'
import type { WireName } from '../load/wire.ts'
import type { Processes, Server } from './processes.ts'

export type ContenderName = 'memory' | 'durable' | 'batch' | 'each' | 'nats' | 'frames' | 'websocket' | 'socket.io'

/** A server under the same load as the others. */
export interface Contender {
  readonly name: ContenderName
  readonly wire: WireName
  start(): Promise<Server>
}

const HOST = new URL('../host.ts', import.meta.url)
/** The built program. */
const MAIN = new URL(
  JSON.parse(readFileSync(new URL('../../dist/.set-up', import.meta.url), 'utf8')).program,
  new URL('../../', import.meta.url),
)
export const baseline = (name: string): URL => new URL(`../baselines/${name}`, import.meta.url)
/** As `npm start` runs the host. */
const LAUNCH_FLAGS: readonly string[] = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  .config.nodeFlags
const NATS = 'nats-server'

export interface HostOptions {
  readonly data?: string
  readonly tls?: boolean
  readonly line?: { readonly apartMs?: number; readonly inlineMaxBytes?: number; readonly rateOnLoopback?: boolean }
  readonly session?: { readonly rateOnLoopback: boolean }
  readonly http?: { readonly rateOnLoopback: boolean }
}

export const startHost = (processes: Processes, options: HostOptions): Promise<Server> =>
  processes.serve(HOST, [JSON.stringify(options)], LAUNCH_FLAGS)

/** The command itself. It ends with SIGTERM. */
export const startCommand = (processes: Processes, data: string): Promise<Server> =>
  processes.serve(MAIN, ['host', '--json', '--port', '0', '--data', data], LAUNCH_FLAGS)

export function contenders(processes: Processes): Readonly<Record<ContenderName, Contender>> {
  const relay = (name: 'batch' | 'each'): Contender => ({
    name,
    wire: 'bare',
    start: () => processes.serve(baseline('relay.ts'), [name]),
  })
  return {
    memory: { name: 'memory', wire: 'line', start: () => startHost(processes, {}) },
    durable: { name: 'durable', wire: 'line', start: () => startHost(processes, { data: processes.newDirectory() }) },
    frames: { name: 'frames', wire: 'frames', start: () => startHost(processes, {}) },
    websocket: { name: 'websocket', wire: 'websocket', start: () => startHost(processes, {}) },
    'socket.io': { name: 'socket.io', wire: 'socket.io', start: () => processes.serve(baseline('socket-io.ts'), []) },
    batch: relay('batch'),
    each: relay('each'),
    nats: {
      name: 'nats',
      wire: 'nats',
      start: () => processes.serveOther(NATS, (port) => ['-a', '127.0.0.1', '-p', String(port)]),
    },
  }
}

/** The name and version of `nats-server`; undefined where there is none. */
export function natsVersion(): string | undefined {
  const asked = spawnSync(NATS, ['--version'], { encoding: 'utf8' })
  return asked.status === 0 ? asked.stdout.trim() : undefined
}

/** A server of files, and the way of the file. */
export interface FileContender {
  readonly name: string
  readonly wire: FlowLoad['wire']
  readonly kind: FlowKind
  /** Over TLS. */
  readonly secure?: boolean
  start(): Promise<Server>
}

export class FileServers {
  readonly #processes: Processes
  #built: string | undefined

  constructor(processes: Processes) {
    this.#processes = processes
  }

  tamtam(name: string, kind: FlowKind, secure = false): FileContender {
    const start = () => startHost(this.#processes, { data: this.#processes.newDirectory(), tls: secure })
    return { name, wire: 'tamtam', kind, secure, start }
  }

  tus(name: string, kind: FlowKind): FileContender {
    const start = () => this.#processes.serve(baseline('tus.ts'), [this.#processes.newDirectory()])
    return { name, wire: 'tus', kind, start }
  }

  /** `files.ts`: the least that a Node server can do. */
  node(name: string, kind: FlowKind): FileContender {
    const start = () => this.#processes.serve(baseline('files.ts'), ['spool', this.#newFile()])
    return { name, wire: 'spool', kind, start }
  }

  /** `spool.c`; undefined where there is no compiler. */
  c(name: string, kind: FlowKind, mode: 'sink' | 'relay' | 'spool'): FileContender | undefined {
    const program = this.#build()
    if (program === undefined) return undefined
    const start = () => this.#processes.serveProgram(program, [mode, this.#newFile()])
    return { name, wire: 'spool', kind, start }
  }

  /** nginx with its own defaults and sendfile; undefined where it is not in `PATH`. */
  nginx(name: string, bytes: number): FileContender | undefined {
    if (spawnSync('nginx', ['-v']).status !== 0) return undefined
    const start = async () => {
      const directory = this.#processes.newDirectory()
      await writeFile(join(directory, 'bench.bin'), bytes)
      return await this.#processes.serveOther('nginx', (port) => {
        writeFileSync(join(directory, 'nginx.conf'), configOf(directory, port))
        return ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr']
      })
    }
    return { name, wire: 'plain', kind: 'download', start }
  }

  #newFile(): string {
    return join(this.#processes.newDirectory(), 'spool.part')
  }

  #build(): string | undefined {
    if (this.#built !== undefined) return this.#built
    const program = join(this.#processes.newDirectory(), 'spool')
    const built = spawnSync('cc', ['-O2', '-pthread', '-o', program, fileURLToPath(baseline('spool.c'))])
    if (built.status === 0) this.#built = program
    return this.#built
  }
}

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

function configOf(directory: string, port: number): string {
  mkdirSync(join(directory, 'temp'))
  const temporary = TEMPORARY.map((name) => `${name}_temp_path ${directory}/temp/${name};`).join(' ')
  return `daemon off; master_process off; pid ${directory}/pid; events {}
user root;
http { access_log off; sendfile on; ${temporary} server { listen 127.0.0.1:${port}; root ${directory}; } }
`
}

async function writeFile(path: string, bytes: number): Promise<void> {
  const block = someBytes()
  const file = createWriteStream(path)
  for (let at = 0; at < bytes; at += block.length) {
    if (!file.write(block.subarray(0, bytes - at))) await once(file, 'drain')
  }
  file.end()
  await once(file, 'close')
}
