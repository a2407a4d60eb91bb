import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Answer, Job } from '../generator.ts'

const TMPFS = 0x01021994
const STOP_MS = 3000
const LISTEN_MS = 5000
const FLAGS = ['--disable-warning=ExperimentalWarning', '--expose-gc']
const GENERATOR = fileURLToPath(new URL('../generator.ts', import.meta.url))

/** A child process that serves on a port of this machine. */
export interface Server {
  readonly port: number
  readonly pid: number
  /** A question over its IPC channel. */
  ask(question: string): Promise<number>
  stop(): Promise<void>
}

/** Every child and directory of a run. */
export class Processes {
  /** Each child, and its end as a failure. */
  readonly #children = new Map<ChildProcess, Promise<never>>()
  readonly #directory: string
  readonly #generators = new Map<string, ChildProcess>()
  #newest = 0

  constructor(base = onDisk()) {
    this.#directory = mkdtempSync(join(base, 'tamtam-bench-'))
  }

  get directory(): string {
    return this.#directory
  }

  newDirectory(): string {
    return mkdtempSync(join(this.#directory, 'data-'))
  }

  /** Starts a script of ours that prints `{"port":…}`. */
  serve(script: URL, args: readonly string[], flags: readonly string[] = []): Promise<Server> {
    return this.serveProgram(process.execPath, [...FLAGS, ...flags, fileURLToPath(script), ...args])
  }

  /** Starts a program that prints `{"port":…}`, and ends when its standard input does. */
  async serveProgram(command: string, args: readonly string[]): Promise<Server> {
    const child = this.#spawn(command, args)
    const line = await Promise.race([once(createInterface(child.stdout!), 'line'), this.#ended(child)])
    return this.#server(child, JSON.parse(String(line[0])).port)
  }

  /** Starts another project's server on a given port; resolves once it listens. */
  async serveOther(command: string, args: (port: number) => readonly string[]): Promise<Server> {
    const port = await freePort()
    const child = this.#spawn(command, [...args(port)])
    await Promise.race([untilListening(port), this.#ended(child)])
    return this.#server(child, port)
  }

  /**
   * A job of the load generator; all jobs go through one process, whose code is warm then. `beside` is another such
   * process, for a load that must not delay the measured one.
   */
  async generate<Result>(job: Job, which: 'measuring' | 'beside' = 'measuring'): Promise<Result> {
    const generator = this.#generators.get(which) ?? this.#spawn(process.execPath, [...FLAGS, GENERATOR])
    this.#generators.set(which, generator)
    return (await this.#ask(generator, { job })) as Result
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

  #server(child: ChildProcess, port: number): Server {
    return {
      port,
      pid: child.pid!,
      ask: async (question) => (await this.#ask(child, { question })) as number,
      stop: async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = once(child, 'exit')
        child.stdin?.end()
        if (child.channel === undefined || child.channel === null) child.kill()
        const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
        await gone
        clearTimeout(late)
      },
    }
  }

  #spawn(command: string, args: readonly string[]): ChildProcess {
    const ours = command === process.execPath
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', ours ? 'inherit' : 'ignore', ours ? 'ipc' : 'ignore'],
    })
    const ended = died(child, ours ? 'a process of the benchmark' : command)
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address !== 'object') throw new Error('no port is free')
  return address.port
}

async function untilListening(port: number): Promise<void> {
  const deadline = performance.now() + LISTEN_MS
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const listens = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (listens) return
    if (performance.now() > deadline) throw new Error('a baseline server does not listen')
    await pause(20)
  }
}
