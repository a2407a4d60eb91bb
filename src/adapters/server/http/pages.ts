import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { endOfTick } from '#domain/async/backoff.ts'
import { jsonForTerminal } from '#domain/names/text.ts'
import { COSTS, priceOfItems } from '../connection/costs.ts'
import type { Portion } from '../connection/fair-work.ts'
import { pay } from './auth.ts'
import { eventJson } from './event-json.ts'
import { send } from './files/sending.ts'
import type { HttpParts } from './parts.ts'

/** Rows of a list that are written at once, and have a turn of the event loop for themselves. */
const ROWS_AT_ONCE = 256

/** One answer with a long list in it. */
export interface Listing {
  /** What stands before the list. */
  readonly head?: object
  /** What the list is called. */
  readonly list: string
  readonly rows: AsyncIterable<readonly object[]>
  /** What stands behind it, once it is through. */
  tail?(): object
}

/**
 * Answers with a list, made portion by portion as the peer takes them: whoever asks and does not read has one portion waiting here, and
 * keeps nobody else from theirs (C61).
 */
export async function answerListing(
  parts: HttpParts,
  request: FastifyRequest,
  reply: FastifyReply,
  listing: Listing,
): Promise<FastifyReply> {
  const pieces = bytesOf(listing)
  reply.type('application/json; charset=utf-8')
  // What is refused is refused before the head is out; and what is short is an answer like any other.
  const begun = [await pieces.next(), await pieces.next()]
  const [first, second] = begun
  if (first?.done !== true && second?.done === true) return reply.send(first?.value)
  const { raw } = reply.hijack()
  raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders)
  try {
    if (request.method !== 'HEAD') await send(behind(begun, pieces), raw, Number.POSITIVE_INFINITY)
    raw.end()
  } catch (error) {
    // Only a connection that breaks off tells that this is not all.
    raw.destroy()
    parts.log.error('a list broke off', { error: String(error) })
  }
  return reply
}

/** Entries of an answer as events, each portion once it is paid for. */
export async function* paidEvents(
  parts: HttpParts,
  request: FastifyRequest,
  room: string,
  portions: AsyncIterable<Portion>,
): AsyncGenerator<readonly object[]> {
  for await (const { events, read } of portions) {
    await pay(parts, request, priceOfItems(COSTS.history, read), room)
    yield events.map(eventJson)
  }
}

/** The rows that `toRow` makes of many items, a few at each turn of the event loop. */
export async function* rowsOf<T>(
  parts: Pick<HttpParts, 'clock'>,
  items: readonly T[],
  toRow: (item: T) => object,
): AsyncGenerator<readonly object[]> {
  for (let at = 0; at < items.length; at += ROWS_AT_ONCE) {
    if (at > 0) await endOfTick(parts.clock)
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

/** An iterator that has been begun. Not a generator: its end must reach one that waits. */
function behind(
  begun: readonly IteratorResult<Uint8Array>[],
  rest: AsyncGenerator<Uint8Array>,
): AsyncIterator<Uint8Array> {
  const taken = [...begun]
  return { next: async () => taken.shift() ?? (await rest.next()), return: (value) => rest.return(value) }
}
