import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as v from 'valibot'
import { endOfTick } from '#domain/async/backoff.ts'
import type { LocalSession } from '#domain/engine/session.ts'
import { jsonForTerminal } from '#domain/names/text.ts'
import type { Cancel } from '#domain/ports/system.ts'
import { Refused } from '#domain/session.ts'
import { Delivery } from '../connection/delivery.ts'
import { eventJson } from '../connection/event-format.ts'
import { type Portion, portionsAfter, portionsBefore, searched, searchFault } from '../connection/history-pages.ts'
import { COSTS, priceOfItems, priceOfJoin } from '../connection/rate-limit.ts'
import type { Exchange, HttpContext } from './auth.ts'
import { checked, limitOf, paramsOf, wholeNumber } from './input.ts'
import { formatFor, type StreamFormat } from './stream-formats.ts'

/** The entries of a room: one page or, if the client accepts a stream, history followed by live events. */
export function getEvents(exchange: Exchange): Promise<FastifyReply> {
  const { context, request, reply, requester } = exchange
  const { pageEntries, maxPageEntries } = context.settings
  const limits = limitOf(pageEntries, maxPageEntries)
  const query = v.object({ after: v.optional(wholeNumber), before: v.optional(wholeNumber), limit: limits })
  return requester.inRoom(paramsOf(request).room, async (session) => {
    const { after, before, limit } = checked(query, request.query)
    const format = formatFor(context.streamFormats, request.headers.accept)
    if (format !== undefined) return await openStream(exchange, session, after, format)
    await reached(session, after)
    const { room, last } = session
    await requester.payFixed(room)
    const portions =
      after === undefined
        ? portionsBefore(session, Math.min(before ?? last + 1, last + 1), limit)
        : portionsAfter(session, after, before ?? Number.POSITIVE_INFINITY, limit)
    return await answerListing(context, request, reply, {
      head: { room },
      list: 'events',
      rows: paidEvents(exchange, session, portions),
      tail: () => ({ last: session.last }),
    })
  })
}

export function searchEvents(exchange: Exchange): Promise<FastifyReply> {
  const { context, request, reply, requester } = exchange
  const { pageEntries, maxPageEntries } = context.settings
  const query = v.object({
    q: v.pipe(v.string('must be given once'), v.nonEmpty('must not be empty')),
    limit: limitOf(pageEntries, maxPageEntries),
  })
  return requester.inRoom(paramsOf(request).room, async (session) => {
    const { q, limit } = checked(query, request.query)
    const fault = searchFault(q)
    if (fault !== undefined) throw new Refused(fault)
    await requester.payFixed(session.room)
    const { count, portions } = await searched(session, q, limit)
    await requester.payItems(count, session.room)
    const rows = paidEvents(exchange, session, portions)
    return await answerListing(context, request, reply, { list: 'events', rows })
  })
}

/** Throws if this host does not have what the reader has seen at another. */
async function reached(session: LocalSession, after = 0): Promise<void> {
  const behind = await session.reach(after)
  if (behind !== undefined) throw new Refused(behind)
}

async function openStream(
  { context, request, reply, requester }: Exchange,
  session: LocalSession,
  after: number | undefined,
  format: StreamFormat,
): Promise<FastifyReply> {
  const { 'last-event-id': seen } = request.headers
  const from = (seen === undefined ? after : checked(wholeNumber, seen)) ?? session.after
  await reached(session, from)
  await requester.payLines(priceOfJoin(session.last - from), session.room)
  reply.type(format.contentType)
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value)
  reply.hijack()
  if (request.method === 'HEAD') reply.raw.end()
  else await streamEvents(context, reply.raw, session, from, format)
  return reply
}

/**
 * Sends a room's events after the sequence `after` while the client listens: history, then live events. A slow reader is paused, and
 * continues from the journal once it has taken the waiting bytes. Resolves at the end.
 */
function streamEvents(
  { clock, closing, metrics, settings }: HttpContext,
  response: ServerResponse,
  session: LocalSession,
  after: number,
  format: StreamFormat,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { socket } = response.req
  let clientEnded = socket.readableEnded
  let cancelPulse: Cancel = () => {}

  // A client that has ended its own side gets the events so far; nobody can tell whether it still listens.
  const finishWithClient = () => {
    if (clientEnded && delivery.caughtUp) finish()
  }
  const clientEnds = () => {
    clientEnded = true
    finishWithClient()
  }
  const pulse = (bytes: Uint8Array) => {
    cancelPulse = clock.after(settings.heartbeatMs, () => {
      if (delivery.outbox.waiting === 0) delivery.outbox.write(bytes)
      pulse(bytes)
    })
  }
  const finish = () => {
    delivery.unfollow()
    cancelPulse()
    socket.off('end', clientEnds)
    closing.removeEventListener('abort', finish)
    response.end()
    resolve()
  }

  const delivery = new Delivery({
    connection: response,
    markBytes: settings.outboxMarkBytes,
    metrics,
    wire: {
      deliver: (batch) => {
        const own = session.visibleIn(batch)
        const bytes = own === undefined ? batch.encoded(format.encode) : format.write(own)
        if (bytes.length > 0) delivery.outbox.write(bytes)
        finishWithClient()
      },
    },
    ended: finish,
  })
  response.once('close', finish)
  // The connection's own error is reported by the server.
  response.on('error', finish)
  socket.on('end', clientEnds)
  closing.addEventListener('abort', finish)
  response.flushHeaders()
  if (format.pulse !== undefined) pulse(format.pulse)
  delivery.follow(session, after)
  if (closing.aborted) finish()
  else finishWithClient()
  return promise
}

/** Number of rows of a list written in one turn of the event loop. */
const ROWS_AT_ONCE = 256

/** An answer with a long list. */
interface Listing {
  /** The fields before the list. */
  readonly head?: object
  /** The name of the list. */
  readonly list: string
  readonly rows: AsyncIterable<readonly object[]>
  /** The fields after it, computed at its end. */
  tail?(): object
}

/**
 * Answers with a list, made in portions as the client takes them. A client that does not read has one portion waiting here, and keeps
 * nobody else waiting (C61).
 */
export async function answerListing(
  { log }: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  listing: Listing,
): Promise<FastifyReply> {
  const pieces = bytesOf(listing)
  reply.type('application/json; charset=utf-8')
  // A refusal must come before the head is sent; and a short list is an answer like any other.
  const begun = [await pieces.next(), await pieces.next()]
  const [first, second] = begun
  if (first?.done !== true && second?.done === true) return reply.send(first?.value)
  const { raw } = reply.hijack()
  raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
  try {
    if (request.method !== 'HEAD') await sendPieces(behind(begun, pieces), raw, Number.POSITIVE_INFINITY)
    raw.end()
  } catch (error) {
    // Only a broken connection tells that this is not all.
    raw.destroy()
    log.error('a list broke off', { error: String(error) })
  }
  return reply
}

/** Entries as events; each portion is paid for first. */
async function* paidEvents(
  { context, requester }: Exchange,
  session: LocalSession,
  portions: AsyncIterable<Portion>,
): AsyncGenerator<readonly object[]> {
  for await (const { events, read } of portions) {
    await requester.payLines(priceOfItems(COSTS.history, read), session.room)
    yield session.current(events).map((event) => eventJson(event, context.settings.basePath))
  }
}

/** The rows that `toRow` makes of many items, a few in each turn of the event loop. */
export async function* rowsOf<T>(
  { clock }: HttpContext,
  items: readonly T[],
  toRow: (item: T) => object,
): AsyncGenerator<readonly object[]> {
  for (let at = 0; at < items.length; at += ROWS_AT_ONCE) {
    if (at > 0) await endOfTick(clock)
    yield items.slice(at, at + ROWS_AT_ONCE).map(toRow)
  }
}

async function* bytesOf({ head = {}, list, rows, tail }: Listing): AsyncGenerator<Uint8Array> {
  const begun = jsonForTerminal({ ...head, [list]: [] })
  let piece = begun.slice(0, -2)
  let isFirst = true
  for await (const some of rows) {
    if (some.length === 0) continue
    if (!isFirst) yield Buffer.from(piece)
    piece = (isFirst ? piece : ',') + some.map(jsonForTerminal).join()
    isFirst = false
  }
  const rest = jsonForTerminal(tail?.() ?? {}).slice(1)
  yield Buffer.from(`${piece}]${rest === '}' ? '' : ','}${rest}`)
}

/** An iterator that has been started. Not a generator: its end must reach a reader that waits. */
function behind(
  begun: readonly IteratorResult<Uint8Array>[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncIterator<Uint8Array> {
  const taken = [...begun]
  return { next: async () => taken.shift() ?? (await rest.next()), return: (value) => rest.return(value) }
}

/**
 * Writes pieces as the client takes them, at most `count` bytes. They may be lent: the next is requested when the system has the one
 * before. Answers the number of bytes written. Ends the pieces in any case, and throws their errors.
 */
export async function sendPieces(
  pieces: AsyncIterator<Uint8Array>,
  response: ServerResponse,
  count: number,
): Promise<number> {
  const { socket } = response.req
  // Not the response's own `close`: a response queued behind another on its connection is never told of its end.
  const gone = () => {
    pieces.return?.()?.catch(() => {})
  }
  socket.once('close', gone)
  let sent = 0
  try {
    while (sent < count) {
      const { done, value } = await pieces.next()
      if (done === true || socket.destroyed) break
      const piece = value.length > count - sent ? value.subarray(0, count - sent) : value
      await written(response, piece)
      sent += piece.length
    }
    return sent
  } finally {
    socket.off('close', gone)
    await pieces.return?.()
  }
}

/** Resolves when the system has taken the piece, or the connection is over. */
function written(response: ServerResponse, piece: Uint8Array): Promise<void> {
  const { socket } = response.req
  return new Promise((resolve) => {
    const settle = () => {
      socket.off('close', settle)
      resolve()
    }
    socket.once('close', settle)
    response.write(piece, settle)
  })
}
