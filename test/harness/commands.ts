import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { buffer, text } from 'node:stream/consumers'
import { onTestFinished, test } from 'vitest'
import { hasTool, howToGet, needs, PACKAGES, type Tool } from './tools.ts'

export interface Ran {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** A real program at work. It is ended with the test, which is left out where the program is missing. */
export function start(command: string, args: readonly string[], input?: Buffer) {
  if (command in PACKAGES) needs(command as Tool)
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

/** Tests with a program that may not be on this machine. */
export function testWith(tool: Tool): typeof test {
  if (hasTool(tool)) return test
  process.stderr.write(`tests are left out: ${howToGet(tool)}\n`)
  return test.skip as typeof test
}
