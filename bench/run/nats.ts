import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { natsConf } from '#app/cli/nats-conf.ts'
import { freePort, type Processes, type Server } from './processes.ts'

const LEAST = [2, 11] as const
const caches = [process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), join(userInfo().homedir, '.cache')]

const fits = (program: string): boolean => {
  try {
    const said = execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const [, major, minor] = /v(\d+)\.(\d+)\./.exec(said) ?? []
    return Number(major) > LEAST[0] || (Number(major) === LEAST[0] && Number(minor) >= LEAST[1])
  } catch {
    return false
  }
}

/** A nats-server that can carry a cluster: in PATH, or where `scripts/nats-server.sh` puts one. */
export const natsProgram: string | undefined = [
  'nats-server',
  ...caches.map((cache) => join(cache, 'tamtam', 'nats-server')),
].find(fits)

export const howToGetNats = 'needs a nats-server of 2.11 or newer: scripts/nats-server.sh'

/** So many servers around one log, each of which syncs what it acknowledges. */
export async function startNats(processes: Processes, program: string, count: number): Promise<readonly Server[]> {
  const hosts = Array.from({ length: count }, () => '127.0.0.1')
  const routePorts = await Promise.all(hosts.map(freePort))
  const servers: Server[] = []
  for (const index of hosts.keys()) {
    const directory = processes.newDirectory()
    const commandOn = (port: number) => {
      const ports = hosts.map(() => port)
      mkdirSync(join(directory, 'store'))
      const config = join(directory, 'nats.conf')
      writeFileSync(config, natsConf(hosts, index + 1, { ports, routePorts, store: join(directory, 'store') }))
      return [program, '-c', config] as const
    }
    servers.push(await processes.serveOther(commandOn))
  }
  return servers
}
