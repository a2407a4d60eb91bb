import { createSocket, type Socket } from 'node:dgram'
import type { EventEmitter } from 'node:events'
import { networkInterfaces } from 'node:os'
import type { Bonjour } from 'bonjour-service'

/** What hosts call themselves by (RFC 6763): `_tamtam._tcp`. */
export const SERVICE = 'tamtam'

/** Multicast DNS on one interface. */
export interface Mouth {
  readonly bonjour: Bonjour
  /** Ends it, after its last words. */
  close(): Promise<void>
}

const LAST_WORDS_MS = 500

/**
 * One for each network that this machine is in: the system would choose one of them, and none where there is no way to anywhere else.
 * `failed` hears what becomes of none, which ends nothing.
 */
export async function openMouths(failed: (error: Error) => void): Promise<readonly Mouth[]> {
  const addresses = Object.values(networkInterfaces()).flatMap((each = []) =>
    each.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
  )
  return await Promise.all(
    addresses.map((address) => mouthOn(createSocket({ type: 'udp4', reuseAddr: true }), address, failed)),
  )
}

/** One that speaks and hears by a socket, which it binds and closes. */
export async function mouthOn(socket: Socket, address: string, failed: (error: Error) => void): Promise<Mouth> {
  // Only where it is used: hosts and clients on one machine never need it.
  const { Bonjour } = await import('bonjour-service')
  const bonjour = new Bonjour({ interface: address, bind: '0.0.0.0', socket } as object, failed)
  guard(socket, failed)
  // The package passes on what its callers ask for, and leaves what the socket says to nobody, which would end the process.
  const { mdns } = (bonjour as unknown as { readonly server: { readonly mdns: EventEmitter } }).server
  mdns.on('error', failed)
  const close = () =>
    new Promise<void>((resolve) => {
      const late = setTimeout(resolve, LAST_WORDS_MS)
      bonjour.unpublishAll(() =>
        bonjour.destroy(() => {
          clearTimeout(late)
          resolve()
        }),
      )
    })
  return { bonjour, close }
}

/** As large as a packet may be (RFC 6762), and with more records than hosts and those who look for them have to say. */
const MOST_BYTES = 9000
const MOST_RECORDS = 64
const HEADER_BYTES = 12
/** Where the header says how many records there are of each of four kinds. */
const COUNTS_AT = [4, 6, 8, 10]

/**
 * Packets come from anybody on the network. What they promise is looked at before the package sees them: 12 bytes can make it allocate
 * two megabytes, it answers each question by a packet of its own, and compares every record with every other. What it throws ends the packet and
 * nothing else.
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
