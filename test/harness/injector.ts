import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from './directory.ts'
import { until } from './patience.ts'

/** The `nth` call of its name that a thread of the host makes fails with `error`, and is not made. */
export interface Fault {
  readonly call: string
  readonly error: string
  readonly nth: number
}

/** As strace takes it; what it did is in `trace` then. Only calls about `paths`, where there are some. */
export const injecting = ({ call, error, nth }: Fault, trace: string, paths: readonly string[] = []): string[] => [
  ...['strace', '-f', '-o', trace, '-e', 'signal=none', '-e', `trace=${call}`],
  ...['-e', `inject=${call}:error=${error}:when=${nth}`],
  ...paths.flatMap((path) => ['-P', path]),
]

/** How many calls were made to fail. */
export const injected = async (trace: string): Promise<number> =>
  (await readFile(trace, 'utf8').catch(() => '')).split('(INJECTED)').length - 1

/** Whether a process has ended, also when whoever traces it keeps its parent from hearing of that. */
export function isOver(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return true
  }
}

/** Lets a call of a running process fail while `during` goes on; answers how many did. */
export async function withFault(pid: number, fault: Fault, during: () => Promise<void>): Promise<number> {
  const trace = join(await temporaryDirectory(), 'trace')
  const [command = '', ...args] = injecting(fault, trace)
  const tracer = spawn(command, [...args, '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const over = once(tracer, 'close')
  onTestFinished(() => void tracer.kill('SIGKILL'))
  let told = ''
  tracer.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  await until('strace to take hold', () => told.includes('attached'))
  await during()
  // strace may wait for ever for the end of a thread whose process has ended.
  tracer.kill(isOver(pid) ? 'SIGKILL' : 'SIGINT')
  await over
  return await injected(trace)
}
