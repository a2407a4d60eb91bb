import type { RoomFile } from '#domain/room/state.ts'
import { digestField } from '#protocol/tus.ts'
import { etagOf, httpDate, type Validators } from './conditional.ts'
import { disposition } from './disposition.ts'
import { harmlessHeaders, type MediaType } from './media-type.ts'

export type WholeRoomFile = Extract<RoomFile, { status: 'whole' }>
export type ArrivingRoomFile = Exclude<RoomFile, WholeRoomFile>

export const validatorsOf = ({ file, at }: WholeRoomFile): Validators => ({ etag: etagOf(file.sha256), modifiedAt: at })

/** What a client can find out whether it has the bytes already with; 304 says no more. */
export function knownHeaders(file: WholeRoomFile): Record<string, string> {
  const { etag, modifiedAt } = validatorsOf(file)
  // Who may see it can change, so it is to be asked for each time.
  return { ETag: etag, 'Last-Modified': httpDate(modifiedAt), 'Cache-Control': 'private, no-cache' }
}

export const wholeHeaders = (file: WholeRoomFile, { type, shown }: MediaType): Record<string, string> => ({
  ...knownHeaders(file),
  ...harmlessHeaders,
  'Content-Type': type,
  'Content-Disposition': disposition(shown, file.file.name),
  'Repr-Digest': digestField(file.file.sha256),
  'Accept-Ranges': 'bytes',
})

/** Of a file that is still arriving nothing is known for certain but its name. */
export const arrivingHeaders = ({ file }: ArrivingRoomFile): Record<string, string> => ({
  ...harmlessHeaders,
  'Content-Type': 'application/octet-stream',
  'Content-Disposition': disposition('attachment', file.name),
  'Accept-Ranges': 'bytes',
})
