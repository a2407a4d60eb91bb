import { jsonForTerminal } from '#domain/names/terminal-text.ts'
import type { Encoder } from '#domain/room/batch.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { visibilityOf } from '#domain/room/visibility.ts'
import { SSE_PULSE, SSE_TYPE, sseEvent } from '#protocol/sse.ts'
import { eventJson } from './event-json.ts'

/** One way to send events for as long as somebody listens. */
export interface StreamFormat {
  readonly contentType: string
  readonly write: (events: readonly RoomEvent[]) => Uint8Array
  /** What everybody gets of a batch: made once, shared by all who listen in this format. */
  readonly encode: Encoder<Uint8Array>
  /** What shows that the stream is alive while nothing happens. */
  readonly pulse?: Uint8Array
}

const ndjson: StreamFormat = {
  contentType: 'application/x-ndjson',
  ...writing((event) => `${jsonForTerminal(eventJson(event))}\n`),
}

const serverSentEvents: StreamFormat = {
  contentType: SSE_TYPE,
  ...writing((event) => sseEvent(jsonForTerminal(eventJson(event)), idOf(event))),
  pulse: Buffer.from(SSE_PULSE),
}

const FORMATS = new Map([ndjson, serverSentEvents].map((format) => [format.contentType, format]))

/** The stream that an `Accept` header asks for; undefined where a page of JSON will do. */
export function formatFor(accept = ''): StreamFormat | undefined {
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const format = FORMATS.get(type)
    if (format !== undefined && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) return format
  }
  return undefined
}

function writing(line: (event: RoomEvent) => string): Pick<StreamFormat, 'write' | 'encode'> {
  const write = (events: readonly RoomEvent[]) => Buffer.from(events.map(line).join(''))
  return { write, encode: (batch) => write(batch.encoded(visibilityOf).open) }
}

/** Where a reader goes on that comes back. */
function idOf(event: RoomEvent): number | undefined {
  if (event.type === 'missed') return event.to
  return 'seq' in event ? event.seq : undefined
}
