import type { FileStore } from '../ports/file-store.ts'
import type { FolderCheck } from '../ports/folder-check.ts'
import type { Journal } from '../ports/journal.ts'
import type { SharedMembers } from '../ports/shared-members.ts'
import type { SharedNames } from '../ports/shared-names.ts'
import type { Clock, Ids, Log, Metrics } from '../ports/system.ts'
import type { ActorLimits } from '../room/actor.ts'

/** Everything the engine needs of the world. */
export interface Ports {
  readonly journal: Journal
  readonly fileStore: FileStore
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
  readonly checkFolder: FolderCheck
  /** Left out on a host of its own: nobody is elsewhere. */
  readonly sharedMembers?: SharedMembers
  /** The same: names are this host's alone. */
  readonly sharedNames?: SharedNames
}

/** 0 stands for no limit: of bytes, for as many as the disk has above the space that stays free. */
export interface RetentionLimits {
  /** Bytes of one file. */
  readonly maxFileBytes: number
  /** Bytes of all files together. Enforced by the file store: one of your own has its own limit. */
  readonly hostQuotaBytes: number
  /** Bytes of files that one room keeps. */
  readonly roomQuotaBytes: number
  /** Files of all rooms, whole or on their way. */
  readonly filesPerHost: number
  /** Days that a whole file stays. */
  readonly fileDays: number
}

/** The engine's limits; the defaults stand in `app/defaults.ts`. */
export interface EngineLimits extends ActorLimits, RetentionLimits {
  /** Uploads at once; the next one makes the slowest give way. */
  readonly uploadsPerHost: number
  /** A transfer that nobody writes lets go of its file after this long. */
  readonly transferIdleMs: number
  /** A transfer that does not get on for this long is withdrawn. */
  readonly transferKeptMs: number
  /** One of which nothing has come is withdrawn after this long. */
  readonly transferEmptyMs: number
  /** Fewer bytes than this are no getting on. */
  readonly transferProgressBytes: number
  /** Files on their way at once, whether anybody sends them just now or not; one address may have half of these places, one person a quarter. */
  readonly unfinishedPerHost: number
  /** Bytes a second that each transfer may move, and all of them together; 0: no cap. */
  readonly transferBytesPerSecond: number
  readonly hostBytesPerSecond: number
  /** Rooms with members at once. */
  readonly rooms: number
  /** Rooms that are in use or have a history. */
  readonly keptRooms: number
  /** Text that all together one search finds. */
  readonly foundChars: number
  /** Entries a reader that catches up is given at a time. */
  readonly pageEntries: number
  /** Entries a room's history keeps. */
  readonly historyEntries: number
  /** Further entries it keeps while a connected reader has not seen them yet. */
  readonly readerEntries: number
}
