import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LocalSession } from '#domain/engine/session.ts'
import { asGuest } from '../auth.ts'
import { type Refusal, refuse } from '../errors.ts'
import type { HttpParts } from '../parts.ts'
import { isKnown, rangeHolds } from './conditional.ts'
import type { Downloads } from './downloads.ts'
import {
  type ArrivingRoomFile,
  arrivingHeaders,
  knownHeaders,
  validatorsOf,
  type WholeRoomFile,
  wholeHeaders,
} from './file-headers.ts'
import { findFile } from './find-file.ts'
import { mediaOf } from './media-of.ts'
import { contentRange, contentRangeOfNone, type Wanted, wantedRange } from './range.ts'

/** The bytes of a file, also of one that is still arriving. */
export async function get(
  parts: HttpParts,
  downloads: Downloads,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { room, file } = await findFile(parts, request)
  const answer = (session: LocalSession) =>
    file.status === 'whole'
      ? getWhole(downloads, session, request, reply, file)
      : follow(downloads, session, request, reply, file)
  return await downloads.count(reply, () => asGuest(parts, request, room, answer))
}

async function getWhole(
  downloads: Downloads,
  session: LocalSession,
  { headers }: FastifyRequest,
  reply: FastifyReply,
  file: WholeRoomFile,
): Promise<FastifyReply> {
  const validators = validatorsOf(file)
  if (isKnown(headers['if-none-match'], validators)) return reply.code(304).headers(knownHeaders(file)).send()
  const { id, size } = file.file
  const wanted = wantedRange(rangeHolds(headers['if-range'], validators) ? headers.range : undefined, size)
  if (wanted.status === 'unsatisfiable') return refuseRange(reply, size)
  reply.headers(wholeHeaders(file, await mediaOf(session, id)))
  const { first, count } = spanOf(reply, wanted, size)
  return await downloads.send(reply, session.download(id, first, 'lent'), count ?? size)
}

/** Sends what is there, and then what comes, until the file is whole. */
async function follow(
  downloads: Downloads,
  session: LocalSession,
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { file, ...rest }: ArrivingRoomFile,
): Promise<FastifyReply> {
  const wanted = wantedRange(rangeHolds(headers['if-range'], undefined) ? headers.range : undefined, file.size)
  if (wanted.status === 'unsatisfiable') return refuseRange(reply, file.size)
  reply.headers(arrivingHeaders({ file, ...rest }))
  const { first, count } = spanOf(reply, wanted, file.size)
  return await downloads.follow(reply, session.download(file.id, first, 'lent'), count)
}

/** Where an answer begins, and its length where that is known: then it is promised in the head. */
function spanOf(reply: FastifyReply, wanted: Exclude<Wanted, { status: 'unsatisfiable' }>, size: number | undefined) {
  let first = 0
  let count = size
  if (wanted.status === 'part') {
    first = wanted.first
    count = size === undefined ? undefined : wanted.last - first + 1
    reply.code(206).header('Content-Range', contentRange(wanted, size))
  }
  if (count !== undefined) reply.header('Content-Length', count)
  return { first, count }
}

const refuseRange = (reply: FastifyReply, size: number | undefined): FastifyReply =>
  refuse(reply.header('Content-Range', contentRangeOfNone(size)), beyond)

const beyond: Refusal = {
  code: 'BAD_RANGE',
  message: 'the file has none of these bytes; Content-Range says what it has',
}
