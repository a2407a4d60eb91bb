/** Every refusal a person or program can meet, by its stable code. A new one is added here and nowhere else. */
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

/** An expected refusal: a value, not an exception. `message` tells the cause and the remedy. */
export interface Rejected {
  readonly type: 'rejected'
  readonly code: Code
  readonly message: string
  /** Seconds until a new try makes sense, where that is known. */
  readonly retrySeconds?: number
  /** Which limit of bytes was met, for texts in other languages and for programs. */
  readonly limit?: Limit
}

/** A limit of bytes: of one file, of a room's files, of a host's, of its disk, or of its memory where it keeps nothing on a disk. */
export interface Limit {
  readonly of: 'file' | 'room' | 'host' | 'disk' | 'memory'
  /** Its size; of a disk, the bytes that files leave free. 0 where nobody knows. */
  readonly bytes: number
  /** Only a share of it was to be had: by one person, or from one address. */
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

/** Several messages at once, of which none is taken. */
export function slowModeForBlock(seconds: number): Rejected {
  const message = `this room is in slow mode, one message in ${seconds} s: send these lines one by one, or as one message`
  return rejected('SLOW_MODE', message, seconds)
}

/** None with this number, or nothing to see of it for the one who asks. */
export const noSuchMessage = rejected(
  'NO_SUCH_MESSAGE',
  'this room has no such message, or it was removed before; /remove alone takes your newest, /remove @name theirs',
)
