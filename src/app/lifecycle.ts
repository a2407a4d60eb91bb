import type { Duplex } from 'node:stream'
import type { Subscription } from 'rxjs'
import { pause } from '#domain/async/backoff.ts'
import type { Engine } from '#domain/engine/engine.ts'
import type { Cancel, Clock, Log, Metrics } from '#domain/ports/system.ts'
import type { ConnectionServer, IncomingConnection } from '#server/connection/incoming-connection.ts'
import type { HttpServer } from '#server/http/server.ts'
import { admit } from '#server/listener/admit.ts'
import { type ListenerSettings, TcpListener } from '#server/listener/listener.ts'
import type { AccessControl } from '#server/security/access-control.ts'
import type { HostToken, OwnerKey } from '#server/security/host-token.ts'
import type { Persons } from '#server/security/persons.ts'
import type { RoomSecrets } from '#server/security/room-secrets.ts'
import type { SignedLinks } from '#server/security/signed-links.ts'
import type { FrameSessionServer } from '#server/session/frames.ts'
import type { WebSocketSessionServer } from '#server/session/websocket.ts'
import type { SshHostKey } from '#server/ssh/host-key.ts'
import type { KnownKeys } from '#server/ssh/known-keys.ts'
import type { SshServer } from '#server/ssh/server.ts'
import { refuseCopy } from '#storage/cluster/progress.ts'
import { type DirectoryLock, lockDirectory } from '#storage/disk/directory-lock.ts'
import { HeapMonitor } from '#system/heap.ts'
import { fingerprintOfPem } from '#system/tls/identity.ts'
import { listenerDefaults, shortHeapShare } from './defaults.ts'
import type { Health } from './health.ts'
import type { NodeLink } from './node-link.ts'

/** Where a host listens. */
export interface Address {
  readonly host: string
  readonly port: number
  /** `tcp://…`, or `tls://…`. */
  readonly url: string
  /** Fingerprint of the host's TLS key. */
  readonly fingerprint?: string
}

/** The parts of a host, as `compose` has wired them. */
export interface HostParts {
  /** The path below which the host's addresses are; empty for none. */
  readonly basePath: string
  readonly health: Pick<Health, 'reach$' | 'drains'>
  /** To the other nodes of a cluster. */
  readonly link: NodeLink | undefined
  /** Over so long a host that stops sends clients of sessions to others; 0 where there are none. */
  readonly drainMs: number
  readonly engine: Engine
  readonly line: ConnectionServer & Pick<FrameSessionServer, 'reaches'>
  readonly http: HttpServer
  readonly frames: FrameSessionServer
  readonly irc: ConnectionServer
  readonly ssh: SshServer
  readonly sshHostKey: SshHostKey
  readonly sshKeys: KnownKeys
  readonly webSocket: WebSocketSessionServer
  readonly accessControl: AccessControl
  readonly token: HostToken | undefined
  readonly owner: OwnerKey
  readonly persons: Persons
  readonly keys: RoomSecrets
  readonly signedLinks: SignedLinks
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** Where a host keeps its data. */
interface HostData {
  readonly directory: string
  /** The directory may lie where other machines could write, too. */
  readonly sharedDisk: boolean
  /** It is the copy of a cluster. */
  readonly isNode: boolean
}

const SWEEP_MS = 30_000
/** A node that cannot reach the log for so long tells line clients, and sends those of sessions to another: they come back with their place. */
const CUT_OFF_MS = 15_000
const DRAIN_STEP_MS = 100

/** The order in which a host starts and stops, the same for every way to start one. */
export class Lifecycle {
  readonly #parts: HostParts
  readonly #data: HostData | undefined
  readonly #listeners: TcpListener[] = []
  readonly #memory = new HeapMonitor(shortHeapShare)
  #lock: DirectoryLock | undefined
  /** Connections may come from other listeners than ours. */
  #mounted = false
  readonly #accepted = new Set<Duplex>()
  readonly #reach: Subscription
  #cancelSweep: Cancel = () => {}
  #cancelCutOff: Cancel = () => {}
  #isCutOff = false
  #stopping: Promise<void> | undefined

  constructor(parts: HostParts, data: HostData | undefined) {
    this.#parts = parts
    this.#data = data
    this.#reach = parts.health.reach$.subscribe((isReached) => this.#reached(isReached))
  }

  /** Rejects with `DirectoryInUse` where another process has the data directory, or `SharedDisk` or `SharedDirectory`; nothing in it is touched then. */
  async start(): Promise<void> {
    if (this.#data !== undefined) this.#lock = await lockDirectory(this.#data.directory, this.#data.sharedDisk)
    try {
      if (this.#data?.isNode === false) await refuseCopy(this.#data.directory)
      await this.#openAccess()
      this.#parts.link?.onForget((node) => this.#parts.engine.forgetHost(node))
      await this.#parts.engine.start()
      this.#lock?.own()
    } catch (error) {
      await this.#lock?.release()
      throw error
    }
  }

  async listen(settings: Partial<ListenerSettings>): Promise<Address> {
    const listener = new TcpListener({ ...listenerDefaults, ...settings }, { ...this.#parts, memory: this.#memory })
    const { address, port, family } = await listener.listen()
    this.#listeners.push(listener)
    this.#memory.start()
    const at = `${family === 'IPv6' ? `[${address}]` : address}:${port}`
    const { tls } = settings
    const listening: Address =
      tls === undefined
        ? { host: address, port, url: `tcp://${at}` }
        : { host: address, port, url: `tls://${at}`, fingerprint: fingerprintOfPem(tls.cert) }
    await this.#parts.link?.listens(listening)
    return listening
  }

  /** Watches over connections of other listeners than ours. */
  mount(): void {
    if (this.#mounted) return
    this.#mounted = true
    this.#sweep()
  }

  accept(connection: Duplex, from: Pick<IncomingConnection, 'address' | 'loopback' | 'base'>): void {
    if (this.#stopping !== undefined) {
      connection.destroy()
      return
    }
    this.mount()
    this.#accepted.add(connection)
    connection.once('close', () => this.#accepted.delete(connection))
    admit(connection, from, listenerDefaults.silentMs, this.#parts)
  }

  /** Takes in nothing more, commits and shows all input so far, tells everybody why, and lets go of the data. Idempotent. */
  stop(why: string): Promise<void> {
    this.#stopping ??= this.#stop(why)
    return this.#stopping
  }

  async #stop(why: string): Promise<void> {
    await this.#drain(why)
    this.#parts.token?.close()
    for (const listener of this.#listeners) listener.stopReading()
    if (this.#mounted) for (const server of this.#servers) server.stopReading()
    this.#memory.stop()
    await this.#parts.engine.settled()
    await Promise.all(this.#listeners.map((listener) => listener.close(why)))
    this.#cancelSweep()
    this.#reach.unsubscribe()
    this.#cancelCutOff()
    if (this.#mounted) await Promise.all(this.#servers.map((server) => server.close(why, listenerDefaults.farewellMs)))
    // Connections whose protocol is not detected yet.
    for (const connection of this.#accepted) if (!connection.writableEnded) connection.destroy()
    await this.#parts.engine.stop(why)
    this.#parts.link?.close()
    await this.#lock?.release()
  }

  get #servers(): readonly Omit<ConnectionServer, 'accept'>[] {
    const { line, irc, frames, webSocket, ssh, http } = this.#parts
    return [line, irc, frames, webSocket, ssh, http]
  }

  async #openAccess(): Promise<void> {
    const { accessControl, keys, owner, persons, signedLinks, sshHostKey, sshKeys, token } = this.#parts
    await this.#parts.link?.open()
    await token?.open(() => accessControl.recheck())
    const secrets = [owner, persons, signedLinks, sshHostKey, sshKeys]
    await Promise.all([keys.open(() => accessControl.recheck()), ...secrets.map((each) => each.open())])
  }

  #reached(isReached: boolean): void {
    this.#cancelCutOff()
    const { clock, frames, line, webSocket } = this.#parts
    const tell = () => {
      this.#isCutOff = !isReached
      for (const server of [line, frames, webSocket]) server.reaches(isReached)
    }
    if (!isReached) this.#cancelCutOff = clock.after(CUT_OFF_MS, tell)
    else if (this.#isCutOff) tell()
  }

  /** Clients that come back by themselves go on at other nodes, a few at a time, while balancers hear that this one stops. */
  async #drain(why: string): Promise<void> {
    const { clock, drainMs, frames, health, webSocket } = this.#parts
    if (drainMs === 0) return
    health.drains()
    const leaving = [...frames.all, ...webSocket.all]
    const steps = Math.min(leaving.length, Math.ceil(drainMs / DRAIN_STEP_MS))
    for (let step = 0, told = 0; step < steps; step++) {
      await pause(clock, drainMs / steps)
      const upTo = Math.ceil((leaving.length * (step + 1)) / steps)
      for (; told < upTo; told++) void leaving[told]?.farewell(why)
    }
  }

  #sweep(): void {
    for (const server of this.#servers) server.sweep(listenerDefaults.deadMs)
    this.#cancelSweep = this.#parts.clock.after(SWEEP_MS, () => this.#sweep())
  }
}
