import type { IncomingHttpHeaders } from 'node:http'
import { isIPv4, isIPv6, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** A connection that a listener hands to a server. */
export interface IncomingConnection {
  readonly connection: Duplex
  /** The client's address as people read it. */
  readonly address: string
  readonly loopback: boolean
  /** The address that the client came to, as in `http://192.168.1.5:8268`; left out where it has none. */
  readonly base?: string
  /** To be called once it is authenticated: then it makes place for no other. Left out where nobody counts them. */
  known?(): void
  /** Set where it is a trusted proxy's: requests on it are of the clients that they name. */
  readonly proxy?: ProxyConnection
  /**
   * It has sent nothing, and may be of a client of another protocol that is late, or of a browser that holds a connection ready: nobody is
   * told of it before it sends something, or for so many milliseconds.
   */
  readonly hiddenMs?: number
  /** Of the request that it began with, where it began with one. */
  readonly headers?: IncomingHttpHeaders
  /** The bytes that were read already to tell the protocol. */
  readonly head: Buffer
}

/** A connection of a trusted proxy, which carries requests of many clients. */
export interface ProxyConnection {
  /** Whether an address is a trusted proxy's. */
  trusts(address: string): boolean
  /** Counts a request as a connection of its client's, which `end` ends where it has to make place; undefined where the client has all it may have. */
  enter(address: string, end: () => void): ProxiedRequest | undefined
}

export interface ProxiedRequest {
  /** As in `IncomingConnection`. */
  known(): void
  /** It is over. */
  leave(): void
}

/** A server of browsers. */
export interface Browsed {
  /** Whether a client at this address has a connection here: a browser opens others beside it that send nothing yet. */
  serves(address: string): boolean
}

/** The server of one protocol. */
export interface ConnectionServer {
  accept(incoming: IncomingConnection): void
  /** Reads nothing more; earlier input is still dealt with. */
  stopReading(): void
  /** Tells everyone why, flushes for as long as `ms`, and hangs up. */
  close(why: string, ms: number): Promise<void>
  /** Closes the connections of clients that have taken nothing for `ms` although something waits for them. */
  sweep(ms: number): void
}

/** This machine's own addresses. */
export const isLoopback = (address: string): boolean =>
  address === '::1' || (isIPv4(address) && address.startsWith('127.'))

export type Scheme = 'http' | 'https'

/** What the client of a connection asks for over it. */
export const schemeOf = ({ connection, base = '' }: Pick<IncomingConnection, 'connection' | 'base'>): Scheme =>
  connection instanceof TLSSocket || base.startsWith('https:') ? 'https' : 'http'

/** A connection whose links begin at the host's public URL, where it has one. */
export const knownAt = (incoming: IncomingConnection, publicUrl: string | undefined): IncomingConnection =>
  publicUrl === undefined ? incoming : { ...incoming, base: publicUrl }

/** The address of the client at a socket, and the address that it came to, which is left out where the client is gone already. */
export function originOf(
  socket: Socket,
  scheme: Scheme = schemeOf({ connection: socket }),
): Pick<IncomingConnection, 'address' | 'loopback' | 'base'> {
  const address = unmapped(socket.remoteAddress ?? 'unknown')
  const here = hereOf(socket)
  return { address, loopback: isLoopback(address), ...(here === undefined ? {} : { base: `${scheme}://${here}` }) }
}

/** The address that the client came to, as in `192.168.1.5:8268`; undefined where it is gone already. */
function hereOf({ localAddress, localPort }: Socket): string | undefined {
  if (localAddress === undefined || localPort === undefined) return undefined
  const host = unmapped(localAddress)
  return `${isIPv6(host) ? `[${host}]` : host}:${localPort}`
}

/** IPv4 addresses that arrive mapped into IPv6, as IPv4. */
const unmapped = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '')
