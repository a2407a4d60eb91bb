import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { hostname, type NetworkInterfaceInfo } from 'node:os'

/** The names of this machine on its networks: its own, the one of mDNS, those of its hosts file, and one in each search domain. */
export async function machineNames(): Promise<readonly string[]> {
  const [hosts, resolver] = await Promise.all(['/etc/hosts', '/etc/resolv.conf'].map(textOf))
  return namesIn(hostname(), hosts ?? '', resolver ?? '')
}

/** The same from a host name and the texts of `/etc/hosts` and `/etc/resolv.conf`. */
export function namesIn(name: string, hosts: string, resolver: string): readonly string[] {
  const own = name.toLowerCase().replace(/\.$/, '')
  const [machine = ''] = own.split('.')
  const aliases = linesOf(hosts)
    .map(([, ...names]) => names)
    .filter((names) => names.includes(own) || names.includes(machine))
  const domains = linesOf(resolver).flatMap(([word = '', ...rest]) => (/^(?:search|domain)$/.test(word) ? rest : []))
  const searched = domains.map((domain) => `${machine}.${domain.replace(/\.$/, '')}`)
  const all = [own, machine, `${machine}.local`, ...aliases.flat(), ...searched]
  return [...new Set(all)].filter((each) => /^[\w-]+(?:\.[\w-]+)*$/.test(each))
}

const linesOf = (text: string): readonly (readonly string[])[] =>
  text.split('\n').map((line) => line.toLowerCase().replace(/#.*/, '').split(/\s+/).filter(Boolean))

/** Other systems have no such files. */
const textOf = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')

/** The name by which mDNS finds this machine; undefined where its host name makes none. */
export function localName(name = hostname()): string | undefined {
  const [machine = ''] = name.toLowerCase().split('.')
  return /^[a-z\d][a-z\d-]*$/.test(machine) && machine !== 'localhost' ? `${machine}.local` : undefined
}

/** Whether a listener there has all addresses of this machine. */
export const isEverywhere = (bind: string): boolean => bind === '0.0.0.0' || bind === '::'

/** The address of this machine by which it reaches `host`. Nothing is sent. */
export async function addressTowards(host: string): Promise<string> {
  const bare = host.replace(/^\[|\]$/g, '')
  const socket = createSocket(isIPv6(bare) ? 'udp6' : 'udp4')
  try {
    socket.connect(DISCARD_PORT, bare)
    await once(socket, 'connect')
    return socket.address().address
  } finally {
    socket.close()
  }
}

const DISCARD_PORT = 9

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

// Bridges and tunnels of programs on this machine: other machines rarely reach it there.
const INNER = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|utun|tun|tap|cni|flannel)/
const MOST = 6

/** The addresses at which others may reach a listener on `bind`, the likeliest first. */
export function reachable(interfaces: Interfaces, bind: string): readonly string[] {
  if (!isEverywhere(bind)) return [bind]
  const found = Object.entries(interfaces).flatMap(([name, infos = []]) =>
    infos
      .filter(({ internal, address }) => !internal && !isLinkLocal(address))
      .filter(({ family }) => bind === '::' || family === 'IPv4')
      .map(({ address }) => ({ address, rank: rankOf(name, address) })),
  )
  return found
    .sort((one, other) => one.rank - other.rank)
    .map(({ address }) => address)
    .slice(0, MOST)
}

const isLinkLocal = (address: string): boolean => /^(?:fe[89ab][0-9a-f]:|169\.254\.)/i.test(address)

function rankOf(name: string, address: string): number {
  const inner = INNER.test(name) ? 10 : 0
  if (isIPv6(address)) return inner + 5
  if (address.startsWith('192.168.')) return inner
  return inner + (address.startsWith('10.') ? 1 : /^172\.(?:1[6-9]|2\d|3[01])\./.test(address) ? 2 : 3)
}
