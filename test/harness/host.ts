import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { createTamtam, type ListenerSettings, type Tamtam, type TamtamOptions } from '#app/index.ts'
import { temporaryDirectory } from './directory.ts'
import { LAUNCH_FLAGS } from './program.ts'

export interface HostOptions extends TamtamOptions {
  /** `kept`: history and files in a temporary directory. Otherwise in memory, unless `data` names one. */
  readonly stores?: 'memory' | 'kept'
  readonly listen?: Partial<ListenerSettings>
}

export interface RunningHost {
  readonly port: number
  readonly tamtam: Tamtam
  stop(): Promise<void>
}

/** A client that says nothing for this long is taken for a listener: longer than on a busy machine somebody's first bytes take to come. */
const SILENT_MS = 5000

/** Line clients of tests read files as programs do, whatever they type. */
const IN_BAND = { files: 'inline' } as const

/** A host on a free port of loopback. It stops by itself when the test is over, and its data go. */
export async function startHost({
  stores = 'memory',
  listen = {},
  ...options
}: HostOptions = {}): Promise<RunningHost> {
  const data = stores === 'kept' ? await temporaryDirectory() : undefined
  const line = { ...IN_BAND, ...options.line }
  const tamtam = createTamtam({ ...options, line, ...(data === undefined ? {} : { data, freeSpaceFloorBytes: 0 }) })
  await tamtam.start()
  const { port } = await tamtam.listen({ port: 0, silentMs: SILENT_MS, farewellMs: 500, ...listen })
  const stop = () => tamtam.stop()
  onTestFinished(stop)
  return { port, tamtam, stop }
}

/** Bytes of a host's process. */
export interface Memory {
  /** The most that was resident since the last look. */
  readonly peak: number
  /** What is resident after a collection: with what the engine keeps for later. */
  readonly settled: number
  /** What is in use after a collection. */
  readonly live: number
}

export interface HostProcess {
  readonly port: number
  memory(): Promise<Memory>
}

/** A host in a process of its own, with a temporary directory, to look at its memory. */
export async function startHostProcess(options: Omit<HostOptions, 'stores'> = {}): Promise<HostProcess> {
  const directory = await temporaryDirectory()
  const program = fileURLToPath(new URL('./host-program.ts', import.meta.url))
  const { listen = {}, ...rest } = options
  const line = { ...IN_BAND, ...rest.line }
  const settings = { ...rest, line, data: directory, listen: { port: 0, silentMs: SILENT_MS, ...listen } }
  const child = fork(program, [JSON.stringify(settings)], { execArgv: ['--expose-gc', ...LAUNCH_FLAGS] })
  onTestFinished(async () => {
    if (child.exitCode !== null) return
    child.disconnect()
    await once(child, 'exit')
  })
  const { port } = await answer<{ port: number }>(child)
  const memory = () => {
    child.send('memory')
    return answer<Memory>(child)
  }
  return { port, memory }
}

const MB = 1024 ** 2

/**
 * Holds a host to little memory under a wave of `size` hostile connections, which answers what it took while it lasted: `mostMb` while they
 * last, and next to nothing once they are gone.
 */
export async function costsLittle(
  memory: HostProcess['memory'],
  mostMb: number,
  wave: (size: number) => Promise<Memory>,
): Promise<void> {
  // What a host keeps for later is there from then on.
  await wave(200)
  const before = await memory()
  const during = await wave(1000)
  const after = await memory()
  expect(during.live - before.live).toBeLessThan(mostMb * MB)
  expect(after.live - before.live).toBeLessThan(32 * MB)
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`the host ended with ${code}`))
    child.once('exit', ended)
    child.once('message', (said) => {
      child.off('exit', ended)
      resolve(said as T)
    })
  })
}
