import type { IncomingMessage } from 'node:http'
import { isEntry, type RoomEvent } from '#domain/room/events.ts'
import { SSE_TYPE, SseDecoder } from '#protocol/sse.ts'
import { type ApiClient, isGood, refusalOf } from './api-client.ts'
import { errorText } from './error-text.ts'
import { Disconnected, isRefusal, type Refusal } from './errors.ts'
import { eventOf } from './http-bodies.ts'
import { roomFacts, roomPath } from './queries.ts'
import type { Retries } from './retries.ts'

export interface EventStream {
  readonly link: ApiClient
  readonly retries: Retries
  readonly room: string
  /** History from the entry behind this one; undefined: only what happens from now on. */
  readonly after: number | undefined
  /** Hears each time the events flow, again. */
  readonly connected?: () => void
  readonly signal?: AbortSignal
}

/**
 * What happens in a room, over as many connections as it takes: no entry twice, none left out. Ends with why the host will not tell,
 * or with undefined when it was asked to.
 */
export async function* follow(wanted: EventStream): AsyncGenerator<RoomEvent, Refusal | undefined> {
  try {
    return yield* connections(wanted)
  } catch (error) {
    if (wanted.signal?.aborted === true) return undefined
    throw error
  }
}

async function* connections(wanted: EventStream): AsyncGenerator<RoomEvent, Refusal> {
  const { link, retries, room } = wanted
  let cursor = wanted.after
  while (true) {
    const from = await retries.until(() => begin(link, room, cursor))
    if (isRefusal(from)) return from
    cursor = from.cursor
    wanted.connected?.()
    try {
      for await (const event of received(wanted, from.body)) {
        if (isEntry(event)) {
          if (event.seq <= cursor) continue
          cursor = event.seq
        }
        yield event
      }
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error
      await retries.again(error.message)
    }
  }
}

async function begin(link: ApiClient, room: string, after: number | undefined) {
  const facts = await roomFacts(link, room)
  if (isRefusal(facts)) return facts
  // A room that is younger than what we know of it has begun anew: its host keeps nothing.
  const cursor = after === undefined ? facts.last : after > facts.last ? 0 : after
  const headers = { Accept: SSE_TYPE, 'Last-Event-ID': String(cursor) }
  const body = await link.ask({ method: 'GET', path: `${roomPath(room)}/events?after=${cursor}`, headers })
  return isGood(body) ? { body, cursor } : await refusalOf(body)
}

async function* received({ link, retries, signal }: EventStream, body: IncomingMessage) {
  const decoder = new SseDecoder()
  const silentMs = link.settings.silentEventsMs
  const iterator = body[Symbol.asyncIterator]()
  const stop = () => body.destroy()
  signal?.addEventListener('abort', stop)
  try {
    while (true) {
      const timer = setTimeout(() => body.destroy(new Error(`nothing came for ${silentMs / 1000} s`)), silentMs)
      const next = await iterator.next().finally(() => clearTimeout(timer))
      if (next.done === true) break
      retries.progressed()
      for (const data of decoder.decode(next.value)) {
        const event = eventOf(JSON.parse(data))
        if (event !== undefined) yield event
      }
    }
  } catch (error) {
    throw new Disconnected(errorText(error), { cause: error })
  } finally {
    signal?.removeEventListener('abort', stop)
    body.destroy()
  }
  throw new Disconnected('the host ended the connection')
}
