import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import type { EventEmitter } from 'node:events'
import { hostname, networkInterfaces } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Bonjour, Service } from 'bonjour-service'
import type { Log } from '#domain/ports/system.ts'

/** A host's announcement on its local networks. */
export interface Announced {
  readonly port: number
  readonly tls: boolean
  /** Whether the host wants a token; never the token itself. */
  readonly token: boolean
}

/** Announces a host on the networks around until `close`. Nothing depends on it: the first failure is logged, and no more. */
export async function announce({ port, tls, token }: Announced, log: Log): Promise<Pick<MdnsSocket, 'close'>> {
  let told = false
  const failed = (error: Error) => {
    if (!told) log.info('others can not find this host by mDNS; its address will do', { error: error.message })
    told = true
  }
  const [machine = ''] = hostname().split('.')
  try {
    const sockets = await openMdnsSockets(failed)
    // The package checks for name collisions and prints them to standard output: this name is unique.
    const name = `${machine.slice(0, 40)} ${randomBytes(2).toString('hex')}`
    for (const { bonjour } of sockets)
      bonjour.publish({
        name,
        type: SERVICE,
        host: `${machine}.local`,
        port,
        txt: { tls: flag(tls), token: flag(token) },
        probe: false,
        disableIPv6: true,
      })
    return { close: async () => void (await Promise.all(sockets.map((each) => each.close()))) }
  } catch (error) {
    failed(error instanceof Error ? error : new Error(String(error)))
    return { close: async () => {} }
  }
}

const flag = (on: boolean): string => (on ? '1' : '0')

export interface NearbyHost extends Announced {
  readonly name: string
  readonly address: string
}

/** A query may get lost on the network, so it is repeated. */
const ASK_TIMES = 4
/** More than anybody would read; more than that is an attack. */
const MOST_HOSTS = 256

/** The hosts that answer on the networks around within `ms`. Rejects when no query can be sent at all. */
export async function hostsNearby(ms: number): Promise<readonly NearbyHost[]> {
  let failure: Error | undefined
  const sockets = await openMdnsSockets((error) => {
    failure = error
  })
  const { found, ask } = listenTo(sockets)
  for (let asked = 1; asked < ASK_TIMES; asked++) {
    await pause(ms / ASK_TIMES)
    ask()
  }
  await pause(ms / ASK_TIMES)
  await Promise.all(sockets.map((each) => each.close()))
  if (failure !== undefined && found.size === 0) throw failure
  return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** The hosts that have answered so far; sends one query, and another with each `ask`. */
export function listenTo(sockets: readonly MdnsSocket[]): {
  readonly found: ReadonlyMap<string, NearbyHost>
  readonly ask: () => void
} {
  const found = new Map<string, NearbyHost>()
  const heard = (service: Service) => {
    const host = hostOf(service)
    // A host in several networks: the address that answered first.
    if (host !== undefined && !found.has(service.fqdn)) found.set(service.fqdn, host)
    if (found.size >= MOST_HOSTS) for (const browser of browsers) browser.stop()
  }
  const browsers = sockets.map(({ bonjour }) => bonjour.find({ type: SERVICE }, heard))
  return {
    found,
    ask: () => {
      for (const browser of browsers) browser.update()
    },
  }
}

/** The host's address is the sender's: the address inside the answer may belong to another network. */
function hostOf({ name, port, referer, txt }: Service): NearbyHost | undefined {
  if (typeof name !== 'string' || !Number.isInteger(port) || port === 0 || referer === undefined) return undefined
  return { name, address: referer.address, port, tls: txt?.tls === '1', token: txt?.token === '1' }
}

/** The service type of hosts (RFC 6763): `_tamtam._tcp`. */
export const SERVICE = 'tamtam'

/** Multicast DNS on one interface. */
export interface MdnsSocket {
  readonly bonjour: Bonjour
  /** Says goodbye to the network and closes the socket. */
  close(): Promise<void>
}

const GOODBYE_MS = 500

/**
 * One for each network of this machine: the system would choose one of them, and none without a default route. Failures are passed to
 * `failed` and end nothing.
 */
async function openMdnsSockets(failed: (error: Error) => void): Promise<readonly MdnsSocket[]> {
  const addresses = Object.values(networkInterfaces()).flatMap((each = []) =>
    each.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
  )
  return await Promise.all(
    addresses.map((address) => openMdnsSocket(createSocket({ type: 'udp4', reuseAddr: true }), address, failed)),
  )
}

/** Multicast DNS over a socket, which is bound here and closed with it. */
export async function openMdnsSocket(
  socket: Socket,
  address: string,
  failed: (error: Error) => void,
): Promise<MdnsSocket> {
  // Loaded on use: hosts and clients on one machine never need it.
  const { Bonjour } = await import('bonjour-service')
  const bonjour = new Bonjour({ interface: address, bind: '0.0.0.0', socket } as object, failed)
  guard(socket, failed)
  // The package leaves errors of the socket without a listener, which would end the process.
  const { mdns } = (bonjour as unknown as { readonly server: { readonly mdns: EventEmitter } }).server
  mdns.on('error', failed)
  const close = () =>
    new Promise<void>((resolve) => {
      const late = setTimeout(resolve, GOODBYE_MS)
      bonjour.unpublishAll(() =>
        bonjour.destroy(() => {
          clearTimeout(late)
          resolve()
        }),
      )
    })
  return { bonjour, close }
}

/** The largest packet (RFC 6762), and more records than hosts and queries need. */
const MOST_BYTES = 9000
const MOST_RECORDS = 64
const HEADER_BYTES = 12
/** Offsets of the four record counts in the header. */
const COUNTS_AT = [4, 6, 8, 10]

/**
 * Packets come from anybody on the network and are checked before the package sees them: 12 bytes can make it allocate two megabytes, it
 * answers each question with a packet of its own, and compares every record with every other. An exception ends the packet, nothing else.
 */
function guard(socket: Socket, failed: (error: Error) => void): void {
  const heard = socket.listeners('message')
  socket.removeAllListeners('message')
  socket.on('message', (packet, from) => {
    if (packet.length < HEADER_BYTES || packet.length > MOST_BYTES) return
    if (COUNTS_AT.reduce((sum, at) => sum + packet.readUInt16BE(at), 0) > MOST_RECORDS) return
    try {
      for (const listener of heard) listener(packet, from)
    } catch (error) {
      failed(error instanceof Error ? error : new Error(String(error)))
    }
  })
}
