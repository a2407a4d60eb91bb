// `tamtam-room`: the library.

export type { Dial } from '#client/endpoint.ts'
export { Unreachable } from '#client/errors.ts'
export type { RemoteSession } from '#client/session/remote-session.ts'
export type { Access, AccessRequest } from '#domain/engine/access.ts'
export type { Bandwidth, BandwidthCaps } from '#domain/engine/bandwidth.ts'
export type { Engine } from '#domain/engine/engine.ts'
export type { EngineEvent, RoomHappening, TransferHappening } from '#domain/engine/events.ts'
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
export type { TransferEvent } from '#domain/transfer/transfer.ts'
export type { HttpSettings } from '#server/http/settings.ts'
export type { FileMode, LineSettings } from '#server/line/settings.ts'
export { type ListenerSettings, PortInUse } from '#server/listener/listener.ts'
export type { TlsSettings } from '#server/listener/tls.ts'
export type { SessionServerSettings } from '#server/session/settings.ts'
export type { TamtamOptions } from './compose.ts'
export { type ConnectOptions, connect } from './connect.ts'
export type { Address } from './lifecycle.ts'
export { createTamtam, type Handler, type Tamtam } from './tamtam.ts'
