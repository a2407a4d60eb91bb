import { isIPv6, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { isLoopback } from './address.ts'
import type { IncomingConnection } from './incoming-connection.ts'

/** Where somebody at the other end of a socket is, and where they reached us. */
export function originOf(socket: Socket): Pick<IncomingConnection, 'address' | 'loopback' | 'base'> {
  const address = unmapped(socket.remoteAddress ?? 'unknown')
  return { address, loopback: isLoopback(address), ...baseOf(socket) }
}

/** Nothing where the peer is gone already. */
function baseOf(socket: Socket): Pick<IncomingConnection, 'base'> {
  const here = hereOf(socket)
  if (here === undefined) return {}
  return { base: `${socket instanceof TLSSocket ? 'https' : 'http'}://${here}` }
}

/** Where the peer reached us, as in `192.168.1.5:8268`; undefined where it is gone already. */
export function hereOf({ localAddress, localPort }: Socket): string | undefined {
  if (localAddress === undefined || localPort === undefined) return undefined
  const host = unmapped(localAddress)
  return `${isIPv6(host) ? `[${host}]` : host}:${localPort}`
}

/** IPv4 addresses that arrive mapped into IPv6 are shown as what they are. */
const unmapped = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '')
