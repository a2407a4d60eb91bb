import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Answer, JobName, Load, Result } from '../generator.ts'
import { familyOf, until } from '../load/measure.ts'

const TMPFS = 0x01021994
const STOP_MS = 3000
const LISTEN_MS = 30_000
const LAST_WORDS = 2000
const FLAGS = ['--disable-warning=ExperimentalWarning', '--expose-gc']
const { NODE_COMPILE_CACHE } = process.env
const COMPILED = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }
const GENERATOR = fileURLToPath(new URL('../generator.ts', import.meta.url))

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: string[]]

/** A child process that serves on a port of this machine. */
export interface Server {
  readonly port: number
  readonly pid: number
  /** A question over its IPC channel. */
  ask(question: string): Promise<number>
  stop(): Promise<void>
}

/** A program on its way: its first line of output, and its end, which rejects where it failed. */
export interface Running {
  readonly firstLine: Promise<string>
  readonly done: Promise<void>
}

interface RunOptions {
  readonly cwd?: string
  readonly input?: string
}

/** Every child and directory of a run. */
export class Processes {
  /** Each child, and its end as a failure. */
  readonly #children = new Map<ChildProcess, Promise<never>>()
  readonly #directory: string
  readonly #env: NodeJS.ProcessEnv
  readonly #generators = new Map<string, ChildProcess>()
  #newest = 0

  constructor(base = onDisk()) {
    this.#directory = mkdtempSync(join(base, 'tamtam-bench-'))
    // Nothing of the person who measures, no settings and unfinished uploads; and nothing that only programs for development have.
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(TAMTAM_|XDG_|NODE_OPTIONS|NODE_COMPILE_CACHE|VITEST)/.test(name),
    )
    this.#env = { ...Object.fromEntries(kept), HOME: this.#directory, TERM: 'xterm', LANG: 'C.UTF-8' }
  }

  get directory(): string {
    return this.#directory
  }

  newDirectory(): string {
    return mkdtempSync(join(this.#directory, 'data-'))
  }

  /** Starts a script of ours that prints `{"port":…}`. */
  serve(script: URL, args: readonly string[], flags: readonly string[] = []): Promise<Server> {
    return this.serveProgram([process.execPath, ...FLAGS, ...flags, fileURLToPath(script), ...args], 'ipc')
  }

  /** Starts a program that prints `{"port":…}`. It may be `inside` another one, such as npm. */
  async serveProgram(command: Command, how: 'ipc' | 'inside' | 'plain' = 'plain'): Promise<Server> {
    const child = this.#spawn(command, ['pipe', 'pipe', 'inherit', how === 'ipc' ? 'ipc' : 'ignore'])
    const [line] = await Promise.race([once(createInterface(child.stdout!), 'line'), this.#ended(child)])
    child.stdout?.resume()
    return this.#server(child, JSON.parse(String(line)).port, how === 'inside')
  }

  /** Starts a program on a given port, or `inside` another one such as a terminal; resolves once it listens. */
  async serveOther(
    commandOn: (port: number) => Command,
    output: 'ignore' | 'pipe' | 'inside' | number = 'ignore',
  ): Promise<Server> {
    const port = await freePort()
    const child = this.#spawn(commandOn(port), ['pipe', output === 'inside' ? 'ignore' : output, 'ignore'])
    child.stdout?.resume()
    await Promise.race([until(() => listens(port), 'a server does not listen', LISTEN_MS), this.#ended(child)])
    return this.#server(child, port, output === 'inside')
  }

  /** Runs a program to its end; answers the seconds. Throws its last words where it failed. */
  async run(command: Command, options: RunOptions = {}): Promise<number> {
    const began = performance.now()
    await this.begin(command, options).done
    return (performance.now() - began) / 1000
  }

  begin(command: Command, { cwd, input }: RunOptions = {}): Running {
    const child = this.#spawn(command, ['pipe', 'pipe', 'pipe'], cwd)
    let errors = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-LAST_WORDS)
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    const done = once(child, 'close').then(([code, signal]) => {
      if (code !== 0) throw new Error(`${command.slice(0, 6).join(' ')} ended with ${signal ?? code}: ${errors}`)
    })
    done.catch(() => {})
    const said = once(createInterface(child.stdout!), 'line').then(([line]) => String(line))
    const firstLine = Promise.race([said, this.#ended(child)])
    firstLine.catch(() => {})
    return { done, firstLine }
  }

  /** A job of the load generator; all jobs go through one process, whose code is warm then. */
  generate<Name extends JobName>(job: Name, ...load: Load<Name>): Promise<Result<Name>> {
    return this.#generate('measuring', job, load)
  }

  /** The same in another such process, for a load that must not delay the measured one. */
  generateBeside<Name extends JobName>(job: Name, ...load: Load<Name>): Promise<Result<Name>> {
    return this.#generate('beside', job, load)
  }

  async #generate<Name extends JobName>(which: string, job: Name, load: Load<Name>): Promise<Result<Name>> {
    const command: Command = [process.execPath, ...FLAGS, GENERATOR]
    const generator = this.#generators.get(which) ?? this.#spawn(command, ['pipe', 'inherit', 'inherit', 'ipc'])
    this.#generators.set(which, generator)
    return (await this.#ask(generator, { job, load })) as Result<Name>
  }

  /** However this process ends, no child and no directory of the run stays. */
  clearAtExit(): void {
    process.once('exit', () => this.#clear())
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
  }

  #clear(): void {
    for (const child of this.#children.keys()) child.kill('SIGKILL')
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 5 })
  }

  #server(child: ChildProcess, port: number, isInside: boolean): Server {
    const pid = (isInside ? familyOf(child.pid!).at(-1) : child.pid)!
    return {
      port,
      pid,
      ask: async (question) => (await this.#ask(child, { question })) as number,
      stop: async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = once(child, 'exit')
        if (child.channel) child.stdin?.end()
        else process.kill(pid, 'SIGTERM')
        const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
        await gone
        clearTimeout(late)
      },
    }
  }

  #spawn([program, ...args]: Command, stdio: StdioOptions, cwd?: string): ChildProcess {
    // Ours are compiled once, not at every start.
    const isOurs = Array.isArray(stdio) && stdio.includes('ipc')
    const env = isOurs ? { ...this.#env, ...COMPILED } : this.#env
    const child = spawn(program, args, { stdio, env, ...(cwd === undefined ? {} : { cwd }) })
    const ended = died(child, [program, ...args].slice(0, 8).join(' '))
    ended.catch(() => this.#children.delete(child))
    this.#children.set(child, ended)
    return child
  }

  #ended(child: ChildProcess): Promise<never> {
    return this.#children.get(child) ?? Promise.reject(new Error('a process of the benchmark has ended'))
  }

  async #ask(child: ChildProcess, what: object): Promise<unknown> {
    this.#newest += 1
    const id = this.#newest
    const answered = new Promise<unknown>((resolve, reject) => {
      const hear = (answer: Answer) => {
        if (answer.id !== id) return
        child.off('message', hear)
        if (answer.error === undefined) resolve(answer.result)
        else reject(new Error(answer.error))
      }
      child.on('message', hear)
    })
    child.send({ id, ...what })
    return Promise.race([answered, this.#ended(child)])
  }
}

async function died(child: ChildProcess, what: string): Promise<never> {
  const [code, signal] = await once(child, 'exit')
  throw new Error(`${what} has ended by itself: ${signal ?? `exit code ${code}`}`)
}

/** The system's directory for temporary files, unless that is memory: then a sync would cost nothing there. */
function onDisk(): string {
  return statfsSync(tmpdir()).type === TMPFS ? process.cwd() : tmpdir()
}

/** Below those that systems give to connections: who asks for one of them until it answers would at some time connect to itself. */
const PORTS = { from: 20_000, to: 32_000 }

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to)
    const server = createServer().listen(port, '127.0.0.1')
    const listening = once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!(await listening)) continue
    server.close()
    return port
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const connected = once(socket, 'connect')
  return await connected
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy())
}
