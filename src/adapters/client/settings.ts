import type { BackoffSettings } from '#domain/async/backoff.ts'

/** How patient a client of the HTTP API is, and how much it reads and sends at once. */
export interface ClientSettings extends BackoffSettings {
  /** A connection on which nothing moves for this long is dropped, and tried again. */
  readonly idleMs: number
  /** The same for events, where the host sends a sign of life every 15 s. */
  readonly silentEventsMs: number
  /** Read at once from a file, and from a pipe. */
  readonly readBytes: number
  /** Sent of a pipe in one request. */
  readonly pieceBytes: number
  /** A piece of a pipe is sent after this long even when it is not full. */
  readonly pieceMs: number
}

/** How patient a session is with its host, and how much it keeps for it. */
export interface SessionSettings extends BackoffSettings {
  /** After this long without a message the host is asked for a sign of life. */
  readonly silentMs: number
  /** The answer to that, and each step of joining, may take this long. */
  readonly answerMs: number
  /** How long leaving waits for the host to take its last commands. */
  readonly leaveMs: number
  /** Commands that may wait for their answers, and their bytes. */
  readonly unansweredCommands: number
  readonly unansweredBytes: number
}
