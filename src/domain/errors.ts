/** The stable codes of all refusals. A new one is added here and nowhere else. */
export const CODES = [
  'BAD_NAME',
  'BAD_PATH',
  'BAD_FOLDER',
  'NAME_TAKEN',
  'BAD_ROOM',
  'TOO_MANY_ROOMS',
  'BAD_TEXT',
  'LINE_TOO_LONG',
  'BAD_COMMAND',
  'BAD_REQUEST',
  'NO_SUCH_MEMBER',
  'NO_SUCH_FILE',
  'NO_SUCH_MESSAGE',
  'NO_SUCH_INVITATION',
  'NO_SUCH_LINK',
  'NOT_SAVED',
  'NOT_A_MEMBER',
  'NOT_ALLOWED',
  'NOT_OWNER',
  'MUTED',
  'BANNED',
  'LOCKED',
  'FULL',
  'SLOW_MODE',
  'BUSY',
  'READ_ONLY',
  'DISK_FULL',
  'FILE_TOO_LARGE',
  'TOO_MANY_FILES',
  'TRANSFER_STALLED',
  'TRANSFER_CUT',
  'FENCED',
  'BAD_OFFSET',
  'HASH_MISMATCH',
  'ID_REUSED',
  'SUSPECT_END',
  'WRONG_PROTOCOL',
  'CLOSED',
  'NOT_FOUND',
  'TIMEOUT',
  'BAD_MESSAGE',
  'REPLACED',
  'RESTART',
  'TLS_REQUIRED',
  'HOST_CHANGED',
  'TRY_LATER',
] as const

/** The stable codes of refusals (`docs/reference/http.md` has their meanings and HTTP statuses). */
export type Code = (typeof CODES)[number]

/** An expected refusal: a value, not an exception. `message` gives the cause and the remedy. */
export interface Rejected {
  readonly type: 'rejected'
  readonly code: Code
  readonly message: string
  /** Seconds until another try makes sense, if known. */
  readonly retrySeconds?: number
  /** The limit of bytes that was reached, for texts in other languages and for programs. */
  readonly limit?: Limit
}

/** A limit of bytes: of one file, a room's files, a host, its disk, or its memory if it keeps nothing on disk. */
export interface Limit {
  readonly of: 'file' | 'room' | 'host' | 'disk' | 'memory'
  /** Its size; for a disk, the bytes that files must leave free. 0 if unknown. */
  readonly bytes: number
  /** Only a share of it was available: to one person, or to one address. */
  readonly shareOf?: 'person' | 'address'
}

export const rejected = (code: Code, message: string, retrySeconds?: number): Rejected => ({
  ...{ type: 'rejected', code, message },
  ...(retrySeconds === undefined ? {} : { retrySeconds }),
})

const MS_PER_SECOND = 1000

/** Too many credentials from this address were wrong: this one was not checked. */
export function tryLater(ms: number): Rejected {
  const retrySeconds = Math.max(1, Math.ceil(ms / MS_PER_SECOND))
  const message = `there were too many wrong tries from this address; this one was not looked at: try again in ${retrySeconds} s`
  return rejected('TRY_LATER', message, retrySeconds)
}

/** One message in `seconds`: the next may come in `ms`. */
export function slowMode(seconds: number, ms: number): Rejected {
  const retrySeconds = Math.max(1, Math.ceil(ms / MS_PER_SECOND))
  const message = `this room is in slow mode, one message in ${seconds} s: send it again in ${retrySeconds} s`
  return rejected('SLOW_MODE', message, retrySeconds)
}

/** Several messages at once, none of which is taken. */
export function slowModeForBlock(seconds: number): Rejected {
  const message = `this room is in slow mode, one message in ${seconds} s: send these lines one by one, or as one message`
  return rejected('SLOW_MODE', message, seconds)
}

/** No message has this number, or the requester may not see it. */
export const noSuchMessage = rejected(
  'NO_SUCH_MESSAGE',
  'this room has no such message, or it was removed before; /remove alone takes your newest, /remove @name theirs',
)
