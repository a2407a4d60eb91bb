import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { someBytes } from '../load/body.ts'
import type { FlowKind, FlowLoad } from '../load/flow.ts'
import { startHost, untilListening } from './contenders.ts'
import type { Processes, Server } from './processes.ts'

/** A server that a file goes to or comes from, and how. */
export interface FileContender {
  readonly name: string
  readonly wire: FlowLoad['wire']
  readonly kind: FlowKind
  /** Over TLS. */
  readonly secure?: boolean
  start(): Promise<Server>
}

const TUS = new URL('../yardsticks/tus.ts', import.meta.url)
const NODE_SPOOL = new URL('../yardsticks/spool.ts', import.meta.url)
const C_SPOOL = new URL('../yardsticks/spool.c', import.meta.url)

export class FileServers {
  readonly #processes: Processes
  #built: string | undefined

  constructor(processes: Processes) {
    this.#processes = processes
  }

  tamtam(name: string, kind: FlowKind): FileContender {
    const start = () => startHost(this.#processes, { data: this.#processes.newDirectory() })
    return { name, wire: 'tamtam', kind, start }
  }

  /** The same over TLS. */
  tamtamTls(name: string, kind: FlowKind): FileContender {
    const start = () => startHost(this.#processes, { data: this.#processes.newDirectory(), tls: true })
    return { name, wire: 'tamtam', kind, secure: true, start }
  }

  tus(name: string, kind: FlowKind): FileContender {
    const start = () => this.#processes.serve(TUS, [this.#processes.newDirectory()])
    return { name, wire: 'tus', kind, start }
  }

  /** `spool.ts`: the least that a Node server can do. */
  node(name: string, kind: FlowKind): FileContender {
    const start = () => this.#processes.serve(NODE_SPOOL, [this.#newFile()])
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
      const server = await this.#processes.serveOther('nginx', (port) => {
        writeFileSync(join(directory, 'nginx.conf'), configOf(directory, port))
        return ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr']
      })
      await untilListening(server)
      return server
    }
    return { name, wire: 'plain', kind: 'download', start }
  }

  #newFile(): string {
    return join(this.#processes.newDirectory(), 'spool.part')
  }

  #build(): string | undefined {
    if (this.#built !== undefined) return this.#built
    const program = join(this.#processes.newDirectory(), 'spool')
    const built = spawnSync('cc', ['-O2', '-pthread', '-o', program, fileURLToPath(C_SPOOL)])
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
