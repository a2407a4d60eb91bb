/** How patient a client is. */
export interface ClientSettings {
  /** A connection on which nothing moves for this long is dropped, and tried again. */
  readonly idleMs: number
  /** The same for events, where the host sends a sign of life every 15 s. */
  readonly silentEventsMs: number
  /** The wait before the first retry; it doubles from one to the next up to `mostRetryMs`, and half of it is chance. */
  readonly firstRetryMs: number
  readonly mostRetryMs: number
  /** What is read from a file, and from a pipe, at once. */
  readonly readBytes: number
  readonly pieceBytes: number
  /** A piece of a pipe is sent after this long even when it is not full. */
  readonly pieceMs: number
}
