import { type Code, rejected } from '#domain/errors.ts'
import { SUMS_NAME } from '#protocol/tar.ts'
import type { Status } from './sftp/codec.ts'

/** The exit status of what ran on a channel, as of `tamtam` itself. */
export const EXIT = { done: 0, usage: 2, refused: 4, notFound: 5, incomplete: 6, interrupted: 130 } as const

const EXIT_OF: Partial<Record<Code, number>> = {
  BAD_COMMAND: EXIT.usage,
  NOT_FOUND: EXIT.notFound,
  NO_SUCH_FILE: EXIT.notFound,
  NO_SUCH_MEMBER: EXIT.notFound,
  NO_SUCH_MESSAGE: EXIT.notFound,
  NO_SUCH_INVITATION: EXIT.notFound,
  NO_SUCH_LINK: EXIT.notFound,
  TRANSFER_CUT: EXIT.incomplete,
  TRANSFER_STALLED: EXIT.incomplete,
  FENCED: EXIT.incomplete,
  RESTART: EXIT.incomplete,
  CLOSED: EXIT.incomplete,
}

export const exitStatusOf = (code: Code): number => EXIT_OF[code] ?? EXIT.refused

/** The status of SFTP for a refusal; else a failure. */
export const STATUS_OF: Partial<Record<Code, Status>> = {
  NOT_FOUND: 'noSuchFile',
  NO_SUCH_FILE: 'noSuchFile',
  BAD_ROOM: 'noSuchFile',
  NOT_ALLOWED: 'permissionDenied',
  NOT_OWNER: 'permissionDenied',
  MUTED: 'permissionDenied',
  BANNED: 'permissionDenied',
  LOCKED: 'permissionDenied',
}

export const noSuchFile = rejected('NO_SUCH_FILE', 'there is no such file in this room')
export const isFolder = rejected('BAD_PATH', 'files lie in rooms: write ROOM/FILE')
export const noFolders = rejected('NOT_ALLOWED', 'a room has no folders; send one as a tar, or with tamtam send')
export const badRoom = rejected('BAD_ROOM', 'this can be no name of a room')
export const isThere = rejected('BAD_ROOM', 'there is such a room')
export const sumsAreOurs = rejected('NOT_ALLOWED', `${SUMS_NAME} is made of the files in the room`)
export const idle = rejected('CLOSED', 'nothing was asked for too long; connect again')
export const tooManyHandles = rejected('BUSY', 'too many files are open at once; close some first')
export const tooManyTerminals = rejected('BUSY', 'too many terminals at once: this one is shown plain lines')
