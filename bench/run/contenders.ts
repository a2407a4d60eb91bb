import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { WireName } from '../load/wire.ts'
import type { Processes, Server } from './processes.ts'

export type ContenderName = 'memory' | 'durable' | 'batch' | 'each' | 'nats' | 'frames' | 'websocket' | 'socket.io'

/** A server that takes the same load as the others. */
export interface Contender {
  readonly name: ContenderName
  readonly wire: WireName
  start(): Promise<Server>
}

const HOST = new URL('../host.ts', import.meta.url)
const MAIN = new URL('../../src/app/main.ts', import.meta.url)
const RELAY = new URL('../yardsticks/relay.ts', import.meta.url)
/** As `npm start` runs the host. */
const LAUNCH_FLAGS: readonly string[] = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  .config.nodeFlags
const SOCKET_IO = new URL('../yardsticks/socket-io.ts', import.meta.url)
const NATS = 'nats-server'
const PATIENCE_MS = 5000

export interface HostOptions {
  readonly data?: string
  readonly tls?: boolean
  readonly line?: { readonly apartMs?: number; readonly inlineMaxBytes?: number; readonly rateOnLoopback?: boolean }
  readonly session?: { readonly rateOnLoopback: boolean }
  readonly http?: { readonly rateOnLoopback: boolean }
}

export const startHost = (processes: Processes, options: HostOptions): Promise<Server> =>
  processes.serve(HOST, [JSON.stringify(options)], LAUNCH_FLAGS)

/** The command itself, as somebody types it. It ends with SIGTERM. */
export const startCommand = (processes: Processes, data: string): Promise<Server> =>
  processes.serve(MAIN, ['host', '--json', '--port', '0', '--data', data], LAUNCH_FLAGS)

export function contenders(processes: Processes): Readonly<Record<ContenderName, Contender>> {
  const relay = (name: 'batch' | 'each'): Contender => ({
    name,
    wire: 'bare',
    start: () => processes.serve(RELAY, [name]),
  })
  return {
    memory: { name: 'memory', wire: 'line', start: () => startHost(processes, {}) },
    durable: { name: 'durable', wire: 'line', start: () => startHost(processes, { data: processes.newDirectory() }) },
    frames: { name: 'frames', wire: 'frames', start: () => startHost(processes, {}) },
    websocket: { name: 'websocket', wire: 'websocket', start: () => startHost(processes, {}) },
    'socket.io': { name: 'socket.io', wire: 'socket.io', start: () => processes.serve(SOCKET_IO, []) },
    batch: relay('batch'),
    each: relay('each'),
    nats: { name: 'nats', wire: 'nats', start: () => startNats(processes) },
  }
}

/** What `nats-server` calls itself; undefined where there is none. */
export function natsVersion(): string | undefined {
  const asked = spawnSync(NATS, ['--version'], { encoding: 'utf8' })
  return asked.status === 0 ? asked.stdout.trim() : undefined
}

async function startNats(processes: Processes): Promise<Server> {
  const server = await processes.serveOther(NATS, (port) => ['-a', '127.0.0.1', '-p', String(port)])
  await untilListening(server)
  return server
}

export async function untilListening(server: Server): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await listens(server.port))) {
    if (performance.now() > deadline) throw new Error("somebody else's server does not listen")
    await pause(20)
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}
