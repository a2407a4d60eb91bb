import type { Code } from '#domain/errors.ts'
import type { ToldLimit } from '#protocol/schema.ts'

/** The connection failed, was cut, or stalled: the same may work in a moment. */
export class Disconnected extends Error {}

/** Nobody has answered at this address yet, so it is probably wrong. */
export class Unreachable extends Error {}

/** The host's key is not the known one: nothing was sent to it. The message gives the remedy. */
export class NotTrusted extends Error {
  readonly code: Code

  constructor(code: Code, message: string) {
    super(message)
    this.code = code
  }
}

/** The permitted time for retries is over. */
export class GaveUp extends Error {}

/** A file was changed or removed while it was sent. */
export class FileChanged extends Error {}

/** The host's refusal. Its `code` may be unknown to this version. */
export interface Refusal {
  readonly type: 'rejected'
  readonly status: number
  readonly code: string
  readonly message: string
  /** The limit of bytes that was reached. */
  readonly limit?: ToldLimit
}

export const refusal = (status: number, code: string, message: string, limit?: ToldLimit): Refusal => ({
  type: 'rejected',
  status,
  code,
  message,
  ...(limit === undefined ? {} : { limit }),
})

export const notTamtam = refusal(502, 'WRONG_PROTOCOL', 'something other than tamtam answers there')

export const isRefusal = (value: object): value is Refusal => 'type' in value && value.type === 'rejected'

/** The host would accept it later: it is overloaded or restarting, or another connection of this transfer was faster. */
export const isPassing = ({ status, code }: Refusal): boolean =>
  code === 'FENCED' ||
  code === 'NOT_A_MEMBER' ||
  code === 'BAD_OFFSET' ||
  code === 'TRANSFER_CUT' ||
  code === 'TRANSFER_STALLED' ||
  code === 'TOO_MANY_FILES' ||
  status === 408 ||
  status === 425 ||
  status === 429 ||
  (status >= 500 && status !== 501 && status !== 505 && status !== 507)

/** It does not exist, or must not be seen. */
export const isGone = ({ status }: Refusal): boolean => status === 404 || status === 410

/** The reason why a connection failed, for people: several addresses may have been tried. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorText(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code.startsWith('HPE_') || error.message.startsWith('Unexpected server response')) return notTamtam.message
  if (code.startsWith('ERR_SSL_')) return 'it speaks no TLS as it should; without TLS leave out tls://'
  return CONNECTION_ERRORS.get(code) ?? (error.message || code || error.name)
}

const CONNECTION_ERRORS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there; is the host running?'],
  ['ECONNRESET', 'the connection was cut'],
  ['EPIPE', 'the connection was cut'],
  ['ENOTFOUND', 'there is no host of this name; a room is typed as HOST/ROOM'],
  ['EAI_AGAIN', 'the host name cannot be looked up now'],
  ['EHOSTUNREACH', 'there is no way to this host'],
  ['ENETUNREACH', 'there is no way to this host'],
  ['ETIMEDOUT', 'it does not answer'],
])
