import { execFile, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { UploaderOptions } from './uploader.ts'

/** Whether system calls can be traced here; where they must be (CI), their absence is a failure and not a skip. */
export const canTrace = (): boolean => {
  const works = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
  if (works) return true
  if (process.env['CI'] === 'true') throw new Error('strace is needed: apt-get install strace, and allow ptrace')
  console.warn('skipped: strace is not there or may not trace; `apt-get install strace` brings it')
  return false
}

/** One system call. `from` and `to` are places in the trace: it began at the one and had returned at the other. */
export interface TracedCall {
  readonly name: string
  readonly text: string
  readonly from: number
  readonly to: number
}

export const UPLOADER = fileURLToPath(new URL('./uploader.ts', import.meta.url))

/**
 * Runs the uploader under strace and answers what it said and called. One thread does all file work, so that
 * `inject=…:when=N`, which strace counts for each thread, means the Nth call.
 */
export const traceUploader = async (
  options: UploaderOptions,
  inject: readonly string[] = [],
): Promise<{ said: readonly string[]; calls: readonly TracedCall[] }> => {
  const trace = join(options.directory, 'trace')
  const calls = 'trace=write,pwrite64,writev,fdatasync,fsync,link,linkat,unlink,unlinkat'
  const injections = inject.flatMap((injection) => ['-e', `inject=${injection}`])
  const uploader = [process.execPath, UPLOADER, JSON.stringify(options)]
  const { stdout } = await promisify(execFile)(
    'strace',
    ['-f', '-y', '-s', '100', '-e', 'signal=none', '-e', calls, ...injections, '-o', trace, ...uploader],
    { env: { ...process.env, UV_THREADPOOL_SIZE: '1' } },
  )
  return { said: stdout.trim().split('\n'), calls: parseTrace(await readFile(trace, 'utf8')) }
}

/** Lines of `strace -f`; a call that another thread's call came between is on two of them. */
export const parseTrace = (trace: string): TracedCall[] => {
  const calls: TracedCall[] = []
  const unfinished = new Map<string, { readonly from: number; readonly start: string }>()
  for (const [at, line] of trace.split('\n').entries()) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    const begun = /^(.*) <unfinished \.\.\.>$/.exec(rest)
    if (begun) {
      unfinished.set(thread, { from: at, start: begun[1] ?? '' })
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)
    const first = resumed ? unfinished.get(thread) : undefined
    const text = first ? `${first.start}${resumed?.[1]}` : rest
    const name = /^(\w+)\(/.exec(text)?.[1]
    if (name) calls.push({ name, text, from: first?.from ?? at, to: at })
  }
  return calls
}
