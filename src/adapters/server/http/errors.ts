import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { Limit, Rejected } from '#domain/errors.ts'
import { FileStoreFailed } from '#domain/ports/file-store.ts'
import { JournalFailed } from '#domain/ports/journal.ts'
import { Refused } from '#domain/session.ts'
import { type HttpCode, statusOf } from '#protocol/errors.ts'

/** The body of every answer that is neither a success nor a redirection. */
export interface Refusal {
  readonly code: HttpCode
  readonly message: string
  readonly retrySeconds?: number
  readonly limit?: Limit
  /** In place of what is said of all absent things: for somebody who may see what is around this one. */
  readonly hint?: string
}

/** A refusal thrown where a value would be in the way. */
export class HttpRefused extends Error {
  readonly refusal: Refusal

  constructor(code: HttpCode, message: string, hint?: string) {
    super(message)
    this.refusal = { code, message, ...(hint === undefined ? {} : { hint }) }
  }
}

/** The answer for absent and for forbidden things: the same to the byte. */
export const notFound: Refusal = {
  code: 'NOT_FOUND',
  message:
    'there is nothing here for you; it may want a token, a password (Tamtam-Password) or an invitation. A file goes in by curl -T FILE http://HOST:PORT/ROOM/; /openapi.json has all addresses',
}

/** The same, thrown. */
export const absent = (hint?: string): HttpRefused => new HttpRefused(notFound.code, notFound.message, hint)

/** The value, where it is no refusal; throws that. */
export function accepted<T>(value: T | Rejected): Exclude<T, Rejected> {
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'rejected')
    throw new Refused(value as Rejected)
  return value as Exclude<T, Rejected>
}

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

const concealed = (why: Refusal): Refusal => {
  if (statusOf(why.code) !== 404) return refusalBody(why)
  return why.hint === undefined ? notFound : { ...notFound, message: why.hint }
}

/** What is told of a refusal. */
export const refusalBody = ({ code, message, limit }: Refusal): Refusal => ({
  code,
  message,
  ...(limit === undefined ? {} : { limit }),
})

const storeFailed: Refusal = { code: 'CLOSED', message: 'the host can not read or keep its data any more, and stops' }
