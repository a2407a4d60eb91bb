import { parseAddress, type RoomAddress } from '#client/address.ts'
import { type Dial, dialHost } from '#client/dial.ts'
import { Endpoint } from '#client/endpoint.ts'
import { KnownHosts } from '#client/known-hosts.ts'
import { RemoteRoom } from '#client/session/remote-room.ts'
import { RemoteSession } from '#client/session/remote-session.ts'
import { RoomFiles } from '#client/session/room-files.ts'
import type { SessionSettings } from '#client/session/settings.ts'
import { framesTo } from '#client/session/transports/frames.ts'
import { webSocketsOver } from '#client/session/transports/node-websocket.ts'
import { webSocketTo } from '#client/session/transports/websocket.ts'
import type { ClientSettings } from '#client/settings.ts'
import { rejected } from '#domain/errors.ts'
import { Refused } from '#domain/session.ts'
import { SystemClock } from '#system/clock.ts'
import { RandomIds } from '#system/ids.ts'
import { knownHostsPath } from './config.ts'
import { clientDefaults, sessionDefaults } from './defaults.ts'

export interface ConnectOptions {
  /** Instead of the one in the address; without any, one is a guest called by one's address. */
  readonly name?: string
  /** What the host asks for: its token, or an invitation. */
  readonly token?: string
  /** What the room asks for: its password, or an invitation. */
  readonly password?: string
  /** 32 hexadecimal digits: whoever shows them again, also from another process, is the same person. Random unless given. */
  readonly key?: string
  /** The sequence after which `events$` begins; without it, now. */
  readonly after?: number
  /** Instead of TCP or TLS to the host of the address: any connection that ends up in the `accept` of a host. */
  readonly dial?: Dial
  /** Frames unless given. */
  readonly transport?: 'frames' | 'websocket'
  /** The file of hosts that were reached over TLS, and of their keys; the user's own unless given, as for `tamtam join`. */
  readonly knownHosts?: string
  readonly settings?: Partial<ClientSettings & SessionSettings>
}

/** Longer than any process runs; Node takes no longer wait. */
const FOR_EVER_MS = 2 ** 31 - 1

/**
 * Takes a place in a room of another host: `[name@]host[:port][/room]`, with `tls://` in front where the host speaks that, or the link of its page. It comes back by
 * itself when the connection is lost, with nothing lost and nothing twice, and keeps the process alive until it is closed. Rejects with `Refused`
 * where the host will not have it or does not show the key that it is known by, and with `Unreachable` where there is no host.
 */
export async function connect(address: string, options: ConnectOptions = {}): Promise<RemoteSession> {
  const where = parseAddress(address)
  if ('type' in where) throw new Refused(rejected('BAD_REQUEST', where.message))
  if (where.file !== undefined) throw new Refused(rejected('BAD_REQUEST', 'this is the link of a file, and no room'))
  const known = new KnownHosts(options.knownHosts ?? knownHostsPath(process.env))
  return await enterRoom(where, new Endpoint(where, options.dial ?? dialHost(where, known)), {
    ...(where.token === undefined ? {} : { token: where.token }),
    ...options,
  })
}

/** The same for an address that was read already. */
export async function enterRoom(
  { room, name: called }: Pick<RoomAddress, 'room' | 'name'>,
  way: Endpoint,
  options: Omit<ConnectOptions, 'knownHosts' | 'dial'>,
): Promise<RemoteSession> {
  const { token, password, after, name = called, transport = 'frames' } = options
  const ids = new RandomIds()
  const key = options.key ?? ids.next()
  const settings = { ...clientDefaults, ...sessionDefaults, ...options.settings }
  const open = transport === 'frames' ? framesTo(way) : webSocketTo(`ws://${way.at}/ws`, webSocketsOver(way))
  const shown = { ...(token === undefined ? {} : { token }), ...(password === undefined ? {} : { password }) }
  const place = new RemoteRoom(
    { open, clock: new SystemClock(), ids, random: Math.random, settings },
    { room, key, ...shown, ...(name === undefined ? {} : { name }), ...(after === undefined ? {} : { after }) },
  )
  // Between two connections nothing else does.
  const alive = setInterval(() => {}, FOR_EVER_MS)
  place.state$.subscribe({ complete: () => clearInterval(alive) })
  await place.enter()
  return new RemoteSession(
    room,
    place,
    new RoomFiles({ way, key: () => (place.closed ? undefined : key), ...shown }, room, settings),
  )
}
