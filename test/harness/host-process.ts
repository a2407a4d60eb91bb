import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { LineClient } from './line-client.ts'
import { PATIENCE_MS, until } from './patience.ts'
import { MAIN, NODE } from './program.ts'

/** What the first line of `--json` says. */
export interface Listening {
  readonly v: 1
  readonly type: 'listening'
  readonly host: string
  readonly port: number
  readonly url: string
  /** Where it speaks TLS. */
  readonly fingerprint?: string
  /** Where one is wanted, and nothing else tells it. */
  readonly token?: string
  readonly pid: number
}

export interface ProcessOptions {
  /** Runs before node: strace, prlimit. */
  readonly command?: readonly string[]
  /** Runs instead of node and all else: npm start. */
  readonly whole?: readonly string[]
  /** Instead of the real host; its first line says where it listens, too. */
  readonly program?: string
  readonly nodeFlags?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly stdio?: SpawnOptions['stdio']
}

/** The real host, as somebody starts it: `tamtam host …`, its output, and its end. It is killed when the test is over. */
export class HostProcess {
  readonly child: ChildProcess
  /** Complete lines of standard output. */
  readonly lines: string[] = []
  /** All of standard error. */
  errors = ''
  readonly startedAt = performance.now()
  readonly #where: string
  readonly #indirect: boolean
  #partial = ''
  #ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined

  constructor(args: readonly string[], options: ProcessOptions = {}) {
    const { command = [], program = MAIN, nodeFlags = [], stdio = ['pipe', 'pipe', 'pipe'], cwd } = options
    const node = [...NODE, ...nodeFlags, program, ...args]
    const [first = '', ...rest] = options.whole ?? [...command, ...node]
    this.#indirect = command.length > 0 || options.whole !== undefined
    this.#where = [...command, ...args, ...(options.whole ?? [])].join(' ')
    const env = { ...bareEnv(), ...options.env }
    this.child = spawn(first, rest, { stdio, env, ...(cwd === undefined ? {} : { cwd }) })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#partial + text).split('\n')
      this.#partial = lines.pop() ?? ''
      this.lines.push(...lines)
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    this.child.stdin?.on('error', () => {})
    this.child.once('close', (code, signal) => {
      this.#ended = { code, signal }
    })
    onTestFinished(() => this.kill())
  }

  /** Starts `tamtam host --json --port 0 …` and waits until people may come in. */
  static async start(
    args: readonly string[],
    options: ProcessOptions = {},
  ): Promise<{ host: HostProcess; port: number }> {
    const host = new HostProcess(['host', '--json', '--port', '0', ...args], options)
    const { port } = await host.listening()
    return { host, port }
  }

  get pid(): number {
    return this.child.pid ?? -1
  }

  get running(): boolean {
    return this.#ended === undefined
  }

  /** What came behind the last whole line. */
  get unfinished(): string {
    return this.#partial
  }

  /** What `--json` said, but for the first line. */
  get events(): Record<string, unknown>[] {
    return this.lines.slice(1).map((line) => JSON.parse(line))
  }

  async listening(): Promise<Listening> {
    await this.until('its first line', () => this.lines.length > 0)
    return JSON.parse(this.lines[0] ?? '')
  }

  /** Waits for a condition, for as long as the process runs. */
  async until(what: string, holds: () => boolean, deadlineMs = PATIENCE_MS): Promise<void> {
    await until(`${what} of ${this.#where}\n${this.errors.slice(-2000)}`, () => holds() || !this.running, deadlineMs)
    if (!holds()) throw new Error(`ended with ${this.#ended?.code} before ${what}: ${this.errors.slice(-2000)}`)
  }

  /** Waits for the end; answers the exit code, or the signal that ended it. */
  async ended(deadlineMs = PATIENCE_MS): Promise<number | NodeJS.Signals | null> {
    await until(`the end of ${this.#where}`, () => !this.running, deadlineMs)
    return this.#ended?.signal ?? this.#ended?.code ?? null
  }

  /** Asks it to stop, and answers the exit code. */
  async stop(): Promise<number | NodeJS.Signals | null> {
    this.child.kill('SIGTERM')
    return await this.ended()
  }

  /** `kill -9`, whatever state it is in. */
  async kill(): Promise<void> {
    if (!this.running) return
    this.child.kill('SIGKILL')
    // Under strace or npm the host is a child of our child, and outlives it.
    const pid = this.#indirect && this.lines[0]?.startsWith('{') ? JSON.parse(this.lines[0]).pid : undefined
    if (Number.isSafeInteger(pid) && pid > 1 && pid !== this.pid) killIfThere(pid)
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.resume()
    await this.ended()
  }
}

/** Comes in and speaks at once, so that nobody has to wait whether it is a silent line client; files come as a line. */
export async function enter(port: number, nick: string): Promise<LineClient> {
  const client = await LineClient.connect(port, { keepBytes: false })
  onTestFinished(() => client.leave())
  client.write('/files links\n')
  await client.ask(`/nick ${nick}`, `* you are now ${nick}`)
  return client
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Nothing of the person who runs the tests: no settings, no data. */
export function bareEnv(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(TAMTAM_|XDG_|NODE_OPTIONS|VITEST|NODE_ENV)/.test(name),
  )
  return { ...Object.fromEntries(kept), HOME: '/nonexistent' }
}
