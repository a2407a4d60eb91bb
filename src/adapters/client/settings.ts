import type { BackoffSettings } from '#domain/async/backoff.ts'

/** How patient a client is. */
export interface ClientSettings extends BackoffSettings {
  /** A connection on which nothing moves for this long is dropped, and tried again. */
  readonly idleMs: number
  /** The same for events, where the host sends a sign of life every 15 s. */
  readonly silentEventsMs: number
  /** What is read from a file, and from a pipe, at once. */
  readonly readBytes: number
  readonly pieceBytes: number
  /** A piece of a pipe is sent after this long even when it is not full. */
  readonly pieceMs: number
}
