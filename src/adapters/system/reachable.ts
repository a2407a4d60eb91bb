import { isIPv6 } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>

// Bridges and tunnels of programs on this machine: other machines hardly ever reach it there.
const INNER = /^(?:docker|br-|veth|virbr|vmnet|vboxnet|utun|tun|tap|cni|flannel)/
const MOST = 6

/** The addresses at which others may reach what listens on `bind`, the likeliest first. */
export function reachable(interfaces: Interfaces, bind: string): readonly string[] {
  if (bind !== '0.0.0.0' && bind !== '::') return [bind]
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
