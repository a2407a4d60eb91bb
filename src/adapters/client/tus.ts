import type * as v from 'valibot'
import type { Folder } from '#domain/room/events.ts'
import type { UploadMeta } from '#domain/session.ts'
import { parsed, sentFile } from '#protocol/schema.ts'
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
import { isRefusal, notTamtam, type Refusal } from './errors.ts'

/** The client's half of resumable uploads (tus 1.0.0, docs/http.md). */

/** A host's status of a file: whole, or on its way up to a durable `offset` with the digest of the bytes before it. */
export type FileStatus = { readonly folder?: Folder } & (
  | { readonly status: 'whole'; readonly size: number; readonly sha256: string | undefined }
  | {
      readonly status: 'arriving'
      readonly offset: number
      readonly size: number | undefined
      /** A host tells it to the upload's owner alone. */
      readonly prefix: string | undefined
    }
)

export async function fileStatus(api: ApiClient, id: string): Promise<FileStatus | Refusal> {
  const answer = await api.ask(api.filePath(id), { method: 'HEAD', headers: tusVersion })
  if (isRefusal(answer)) return answer
  answer.drop()
  const number = (name: string) => numberIn(answer.header(name))
  const digest = (name: string) => answeredDigest(answer.header(name))
  const folder = answeredFolder(answer.header(FOLDER_FIELD.toLowerCase()))
  const about = folder === undefined ? {} : { folder }
  const offset = number('upload-offset')
  // Only a whole file has an ETag: all bytes may be there and the end not committed yet.
  if (offset === undefined || answer.header('etag') !== undefined)
    return { ...about, status: 'whole', size: number('content-length') ?? 0, sha256: digest('repr-digest') }
  return { ...about, status: 'arriving', offset, size: number('upload-length'), prefix: digest('upload-prefix-digest') }
}

export async function createUpload(
  api: ApiClient,
  room: string,
  meta: UploadMeta,
): Promise<{ readonly id: string } | Refusal> {
  const headers = { ...tusVersion, ...sizeHeader(meta.size), 'Upload-Metadata': metadataField(meta) }
  const answer = await api.ask(`${api.uploadsPath(room)}${wishes(meta)}`, { method: 'POST', headers })
  if (isRefusal(answer)) return answer
  answer.drop()
  const id = api.fileAt(answer.header('location'))
  return id === undefined ? notTamtam : { id }
}

/** A whole file in one request; `already`: the room had it. */
export async function sendWhole(
  api: ApiClient,
  room: string,
  meta: UploadMeta,
  body: RequestBody,
  { signal, moved }: Pick<UploadPart, 'signal' | 'moved'>,
): Promise<{ readonly file: SentFileBody; readonly already: boolean } | Refusal> {
  const { name, size, sha256 } = meta
  const answer = await api.ask(`${api.uploadsPath(room)}/${encodeURIComponent(name)}${wishes(meta)}`, {
    method: 'POST',
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/octet-stream',
      ...(sha256 === undefined ? {} : { 'Repr-Digest': digestField(sha256) }),
    },
    body,
    ...(size === undefined ? {} : { length: size }),
    ...(signal === undefined ? {} : { signal }),
    ...(moved === undefined ? {} : { moved }),
  })
  if (isRefusal(answer)) return answer
  const file = parsed(sentFile, jsonIn(await answer.bytes()))
  return file === undefined ? notTamtam : { file, already: answer.status === 200 }
}

type SentFileBody = v.InferOutput<typeof sentFile>

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

function wishes({ to, expiresInSeconds }: UploadMeta): string {
  const query = new URLSearchParams({
    ...(to === undefined ? {} : { to }),
    ...(expiresInSeconds === undefined ? {} : { expires: String(expiresInSeconds) }),
  })
  return query.size === 0 ? '' : `?${query}`
}

/** A stretch of a file's bytes; digests are 64 hexadecimal digits. */
export interface UploadPart {
  readonly id: string
  readonly offset: number
  readonly body: RequestBody
  readonly length: number
  /** Of the bytes before the part, to continue another person's upload of the same file. */
  readonly prefix?: string | undefined
  /** Of the whole file, where its last bytes are in this part: without it the file is not published. */
  readonly sha256?: string | undefined
  /** More of them. */
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Called with the bytes of the part that have left so far. */
  readonly moved?: (bytes: number) => void
  readonly alive?: () => Promise<boolean>
}

/** Where the upload ends after the part. */
export async function sendPart(api: ApiClient, part: UploadPart): Promise<{ readonly offset: number } | Refusal> {
  const { id, offset, body, length, prefix, sha256, signal, moved, alive } = part
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
    body,
    length,
    ...(signal === undefined ? {} : { signal }),
    ...(moved === undefined ? {} : { moved }),
    ...(alive === undefined ? {} : { alive }),
  })
  if (isRefusal(answer)) return answer
  answer.drop()
  const reached = numberIn(answer.header('upload-offset'))
  return reached === undefined ? notTamtam : { offset: reached }
}

/** Withdraws an upload; without effect where it is whole, or gone. */
/** Takes a file away, whole or on its way. Answers why not. */
export async function removeFile(api: ApiClient, id: string): Promise<Refusal | undefined> {
  const answer = await api.ask(api.filePath(id), { method: 'DELETE', headers: tusVersion })
  if (isRefusal(answer)) return answer
  answer.drop()
  return undefined
}

export async function removeUpload(api: ApiClient, id: string): Promise<object> {
  await removeFile(api, id)
  return {}
}
