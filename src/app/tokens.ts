import type { InjectionToken } from 'tsyringe'
import type { Engine } from '#domain/engine/engine.ts'
import type { Clock } from '#domain/ports/clock.ts'
import type { Vault } from '#domain/ports/file-store.ts'
import type { Ids } from '#domain/ports/ids.ts'
import type { Journal } from '#domain/ports/journal.ts'
import type { Log } from '#domain/ports/log.ts'
import type { Metrics } from '#domain/ports/metrics.ts'
import type { Keyring } from '#domain/ports/secret-store.ts'
import type { HttpDoor } from '#server/http/http-server.ts'
import type { LineDoor } from '#server/line/line-server.ts'
import type { Admission } from '#server/security/access-control.ts'
import type { HostToken } from '#server/security/host-token.ts'
import type { OwnerKey } from '#server/security/owner-key.ts'
import type { RoomKeys } from '#server/security/room-secrets.ts'
import type { Tickets } from '#server/security/signed-links.ts'
import type { SessionParts } from '#server/session/connection.ts'
import type { FramesDoor } from '#server/session/frame-server.ts'
import type { People } from '#server/session/key-registry.ts'
import type { WebSocketDoor } from '#server/session/websocket-server.ts'

export const JOURNAL: InjectionToken<Journal> = Symbol('Journal')
export const VAULT: InjectionToken<Vault> = Symbol('Vault')
export const KEYRING: InjectionToken<Keyring> = Symbol('Keyring')
export const CLOCK: InjectionToken<Clock> = Symbol('Clock')
export const IDS: InjectionToken<Ids> = Symbol('Ids')
export const LOG: InjectionToken<Log> = Symbol('Log')
export const METRICS: InjectionToken<Metrics> = Symbol('Metrics')
export const ENGINE: InjectionToken<Engine> = Symbol('Engine')
export const LINE_DOOR: InjectionToken<LineDoor> = Symbol('LineDoor')
export const HTTP_DOOR: InjectionToken<HttpDoor> = Symbol('HttpDoor')
export const HOST_TOKEN: InjectionToken<HostToken> = Symbol('HostToken')
export const OWNER_KEY: InjectionToken<OwnerKey> = Symbol('OwnerKey')
export const ROOM_KEYS: InjectionToken<RoomKeys> = Symbol('RoomKeys')
export const ADMISSION: InjectionToken<Admission> = Symbol('Admission')
export const TICKETS: InjectionToken<Tickets> = Symbol('Tickets')
export const PEOPLE: InjectionToken<People> = Symbol('People')
/** What the doors share whose people have sessions. */
export const SESSION_PARTS: InjectionToken<SessionParts> = Symbol('SessionParts')
export const FRAMES_DOOR: InjectionToken<FramesDoor> = Symbol('FramesDoor')
export const WEB_SOCKET_DOOR: InjectionToken<WebSocketDoor> = Symbol('WebSocketDoor')
