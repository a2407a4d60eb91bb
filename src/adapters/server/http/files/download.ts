import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { LocalSession } from '#domain/engine/session.ts'
import { subnetOf } from '#domain/names/subnet.ts'
import { Refused } from '#domain/session.ts'
import { digestField, metadataField } from '#protocol/tus.ts'
import type { Exchange } from '../auth.ts'
import { notFound, type Refusal, refuse } from '../errors.ts'
import { sendPieces } from '../streams.ts'
import type { DownloadSlot } from './download-slots.ts'
import {
  type ArrivingRoomFile,
  arrivingHeaders,
  contentRange,
  contentRangeOfNone,
  isKnown,
  knownHeaders,
  type MediaType,
  mediaType,
  rangeHolds,
  validatorsOf,
  type WantedRange,
  type WholeRoomFile,
  wantedRange,
  wholeHeaders,
} from './headers.ts'
import { findFile, isOwner } from './links.ts'
import { describeUpload } from './upload.ts'

/** `GET` of a file: whole or one range of it, also while it is still arriving. */
export async function getFile(exchange: Exchange): Promise<FastifyReply> {
  const { context, reply, requester } = exchange
  const { room, file } = await findFile(exchange)
  const address = subnetOf(requester.address)
  const person = requester.member ?? `${address} ${requester.name ?? ''}`
  const slot = context.downloads.take({ address, person }, reply.raw)
  if (slot === undefined) return refuse(reply, tooMany)
  try {
    return await requester.inRoom(room, (session) =>
      file.status === 'whole'
        ? sendWhole(exchange, slot, session, file)
        : followArriving(exchange, slot, session, file),
    )
  } finally {
    slot.release()
  }
}

async function sendWhole(
  exchange: Exchange,
  slot: DownloadSlot,
  session: LocalSession,
  file: WholeRoomFile,
): Promise<FastifyReply> {
  const { request, reply } = exchange
  const { headers } = request
  const validators = validatorsOf(file)
  if (isKnown(headers['if-none-match'], validators)) return reply.code(304).headers(knownHeaders(file)).send()
  const { id, size } = file.file
  const wanted = wantedRange(rangeHolds(headers['if-range'], validators) ? headers.range : undefined, size)
  if (wanted.status === 'unsatisfiable') return refuseRange(reply, size)
  reply.headers(wholeHeaders(file, await mediaOf(session, id)))
  const { first, count } = promiseRange(reply, wanted, size)
  return await send(exchange, slot, session.download(id, first, 'lent'), count ?? size)
}

/** Sends the bytes that are there, and those that come, until the file is whole. The end of the host is its end too. */
async function followArriving(
  exchange: Exchange,
  slot: DownloadSlot,
  session: LocalSession,
  arriving: ArrivingRoomFile,
): Promise<FastifyReply> {
  const { context, request, reply } = exchange
  const { headers } = request
  const { id, size } = arriving.file
  const wanted = wantedRange(rangeHolds(headers['if-range'], undefined) ? headers.range : undefined, size)
  if (wanted.status === 'unsatisfiable') return refuseRange(reply, size)
  reply.headers(arrivingHeaders(arriving))
  const { first, count } = promiseRange(reply, wanted, size)
  const { socket } = request.raw
  const cut = () => reply.raw.destroy()
  context.closing.addEventListener('abort', cut, { once: true })
  // A client that has left looks like one that only listens, until something is written: and nothing may come for a day.
  socket.once('end', cut)
  try {
    return await send(exchange, slot, session.download(id, first, 'lent'), count ?? Number.POSITIVE_INFINITY)
  } finally {
    context.closing.removeEventListener('abort', cut)
    socket.off('end', cut)
  }
}

/** The first byte of an answer, and its length where that is known: then it is promised in the head. */
function promiseRange(
  reply: FastifyReply,
  wanted: Exclude<WantedRange, { status: 'unsatisfiable' }>,
  size: number | undefined,
) {
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

/** Sends exactly `count` bytes under the status and headers of the reply, or breaks the connection off. */
async function send(
  { context, reply }: Exchange,
  slot: DownloadSlot,
  bytes: AsyncIterable<Uint8Array>,
  count: number,
): Promise<FastifyReply> {
  const { raw } = reply.hijack()
  raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
  raw.flushHeaders()
  const pieces = bytes[Symbol.asyncIterator]()
  const watched: AsyncIterator<Uint8Array> = {
    next: async () => {
      slot.moved()
      return await pieces.next()
    },
    return: async () => (await pieces.return?.()) ?? { done: true, value: undefined },
  }
  try {
    const sent = await sendPieces(watched, raw, count)
    // Ending before the promised length would make the next answer look like the rest of this one.
    if (sent === count || count === Number.POSITIVE_INFINITY) raw.end()
    else raw.destroy()
  } catch (error) {
    // The head is out: only a connection that breaks off tells that this is not all.
    raw.destroy()
    if (!(error instanceof Refused)) context.log.error('a download broke off', { error: String(error) })
  }
  return reply
}

/** `HEAD`: the headers of a whole file, or how far its upload has got. */
export async function headFile(exchange: Exchange): Promise<FastifyReply> {
  const { context, request, reply, requester } = exchange
  const { id } = await findFile(exchange)
  const transfer = await context.engine.transfer(id)
  if (transfer !== undefined) {
    const prefix = isOwner(context, requester, transfer)
      ? await transfer.prefix()
      : { size: await transfer.offset(), sha256: undefined }
    if (transfer.status !== 'whole') {
      if ('type' in prefix) return refuse(reply, prefix)
      const { size, sha256 } = prefix
      reply.header('Upload-Metadata', metadataField(transfer.file))
      if (sha256 !== undefined) reply.header('Upload-Prefix-Digest', digestField(sha256))
      return describeUpload(reply, transfer, size).send()
    }
  }
  // Looked up again: a client that follows a file to its end asks just then, and waits while the transfer ends.
  const { room, file } = await findFile(exchange)
  // It was withdrawn meanwhile.
  if (file.status !== 'whole') return refuse(reply, notFound)
  const { size } = file.file
  reply.headers(wholeHeaders(file, await requester.inRoom(room, (session) => mediaOf(session, id))))
  if (request.headers['tus-resumable'] !== undefined)
    reply.headers({ 'Upload-Offset': size, 'Upload-Length': size, 'Cache-Control': 'no-store' })
  if (isKnown(request.headers['if-none-match'], validatorsOf(file))) return reply.code(304).send()
  return reply.header('Content-Length', size).send()
}

/** The same of what was dropped: how far it has come, and that it is whole. */
export async function headDropped(exchange: Exchange): Promise<FastifyReply> {
  const { context, reply } = exchange
  const { id, file } = await findFile(exchange)
  const transfer = await context.engine.transfer(id)
  if (transfer !== undefined && transfer.status !== 'whole') {
    const prefix = await transfer.prefix()
    if ('type' in prefix) return refuse(reply, prefix)
    if (prefix.sha256 !== undefined) reply.header('Upload-Prefix-Digest', digestField(prefix.sha256))
    return describeUpload(reply, transfer, prefix.size).send()
  }
  if (file.status !== 'whole') return refuse(reply, notFound)
  return reply.headers({ ETag: '"whole"', 'Content-Length': file.file.size }).send()
}

/** By the first bytes of a whole file. Throws a `Refused` where it is gone. */
async function mediaOf(session: LocalSession, id: string): Promise<MediaType> {
  for await (const piece of session.download(id, 0, 'lent')) return mediaType(piece)
  return mediaType(new Uint8Array())
}

const refuseRange = (reply: FastifyReply, size: number | undefined): FastifyReply =>
  refuse(reply.header('Content-Range', contentRangeOfNone(size)), badRange)

const badRange: Refusal = {
  code: 'BAD_RANGE',
  message: 'the file has none of these bytes; Content-Range says what it has',
}
const tooMany: Refusal = {
  code: 'BUSY',
  message: 'too many downloads at once; try again soon',
}
