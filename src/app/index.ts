/**
 * `tamtam-room`: a host in your program (`createTamtam`), and members of rooms on other hosts (`connect`).
 *
 * @module tamtam-room
 */

export type { Dial } from '#client/endpoint.ts'
export { Unreachable } from '#client/errors.ts'
export type { RemoteSession } from '#client/session/remote-session.ts'
export type { ClientSettings, SessionSettings } from '#client/settings.ts'
export type { Access, AccessAnswer, AccessGrant, AccessRefusal, AccessRequest } from '#domain/engine/access.ts'
export type { Bandwidth, BandwidthCaps } from '#domain/engine/bandwidth.ts'
export type { Engine } from '#domain/engine/engine.ts'
export type { EngineEvent, RoomHappening, TransferHappening } from '#domain/engine/events.ts'
export type { EngineLimits, Ports } from '#domain/engine/limits.ts'
export type { JoinRequest } from '#domain/engine/rooms.ts'
export type { LocalSession } from '#domain/engine/session.ts'
export type { Code, Limit, Rejected } from '#domain/errors.ts'
export { type Digest, FileMissing, type FileStore, FileStoreFailed, type FileWriter } from '#domain/ports/file-store.ts'
export {
  type Appended,
  DirectoryInUse,
  type Journal,
  JournalFailed,
  type SharedJournal,
  type Span,
  type Trimmed,
} from '#domain/ports/journal.ts'
export type { KeyName, SecretStore } from '#domain/ports/secret-store.ts'
export type { Cancel, Clock, Ids, Log, LogFields, Metrics } from '#domain/ports/system.ts'
export { Batch, type CommandId, type Encoder, type KnownId } from '#domain/room/batch.ts'
export type {
  Ack,
  Act,
  Ban,
  Clear,
  ClientCommand,
  ComeBack,
  Deop,
  EndCollection,
  GoAway,
  Kick,
  Lock,
  Moderation,
  Mute,
  Op,
  PostedCommand,
  ReceiveFile,
  Removal,
  RemoveFile,
  RemoveMessage,
  Rename,
  Say,
  SetExpiry,
  SetInviteOnly,
  SetModeratorsSpeak,
  SetMostMembers,
  SetSlowMode,
  SetTopic,
  SetTopicLock,
  SetUnlisted,
  StartCollection,
  Type,
  Unban,
  Unlock,
  Unmute,
  Unvoice,
  Voice,
  Whisper,
} from '#domain/room/commands.ts'
export type {
  Acted,
  Audience,
  Away,
  Back,
  Banned,
  Cleared,
  CollectionEnded,
  CollectionStarted,
  Deopped,
  Entry,
  Erased,
  ExpirySet,
  FileCompleted,
  FileOffered,
  FileProgressed,
  FileReceived,
  FileServed,
  FileSpaceLow,
  FilesExpiring,
  FileWithdrawn,
  Folder,
  InviteOnlySet,
  Joined,
  Left,
  Locked,
  Member,
  MentionedFile,
  MessageRemoved,
  Missed,
  ModeratorsSpeakSet,
  MostMembersSet,
  Muted,
  OfferedFile,
  Opped,
  PasswordRemoved,
  PasswordSet,
  PastEvent,
  Presence,
  Renamed,
  Role,
  RoomEvent,
  Rule,
  Said,
  ShutOut,
  SlowModeSet,
  TopicLockSet,
  TopicSet,
  Typing,
  Unbanned,
  UnlistedSet,
  Unlocked,
  Unmuted,
  Unvoiced,
  Voiced,
  Whispered,
  WholeFile,
} from '#domain/room/events.ts'
export type { HandIn, HandIns } from '#domain/room/hand-ins.ts'
export type { DropLink, Invitation, RoomAccess } from '#domain/room/room-access.ts'
export type { OwnMute, RoomRules } from '#domain/room/rules.ts'
export type { RoomFile } from '#domain/room/state.ts'
export {
  type ConnectionState,
  Refused,
  type RoomSession,
  type Session,
  type Upload,
  type UploadMeta,
  type UploadProgress,
} from '#domain/session.ts'
export type {
  Completed,
  Declared,
  Offered,
  Paused,
  Progressed,
  Promised,
  Resumed,
  TransferEvent,
  Withdrawn,
} from '#domain/transfer/transfer.ts'
export type { HttpSettings } from '#server/http/settings.ts'
export type { FileMode, LineSettings } from '#server/line/settings.ts'
export { type ListenerSettings, PortInUse } from '#server/listener/listener.ts'
export type { TlsSettings } from '#server/listener/tls.ts'
export type { SessionServerSettings } from '#server/session/settings.ts'
export type { ClusterOptions } from './cluster.ts'
export type { TamtamOptions } from './compose.ts'
export { type ConnectOptions, connect } from './connect.ts'
export type { Address } from './lifecycle.ts'
export { createTamtam, type Handler, type Tamtam } from './tamtam.ts'
