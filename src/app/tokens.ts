import type { InjectionToken } from 'tsyringe'
import type { Engine } from '#domain/engine/engine.ts'
import type { FileStore } from '#domain/ports/file-store.ts'
import type { Journal } from '#domain/ports/journal.ts'
import type { SecretStore } from '#domain/ports/secret-store.ts'
import type { Clock, Ids, Log, Metrics } from '#domain/ports/system.ts'
import type { ConnectionServer } from '#server/connection/incoming-connection.ts'
import type { KeyRegistry } from '#server/connection/key-registry.ts'
import type { DownloadSlots } from '#server/files/download-slots.ts'
import type { HttpServer } from '#server/http/server.ts'
import type { LineServer } from '#server/line/line-server.ts'
import type { AccessControl } from '#server/security/access-control.ts'
import type { HostToken, OwnerKey } from '#server/security/host-token.ts'
import type { Persons } from '#server/security/persons.ts'
import type { RoomSecrets } from '#server/security/room-secrets.ts'
import type { SignedLinks } from '#server/security/signed-links.ts'
import type { SessionParts } from '#server/session/connection.ts'
import type { FrameSessionServer } from '#server/session/frames.ts'
import type { WebSocketSessionServer } from '#server/session/websocket.ts'
import type { SshHostKey } from '#server/ssh/host-key.ts'
import type { KnownKeys } from '#server/ssh/known-keys.ts'
import type { SshServer } from '#server/ssh/server.ts'
import type { ClusterAdapters } from './cluster.ts'
import type { NodeLink } from './node-link.ts'

export const JOURNAL: InjectionToken<Journal> = Symbol('Journal')
export const CLUSTER: InjectionToken<ClusterAdapters> = Symbol('Cluster')
export const FILE_STORE: InjectionToken<FileStore> = Symbol('FileStore')
export const NODE_LINK: InjectionToken<NodeLink> = Symbol('NodeLink')
export const SECRET_STORE: InjectionToken<SecretStore> = Symbol('SecretStore')
export const CLOCK: InjectionToken<Clock> = Symbol('Clock')
export const IDS: InjectionToken<Ids> = Symbol('Ids')
export const LOG: InjectionToken<Log> = Symbol('Log')
export const METRICS: InjectionToken<Metrics> = Symbol('Metrics')
export const ENGINE: InjectionToken<Engine> = Symbol('Engine')
export const LINE_SERVER: InjectionToken<LineServer> = Symbol('LineServer')
export const IRC_SERVER: InjectionToken<ConnectionServer> = Symbol('IrcServer')
export const HTTP_SERVER: InjectionToken<HttpServer> = Symbol('HttpServer')
export const HOST_TOKEN: InjectionToken<HostToken> = Symbol('HostToken')
export const OWNER_KEY: InjectionToken<OwnerKey> = Symbol('OwnerKey')
export const PERSONS: InjectionToken<Persons> = Symbol('Persons')
export const ROOM_SECRETS: InjectionToken<RoomSecrets> = Symbol('RoomSecrets')
export const ACCESS_CONTROL: InjectionToken<AccessControl> = Symbol('AccessControl')
export const SIGNED_LINKS: InjectionToken<SignedLinks> = Symbol('SignedLinks')
export const KEY_REGISTRY: InjectionToken<KeyRegistry> = Symbol('KeyRegistry')
/** Shared by the servers of frames and of WebSockets. */
export const SESSION_PARTS: InjectionToken<SessionParts> = Symbol('SessionParts')
export const FRAME_SESSION_SERVER: InjectionToken<FrameSessionServer> = Symbol('FrameSessionServer')
export const WEB_SOCKET_SESSION_SERVER: InjectionToken<WebSocketSessionServer> = Symbol('WebSocketSessionServer')
export const DOWNLOAD_SLOTS: InjectionToken<DownloadSlots> = Symbol('DownloadSlots')
export const SSH_HOST_KEY: InjectionToken<SshHostKey> = Symbol('SshHostKey')
export const SSH_KNOWN_KEYS: InjectionToken<KnownKeys> = Symbol('KnownKeys')
export const SSH_SERVER: InjectionToken<SshServer> = Symbol('SshServer')
