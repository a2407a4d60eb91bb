import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { sha256Of } from './bytes.ts'
import { ChaosProxy } from './chaos-proxy.ts'
import { temporaryDirectory } from './directory.ts'
import { type HostOptions, startHost } from './host.ts'
import { bareEnv } from './host-process.ts'
import { until } from './patience.ts'
import { MAIN, NODE } from './program.ts'

export interface VerbOptions {
  /** Runs before node. */
  readonly command?: readonly string[]
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string | Uint8Array
  /** Standard input stays open behind it. */
  readonly open?: boolean
}

/** How a command ended. */
export interface Ended {
  readonly code: number | NodeJS.Signals | null
  readonly out: Buffer
  readonly errors: string
  /** What `--json` said. */
  readonly said: Record<string, unknown>[]
}

/** `tamtam <verb> …` as somebody types it, in a process of its own. It is killed when the test is over. */
export class CliProcess {
  readonly child: ChildProcess
  errors = ''
  readonly #out: Buffer[] = []
  readonly #args: readonly string[]
  #code: number | NodeJS.Signals | null | undefined

  constructor(args: readonly string[], { command = [], cwd, env, input = '', open = false }: VerbOptions = {}) {
    this.#args = args
    const node = [...NODE, MAIN, ...args]
    const [first = '', ...rest] = [...command, ...node]
    this.child = spawn(first, rest, { env: { ...bareEnv(), ...env }, ...(cwd === undefined ? {} : { cwd }) })
    this.child.stdout?.on('data', (bytes: Buffer) => this.#out.push(bytes))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.child.stdin?.on('error', () => {})
    if (open) this.child.stdin?.write(input)
    else this.child.stdin?.end(input)
    this.child.once('close', (code, signal) => {
      this.#code = signal ?? code
    })
    onTestFinished(() => this.kill())
  }

  static run(args: readonly string[], options: VerbOptions = {}): Promise<Ended> {
    return new CliProcess(args, options).ended()
  }

  /** Whole lines of standard output. */
  get lines(): string[] {
    return Buffer.concat(this.#out).toString().split('\n').slice(0, -1)
  }

  /** How much of standard output there is. */
  get bytes(): number {
    return this.#out.reduce((sum, { length }) => sum + length, 0)
  }

  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    await until(`${what} of ${this.#args.join(' ')}: ${this.errors}`, holds)
  }

  async ended(): Promise<Ended> {
    await until(`the end of ${this.#args.join(' ')}\n${this.errors}`, () => this.#code !== undefined)
    const { errors, lines } = this
    return {
      code: this.#code ?? null,
      out: Buffer.concat(this.#out),
      errors,
      get said() {
        return lines.map((line) => JSON.parse(line))
      },
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#code !== undefined) return
    this.child.kill(signal)
    await this.ended()
  }
}

export async function hostForVerbs(options: HostOptions = {}) {
  const { port, tamtam } = await startHost(options)
  return { port, tamtam, at: `127.0.0.1:${port}` }
}

/** A way to a host whose network stops in the middle of a transfer, whatever the machine's speed: behind so many bytes nothing passes. */
export async function haltingWay(port: number, direction: 'up' | 'down', bytes: number) {
  const proxy = await ChaosProxy.open(port)
  const lane = proxy[direction]
  lane.stallAt(bytes)
  return {
    at: `127.0.0.1:${proxy.port}`,
    isHalted: () => lane.stalled,
    goOn: () => lane.heal(),
    /** The next one gets through; who was there has gone, and the other side is told. */
    mend: () => {
      proxy.cutAll('end')
      lane.heal()
    },
  }
}

/** A folder to work in, with a file to send in `sent/` below it. */
export async function folderWith(name: string, size: number) {
  const cwd = await temporaryDirectory()
  const bytes = randomBytes(size)
  const path = join(cwd, 'sent', name)
  await mkdir(join(cwd, 'sent'))
  await writeFile(path, bytes)
  const read = (file: string) => readFile(join(cwd, file))
  return { cwd, bytes, path, digest: sha256Of(bytes), read }
}
