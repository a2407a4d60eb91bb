import { jsonForTerminal } from '#domain/names/text.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { SSE_PULSE, SSE_TYPE, sseEvent } from '#protocol/sse.ts'
import { type EventFormat, eventJson, formatOf, jsonLines } from '../connection/event-format.ts'

/** One format of an event stream. */
export interface StreamFormat extends EventFormat {
  readonly contentType: string
  /** A sign of life during silence. */
  readonly pulse?: Uint8Array
}

/** Formats by content type. */
export type StreamFormats = ReadonlyMap<string, StreamFormat>

/** The formats for a host; its file links begin with `basePath`. */
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

/** The stream format requested by an `Accept` header; undefined for a page of JSON. */
export function formatFor(formats: StreamFormats, accept = ''): StreamFormat | undefined {
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const format = formats.get(type)
    if (format !== undefined && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) return format
  }
  return undefined
}

/** The cursor for a reader that reconnects. */
function cursorOf(event: RoomEvent): number | undefined {
  if (event.type === 'missed') return event.to
  return 'seq' in event ? event.seq : undefined
}
