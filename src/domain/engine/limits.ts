import type { ActorLimits } from '../room/actor.ts'
import type { RetentionLimits } from './retention.ts'

/** What the engine holds to; the defaults stand in `app/defaults.ts`. */
export interface EngineLimits extends ActorLimits, RetentionLimits {
  readonly uploadsPerHost: number
  /** A transfer that nobody writes lets go of its file after this long. */
  readonly transferIdleMs: number
  /** A transfer that gets no byte for this long is withdrawn. */
  readonly transferKeptMs: number
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
