import { jsonForTerminal } from '#domain/names/text.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { SSE_PULSE, SSE_TYPE, sseEvent } from '#protocol/sse.ts'
import { type EventFormat, eventJson, formatOf, jsonLines } from '../connection/event-format.ts'

/** One notation of a stream of events. */
export interface StreamFormat extends EventFormat {
  readonly contentType: string
  /** A sign of life while nothing happens. */
  readonly pulse?: Uint8Array
}

/** By content type. */
export type StreamFormats = ReadonlyMap<string, StreamFormat>

/** The notations of a host whose files are below `basePath`. */
export function streamFormats(basePath: string): StreamFormats {
  const formats: readonly StreamFormat[] = [
    { contentType: 'application/x-ndjson', ...jsonLines(basePath) },
    {
      contentType: SSE_TYPE,
      ...formatOf((event) => sseEvent(jsonForTerminal(eventJson(event, basePath)), cursorOf(event))),
      pulse: Buffer.from(SSE_PULSE),
    },
  ]
  return new Map(formats.map((format) => [format.contentType, format]))
}

/** The stream that an `Accept` header asks for; undefined where a page of JSON will do. */
export function formatFor(formats: StreamFormats, accept = ''): StreamFormat | undefined {
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const format = formats.get(type)
    if (format !== undefined && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) return format
  }
  return undefined
}

/** The cursor of a reader that comes back. */
function cursorOf(event: RoomEvent): number | undefined {
  if (event.type === 'missed') return event.to
  return 'seq' in event ? event.seq : undefined
}
