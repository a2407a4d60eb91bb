import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Bandwidth } from '#domain/engine/bandwidth.ts'
import type { Engine } from '#domain/engine/engine.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { isLoopback } from '#server/connection/incoming-connection.ts'
import type { ListenerSettings } from '#server/listener/listener.ts'
import type { RoomAccess } from '#server/security/room-secrets.ts'
import type { TamtamOptions } from './cli/options.ts'
import { compose } from './compose.ts'
import { type Address, Lifecycle } from './lifecycle.ts'

/** One host: its engine, and the doors it opens when asked. Several can live in one process. */
export interface Tamtam {
  /** Rooms, without a network: `engine.join({ room, name })` gives a session. */
  readonly engine: Engine
  /** What transfers may take of the network, up and down together: `bandwidth.set({ host: 5e6 })`, at any time. */
  readonly bandwidth: Bandwidth
  /** Opens the stores. Rejects with `DirectoryInUse` where another host has the data directory. */
  start(): Promise<void>
  /** Opens a port for people to come in; port 0 picks a free one. Rejects with `PortInUse`. */
  listen(settings?: Partial<ListenerSettings>): Promise<Address>
  /**
   * Takes in a connection that something of yours made, whatever protocol of ours it speaks: an end of a `memoryPair`, a channel of an
   * SSH server. `address` is where it comes from, for limits, bans and the names of guests; this machine unless given. To be called
   * once started.
   */
  accept(connection: Duplex, address?: string): void
  /**
   * Rooms inside an HTTP server of yours: answers what is under `/rooms` and `/files`, and WebSockets at `/ws`, and false for all else,
   * which is yours. Its host names are in `http: { hostNames }`. To be called once started, for each request.
   */
  readonly handler: Handler
  /** What people show to come in, once started; undefined where nothing is asked for. It may be replaced at any time. */
  readonly token: string | undefined
  /** What opens the room of a member who looks after it. */
  roomAccess(session: LocalSession): RoomAccess
  /** The access rule would answer otherwise now: whoever may not be here any more is cut off. */
  recheckAccess(): void
  /** Keeps what was said, tells everybody, and closes all; idempotent. */
  stop(why?: string): Promise<void>
}

export interface Handler {
  request(request: IncomingMessage, response: ServerResponse): boolean
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): boolean
}

/** Makes a host; nothing happens before `start`. */
export function createTamtam(options: TamtamOptions = {}): Tamtam {
  const parts = compose(options)
  const { engine } = parts
  const { data: directory, sharedDisk = false } = options
  const lifecycle = new Lifecycle(parts, directory === undefined ? undefined : { directory, sharedDisk })
  return {
    engine,
    bandwidth: engine.bandwidth,
    start: () => lifecycle.start(),
    listen: (settings = {}) => lifecycle.listen(settings),
    accept: (connection, address = '127.0.0.1') =>
      lifecycle.accept(connection, { address, loopback: isLoopback(address) }),
    handler: {
      request: (request, response) => {
        lifecycle.mount()
        return parts.http.serve(request, response)
      },
      upgrade: (request, connection, head) => {
        lifecycle.mount()
        return connection instanceof Socket && parts.http.serveUpgrade(request, connection, head)
      },
    },
    get token() {
      return parts.token?.text
    },
    roomAccess: (session) => parts.accessControl.roomAccess(session),
    recheckAccess: () => parts.accessControl.recheck(),
    stop: (why = 'the host stops') => lifecycle.stop(why),
  }
}

export type { Dial } from '#client/endpoint.ts'
export { Unreachable } from '#client/errors.ts'
export type { RemoteSession } from '#client/session/remote-session.ts'
export type { Access, AccessRequest } from '#domain/engine/access.ts'
export type { Bandwidth, BandwidthCaps } from '#domain/engine/bandwidth.ts'
export type { Engine } from '#domain/engine/engine.ts'
export type { EngineLimits, Ports } from '#domain/engine/limits.ts'
export type { JoinRequest } from '#domain/engine/rooms.ts'
export type { LocalSession } from '#domain/engine/session.ts'
export type { Code, Rejected } from '#domain/errors.ts'
export { type Digest, FileMissing, type FileStore, FileStoreFailed, type FileWriter } from '#domain/ports/file-store.ts'
export { type Appended, DirectoryInUse, type Journal, JournalFailed, type Span } from '#domain/ports/journal.ts'
export type { KeyName, SecretStore } from '#domain/ports/secret-store.ts'
export type { Cancel, Clock, Ids, Log, LogFields, Metrics } from '#domain/ports/system.ts'
export { Batch, type CommandId, type Encoder, type KnownId } from '#domain/room/batch.ts'
export type { Ack, ClientCommand, PostedCommand } from '#domain/room/commands.ts'
export type { Entry, Member, MentionedFile, OfferedFile, Presence, RoomEvent, WholeFile } from '#domain/room/events.ts'
export {
  type ConnectionState,
  Refused,
  type RoomSession,
  type Session,
  type Upload,
  type UploadMeta,
  type UploadProgress,
} from '#domain/session.ts'
export type { HttpSettings } from '#server/http/settings.ts'
export type { FileMode, LineSettings } from '#server/line/settings.ts'
export { type ListenerSettings, PortInUse } from '#server/listener/listener.ts'
export type { TlsSettings } from '#server/listener/tls.ts'
export type { SessionServerSettings } from '#server/session/settings.ts'
export type { TamtamOptions } from './cli/options.ts'
export { type ConnectOptions, connect } from './connect.ts'
export type { Address } from './lifecycle.ts'
