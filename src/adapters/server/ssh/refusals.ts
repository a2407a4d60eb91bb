import { type Code, rejected } from '#domain/errors.ts'
import { SUMS_NAME } from '#protocol/tar.ts'
import type { Status } from './sftp/codec.ts'

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
export const tooManyDownloads = rejected('BUSY', 'too many downloads at once; try again soon')
