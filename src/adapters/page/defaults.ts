import type { SessionSettings } from '../client/session/core/settings.ts'

/** Every limit and time of the page, with its unit in its name. */
export const pageDefaults = {
  /** What is read of a room's history at once. */
  pageEntries: 100,
  firstEntries: 50,
  /** So much of a room is in the page at once; the rest is read again when somebody scrolls there. */
  windowEntries: 400,
  /** How near to an end of what is there one has to be for more to be read. */
  nearEndPx: 800,
  /** Messages of one member within this time stand together. */
  groupMs: 5 * 60_000,
  roomsEveryMs: 20_000,
  typingEveryMs: 3000,
  /** What is typed in less is not worth telling. */
  quickTypingMs: 1000,
  announceEveryMs: 1500,
  searchHits: 50,
} as const

export const sessionDefaults: SessionSettings = {
  firstRetryMs: 250,
  mostRetryMs: 10_000,
  silentMs: 30_000,
  answerMs: 10_000,
  leaveMs: 2000,
  unansweredCommands: 1024,
  unansweredBytes: 1024 ** 2,
}
