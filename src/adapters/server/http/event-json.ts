import type { RoomEvent } from '#domain/room/events.ts'
import { fileUrl } from '../connection/file-url.ts'

/** An event as programs see it over HTTP: as it is, and with the address of the file that it speaks of. */
export function eventJson(event: RoomEvent): object {
  return 'file' in event ? { ...event, file: { ...event.file, url: fileUrl(event.file) } } : event
}
