import 'reflect-metadata'
import { fileURLToPath } from 'node:url'
import { container, type DependencyContainer, type InjectionToken, instanceCachingFactory } from 'tsyringe'
import { openToAll } from '#domain/engine/access.ts'
import { Engine } from '#domain/engine/engine.ts'
import { HttpDoor } from '#server/http/http-server.ts'
import { LineDoor } from '#server/line/line-server.ts'
import { Admission } from '#server/security/access-control.ts'
import { HostToken } from '#server/security/host-token.ts'
import { OwnerKey } from '#server/security/owner-key.ts'
import { RoomKeys } from '#server/security/room-secrets.ts'
import { Tickets } from '#server/security/signed-links.ts'
import { FramesDoor } from '#server/session/frame-server.ts'
import { People } from '#server/session/key-registry.ts'
import { WebSocketDoor } from '#server/session/websocket-server.ts'
import { DiskVault } from '#storage/disk/file-store.ts'
import { DiskKeyring } from '#storage/disk/secret-store.ts'
import { MemoryVault } from '#storage/memory/file-store.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { MemoryKeyring } from '#storage/memory/secret-store.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { quarantinesIn } from '#storage/sqlite/quarantine.ts'
import { PromMetrics } from '#system/prom-metrics.ts'
import { RandomIds } from '#system/random-ids.ts'
import { SilentLog } from '#system/silent-log.ts'
import { SystemClock } from '#system/system-clock.ts'
import { version } from './about.ts'
import type { TamtamOptions } from './cli/options.ts'
import {
  engineDefaults,
  httpDefaults,
  lineDefaults,
  linkMs,
  memoryReaderEntries,
  roomKeyDefaults,
  sessionDoorDefaults,
  vaultDefaults,
} from './defaults.ts'
import { Health, WatchedJournal } from './health.ts'
import type { HostParts } from './lifecycle.ts'
import {
  ADMISSION,
  CLOCK,
  ENGINE,
  FRAMES_DOOR,
  HOST_TOKEN,
  HTTP_DOOR,
  IDS,
  JOURNAL,
  KEYRING,
  LINE_DOOR,
  LOG,
  METRICS,
  OWNER_KEY,
  PEOPLE,
  ROOM_KEYS,
  SESSION_PARTS,
  TICKETS,
  VAULT,
  WEB_SOCKET_DOOR,
} from './tokens.ts'

/** Where the set-up builds the page. */
const PAGE = fileURLToPath(new URL('../../dist/page', import.meta.url))

/** Says what stands for a token in a host: `override`, or else what `make` answers, once. Only the token says of which type that is. */
export function provide<T>(
  host: DependencyContainer,
  token: InjectionToken<T>,
  override: NoInfer<T> | undefined,
  make: (from: DependencyContainer) => NoInfer<T>,
): void {
  if (override !== undefined) host.register(token, { useValue: override })
  else host.register(token, { useFactory: instanceCachingFactory<T>(make) })
}

/** Which adapter stands for which port: a container of its own for each host, so that two in one process share nothing. */
export function compose(options: TamtamOptions): HostParts {
  const { data: directory, overrides = {}, freeSpaceFloorBytes, maxFileBytes = vaultDefaults.maxFileBytes } = options
  const floor = freeSpaceFloorBytes === undefined ? {} : { freeSpaceFloorBytes }
  const limits = { ...engineDefaults, ...options.limits }
  const health = new Health()
  const host = container.createChildContainer()

  provide(host, CLOCK, overrides.clock, () => new SystemClock())
  provide(host, IDS, overrides.ids, () => new RandomIds())
  provide(host, LOG, overrides.log, () => new SilentLog())
  provide(host, METRICS, overrides.metrics, () => new PromMetrics())
  provide(host, JOURNAL, overrides.journal, (from) =>
    directory === undefined
      ? new MemoryJournal()
      : new SqliteJournal({ directory, log: from.resolve(LOG), onDamaged: () => health.metDamage(), ...floor }),
  )
  provide(host, VAULT, overrides.vault, (from) => {
    if (directory === undefined) return new MemoryVault({ maxFileBytes })
    const { maxSpoolBytes = vaultDefaults.maxSpoolBytes } = options
    const ports = { log: from.resolve(LOG), clock: from.resolve(CLOCK) }
    return new DiskVault({ directory, maxFileBytes, maxSpoolBytes, ...ports, ...floor })
  })
  provide(host, KEYRING, overrides.keyring, () =>
    directory === undefined ? new MemoryKeyring() : new DiskKeyring(directory),
  )
  provide(host, ENGINE, undefined, (from) => {
    const ports = {
      journal: new WatchedJournal(from.resolve(JOURNAL), health, () => quarantinesIn(directory)),
      vault: from.resolve(VAULT),
      clock: from.resolve(CLOCK),
      ids: from.resolve(IDS),
      log: from.resolve(LOG),
      metrics: from.resolve(METRICS),
    }
    const inMemory = directory === undefined && overrides.journal === undefined
    const readerEntries = options.limits?.readerEntries ?? (inMemory ? memoryReaderEntries : limits.readerEntries)
    return new Engine(ports, { ...limits, readerEntries }, (error) => {
      health.broke()
      options.onBroken?.(error)
    })
  })
  const doorPorts = (from: DependencyContainer) => ({
    engine: from.resolve(ENGINE),
    clock: from.resolve(CLOCK),
    ids: from.resolve(IDS),
    log: from.resolve(LOG),
    metrics: from.resolve(METRICS),
  })
  provide(
    host,
    LINE_DOOR,
    undefined,
    (from) =>
      new LineDoor({
        ...doorPorts(from),
        admission: from.resolve(ADMISSION),
        tickets: from.resolve(TICKETS),
        settings: { ...lineDefaults, ...options.line },
      }),
  )
  provide(
    host,
    HOST_TOKEN,
    undefined,
    (from) => new HostToken(from.resolve(KEYRING), from.resolve(CLOCK), from.resolve(LOG)),
  )
  provide(host, OWNER_KEY, undefined, (from) => new OwnerKey(from.resolve(KEYRING)))
  provide(
    host,
    ROOM_KEYS,
    undefined,
    (from) => new RoomKeys(from.resolve(KEYRING), from.resolve(CLOCK), roomKeyDefaults),
  )
  provide(
    host,
    ADMISSION,
    undefined,
    (from) =>
      new Admission({
        access: options.access ?? openToAll,
        ...(options.token === true ? { token: from.resolve(HOST_TOKEN) } : {}),
        owner: from.resolve(OWNER_KEY),
        keys: from.resolve(ROOM_KEYS),
        clock: from.resolve(CLOCK),
        metrics: from.resolve(METRICS),
        settings: { ...httpDefaults, ...options.http },
      }),
  )
  provide(host, TICKETS, undefined, (from) => new Tickets(from.resolve(KEYRING), from.resolve(CLOCK), linkMs))
  provide(host, PEOPLE, undefined, (from) => new People(from.resolve(ENGINE)))
  provide(host, SESSION_PARTS, undefined, (from) => {
    const { ids: _ids, ...ports } = doorPorts(from)
    const settings = { ...sessionDoorDefaults, ...options.session, program: `tamtam/${version}` }
    return {
      ...ports,
      settings,
      admission: from.resolve(ADMISSION),
      people: from.resolve(PEOPLE),
    }
  })
  provide(host, FRAMES_DOOR, undefined, (from) => new FramesDoor(from.resolve(SESSION_PARTS)))
  provide(host, WEB_SOCKET_DOOR, undefined, (from) => new WebSocketDoor(from.resolve(SESSION_PARTS)))
  provide(
    host,
    HTTP_DOOR,
    undefined,
    (from) =>
      new HttpDoor({
        ...doorPorts(from),
        settings: { ...httpDefaults, ...options.http, maxTextBytes: limits.maxTextBytes },
        admission: from.resolve(ADMISSION),
        tickets: from.resolve(TICKETS),
        people: from.resolve(PEOPLE),
        webSockets: from.resolve(WEB_SOCKET_DOOR),
        page: options.page === true ? PAGE : undefined,
        trouble: () => health.trouble,
      }),
  )
  return {
    engine: host.resolve(ENGINE),
    line: host.resolve(LINE_DOOR),
    http: host.resolve(HTTP_DOOR),
    frames: host.resolve(FRAMES_DOOR),
    webSocket: host.resolve(WEB_SOCKET_DOOR),
    admission: host.resolve(ADMISSION),
    token: options.token === true ? host.resolve(HOST_TOKEN) : undefined,
    owner: host.resolve(OWNER_KEY),
    keys: host.resolve(ROOM_KEYS),
    tickets: host.resolve(TICKETS),
    clock: host.resolve(CLOCK),
    log: host.resolve(LOG),
    metrics: host.resolve(METRICS),
  }
}
