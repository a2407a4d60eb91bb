import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { Code, Limit, Rejected } from '#domain/errors.ts'
import { FileStoreFailed } from '#domain/ports/file-store.ts'
import { JournalFailed } from '#domain/ports/journal.ts'
import { Refused } from '#domain/session.ts'

/** Codes of HTTP alone. */
type HttpOnlyCode =
  | 'FOREIGN_ORIGIN'
  | 'METHOD_NOT_ALLOWED'
  | 'TOO_LARGE'
  | 'UNSUPPORTED_TYPE'
  | 'BAD_RANGE'
  | 'BAD_EXPECTATION'
  | 'MISDIRECTED'
  | 'HEAD_TOO_LARGE'
  | 'NOT_BUILT'
  | 'BUG'

export type HttpCode = Code | HttpOnlyCode

/** The body of every answer that is neither a success nor a redirection. */
export interface Refusal {
  readonly code: HttpCode
  readonly message: string
  readonly retrySeconds?: number
  readonly limit?: Limit
}

const STATUSES: Readonly<Record<HttpCode, number>> = {
  BAD_REQUEST: 400,
  BAD_NAME: 400,
  BAD_PATH: 400,
  BAD_ROOM: 400,
  BAD_TEXT: 400,
  BAD_COMMAND: 400,
  SUSPECT_END: 400,
  TRANSFER_CUT: 400,
  WRONG_PROTOCOL: 400,
  TLS_REQUIRED: 400,
  BAD_MESSAGE: 400,
  NOT_A_MEMBER: 403,
  NOT_ALLOWED: 403,
  NOT_OWNER: 403,
  MUTED: 403,
  BANNED: 403,
  LOCKED: 403,
  FOREIGN_ORIGIN: 403,
  NOT_FOUND: 404,
  NO_SUCH_MESSAGE: 404,
  NO_SUCH_FILE: 404,
  NOT_SAVED: 404,
  METHOD_NOT_ALLOWED: 405,
  TIMEOUT: 408,
  TRANSFER_STALLED: 408,
  NAME_TAKEN: 409,
  BAD_OFFSET: 409,
  FENCED: 409,
  HASH_MISMATCH: 409,
  TOO_LARGE: 413,
  FILE_TOO_LARGE: 413,
  LINE_TOO_LONG: 413,
  UNSUPPORTED_TYPE: 415,
  BAD_RANGE: 416,
  BAD_EXPECTATION: 417,
  MISDIRECTED: 421,
  HOST_CHANGED: 409,
  REPLACED: 409,
  BAD_FOLDER: 422,
  ID_REUSED: 422,
  NO_SUCH_MEMBER: 422,
  NO_SUCH_INVITATION: 422,
  TRY_LATER: 429,
  SLOW_MODE: 429,
  HEAD_TOO_LARGE: 431,
  BUG: 500,
  BUSY: 503,
  NOT_BUILT: 503,
  CLOSED: 503,
  RESTART: 503,
  READ_ONLY: 503,
  TOO_MANY_FILES: 503,
  TOO_MANY_ROOMS: 503,
  DISK_FULL: 507,
}

/** A refusal thrown where a value would be in the way. */
export class HttpRefused extends Error {
  readonly refusal: Refusal

  constructor(code: HttpCode, message: string) {
    super(message)
    this.refusal = { code, message }
  }
}

/** The answer for absent and for forbidden things: the same to the byte. */
export const notFound: Refusal = {
  code: 'NOT_FOUND',
  message:
    'there is nothing here for you; it may want a token, a password (Tamtam-Password) or an invitation. A file goes in by curl -T FILE http://HOST:PORT/ROOM/; /openapi.json has all addresses',
}

/** The same, thrown. */
export const absent = (): HttpRefused => new HttpRefused(notFound.code, notFound.message)

/** The value, where it is no refusal; throws that. */
export function accepted<T>(value: T | Rejected): Exclude<T, Rejected> {
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'rejected')
    throw new Refused(value as Rejected)
  return value as Exclude<T, Rejected>
}

export const statusOf = (code: HttpCode): number => STATUSES[code]

/** The refusal that an error stands for; undefined where it is a bug of ours. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof HttpRefused) return error.refusal
  if (error instanceof Refused) return error.rejected
  if (error instanceof JournalFailed || error instanceof FileStoreFailed) return storeFailed
  // Of fastify's own making: its text is for the author of the request, its codes are not ours to keep stable.
  if (!(error instanceof Error && 'statusCode' in error)) return undefined
  const { statusCode } = error
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return undefined
  if (statusCode === 413) return { code: 'TOO_LARGE', message: 'this is more than is taken here' }
  if (statusCode === 415) return { code: 'UNSUPPORTED_TYPE', message: error.message }
  return { code: 'BAD_REQUEST', message: error.message }
}

const RETRY_S = 5

/** Answers a request with a refusal, under the status of its code unless the protocol of the request has another. */
export function refuse(reply: FastifyReply, why: Refusal | Rejected, status = statusOf(why.code)): FastifyReply {
  const body = concealed(why)
  const { retrySeconds = status === 503 ? RETRY_S : undefined } = why
  if (retrySeconds !== undefined) reply.header('Retry-After', retrySeconds)
  // An answer to HEAD has no body.
  return reply.header('Tamtam-Code', body.code).code(status).send(body)
}

/** The same before fastify has it. */
export function refuseRaw(response: ServerResponse, why: Refusal): void {
  const { status, headers, body } = rawAnswer(why)
  response.writeHead(status, { ...headers, 'X-Content-Type-Options': 'nosniff' }).end(body)
}

const REASONS: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  421: 'Misdirected Request',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
}

/** The same where there is not even a request: the bytes for the connection before its end. */
export function rawRefusal(why: Refusal): string {
  const { status, headers, body } = rawAnswer(why)
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${REASONS[status] ?? 'Bad Request'}`, ...fields, 'Connection: close', '', body].join(
    '\r\n',
  )
}

function rawAnswer({ code, message }: Refusal) {
  const body = JSON.stringify({ code, message })
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Tamtam-Code': code,
  }
  return { status: statusOf(code), headers, body }
}

const concealed = (why: Refusal): Refusal => (statusOf(why.code) === 404 ? notFound : refusalBody(why))

/** What is told of a refusal. */
export const refusalBody = ({ code, message, limit }: Refusal): Refusal => ({
  code,
  message,
  ...(limit === undefined ? {} : { limit }),
})

const storeFailed: Refusal = { code: 'CLOSED', message: 'the host can not read or keep its data any more, and stops' }
