import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, type TestContext } from 'vitest'
import { bareEnv } from './host-process.ts'
import { PATIENCE_MS, until } from './patience.ts'
import { MAIN, NODE } from './program.ts'
import { needs } from './tools.ts'

const TAMTAM: readonly string[] = [...NODE, MAIN]

export interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** What it says it is: `TERM`. */
  readonly terminal?: string
  /** Instead of `tamtam`. */
  readonly program?: readonly string[]
  /** Whether all that the program writes is kept, to be looked at as it is: `written`. */
  readonly recorded?: boolean
}

/** `tamtam …` in a real terminal: keys in, screen out. It is ended when the test is over. */
export class Terminal {
  readonly #server = `tamtam-${process.pid}-${randomBytes(4).toString('hex')}`

  #record: string | undefined

  constructor(
    args: readonly string[],
    {
      columns = 80,
      rows = 24,
      cwd = '/',
      env = {},
      terminal,
      program = TAMTAM,
      recorded = false,
    }: TerminalOptions = {},
  ) {
    const command = [...program, ...args]
    const kind = terminal === undefined ? '' : `TERM='${terminal}' `
    const typed = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    const size = ['-x', String(columns), '-y', String(rows)]
    if (recorded) {
      const directory = mkdtempSync(join(tmpdir(), 'tamtam-terminal-'))
      onTestFinished(() => rmSync(directory, { recursive: true }))
      this.#record = join(directory, 'written')
    }
    // The record begins before the first byte that the program writes: it is started once that file is there.
    const start = recorded ? `until [ -e '${this.#record}' ]; do sleep .01; done; ${kind}${typed}` : `${kind}${typed}`
    // What the program says last stays on the screen.
    const shell = `${start}; echo "ended with $?"; exec sleep 600`
    this.#tmux(['new-session', '-d', ...size, '-c', cwd, shell], { LC_ALL: 'C.UTF-8', ...env })
    onTestFinished(() => void spawnSync('tmux', ['-L', this.#server, 'kill-server']))
    if (this.#record === undefined) return
    this.#tmux(['pipe-pane', `cat >> '${this.#record}'`])
    writeFileSync(this.#record, '', { flag: 'a' })
  }

  /** Skips the test where there is no tmux; in CI that is a failure. */
  static needed(_context: TestContext): void {
    needs('tmux')
  }

  /** Letters, one after the other. */
  type(text: string): void {
    this.#tmux(['send-keys', '-l', text])
  }

  /** Keys by the names that tmux has for them: `Enter`, `Tab`, `C-c`. */
  press(...keys: readonly string[]): void {
    this.#tmux(['send-keys', ...keys])
  }

  /** Types a line and sends it. */
  line(text: string): void {
    this.type(text)
    this.press('Enter')
  }

  /** As from the clipboard, in the brackets that the program asked for. */
  paste(text: string): void {
    this.#tmux(['set-buffer', text])
    this.#tmux(['paste-buffer', '-p', '-r'])
  }

  resize(columns: number, rows: number): void {
    this.#tmux(['resize-window', '-x', String(columns), '-y', String(rows)])
  }

  /** The lines on the screen, without the empty ones below. */
  get screen(): string[] {
    return this.#tmux(['capture-pane', '-p']).trimEnd().split('\n')
  }

  /** The same with its escape sequences for colours and looks. */
  get styled(): string[] {
    return this.#tmux(['capture-pane', '-p', '-e']).trimEnd().split('\n')
  }

  /** Every byte that a recorded program has written, as text. */
  get written(): string {
    return this.#record === undefined ? '' : readFileSync(this.#record, 'utf8')
  }

  /** The same with all that has scrolled away. */
  get all(): string[] {
    return this.#tmux(['capture-pane', '-p', '-S', '-']).trimEnd().split('\n')
  }

  async until(what: string, holds: (screen: string[]) => boolean, deadlineMs = PATIENCE_MS): Promise<void> {
    try {
      await until(what, () => holds(this.screen), deadlineMs)
    } catch (error) {
      throw new Error(`${what} was never seen on this screen:\n${this.screen.join('\n')}`, { cause: error })
    }
  }

  /** Waits for a line that is, or has in it, this. */
  async sees(what: string | RegExp): Promise<void> {
    await this.until(String(what), (screen) =>
      screen.some((line) => (typeof what === 'string' ? line.includes(what) : what.test(line))),
    )
  }

  /** What runs in it, by what it is called and with what; its shells too. */
  get pid(): number {
    return Number(this.#tmux(['display-message', '-p', '#{pane_pid}']))
  }

  /** Waits until nothing is typed and nobody is shown as doing something: the screen is at rest. */
  async rests(): Promise<void> {
    await this.until('an empty line', (screen) => /^<\p{L}+>(?: {2,}\S.*)?$/u.test(screen.at(-1) ?? ''))
  }

  #tmux(args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
    const options = { encoding: 'utf8', env: { ...bareEnv(), ...env } } as const
    const { status, stdout, stderr } = spawnSync(
      'tmux',
      ['-u', '-L', this.#server, '-f', '/dev/null', ...args],
      options,
    )
    if (status !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`)
    return stdout
  }
}

/** A screen as it is kept: without what is another each time, and without what holds for a moment. */
export const kept = (screen: readonly string[]): string =>
  `${screen
    .filter((line) => !line.startsWith('… '))
    .join('\n')
    .replace(/^\d\d:\d\d /gm, '12:04 ')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:8268')}\n`
