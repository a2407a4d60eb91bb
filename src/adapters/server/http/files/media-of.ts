import type { LocalSession } from '#domain/engine/session.ts'
import { type MediaType, mediaType } from './media-type.ts'

/** Looks at the first bytes of a whole file. Throws a `Refused` where it is gone. */
export async function mediaOf(session: LocalSession, id: string): Promise<MediaType> {
  for await (const piece of session.download(id, 0, 'lent')) return mediaType(piece)
  return mediaType(new Uint8Array())
}
