import type { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Bandwidth } from '#domain/engine/bandwidth.ts'
import type { Engine } from '#domain/engine/engine.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import type { MentionedFile } from '#domain/room/events.ts'
import type { RoomAccess } from '#domain/room/room-access.ts'
import { isLoopback } from '#server/connection/incoming-connection.ts'
import type { ListenerSettings } from '#server/listener/listener.ts'
import type { WorkerLink } from '#storage/sqlite/worker-link.ts'
import { compose, type TamtamOptions } from './compose.ts'
import { type Address, Lifecycle } from './lifecycle.ts'

/**
 * One host: rooms, files, and the protocols that people come in by. Several can live in one process and share nothing.
 *
 * ```ts
 * const tamtam = createTamtam({ data: '/var/lib/rooms' })
 * await tamtam.start()
 * const { port } = await tamtam.listen({ port: 0 })
 * const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
 * const answer = await ani.send({ type: 'say', text: 'halo' })
 * if (answer.type === 'rejected') console.error(answer.code, answer.message)
 * await tamtam.stop()
 * ```
 */
export interface Tamtam {
  /**
   * Rooms, without a network. `engine.join({ room, name })` resolves to a session, once the host was started; it throws `Refused` with
   * `BAD_ROOM`, `BAD_NAME`, `NAME_TAKEN`, `TOO_MANY_ROOMS`, `BANNED`, `LOCKED`, `NOT_ALLOWED`, `BUSY` or `CLOSED`.
   */
  readonly engine: Engine
  /** Bytes a second that transfers may move, uploads and downloads together: `bandwidth.set({ host: 5e6 })`, at any time; 0 is no limit. */
  readonly bandwidth: Bandwidth
  /**
   * Opens the stores; to be called once, before all else. Rejects with `DirectoryInUse` where another process has the data directory, and
   * with `JournalFailed` or `FileStoreFailed` where the disk fails. Nothing in the directory is changed then.
   */
  start(): Promise<void>
  /**
   * Opens a port on which every protocol is spoken (lines, IRC, SSH, HTTP, WebSocket, frames; TLS where `tls` is given). Port 0 picks a free one; the
   * default is 8268 on 127.0.0.1. Rejects with `PortInUse`, or with the system's error. May be called several times.
   */
  listen(settings?: Partial<ListenerSettings>): Promise<Address>
  /**
   * Takes in a connection that was made by other means, whatever of these protocols it speaks: one end of a `memoryPair`, a channel of
   * an SSH server. `address` is the remote address, for limits, bans and the names of members without a nick; 127.0.0.1 unless given.
   * To be called after `start`; after `stop` the connection is destroyed.
   */
  accept(connection: Duplex, address?: string): void
  /** Tamtam's routes inside another HTTP server, which passes each request on. Put your own host names into `http: { hostNames }`. */
  readonly handler: Handler
  /** The token for joining, after `start`; undefined if none is needed. It may be replaced at any time. */
  readonly token: string | undefined
  /** The fingerprint by which SSH clients recognise this host, after `start`: `SHA256:…`. */
  readonly sshFingerprint: string
  /** The room's password and invitations, for a member. Members other than operators are answered `NOT_ALLOWED`. */
  roomAccess(session: LocalSession): RoomAccess
  /** The path of a file. For a day it opens the file to everybody with the link; `session`: the member who shares it. */
  fileLink(session: LocalSession, file: MentionedFile): string
  /** To be called when the `access` rule has changed its answers: members it no longer admits are disconnected. */
  recheckAccess(): void
  /** Commits all accepted input, tells everybody `why`, closes all connections and releases the data directory. Idempotent. */
  stop(why?: string): Promise<void>
}

/** For the events of a `node:http` server. `request` and `upgrade` answer whether the request was for tamtam; otherwise it is untouched. */
export interface Handler {
  /** Answers requests under `/rooms` and `/files`. For the event `request`. */
  request(request: IncomingMessage, response: ServerResponse): boolean
  /** Accepts WebSockets at `/ws`, on TCP sockets only. For the event `upgrade`. */
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): boolean
  /**
   * Loads the modules that answer requests, for this and for the host's own ports. The first request does so too: call it to save that
   * time.
   */
  open(): Promise<void>
}

/** Creates a host, in memory unless `data` is given. Nothing is opened or read before `start`. */
export function createTamtam(options: TamtamOptions = {}): Tamtam {
  return tamtamOf(options)
}

/** `createTamtam` for a program that has started the journal's thread already, if there is a data directory. */
export function tamtamOf(options: TamtamOptions, thread?: WorkerLink): Tamtam {
  const parts = compose(options, thread)
  const { engine } = parts
  const { data: directory, sharedDisk = false, cluster } = options
  const isNode = cluster !== undefined
  const lifecycle = new Lifecycle(parts, directory === undefined ? undefined : { directory, sharedDisk, isNode })
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
      open: () => parts.http.open(),
    },
    get token() {
      return parts.token?.text
    },
    get sshFingerprint() {
      return parts.ssh.fingerprint
    },
    roomAccess: (session) => parts.accessControl.roomAccess(session),
    fileLink: ({ room, member }, file) => {
      const credential = parts.token?.text
      const known = parts.accessControl.linked(credential === undefined ? undefined : { credential }, room)
      return parts.signedLinks.pathOf(file, parts.basePath, known, file.audience === undefined ? undefined : member)
    },
    recheckAccess: () => parts.accessControl.recheck(),
    stop: (why = 'the host stops') => lifecycle.stop(why),
  }
}
