import 'reflect-metadata'
import { totalmem } from 'node:os'
import { container, type DependencyContainer, type InjectionToken, instanceCachingFactory } from 'tsyringe'
import { type Access, openToAll } from '#domain/engine/access.ts'
import { Engine } from '#domain/engine/engine.ts'
import type { EngineLimits, Ports } from '#domain/engine/limits.ts'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { Log } from '#domain/ports/system.ts'
import { checkFolder } from '#folder/reader.ts'
import { KeyRegistry } from '#server/connection/key-registry.ts'
import { DownloadSlots } from '#server/files/download-slots.ts'
import { HttpServer } from '#server/http/server.ts'
import { type HttpSettings, isBasePath } from '#server/http/settings.ts'
import { LineServer } from '#server/line/line-server.ts'
import type { LineSettings } from '#server/line/settings.ts'
import { LazyServer } from '#server/listener/lazy-server.ts'
import { AccessControl } from '#server/security/access-control.ts'
import { HostToken, OwnerKey } from '#server/security/host-token.ts'
import { Persons } from '#server/security/persons.ts'
import { RoomSecrets } from '#server/security/room-secrets.ts'
import { SignedLinks } from '#server/security/signed-links.ts'
import { FrameSessionServer } from '#server/session/frames.ts'
import type { SessionServerSettings } from '#server/session/settings.ts'
import { WebSocketSessionServer } from '#server/session/websocket.ts'
import { SshHostKey } from '#server/ssh/host-key.ts'
import { KnownKeys } from '#server/ssh/known-keys.ts'
import { SshServer } from '#server/ssh/server.ts'
import type { SshSettings } from '#server/ssh/settings.ts'
import { DiskFileStore } from '#storage/disk/file-store.ts'
import { DiskSecretStore } from '#storage/disk/secret-store.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { quarantinesIn } from '#storage/sqlite/journal-files.ts'
import type { WorkerLink } from '#storage/sqlite/worker-link.ts'
import { SystemClock } from '#system/clock.ts'
import { RandomIds } from '#system/ids.ts'
import { SilentLog } from '#system/log.ts'
import { PromMetrics } from '#system/metrics.ts'
import { version } from './about.ts'
import { ClusterAdapters, type ClusterOptions } from './cluster.ts'
import {
  clusterDefaults,
  engineDefaults,
  httpDefaults,
  ircDefaults,
  lineDefaults,
  linkMs,
  memoryFileShare,
  memoryReaderEntries,
  roomSecretDefaults,
  sessionServerDefaults,
  sshDefaults,
} from './defaults.ts'
import { Health, watched } from './health.ts'
import type { HostParts } from './lifecycle.ts'
import { NodeLink } from './node-link.ts'
import {
  ACCESS_CONTROL,
  CLOCK,
  CLUSTER,
  DOWNLOAD_SLOTS,
  ENGINE,
  FILE_STORE,
  FRAME_SESSION_SERVER,
  HOST_TOKEN,
  HTTP_SERVER,
  IDS,
  IRC_SERVER,
  JOURNAL,
  KEY_REGISTRY,
  LINE_SERVER,
  LOG,
  METRICS,
  NODE_LINK,
  OWNER_KEY,
  PERSONS,
  ROOM_SECRETS,
  SECRET_STORE,
  SESSION_PARTS,
  SIGNED_LINKS,
  SSH_HOST_KEY,
  SSH_KNOWN_KEYS,
  SSH_SERVER,
  WEB_SOCKET_SESSION_SERVER,
} from './tokens.ts'

/** Everything is optional: without `data` a host keeps all in memory, and everybody who reaches it may join. */
export interface TamtamOptions {
  /** Directory for history and files, for this host alone; made where it is missing. Without it they are kept in memory. */
  readonly data?: string
  /**
   * Limits of rooms and transfers, each with its unit in its name. `maxFileBytes` (none), `hostQuotaBytes` (50 GB) and `roomQuotaBytes` (20 GB):
   * 0 is as much as there is room for. Larger files are refused with `FILE_TOO_LARGE`, files without room with `DISK_FULL`.
   */
  readonly limits?: Partial<EngineLimits>
  /** Makes this host a node of a cluster; `data` is its copy then. */
  readonly cluster?: ClusterOptions
  /** `data` may be on a disk that other machines can write as well, because none of them does. */
  readonly sharedDisk?: boolean
  /** Bytes that messages leave free on the disk (the greater of 64 MiB and 1 %), files a quarter more; below them all is refused with `READ_ONLY` or `DISK_FULL`. */
  readonly freeSpaceFloorBytes?: number
  /** For lines, as netcat speaks them. */
  readonly line?: Partial<LineSettings>
  readonly http?: Partial<Omit<HttpSettings, 'maxTextBytes'>>
  /** For frames and WebSockets. */
  readonly session?: Partial<Omit<SessionServerSettings, 'program'>>
  readonly ssh?: Partial<SshSettings>
  /** `name`: what the host calls itself to clients of IRC, with a dot in it (`tamtam.irc`). */
  readonly irc?: { readonly name?: string }
  /** Decides who may enter which room, by every protocol; without it everybody who reaches the port. `recheckAccess` applies it to members. */
  readonly access?: Access
  /**
   * Whoever enters a room that has neither members nor history becomes its operator, as on `tamtam host`; but not in the host's own room (`line.room`).
   * Left out: operators are those whom the owner makes.
   */
  readonly founders?: boolean
  /** Serves the web page at `/`, as `tamtam host` does. */
  readonly page?: boolean
  /** Whether people need the host's token, too: `tamtam.token`, kept beside the data, and made where there is none. */
  readonly token?: boolean
  /** Other adapters of the ports. `tamtam-room/testing` has the contract suites that ours pass. */
  readonly overrides?: Partial<Ports & { readonly secretStore: SecretStore }>
  /** Called once when a store failed for good. The host acknowledges nothing from then on and should be stopped. */
  readonly onBroken?: (error: unknown) => void
}

/** Where the set-up builds the page. */
const PAGE = new URL('../../dist/page/', import.meta.url)

/** Registers `override` for a token, or else the result of `make`, made once. The token alone decides the type. */
export function provide<T>(
  host: DependencyContainer,
  token: InjectionToken<T>,
  override: NoInfer<T> | undefined,
  make: (from: DependencyContainer) => NoInfer<T>,
): void {
  if (override !== undefined) host.register(token, { useValue: override })
  else host.register(token, { useFactory: instanceCachingFactory<T>(make) })
}

/**
 * Chooses an adapter for each port, in a container of its own for each host: two in one process share nothing. `thread`: that of the journal,
 * begun before.
 */
export function compose(options: TamtamOptions, thread?: WorkerLink): HostParts {
  const { data: directory, overrides = {}, freeSpaceFloorBytes } = options
  const floor = freeSpaceFloorBytes === undefined ? {} : { freeSpaceFloorBytes }
  const { cluster } = options
  const clusterLimits = cluster === undefined ? {} : { commitChars: clusterDefaults.commitChars }
  const limits = { ...engineDefaults, ...clusterLimits, ...options.limits }
  const answering = cluster === undefined ? {} : { answerMs: clusterDefaults.answerMs }
  const http = { ...httpDefaults, ...answering, ...options.http, maxTextBytes: limits.maxTextBytes }
  if (cluster?.advertise !== undefined) http.hostNames = [...http.hostNames, new URL(cluster.advertise).hostname]
  const { basePath } = http
  if (!isBasePath(basePath)) throw new RangeError(`${basePath} is no base path such as /chat`)
  const health = new Health()
  const host = container.createChildContainer()
  const broken = (error: unknown) => {
    health.failed()
    options.onBroken?.(error)
  }

  provide(host, CLOCK, overrides.clock, () => new SystemClock())
  provide(host, IDS, overrides.ids, () => new RandomIds())
  provide(host, LOG, overrides.log, () => new SilentLog())
  provide(host, METRICS, overrides.metrics, () => new PromMetrics())
  const ownJournal = (log: Log, isCopy: boolean) =>
    directory === undefined
      ? new MemoryJournal({ isCopy })
      : new SqliteJournal({ directory, log, onDamaged: () => health.metDamage(), isCopy, thread, ...floor })
  if (cluster !== undefined)
    provide(host, CLUSTER, undefined, (from) => {
      const ports = { clock: from.resolve(CLOCK), log: from.resolve(LOG), metrics: from.resolve(METRICS) }
      return new ClusterAdapters(cluster, ports, health)
    })
  const clusterOf = (from: DependencyContainer) => (cluster === undefined ? undefined : from.resolve(CLUSTER))
  provide(host, JOURNAL, overrides.journal, (from) => {
    const log = from.resolve(LOG)
    return clusterOf(from)?.journal(ownJournal(log, true), directory, broken) ?? ownJournal(log, false)
  })
  const ownFiles = (from: DependencyContainer) => {
    const { maxFileBytes, hostQuotaBytes } = limits
    if (directory === undefined) {
      const memoryBytes = Math.floor(memoryFileShare * totalmem())
      return new MemoryFileStore({ maxFileBytes, hostQuotaBytes, memoryBytes })
    }
    const ports = { log: from.resolve(LOG), clock: from.resolve(CLOCK) }
    return new DiskFileStore({ directory, maxFileBytes, hostQuotaBytes, ...ports, ...floor })
  }
  if (cluster !== undefined)
    provide(host, NODE_LINK, undefined, (from) => {
      const ports = { clock: from.resolve(CLOCK), log: from.resolve(LOG), metrics: from.resolve(METRICS) }
      const { members, node } = from.resolve(CLUSTER)
      const adapters = { members, secretStore: from.resolve(SECRET_STORE), ownFiles: ownFiles(from) }
      return new NodeLink({ ...cluster, node }, adapters, ports, (files) => health.hasSingleFiles(files))
    })
  const linkOf = (from: DependencyContainer) => (cluster === undefined ? undefined : from.resolve(NODE_LINK))
  provide(host, FILE_STORE, overrides.fileStore, (from) => linkOf(from)?.files ?? ownFiles(from))
  provide(host, SECRET_STORE, overrides.secretStore, (from) => {
    const own = directory === undefined ? new MemorySecretStore() : new DiskSecretStore(directory)
    return clusterOf(from)?.secretStore(own) ?? own
  })
  const sharing = (from: DependencyContainer) => {
    const adapters = clusterOf(from)
    const { sharedMembers = adapters?.members, sharedNames = adapters?.names } = overrides
    return {
      ...(sharedMembers === undefined ? {} : { sharedMembers }),
      ...(sharedNames === undefined ? {} : { sharedNames }),
    }
  }
  provide(host, ENGINE, undefined, (from) => {
    const ports = {
      journal: watched(from.resolve(JOURNAL), health, () => quarantinesIn(directory)),
      fileStore: from.resolve(FILE_STORE),
      clock: from.resolve(CLOCK),
      ids: from.resolve(IDS),
      log: from.resolve(LOG),
      metrics: from.resolve(METRICS),
      checkFolder: overrides.checkFolder ?? checkFolder,
      ...sharing(from),
    }
    const inMemory = directory === undefined && overrides.journal === undefined
    const readerEntries = options.limits?.readerEntries ?? (inMemory ? memoryReaderEntries : limits.readerEntries)
    const founding = options.founders === true ? { ownRoom: options.line?.room ?? lineDefaults.room } : {}
    return new Engine(ports, { ...limits, readerEntries, ...founding }, broken)
  })
  const serverPorts = (from: DependencyContainer) => ({
    engine: from.resolve(ENGINE),
    clock: from.resolve(CLOCK),
    ids: from.resolve(IDS),
    log: from.resolve(LOG),
    metrics: from.resolve(METRICS),
  })
  provide(
    host,
    LINE_SERVER,
    undefined,
    (from) =>
      new LineServer({
        ...serverPorts(from),
        accessControl: from.resolve(ACCESS_CONTROL),
        signedLinks: from.resolve(SIGNED_LINKS),
        settings: { ...lineDefaults, ...options.line },
      }),
  )
  // Loaded when the first client of it comes.
  provide(host, IRC_SERVER, undefined, (from) => {
    const load = async () => {
      const { IrcServer } = await import('#server/irc/irc-server.ts')
      return new IrcServer({
        ...serverPorts(from),
        accessControl: from.resolve(ACCESS_CONTROL),
        signedLinks: from.resolve(SIGNED_LINKS),
        keys: from.resolve(KEY_REGISTRY),
        persons: from.resolve(PERSONS),
        settings: { ...lineDefaults, ...options.line },
        program: `tamtam/${version}`,
        name: options.irc?.name ?? ircDefaults.name,
      })
    }
    return new LazyServer(load, from.resolve(LOG))
  })
  provide(
    host,
    HOST_TOKEN,
    undefined,
    (from) => new HostToken(from.resolve(SECRET_STORE), from.resolve(CLOCK), from.resolve(LOG)),
  )
  provide(host, OWNER_KEY, undefined, (from) => new OwnerKey(from.resolve(SECRET_STORE)))
  provide(host, PERSONS, undefined, (from) => new Persons(from.resolve(SECRET_STORE)))
  provide(
    host,
    ROOM_SECRETS,
    undefined,
    (from) => new RoomSecrets(from.resolve(SECRET_STORE), from.resolve(CLOCK), { ...roomSecretDefaults, basePath }),
  )
  provide(
    host,
    ACCESS_CONTROL,
    undefined,
    (from) =>
      new AccessControl({
        access: options.access ?? openToAll,
        ...(options.token === true ? { token: from.resolve(HOST_TOKEN) } : {}),
        owner: from.resolve(OWNER_KEY),
        roomSecrets: from.resolve(ROOM_SECRETS),
        signedLinks: from.resolve(SIGNED_LINKS),
        clock: from.resolve(CLOCK),
        metrics: from.resolve(METRICS),
        settings: http,
        ...(cluster === undefined ? {} : { hosts: () => from.resolve(CLUSTER).members.others.length + 1 }),
      }),
  )
  provide(
    host,
    SIGNED_LINKS,
    undefined,
    (from) => new SignedLinks(from.resolve(SECRET_STORE), from.resolve(CLOCK), linkMs),
  )
  const sessionSettings = { ...sessionServerDefaults, ...options.session, program: `tamtam/${version}` }
  const { connectionsPerMember } = sessionSettings
  provide(host, KEY_REGISTRY, undefined, (from) => new KeyRegistry(from.resolve(ENGINE), connectionsPerMember))
  provide(host, SESSION_PARTS, undefined, (from) => {
    const { ids: _ids, ...ports } = serverPorts(from)
    return {
      ...ports,
      settings: sessionSettings,
      accessControl: from.resolve(ACCESS_CONTROL),
      keys: from.resolve(KEY_REGISTRY),
    }
  })
  provide(host, FRAME_SESSION_SERVER, undefined, (from) => new FrameSessionServer(from.resolve(SESSION_PARTS)))
  provide(host, WEB_SOCKET_SESSION_SERVER, undefined, (from) => new WebSocketSessionServer(from.resolve(SESSION_PARTS)))
  provide(host, DOWNLOAD_SLOTS, undefined, (from) => {
    const { downloads: most } = { ...httpDefaults, ...options.http }
    return new DownloadSlots({ clock: from.resolve(CLOCK), metrics: from.resolve(METRICS), most })
  })
  provide(host, SSH_HOST_KEY, undefined, (from) => new SshHostKey(from.resolve(SECRET_STORE)))
  provide(
    host,
    SSH_KNOWN_KEYS,
    undefined,
    (from) =>
      new KnownKeys({
        secretStore: from.resolve(SECRET_STORE),
        persons: from.resolve(PERSONS),
        owner: from.resolve(OWNER_KEY),
        ...(options.token === true ? { token: from.resolve(HOST_TOKEN) } : {}),
        log: from.resolve(LOG),
        most: sshDefaults.knownKeys,
      }),
  )
  provide(host, SSH_SERVER, undefined, (from) => {
    const line = { ...lineDefaults, ...options.line }
    const ssh = { ...sshDefaults, ...options.ssh }
    return new SshServer({
      ...serverPorts(from),
      accessControl: from.resolve(ACCESS_CONTROL),
      signedLinks: from.resolve(SIGNED_LINKS),
      keys: from.resolve(KEY_REGISTRY),
      hostKey: from.resolve(SSH_HOST_KEY),
      knownKeys: from.resolve(SSH_KNOWN_KEYS),
      downloads: from.resolve(DOWNLOAD_SLOTS),
      // Loading it takes a third of a start, and 20 MB.
      openScreen: async (screen) => (await import('./ssh-screen.ts')).openScreen(screen),
      basePath,
      line,
      ssh,
      client: {
        handshakeMs: ssh.loginMs,
        perSecond: line.linesPerSecond,
        burst: line.linesBurst,
        rateOnLoopback: line.rateOnLoopback,
        roomsPerConnection: line.roomsPerConnection,
        outboxMarkBytes: ssh.outboxMarkBytes,
        lostReason: 'left',
      },
    })
  })
  provide(
    host,
    HTTP_SERVER,
    undefined,
    (from) =>
      new HttpServer({
        ...serverPorts(from),
        settings: http,
        accessControl: from.resolve(ACCESS_CONTROL),
        signedLinks: from.resolve(SIGNED_LINKS),
        keyRegistry: from.resolve(KEY_REGISTRY),
        persons: from.resolve(PERSONS),
        webSockets: from.resolve(WEB_SOCKET_SESSION_SERVER),
        downloads: from.resolve(DOWNLOAD_SLOTS),
        page: options.page === true ? PAGE : undefined,
        sshFingerprint: () => from.resolve(SSH_HOST_KEY).fingerprint,
        health: () => health.failure,
        unready: () => health.unready,
        nodes: linkOf(from)?.server,
      }),
  )
  return {
    drainMs: cluster === undefined ? 0 : (cluster.drainMs ?? clusterDefaults.drainMs),
    basePath,
    health,
    link: linkOf(host),
    engine: host.resolve(ENGINE),
    line: host.resolve(LINE_SERVER),
    http: host.resolve(HTTP_SERVER),
    irc: host.resolve(IRC_SERVER),
    frames: host.resolve(FRAME_SESSION_SERVER),
    webSocket: host.resolve(WEB_SOCKET_SESSION_SERVER),
    ssh: host.resolve(SSH_SERVER),
    sshHostKey: host.resolve(SSH_HOST_KEY),
    sshKeys: host.resolve(SSH_KNOWN_KEYS),
    accessControl: host.resolve(ACCESS_CONTROL),
    token: options.token === true ? host.resolve(HOST_TOKEN) : undefined,
    owner: host.resolve(OWNER_KEY),
    persons: host.resolve(PERSONS),
    keys: host.resolve(ROOM_SECRETS),
    signedLinks: host.resolve(SIGNED_LINKS),
    clock: host.resolve(CLOCK),
    log: host.resolve(LOG),
    metrics: host.resolve(METRICS),
  }
}
