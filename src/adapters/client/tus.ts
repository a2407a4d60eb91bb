import type { UploadMeta } from '#domain/session.ts'
import {
  checksumField,
  digestField,
  metadataField,
  numberIn,
  sizeHeader,
  tusVersion,
  UPLOAD_TYPE,
} from '#protocol/tus.ts'
import { type ApiClient, isGood, notTamtam, refusalOf } from './api-client.ts'
import type { Refusal } from './errors.ts'
import { roomPath } from './queries.ts'

/** The client's half of resumable uploads (tus 1.0.0). */

export async function createUpload(link: ApiClient, room: string, meta: UploadMeta): Promise<{ id: string } | Refusal> {
  const { name, size, sha256, to } = meta
  const addressed = to === undefined ? '' : `?to=${encodeURIComponent(to)}`
  const metadata = metadataField({ name, sha256 })
  const headers = { ...tusVersion, ...sizeHeader(size), 'Upload-Metadata': metadata, 'Content-Length': 0 }
  const answer = await link.ask({ method: 'POST', path: `${roomPath(room)}/files${addressed}`, headers })
  if (!isGood(answer)) return await refusalOf(answer)
  answer.destroy()
  const id = link.idAt(answer.headers.location)
  return id === undefined ? notTamtam : { id }
}

export interface Part {
  readonly id: string
  readonly offset: number
  readonly bytes: AsyncIterable<Uint8Array>
  /** How many bytes there are. */
  readonly length: number
  /** Tells the size of the whole where it was not known when the upload began. */
  readonly total?: number
  /** The digest of what comes before these bytes, where the upload is somebody else's who sends the same file. */
  readonly prefix?: string
  /** The digest of these bytes, which are then taken whole or not at all. */
  readonly sha256?: Buffer
  /** The digest of the whole file, as hexadecimal digits, where its last bytes are among these: without it the file is not published. */
  readonly whole?: string
  moved?(bytes: number): void
  alive?(): Promise<boolean>
}

/** Where the upload ends after the part. */
export async function sendPart(link: ApiClient, part: Part): Promise<{ readonly offset: number } | Refusal> {
  const { id, offset, bytes, length, total, prefix, sha256, whole, moved, alive } = part
  const headers = {
    ...tusVersion,
    'Content-Type': UPLOAD_TYPE,
    'Content-Length': length,
    'Upload-Offset': offset,
    ...(total === undefined ? {} : { 'Upload-Length': total }),
    ...(sha256 === undefined ? {} : { 'Upload-Checksum': checksumField(sha256) }),
    ...(whole === undefined ? {} : { 'Repr-Digest': digestField(whole) }),
    ...(prefix === undefined ? {} : { 'Upload-Prefix-Digest': digestField(prefix) }),
  }
  const hooks = { ...(moved === undefined ? {} : { moved }), ...(alive === undefined ? {} : { alive }) }
  const answer = await link.ask({ method: 'PATCH', path: link.filePath(id), headers, body: bytes, ...hooks })
  if (!isGood(answer)) return await refusalOf(answer)
  answer.destroy()
  const reached = numberIn(answer.headers['upload-offset'])
  return reached === undefined ? notTamtam : { offset: reached }
}

/** Withdraws an upload; without effect where it is whole, or gone. */
export async function removeUpload(link: ApiClient, id: string): Promise<object> {
  const answer = await link.ask({ method: 'DELETE', path: link.filePath(id), headers: tusVersion })
  answer.destroy()
  return {}
}
