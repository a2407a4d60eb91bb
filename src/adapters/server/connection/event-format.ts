import { jsonForTerminal } from '#domain/names/text.ts'
import type { Encoder } from '#domain/room/batch.ts'
import type { RoomEvent } from '#domain/room/events.ts'
import { visibilityOf } from '#domain/room/visibility.ts'
import { fileUrl } from '../security/signed-links.ts'

/** One notation of events for programs and pipes. */
export interface EventFormat {
  readonly write: (events: readonly RoomEvent[]) => Uint8Array
  /** The part of a batch that everybody gets: encoded once, shared by all readers of this format. */
  readonly encode: Encoder<Uint8Array>
}

/** The notation in which each event is `line`. */
export function formatOf(line: (event: RoomEvent) => string): EventFormat {
  const write = (events: readonly RoomEvent[]) => Buffer.from(events.map(line).join(''))
  return { write, encode: (batch) => write(batch.encoded(visibilityOf).open) }
}

/** An event as programs see it: as it is, and with the address of its file. */
export function eventJson(event: RoomEvent, basePath: string): object {
  return 'file' in event ? { ...event, file: { ...event.file, url: fileUrl(event.file, basePath) } } : event
}

/** A line of JSON for each event, of a host whose files are below `basePath`. */
export const jsonLines = (basePath: string): EventFormat =>
  formatOf((event) => `${jsonForTerminal(eventJson(event, basePath))}\n`)
