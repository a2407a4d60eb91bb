import { parseAddress, type RoomAddress } from '#client/address.ts'
import { ApiClient } from '#client/api-client.ts'
import { type Dial, dialHost, Endpoint, KnownHosts } from '#client/endpoint.ts'
import { errorText, Unreachable } from '#client/errors.ts'
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
  /** The nick, instead of the one in the address; a member without one is called by the address it comes from. */
  readonly name?: string
  /** The host's token, or an invitation. */
  readonly token?: string
  /** The room's password, or an invitation. */
  readonly password?: string
  /** 32 hexadecimal digits that identify the person, also from another process. Random unless given. */
  readonly key?: string
  /** The sequence number after which `events$` begins; without it, now. */
  readonly after?: number
  /** Makes the connections, instead of TCP or TLS to the address: any that ends in the `accept` of a host. */
  readonly dial?: Dial
  /** `websocket` passes HTTP proxies, and is the default where the address begins with `http` or `ws`; else it is `frames`. */
  readonly transport?: 'frames' | 'websocket'
  /** Path of the file with the TLS keys of known hosts; the user's own unless given, as for `tamtam join`. */
  readonly knownHosts?: string
  readonly settings?: Partial<ClientSettings & SessionSettings>
}

/** Longer than any process runs; Node takes no longer wait. */
const FOR_EVER_MS = 2 ** 31 - 1

/**
 * Joins a room of another host and resolves to the session once the room has taken it. `address` is `[name@]host[:port][/room]`, with `tls://` in front where the
 * host speaks TLS, or the link of its page. After a lost connection the session comes back by itself: nothing is lost and nothing comes twice. It keeps the
 * process alive until it is closed.
 *
 * Throws `Unreachable` where no host answers, and `Refused` with a code: `BAD_REQUEST` (the address), `HOST_CHANGED` (another TLS key than the known one),
 * `TLS_REQUIRED`, `WRONG_PROTOCOL`, or the room's refusal: `NOT_ALLOWED`, `BAD_NAME`, `NAME_TAKEN`, `BAD_ROOM`, `BANNED`, `LOCKED`, `TRY_LATER`.
 *
 * ```ts
 * const ani = await connect('ani@192.168.1.5/lobby', { token: process.env.TOKEN })
 * ani.events$.subscribe((event) => console.log(event.type))
 * ```
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
  const { token, password, after, name = called, transport = endpoint.http ? 'websocket' : 'frames' } = options
  const ids = new RandomIds()
  const key = options.key ?? ids.next()
  const settings = { ...clientDefaults, ...sessionDefaults, ...options.settings }
  let why: string | undefined
  const open =
    transport === 'frames'
      ? framesTo(endpoint)
      : webSocketTo(
          `ws://${endpoint.at}${endpoint.basePath}/ws`,
          webSocketsOver(endpoint, (error) => {
            why = errorText(error)
          }),
        )
  const shown = { ...(token === undefined ? {} : { token }), ...(password === undefined ? {} : { password }) }
  const membership = new RemoteRoom(
    { open, clock: new SystemClock(), ids, random: Math.random, settings },
    { room, key, ...shown, ...(name === undefined ? {} : { name }), ...(after === undefined ? {} : { after }) },
  )
  // Between two connections nothing else does.
  const alive = setInterval(() => {}, FOR_EVER_MS)
  membership.state$.subscribe({ complete: () => clearInterval(alive) })
  await membership.enter().catch((error: unknown) => {
    if (!(error instanceof Unreachable)) throw error
    throw new Unreachable(`nobody answers at ${endpoint.at} (${why ?? error.message})`, { cause: error })
  })
  // Requests are the member's, for as long as it is in the room.
  const credentials = { key: () => (membership.closed ? undefined : key), ...shown }
  const api = new ApiClient(new NodeHttp(endpoint, settings, true), credentials)
  return new RemoteSession(room, membership, new RoomFiles(api, room, settings))
}
