import type { BackoffSettings } from '#domain/async/backoff.ts'

/** Timeouts of a client of the HTTP API, and the amounts it reads and sends at once. */
export interface ClientSettings extends BackoffSettings {
  /** A connection without progress for this long is dropped, and tried again. */
  readonly idleMs: number
  /** The same for events, where the host sends a sign of life every 15 s. */
  readonly silentEventsMs: number
  /** Bytes read at once from a file, or from a pipe. */
  readonly readBytes: number
  /** Bytes of a pipe sent in one request. */
  readonly pieceBytes: number
  /** A piece of a pipe is sent after this long even if it is not full. */
  readonly pieceMs: number
}

/** Timeouts of a session, and the commands it keeps for its host. */
export interface SessionSettings extends BackoffSettings {
  /** After this long without a message, the host is asked for a sign of life. */
  readonly silentMs: number
  /** The longest time for that answer, and for each step of joining. */
  readonly answerMs: number
  /** The longest time that leaving waits for the host to take the last commands. */
  readonly leaveMs: number
  /** Number of commands that may wait for their answers, and their bytes. */
  readonly unansweredCommands: number
  readonly unansweredBytes: number
}
