import type { FileStore } from '../ports/file-store.ts'
import type { FolderCheck } from '../ports/folder-check.ts'
import type { Journal } from '../ports/journal.ts'
import type { SharedMembers } from '../ports/shared-members.ts'
import type { SharedNames } from '../ports/shared-names.ts'
import type { Clock, Ids, Log, Metrics } from '../ports/system.ts'
import type { ActorLimits } from '../room/actor.ts'

/** Everything the engine needs from outside. */
export interface Ports {
  readonly journal: Journal
  readonly fileStore: FileStore
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
  readonly checkFolder: FolderCheck
  /** Members at other hosts of a cluster. Left out on a single host. */
  readonly sharedMembers?: SharedMembers
  /** Names taken at other hosts of a cluster. Left out on a single host. */
  readonly sharedNames?: SharedNames
}

/** Limits of stored files. 0 means no limit; for bytes, the limit is then the free space of the disk. */
export interface RetentionLimits {
  /** Bytes of one file. */
  readonly maxFileBytes: number
  /** Bytes of all files together. The file store enforces it: a file store of your own sets its own limit. */
  readonly hostQuotaBytes: number
  /** Bytes of the files that one room keeps. */
  readonly roomQuotaBytes: number
  /** Number of files in all rooms, complete or unfinished. */
  readonly filesPerHost: number
  /** Days that a complete file stays. */
  readonly fileDays: number
}

/** The engine's limits; the defaults stand in `app/defaults.ts`. */
export interface EngineLimits extends ActorLimits, RetentionLimits {
  /** Uploads in progress at once; the next one replaces the slowest. */
  readonly uploadsPerHost: number
  /** A transfer without a writer closes its file after this long. */
  readonly transferIdleMs: number
  /** A transfer without progress is withdrawn after this long. */
  readonly transferKeptMs: number
  /** A transfer without a single byte is withdrawn after this long. */
  readonly transferEmptyMs: number
  /** Fewer bytes than this do not count as progress. */
  readonly transferProgressBytes: number
  /** Unfinished files at once, with or without a sender connected. One address may have half of these places, one person a quarter. */
  readonly unfinishedPerHost: number
  /** Bytes a second for each transfer, and for all of them together; 0: no cap. */
  readonly transferBytesPerSecond: number
  readonly hostBytesPerSecond: number
  /** Rooms with members at once. */
  readonly rooms: number
  /** Rooms that are in use or have a history. */
  readonly keptRooms: number
  /** Characters of text that one search may find in all. */
  readonly foundChars: number
  /** Entries in one page for a reader that catches up. */
  readonly pageEntries: number
  /** Entries that a room's history keeps. */
  readonly historyEntries: number
  /** Additional entries that it keeps while a connected reader has not read them yet. */
  readonly readerEntries: number
}
