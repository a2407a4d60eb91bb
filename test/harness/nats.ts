import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { onTestFinished, TestRunner } from 'vitest'
import { natsConf } from '#app/cli/nats-conf.ts'
import { natsProgram as found, howToGetNats } from '../../bench/run/nats.ts'
import { temporaryDirectory } from './directory.ts'
import { until } from './patience.ts'

/** Whether there is a nats-server that can carry a cluster; in CI its absence is a failure. */
export function hasNats(): boolean {
  if (found !== undefined) return true
  if (process.env['CI'] === 'true') throw new Error(`the test ${howToGetNats}`)
  process.stderr.write(`skipped: ${howToGetNats}\n`)
  return false
}

/** It, where there is one. */
export const natsProgram = (): string => found ?? 'nats-server'

/** Ports that are free now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports.push((server.address() as { port: number }).port)
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** One nats-server, as `tamtam nats-conf` sets it up, but for its ports; killed when the test is over. */
export class NatsServer {
  readonly port: number
  readonly #config: string
  #child: ChildProcess | undefined

  private constructor(port: number, config: string) {
    this.port = port
    this.#config = config
    const kill = () => this.kill()
    if (TestRunner.getCurrentTest() !== undefined) onTestFinished(kill)
  }

  /** So many servers around one log; a single one is ready at once. `sync`: whether each message is synced before it is acknowledged. */
  static async start(count: number, sync: 'always' | 'sometimes' = 'always'): Promise<readonly NatsServer[]> {
    const directory = await temporaryDirectory()
    const ports = await freePorts(count * 2)
    const servers: NatsServer[] = []
    for (let node = 1; node <= count; node++) {
      const config = join(directory, `nats-${node}.conf`)
      const hosts = Array.from({ length: count }, () => '127.0.0.1')
      const options = {
        ports: ports.slice(0, count),
        routePorts: ports.slice(count),
        store: join(directory, `n${node}`),
        sync,
      }
      await mkdir(options.store)
      await writeFile(config, natsConf(hosts, node, options))
      servers.push(new NatsServer(ports[node - 1] ?? 0, config))
    }
    await Promise.all(servers.map((server) => server.start()))
    return servers
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  async start(): Promise<void> {
    this.#child = spawn(natsProgram(), ['-c', this.#config], { stdio: 'ignore' })
    await until(`nats-server at ${this.port}`, () => answers(this.port))
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** `kill -9`, whatever state it is in. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (is: boolean) => {
      socket.destroy()
      resolve(is)
    }
    socket
      .once('data', () => end(true))
      .once('error', () => end(false))
      .once('close', () => end(false))
  })
