import type { InjectionToken } from 'tsyringe'
import type { FramesDoor } from '../adapters/doors/frames/door.ts'
import type { HttpDoor } from '../adapters/doors/http/door.ts'
import type { LineDoor } from '../adapters/doors/line/door.ts'
import type { Admission } from '../adapters/doors/shared/access/admission.ts'
import type { HostToken } from '../adapters/doors/shared/access/host-token.ts'
import type { OwnerKey } from '../adapters/doors/shared/access/owner-key.ts'
import type { RoomKeys } from '../adapters/doors/shared/access/room-keys.ts'
import type { Tickets } from '../adapters/doors/shared/access/tickets.ts'
import type { SessionParts } from '../adapters/doors/shared/session/connection.ts'
import type { People } from '../adapters/doors/shared/session/people.ts'
import type { WebSocketDoor } from '../adapters/doors/websocket/door.ts'
import type { Engine } from '../domain/engine/engine.ts'
import type { Clock } from '../domain/ports/clock.ts'
import type { Ids } from '../domain/ports/ids.ts'
import type { Journal } from '../domain/ports/journal.ts'
import type { Keyring } from '../domain/ports/keyring.ts'
import type { Log } from '../domain/ports/log.ts'
import type { Metrics } from '../domain/ports/metrics.ts'
import type { Vault } from '../domain/ports/vault.ts'

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
