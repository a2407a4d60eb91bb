import type { SessionSettings } from '#client/settings.ts'
import type { UploadPolicy } from '#client/uploader.ts'

/** Every limit and time of the page, with its unit in its name. */
export const pageDefaults = {
  /** Entries of one page of history. */
  pageEntries: 100,
  firstEntries: 50,
  /** So much of a room is in the page at once; the rest is read again when somebody scrolls there. */
  windowEntries: 400,
  /** The distance to an end of the loaded entries at which more are loaded. */
  nearEndPx: 800,
  /** Messages of one member within this time stand together. */
  groupMs: 5 * 60_000,
  roomsEveryMs: 20_000,
  typingEveryMs: 3000,
  /** A pause in typing shorter than this is not reported. */
  quickTypingMs: 1000,
  /** News are drawn no more often than this. */
  drawEveryMs: 50,
  announceEveryMs: 1500,
  /** So soon is it kept how far somebody has read. */
  rememberMs: 300,
  searchHits: 50,
  /** A search begins so long after the last letter. */
  searchAfterMs: 250,
  /** Files that are sent at once; the others wait. */
  uploadsAtOnce: 2,
  /** The same of those that go in one request each. */
  smallUploadsAtOnce: 6,
  /** Of more files of one person in a row than `allShown` only so many are shown, until somebody asks for the rest. */
  firstShown: 3,
  allShown: 4,
  /** Text files up to this size show their first words. */
  firstWordsBytes: 200,
  progressEveryMs: 250,
  /** What has not moved for so long is paused, or its connection is being made again. */
  stillMs: 4000,
  /** Rows of the list of files; the filter finds the others. */
  filesShown: 300,
  /** What was handed in is read so long after the last change. */
  handInsAfterMs: 300,
  /** Members of a folder that are listed one by one. */
  membersShown: 500,
  /** After so long files may go that are sent from here. */
  expirySeconds: [3600, 86_400, 7 * 86_400],
  /** Pictures up to this size are shown, and checked, without being asked for. */
  pictureBytes: 5_000_000,
  textPreviewBytes: 200_000,
  /** Longer text that is pasted is offered as a file. */
  longPasteBytes: 8192,
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

/**
 * A browser reads slowly, and tells of bytes as gone that still wait in the system's buffers: so a file is offered before its digest is
 * known, and goes in requests of about a second, because only the host's answers are to be trusted.
 */
export const uploadPolicy = {
  digestMs: 300,
  lastPartBytes: 1024 ** 2,
  leastPartBytes: 512 * 1024,
  mostPartBytes: 64 * 1024 ** 2,
  ownOnly: true,
  wholeBytes: 1_000_000,
} as const satisfies UploadPolicy

/** The digest of a folder is known when it has been read; its parts are read into memory before they go. */
export const folderPolicy: UploadPolicy = { ...uploadPolicy, mostPartBytes: 8 * 1024 ** 2 }
