import { isIPv6, type Socket } from 'node:net'
import { isLoopback } from './address.ts'
import type { Visitor } from './visitor.ts'

/** Where somebody at the other end of a socket is, and where they reached us. */
export function originOf(socket: Socket): Pick<Visitor, 'address' | 'loopback' | 'base'> {
  const address = unmapped(socket.remoteAddress ?? 'unknown')
  return { address, loopback: isLoopback(address), ...baseOf(socket) }
}

/** Nothing where the peer is gone already. */
function baseOf({ localAddress, localPort }: Socket): Pick<Visitor, 'base'> {
  if (localAddress === undefined || localPort === undefined) return {}
  const host = unmapped(localAddress)
  return { base: `http://${isIPv6(host) ? `[${host}]` : host}:${localPort}` }
}

/** IPv4 addresses that arrive mapped into IPv6 are shown as what they are. */
const unmapped = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '')
