import { isIP } from 'node:net'
import { ownCommand } from '#app/about.ts'
import { print, run } from './command.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'

const CLIENT_PORT = 4222
const ROUTE_PORT = 6222
const MONITOR_PORT = 8222

export interface NatsConfOptions {
  /** The name of the NATS cluster. */
  readonly name?: string
  /** The directory of the store. */
  readonly store?: string
  /** Ports of each server; left out: those of NATS. */
  readonly ports?: readonly number[]
  readonly routePorts?: readonly number[]
  /** Whether a message is synced before it is acknowledged; `sometimes` is NATS's default, every two minutes. */
  readonly sync?: 'always' | 'sometimes'
}

interface NatsConfFlags extends Pick<NatsConfOptions, 'name' | 'store'> {
  readonly node: number
}

/** `tamtam nats-conf`. */
export const runNatsConf = (addresses: string, { node, ...options }: NatsConfFlags): Promise<void> =>
  run(async () => {
    const hosts = addresses.split(',').map((host) => host.trim().replace(/^\[(.*)\]$/, '$1'))
    if (!hosts.every((host) => isIP(host) !== 0 || /^[a-z\d][a-z\d.-]*$/i.test(host)))
      throw new CommandFailed(
        exitCodes.usage,
        `${addresses} must be addresses with commas between; see ${ownCommand('help nats-conf')}`,
      )
    if (!(node >= 1 && node <= hosts.length))
      throw new CommandFailed(exitCodes.usage, `there is no server ${node} of ${hosts.length}; --node counts from 1`)
    await print(natsConf(hosts, node, options).trimEnd())
  })

/** The configuration of one nats-server of a cluster; `node` counts from 1. */
export function natsConf(hosts: readonly string[], node: number, options: NatsConfOptions = {}): string {
  const { name = 'tamtam', store = './nats', ports = [], routePorts = [], sync = 'always' } = options
  const own = node - 1
  const at = (port: number | undefined, usual: number) => `${bracketed(hosts[own] ?? '')}:${port ?? usual}`
  const routes = hosts.flatMap((host, index) =>
    index === own ? [] : [`    nats://${bracketed(host)}:${routePorts[index] ?? ROUTE_PORT}`],
  )
  return [
    `# Server ${node} of ${hosts.length} for tamtam. Start it with: nats-server -c THIS_FILE`,
    `server_name: ${JSON.stringify(`${name}-${node}`)}`,
    `listen: "${at(ports[own], CLIENT_PORT)}"`,
    ...(ports.length > 0 ? [] : [`http: "127.0.0.1:${MONITOR_PORT}"`]),
    'jetstream {',
    `  store_dir: ${JSON.stringify(store)}`,
    ...(sync === 'always' ? ['  # What is acknowledged survives a power cut.', '  sync_interval: always'] : []),
    '}',
    ...(hosts.length === 1
      ? []
      : [
          'cluster {',
          `  name: ${JSON.stringify(name)}`,
          `  listen: "${at(routePorts[own], ROUTE_PORT)}"`,
          '  routes: [',
          ...routes,
          '  ]',
          '}',
        ]),
    '',
  ].join('\n')
}

const bracketed = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host)
