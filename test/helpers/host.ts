import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { createTamtam, type ListenerSettings, type Tamtam, type TamtamOptions } from '../../src/app/index.ts'

export interface HostOptions extends Omit<TamtamOptions, 'data'> {
  /** `kept`: history and files in a temporary directory. Otherwise in memory. */
  readonly stores?: 'memory' | 'kept'
  readonly listen?: Partial<ListenerSettings>
}

export interface RunningHost {
  readonly port: number
  readonly tamtam: Tamtam
  stop(): Promise<void>
}

/** A client that says nothing is a line client after this long, so that tests need not wait for a second each. */
export const SILENT_MS = 20

/** A host on a free port of loopback. It stops by itself when the test is over, and its data go. */
export async function startHost({ stores = 'memory', listen = {}, ...options }: HostOptions = {}): Promise<RunningHost> {
  const data = stores === 'kept' ? await temporaryDirectory() : undefined
  const tamtam = createTamtam({ ...options, ...(data === undefined ? {} : { data, freeSpaceFloorBytes: 0 }) })
  await tamtam.start()
  const { port } = await tamtam.listen({ port: 0, silentMs: SILENT_MS, farewellMs: 500, ...listen })
  const stop = () => tamtam.stop()
  onTestFinished(stop)
  return { port, tamtam, stop }
}

/** Gone when the test is over. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tamtam-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export interface HostProcess {
  readonly port: number
  readonly directory: string
  /** Resident bytes now, after a collection. */
  settledBytes(): Promise<number>
  /** The most resident bytes there have been since the last call. */
  peakBytes(): Promise<number>
}

/** A host in a process of its own, with a temporary directory, to look at its memory. */
export async function startHostProcess(options: Omit<HostOptions, 'stores'> = {}): Promise<HostProcess> {
  const directory = await temporaryDirectory()
  const program = fileURLToPath(new URL('./host-program.ts', import.meta.url))
  const { listen = {}, ...rest } = options
  const settings = { ...rest, data: directory, listen: { port: 0, silentMs: SILENT_MS, ...listen } }
  const child = fork(program, [JSON.stringify(settings)], { execArgv: ['--expose-gc'] })
  onTestFinished(async () => {
    if (child.exitCode !== null) return
    child.disconnect()
    await once(child, 'exit')
  })
  const port = await answer(child)
  const ask = (question: string) => {
    child.send(question)
    return answer(child)
  }
  return { port, directory, settledBytes: () => ask('settled'), peakBytes: () => ask('peak') }
}

async function answer(child: ChildProcess): Promise<number> {
  const [said] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the host ended with ${code}`))),
  ])) as [number]
  return said
}
