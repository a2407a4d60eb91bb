import type { Folder } from '#domain/room/events.ts'
import type { UploadMeta } from '#domain/session.ts'
import {
  answeredDigest,
  answeredFolder,
  digestField,
  FOLDER_FIELD,
  metadataField,
  numberIn,
  sizeHeader,
  tusVersion,
  UPLOAD_TYPE,
} from '#protocol/tus.ts'
import type { ApiClient, RequestBody } from './api-client.ts'
import { addressOf, type FileAddress } from './download-stream.ts'
import { isRefusal, notTamtam, type Refusal } from './errors.ts'

/** The client's half of resumable uploads (tus 1.0.0, docs/reference/http.md). */

/** A host's status of a file: complete, or unfinished with a durable `offset` and the digest of the bytes before it. */
export type FileStatus = { readonly folder?: Folder } & (
  | { readonly status: 'whole'; readonly size: number; readonly sha256: string | undefined }
  | {
      readonly status: 'arriving'
      readonly offset: number
      readonly size: number | undefined
      /** Told only to the upload's owner. */
      readonly prefix: string | undefined
    }
)

export async function fileStatus(api: ApiClient, file: string | FileAddress): Promise<FileStatus | Refusal> {
  const path = typeof file === 'string' ? api.filePath(file) : addressOf(api, file)
  const answer = await api.ask(path, { method: 'HEAD', headers: tusVersion })
  if (isRefusal(answer)) return answer
  answer.drop()
  const number = (name: string) => numberIn(answer.header(name))
  const digest = (name: string) => answeredDigest(answer.header(name))
  const folder = answeredFolder(answer.header(FOLDER_FIELD.toLowerCase()))
  const about = folder === undefined ? {} : { folder }
  const offset = number('upload-offset')
  // Only a complete file has an ETag: all bytes may have arrived without the final commit.
  if (offset === undefined || answer.header('etag') !== undefined)
    return { ...about, status: 'whole', size: number('content-length') ?? 0, sha256: digest('repr-digest') }
  return { ...about, status: 'arriving', offset, size: number('upload-length'), prefix: digest('upload-prefix-digest') }
}

/** Bytes sent along with the offer of their file: all of it. */
export interface FirstBytes extends Pick<UploadPart, 'body' | 'signal' | 'moved'> {}

/** Offers a file. Afterwards the host has `offset` of its bytes: all of them if it had them before. */
export async function createUpload(
  api: ApiClient,
  room: string,
  meta: UploadMeta,
  first?: FirstBytes,
): Promise<{ readonly id: string; readonly offset: number } | Refusal> {
  const headers = {
    ...tusVersion,
    ...sizeHeader(meta.size),
    'Upload-Metadata': metadataField(meta),
    ...(first === undefined ? {} : { 'Content-Type': UPLOAD_TYPE }),
  }
  const query = new URLSearchParams({
    ...(meta.to === undefined ? {} : { to: meta.to }),
    ...(meta.expiresInSeconds === undefined ? {} : { expires: String(meta.expiresInSeconds) }),
  })
  const answer = await api.ask(`${api.uploadsPath(room)}${query.size === 0 ? '' : `?${query}`}`, {
    method: 'POST',
    headers,
    ...(first === undefined ? {} : bodyOf(first, meta.size)),
  })
  if (isRefusal(answer)) return answer
  answer.drop()
  const id = api.fileAt(answer.header('location'))
  const offset = numberIn(answer.header('upload-offset'))
  return id === undefined || offset === undefined ? notTamtam : { id, offset }
}

const bodyOf = ({ body, signal, moved }: FirstBytes, length: number | undefined) => ({
  body,
  ...(length === undefined ? {} : { length }),
  ...(signal === undefined ? {} : { signal }),
  ...(moved === undefined ? {} : { moved }),
})

/** A range of a file's bytes; digests are 64 hexadecimal digits. */
export interface UploadPart {
  readonly id: string
  readonly offset: number
  readonly body: RequestBody
  readonly length: number
  /** Digest of the bytes before the part, for continuing another person's upload of the same file. */
  readonly prefix?: string | undefined
  /** Digest of the whole file, if the part has its last bytes: without it the file is not published. */
  readonly sha256?: string | undefined
  /** Additional headers. */
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Called with the bytes of the part sent so far. */
  readonly moved?: (bytes: number) => void
  readonly alive?: () => Promise<boolean>
}

/** Sends a part. Answers the upload's offset afterwards. */
export async function sendPart(api: ApiClient, part: UploadPart): Promise<{ readonly offset: number } | Refusal> {
  const { id, offset, length, prefix, sha256, alive } = part
  const headers = {
    ...tusVersion,
    'Content-Type': UPLOAD_TYPE,
    'Upload-Offset': String(offset),
    ...(sha256 === undefined ? {} : { 'Repr-Digest': digestField(sha256) }),
    ...(prefix === undefined ? {} : { 'Upload-Prefix-Digest': digestField(prefix) }),
    ...part.headers,
  }
  const answer = await api.ask(api.filePath(id), {
    method: 'PATCH',
    headers,
    ...bodyOf(part, length),
    ...(alive === undefined ? {} : { alive }),
  })
  if (isRefusal(answer)) return answer
  answer.drop()
  const reached = numberIn(answer.header('upload-offset'))
  return reached === undefined ? notTamtam : { offset: reached }
}

/** Removes a file, complete or not. Answers the refusal otherwise. */
export async function removeFile(api: ApiClient, id: string): Promise<Refusal | undefined> {
  const answer = await api.ask(api.filePath(id), { method: 'DELETE', headers: tusVersion })
  if (isRefusal(answer)) return answer
  answer.drop()
  return undefined
}

/** The same, but silent about a file that is gone already. */
export async function removeUpload(api: ApiClient, id: string): Promise<object> {
  await removeFile(api, id)
  return {}
}
