import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { buffer, text } from 'node:stream/consumers'
import { onTestFinished, test } from 'vitest'

export interface Ran {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** A real program at work. It is ended with the test. */
export function start(command: string, args: readonly string[], input?: Buffer) {
  const child = spawn(command, args, { stdio: 'pipe' })
  const over = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await over
  })
  // Who does not want the rest of it has a reason, which the test will see.
  child.stdin.on('error', () => {})
  if (input !== undefined) child.stdin.end(input)
  const ended: Promise<Ran> = Promise.all([buffer(child.stdout), text(child.stderr), over]).then(
    ([stdout, stderr, [code]]) => ({ code, stdout, stderr }),
  )
  return { child, ended }
}

export const run = (command: string, args: readonly string[], input: Buffer = Buffer.alloc(0)): Promise<Ran> =>
  start(command, args, input).ended

export const curl = (...args: readonly string[]): Promise<Ran> => run('curl', ['-q', '-sS', ...args])

/** Tests with a program that may not be on this machine: where CI is set it must be. */
export function testWith(command: string, ask = '--version'): typeof test {
  const there = spawnSync(command, [ask]).status === 0
  if (there) return test
  if (process.env['CI'] === 'true') throw new Error(`the tests need ${command}`)
  process.stderr.write(
    `${command} is not on this machine: its tests are left out; on Debian, apt-get install ${command}\n`,
  )
  return test.skip as typeof test
}
