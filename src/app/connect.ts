import { parseAddress, type RoomAddress } from '#client/address.ts'
import { ApiClient } from '#client/api-client.ts'
import { type Dial, dialHost, Endpoint, KnownHosts } from '#client/endpoint.ts'
import { NodeHttp } from '#client/node-http.ts'
import { framesTo, webSocketsOver } from '#client/session/node-transports.ts'
import { RemoteRoom } from '#client/session/remote-room.ts'
import { RemoteSession } from '#client/session/remote-session.ts'
import { RoomFiles } from '#client/session/room-files.ts'
import { webSocketTo } from '#client/session/transports.ts'
import type { ClientSettings, SessionSettings } from '#client/settings.ts'
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
  const parsed = parseAddress(address)
  if ('type' in parsed) throw new Refused(rejected('BAD_REQUEST', parsed.message))
  if (parsed.file !== undefined) throw new Refused(rejected('BAD_REQUEST', 'this is the link of a file, and no room'))
  const known = new KnownHosts(options.knownHosts ?? knownHostsPath(process.env))
  return await enterRoom(parsed, new Endpoint(parsed, options.dial ?? dialHost(parsed, known)), {
    ...(parsed.token === undefined ? {} : { token: parsed.token }),
    ...options,
  })
}

/** The same for an address that was read already. */
export async function enterRoom(
  { room, name: called }: Pick<RoomAddress, 'room' | 'name'>,
  endpoint: Endpoint,
  options: Omit<ConnectOptions, 'knownHosts' | 'dial'>,
): Promise<RemoteSession> {
  const { token, password, after, name = called, transport = 'frames' } = options
  const ids = new RandomIds()
  const key = options.key ?? ids.next()
  const settings = { ...clientDefaults, ...sessionDefaults, ...options.settings }
  const open =
    transport === 'frames' ? framesTo(endpoint) : webSocketTo(`ws://${endpoint.at}/ws`, webSocketsOver(endpoint))
  const shown = { ...(token === undefined ? {} : { token }), ...(password === undefined ? {} : { password }) }
  const membership = new RemoteRoom(
    { open, clock: new SystemClock(), ids, random: Math.random, settings },
    { room, key, ...shown, ...(name === undefined ? {} : { name }), ...(after === undefined ? {} : { after }) },
  )
  // Between two connections nothing else does.
  const alive = setInterval(() => {}, FOR_EVER_MS)
  membership.state$.subscribe({ complete: () => clearInterval(alive) })
  await membership.enter()
  // Requests are the member's, for as long as it is in the room.
  const credentials = { key: () => (membership.closed ? undefined : key), ...shown }
  const api = new ApiClient(new NodeHttp(endpoint, settings, true), credentials)
  return new RemoteSession(room, membership, new RoomFiles(api, room, settings))
}
