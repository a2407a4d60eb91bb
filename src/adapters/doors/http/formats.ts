import type { Batch, Encoder } from '../../../domain/room/batch.ts'
import type { RoomEvent } from '../../../domain/room/events.ts'
import { eventJson } from './event-json.ts'

/** One way to send events for as long as somebody listens. */
export interface StreamFormat {
  readonly contentType: string
  /** The bytes of a batch: made once, shared by all who listen in this format. */
  readonly encode: Encoder<Uint8Array>
  /** What shows that the stream is alive while nothing happens. */
  readonly pulse?: Uint8Array
}

const ndjson: StreamFormat = {
  contentType: 'application/x-ndjson',
  encode: (batch) => encoded(batch, (event) => `${JSON.stringify(eventJson(event))}\n`),
}

const serverSentEvents: StreamFormat = {
  contentType: 'text/event-stream',
  encode: (batch) => encoded(batch, (event) => `${idOf(event)}data: ${JSON.stringify(eventJson(event))}\n\n`),
  pulse: Buffer.from(': \n\n'),
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

/** A guest is neither sender nor receiver of a whisper, so none of these readers gets any. */
const encoded = (batch: Batch, line: (event: RoomEvent) => string): Uint8Array =>
  Buffer.from(batch.events.map((event) => (event.type === 'whispered' ? '' : line(event))).join(''))

/** Where a reader goes on that comes back. */
function idOf(event: RoomEvent): string {
  if (event.type === 'missed') return `id: ${event.to}\n`
  return 'seq' in event ? `id: ${event.seq}\n` : ''
}
