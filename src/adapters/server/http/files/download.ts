import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { LocalSession } from '#domain/engine/session.ts'
import { subnetOf } from '#domain/names/subnet.ts'
import { Refused } from '#domain/session.ts'
import { digestField, metadataField } from '#protocol/tus.ts'
import type { DownloadSlot } from '../../files/download-slots.ts'
import type { Exchange } from '../auth.ts'
import { notFound, type Refusal, refuse } from '../errors.ts'
import { sendPieces } from '../streams.ts'
import {
  type ArrivingRoomFile,
  arrivingHeaders,
  type Content,
  contentOf,
  contentRange,
  contentRangeOfNone,
  isKnown,
  knownHeaders,
  type MediaType,
  mediaType,
  rangeHolds,
  type WantedRange,
  wantedRange,
  wholeHeaders,
} from './headers.ts'
import { findFile, isOwner, passedOn } from './links.ts'
import { noteServed } from './receipts.ts'
import { describeUpload } from './upload.ts'

/** `GET` of a file: all of it or one range, also during its upload. */
export async function getFile(exchange: Exchange): Promise<FastifyReply> {
  const { room, file } = await findFile(exchange)
  return await withSlot(exchange, (slot) =>
    exchange.requester.inRoom(room, async (session) => {
      if (file.status !== 'whole') return await followArriving(exchange, slot, session, file)
      const open = (from: number) => session.download(file.file.id, from, 'lent')
      const served: Served = (first, bytes) => noteServed(exchange, room, file.file, first, bytes)
      return await sendContent(exchange, slot, contentOf(file), open, undefined, served)
    }),
  )
}

/** Called at the end of an answer with the range of bytes that were served. */
type Served = (first: number, bytes: number) => void

/** Runs `act` with a place among the downloads of this host, or refuses the request. */
export async function withSlot(
  { context, reply, requester }: Exchange,
  act: (slot: DownloadSlot) => Promise<FastifyReply>,
): Promise<FastifyReply> {
  const address = subnetOf(requester.address)
  const person = requester.member ?? `${address} ${requester.name ?? ''}`
  const slot = context.downloads.take({ address, person }, reply.raw)
  if (slot === undefined) return refuse(reply, tooMany)
  try {
    return await act(slot)
  } finally {
    slot.release()
  }
}

/** Answers with a complete content, or one range of it. `open` answers its bytes from an offset, lent; it may give more than requested. */
export async function sendContent(
  exchange: Exchange,
  slot: DownloadSlot,
  content: Content,
  open: (from: number) => AsyncIterable<Uint8Array>,
  media?: MediaType,
  served?: Served,
): Promise<FastifyReply> {
  const { request, reply } = exchange
  const { headers, method } = request
  const { size } = content
  if (isKnown(headers['if-none-match'], content)) return reply.code(304).headers(knownHeaders(content)).send()
  const isAsked = method !== 'HEAD' && rangeHolds(headers['if-range'], content)
  const wanted = wantedRange(isAsked ? headers.range : undefined, size)
  if (wanted.status === 'unsatisfiable') return refuseRange(reply, size)
  reply.headers(wholeHeaders(content, media ?? (await mediaOf(open(0), size))))
  const { first, count } = promiseRange(reply, wanted, size)
  if (method === 'HEAD') return reply.send()
  return await send(exchange, slot, open(first)[Symbol.asyncIterator](), count ?? size, (bytes) =>
    served?.(first, bytes),
  )
}

/** Sends the bytes so far, and further ones as they arrive, until the file is complete. Ends when the host stops. */
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
  // A client that has left looks like one that only listens until something is written, which may take a day.
  socket.once('end', cut)
  try {
    const bytes = session.download(id, first, 'lent')[Symbol.asyncIterator]()
    return await send(exchange, slot, bytes, count ?? Number.POSITIVE_INFINITY, (bytes) => {
      // It was completed during the answer.
      const whole = session.file(id)
      if (whole?.status === 'whole') noteServed(exchange, session.room, whole.file, first, bytes)
    })
  } finally {
    context.closing.removeEventListener('abort', cut)
    socket.off('end', cut)
  }
}

/** Sets the first byte of an answer and, if known, its length, which the head then promises. */
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

/** Sends exactly `count` bytes with the status and headers of the reply, or breaks the connection. */
export async function send(
  { context, reply }: Exchange,
  slot: DownloadSlot,
  pieces: AsyncIterator<Uint8Array>,
  count: number,
  served: (bytes: number) => void = () => {},
): Promise<FastifyReply> {
  const { raw } = reply.hijack()
  raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
  raw.flushHeaders()
  const watched: AsyncIterator<Uint8Array> = {
    next: async () => {
      slot.moved()
      return await pieces.next()
    },
    return: async () => (await pieces.return?.()) ?? { done: true, value: undefined },
  }
  try {
    const sent = await sendPieces(watched, raw, count)
    served(sent)
    // An end before the promised length would make the next answer look like the rest of this one.
    if (sent === count || count === Number.POSITIVE_INFINITY) raw.end()
    else raw.destroy()
  } catch (error) {
    // The head is sent: only a broken connection tells that this is not all.
    raw.destroy()
    if (!(error instanceof Refused)) context.log.error('a download broke off', { error: String(error) })
  }
  return reply
}

/** `HEAD`: the headers of a complete file, or the progress of its upload. */
export async function headFile(exchange: Exchange): Promise<FastifyReply> {
  const { context, request, reply, requester } = exchange
  const found = await findFile(exchange)
  const elsewhere = await passedOn(exchange, found)
  if (elsewhere !== undefined) return elsewhere
  const { id } = found
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
  // Looked up again: a client that follows a file to its end asks at that moment, and waits while the transfer ends.
  const { room, file } = await findFile(exchange)
  // It was withdrawn in the meantime.
  if (file.status !== 'whole') return refuse(reply, notFound)
  const { size } = file.file
  const media = await requester.inRoom(room, (session) => mediaOf(session.download(id, 0, 'lent'), size))
  reply.headers(wholeHeaders(contentOf(file), media))
  if (request.headers['tus-resumable'] !== undefined)
    reply.headers({ 'Upload-Offset': size, 'Upload-Length': size, 'Cache-Control': 'no-store' })
  if (isKnown(request.headers['if-none-match'], contentOf(file))) return reply.code(304).send()
  return reply.header('Content-Length', size).send()
}

/** The same for a dropped file: its progress, and whether it is complete. */
export async function headDropped(exchange: Exchange): Promise<FastifyReply> {
  const { context, reply } = exchange
  const found = await findFile(exchange)
  const elsewhere = await passedOn(exchange, found)
  if (elsewhere !== undefined) return elsewhere
  const { id, file } = found
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

/** The media type by the first bytes of a content. Throws a `Refused` if it is gone. */
async function mediaOf(bytes: AsyncIterable<Uint8Array>, size: number): Promise<MediaType> {
  for await (const piece of bytes) return mediaType(piece.subarray(0, size))
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
