import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../harness/directory.ts'
import { HostProcess } from '../harness/host-process.ts'
import { until } from '../harness/patience.ts'
import { MAIN, NODE } from '../harness/program.ts'
import { needs } from '../harness/tools.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Processes whose command line has `text` in it. */
const running = (text: string): number[] =>
  readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text) ? [Number(pid)] : []
    } catch {
      return []
    }
  })

describe('C88 a signal at any step of the start stops the host, and leaves nothing', () => {
  /** System calls of the main thread: it opens so many files while it loads, and has started when it has waited for events so often. */
  const STEPS = [
    ...[10, 25, 40].map((count) => ['openat', count] as const),
    ...Array.from({ length: 5 }, (_, index) => ['epoll_pwait', 1 + 24 * index] as const),
  ]

  interface Way {
    readonly begin: (traced: readonly string[]) => readonly string[]
    readonly isReady: (host: HostProcess) => boolean
    readonly typed: string
  }

  const asProgram: Way = {
    begin: (traced) => [...traced, '--json'],
    isReady: (host) => host.lines.length > 0,
    typed: '\n',
  }
  const atTerminal: Way = {
    begin: (traced) => ['script', '-qec', `stty cols 200 rows 24; exec ${traced.join(' ')}`, '/dev/null'],
    isReady: (host) => [...host.lines, host.unfinished].some((line) => line.includes('<You>')),
    typed: ' ',
  }

  test.each([
    ['SIGTERM', 'program', asProgram],
    ['SIGHUP', 'terminal', atTerminal],
    ['SIGINT', 'terminal', atTerminal],
  ] as const)('%s, with a %s at its ends', async (signal, _, { begin, isReady, typed }) => {
    needs('strace', 'script')
    const codes = new Set<unknown>()
    let isReadyAtLast = false
    for (const [call, count] of STEPS) {
      const step = `${call} ${count}`
      const data = join(await temporaryDirectory(), 'data')
      const inject = `inject=${call}:signal=${signal}:when=${count}`
      const traced = ['strace', '-qqq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject, ...NODE, MAIN, 'host']
      const whole = begin([...traced, '--port', '0', '--data', data])
      const host = new HostProcess([], { whole, env: { TERM: 'xterm', LANG: 'C.UTF-8' } })
      await until(`the end at step ${step}`, () => {
        // Once it waits for input, input takes it to the next step. What runs it ends when nothing is typed any more.
        if (isReady(host) && running(data).length > 1) host.child.stdin?.write(typed)
        return !host.running
      })
      isReadyAtLast = isReady(host)
      const code = await host.ended()
      codes.add(code)
      const said = `step ${step}: ${[...host.lines, host.errors].join('\n')}`
      // Before it has begun to start, the system ends it.
      expect([0, 128 + constants.signals[signal], signal], said).toContain(code)
      if (existsSync(data)) expect(code, said).toBe(0)
      expect(existsSync(join(data, 'owner.json')), said).toBe(false)
    }
    expect(codes).toContain(0)
    expect(codes.size).toBeGreaterThan(1)
    expect(isReadyAtLast).toBe(true)
  })
})

/** A Node before 22.18, where the launcher and the program are two processes; else the test's own. */
const nodes = [process.execPath, ...(process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'))]
const oldNode = nodes.find((node) =>
  /^v(1\d|20)\./.test(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout ?? ''),
)

describe.each([
  ['the Node of the tests', process.execPath],
  ['an old Node', oldNode],
])('npm that ends takes the host with it, on %s', (_, node) => {
  const moments: Readonly<Record<string, (data: string) => boolean>> = {
    'when it has run its shell': (data) => running(data).length > 1,
    'when the launcher runs': (data) => running(data).length > 2,
    'when the data directory is there': (data) => existsSync(data),
    'when the host has its data': (data) => existsSync(join(data, 'owner.json')),
  }

  for (const [moment, isThere] of Object.entries(moments))
    for (const signal of moment === 'when the launcher runs'
      ? (['SIGTERM', 'SIGKILL'] as const)
      : (['SIGKILL'] as const))
      test(`${signal} ${moment}`, async (context) => {
        if (node === undefined) return context.skip('needs a Node before 22.18 on the path')
        if (process.platform !== 'linux') return context.skip('needs Linux, which names the parents of processes')
        const data = join(await temporaryDirectory(), 'data')
        onTestFinished(() => {
          for (const pid of running(data)) process.kill(pid, 'SIGKILL')
        })
        const host = new HostProcess([], {
          whole: ['npm', 'start', '--silent', '--', 'host', '--port', '0', '--json', '--data', data],
          env: { PATH: `${dirname(node)}${delimiter}${process.env['PATH']}` },
          cwd: ROOT,
        })
        await until(moment, () => isThere(data) || !host.running)
        expect(host.running, host.errors).toBe(true)
        host.child.kill(signal)
        await until('the end of all', () => running(data).length === 0)
        expect(existsSync(join(data, 'owner.json'))).toBe(false)
      })
})
