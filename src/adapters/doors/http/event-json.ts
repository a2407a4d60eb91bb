import type { RoomEvent } from '../../../domain/room/events.ts'

/** Where a file is had on this host. */
export const fileUrl = ({ id, name }: { id: string; name: string }): string =>
  `/files/${id}/${encodeURIComponent(name)}`

/** An event as programs see it over HTTP: as it is, and with the address of the file that it speaks of. */
export function eventJson(event: RoomEvent): object {
  return 'file' in event ? { ...event, file: { ...event.file, url: fileUrl(event.file) } } : event
}
