import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { PATIENCE_MS, until } from '../harness/patience.ts'

const WRITER = fileURLToPath(new URL('./journal-writer.ts', import.meta.url))

/** A process with a journal of its own; see journal-writer.ts. */
export class JournalProcess {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  #unfinished = ''
  #over = false

  /** `command` runs before node, strace for one; a writer ends by itself after the sequence `most`. */
  constructor(
    directory: string,
    mode: 'write' | 'hold',
    command: readonly string[] = [],
    most = Number.POSITIVE_INFINITY,
  ) {
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', WRITER, directory, mode, String(most)]
    const [program, ...args] = [...command, ...node]
    // What ends it unexpectedly is on its stderr; strace writes there too.
    this.#child = spawn(program!, args, { stdio: ['ignore', 'pipe', command.length === 0 ? 'inherit' : 'ignore'] })
    this.#exited = once(this.#child, 'close').then(() => {
      this.#over = true
    })
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#unfinished + text).split('\n')
      this.#unfinished = lines.pop() ?? ''
      this.lines.push(...lines)
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** The sequences that the journal promised to have kept. */
  kept(): number[] {
    return this.lines.filter((line) => line.startsWith('kept ')).map((line) => Number(line.slice(5)))
  }

  async until(count: number): Promise<void> {
    await until(
      `${count} lines of a process that says ${this.lines.slice(-5)}`,
      () => this.lines.length >= count || this.#over,
    )
    if (this.lines.length < count) throw new Error(`it ended after ${this.lines.length}: ${this.lines.slice(-5)}`)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  async ended(): Promise<void> {
    await Promise.race([this.#exited, once(AbortSignal.timeout(PATIENCE_MS), 'abort')])
    if (this.#child.exitCode === null) throw new Error(`the process did not end; its lines: ${this.lines.slice(-5)}`)
  }
}
