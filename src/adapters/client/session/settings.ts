import type { BackoffSettings } from '#domain/async/backoff.ts'

/** How patient a session is with its host, and how much it keeps for it. */
export interface SessionSettings extends BackoffSettings {
  /** Who hears nothing for this long asks whether anybody is there. */
  readonly silentMs: number
  /** The answer to that, and each step of coming in, may take this long. */
  readonly answerMs: number
  /** How long leaving waits for the host to take its last commands. */
  readonly leaveMs: number
  /** Commands that may wait for their answers, and their bytes. */
  readonly unansweredCommands: number
  readonly unansweredBytes: number
}
