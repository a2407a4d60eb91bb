import { isEntry, type RoomEvent } from '#domain/room/events.ts'
import { SSE_TYPE, SseDecoder } from '#protocol/sse.ts'
import type { ApiClient, HttpAnswer } from './api-client.ts'
import { Disconnected, errorText, isRefusal, type Refusal } from './errors.ts'
import { knownEvents, roomFacts, roomPath } from './queries.ts'
import type { Retries } from './retries.ts'

export interface EventStreamOptions {
  readonly api: ApiClient
  readonly retries: Retries
  readonly room: string
  /** History after this entry; undefined: only live events. */
  readonly after: number | undefined
  /** A connection without any data for this long, not even a sign of life, is dropped. */
  readonly silentEventsMs: number
  readonly signal?: AbortSignal
}

/**
 * The events of a room, over as many connections as needed, without gaps or repeats. They are pulled, so a slow reader slows the host
 * down. Ends with the host's refusal, or with undefined when `signal` was aborted.
 */
export async function* follow(options: EventStreamOptions): AsyncGenerator<RoomEvent, Refusal | undefined> {
  try {
    return yield* connections(options)
  } catch (error) {
    if (options.signal?.aborted === true) return undefined
    throw error
  }
}

async function* connections(options: EventStreamOptions): AsyncGenerator<RoomEvent, Refusal> {
  const { api, retries, room } = options
  let cursor = options.after
  while (true) {
    const from = await retries.until(() => begin(api, room, cursor))
    if (isRefusal(from)) return from
    cursor = from.cursor
    try {
      for await (const event of received(options, from.answer)) {
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

async function begin(api: ApiClient, room: string, after: number | undefined) {
  const facts = await roomFacts(api, room)
  if (isRefusal(facts)) return facts
  // A last sequence below ours means that the room has started again: its host keeps nothing.
  const cursor = after === undefined ? facts.last : after > facts.last ? 0 : after
  const headers = { Accept: SSE_TYPE, 'Last-Event-ID': String(cursor) }
  const answer = await api.ask(`${roomPath(room)}/events?after=${cursor}`, { headers })
  return isRefusal(answer) ? answer : { answer, cursor }
}

async function* received({ retries, silentEventsMs, signal }: EventStreamOptions, answer: HttpAnswer) {
  const decoder = new SseDecoder()
  const stop = () => answer.drop()
  signal?.addEventListener('abort', stop)
  try {
    for await (const bytes of answer.chunks(silentEventsMs)) {
      retries.progressed()
      yield* eventsIn(decoder, bytes)
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    answer.drop()
  }
  throw new Disconnected('the host ended the connection')
}

function eventsIn(decoder: SseDecoder, bytes: Uint8Array): readonly RoomEvent[] {
  try {
    return knownEvents(decoder.decode(bytes).map((data): unknown => JSON.parse(data)))
  } catch (error) {
    throw new Disconnected(errorText(error), { cause: error })
  }
}
