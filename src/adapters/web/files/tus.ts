import { isRefusal, type Refusal, refusal } from '#client/errors.ts'
import {
  answeredDigest,
  digestField,
  metadataField,
  numberIn,
  sizeHeader,
  tusVersion,
  UPLOAD_TYPE,
} from '#protocol/tus.ts'
import type { HostRequests } from '../browser/host-requests.ts'

// The page's half of resumable uploads (docs/http.md).

const filePath = (id: string): string => `/files/${encodeURIComponent(id)}`

export interface UploadWanted {
  readonly room: string
  readonly name: string
  readonly size: number
  readonly sha256: string | undefined
  /** The name of the one person whom it is for; undefined: everybody. */
  readonly to: string | undefined
}

/** Where an upload stands: up to the durable `offset`, with the digest of the bytes before it; or the file is whole. */
export type UploadLook =
  | { readonly status: 'arriving'; readonly offset: number; readonly prefix: string | undefined }
  | { readonly status: 'whole'; readonly sha256: string | undefined }

export async function createUpload(host: HostRequests, wanted: UploadWanted): Promise<{ id: string } | Refusal> {
  const { room, name, size, sha256, to } = wanted
  const headers = { ...tusVersion, ...sizeHeader(size), 'Upload-Metadata': metadataField({ name, sha256 }) }
  const addressed = to === undefined ? '' : `?to=${encodeURIComponent(to)}`
  const answer = await host.ask(`/rooms/${encodeURIComponent(room)}/files${addressed}`, { method: 'POST', headers })
  if (isRefusal(answer)) return answer
  const [, id] = /\/files\/([^/?#]+)/.exec(answer.headers.get('location') ?? '') ?? []
  return id === undefined ? notTamtam : { id: decodeURIComponent(id) }
}

export async function lookAt(host: HostRequests, id: string): Promise<UploadLook | Refusal> {
  const answer = await host.ask(filePath(id), { method: 'HEAD', headers: tusVersion })
  if (isRefusal(answer)) return answer
  const { headers } = answer
  // Only what is whole has an ETag: all bytes may be there and the end not committed yet.
  if (headers.get('etag') !== null) return { status: 'whole', sha256: answeredDigest(headers.get('repr-digest')) }
  const offset = numberIn(headers.get('upload-offset'))
  if (offset === undefined) return notTamtam
  return { status: 'arriving', offset, prefix: answeredDigest(headers.get('upload-prefix-digest')) }
}

/** Withdraws an upload; without effect where it is whole, or gone. */
export async function removeUpload(host: HostRequests, id: string): Promise<void> {
  await host.ask(filePath(id), { method: 'DELETE', headers: tusVersion })
}

export interface Part {
  readonly id: string
  readonly offset: number
  readonly bytes: Blob
  /** Of the whole file, with its last part. */
  readonly sha256: string | undefined
  readonly signal: AbortSignal
  /** So many bytes of the part have left. */
  moved(bytes: number): void
}

/** Where the upload ends after the part. `fetch` does not tell how far a body has got, so this is the older way to ask. */
export function sendPart(host: HostRequests, part: Part): Promise<{ readonly offset: number } | Refusal> {
  const { id, offset, bytes, sha256, signal, moved } = part
  const { promise, resolve } = Promise.withResolvers<{ readonly offset: number } | Refusal>()
  const request = new XMLHttpRequest()
  request.open('PATCH', filePath(id))
  const headers = {
    ...host.headers,
    ...tusVersion,
    'Content-Type': UPLOAD_TYPE,
    'Upload-Offset': String(offset),
    ...(sha256 === undefined ? {} : { 'Repr-Digest': digestField(sha256) }),
  }
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
  const abort = () => request.abort()
  signal.addEventListener('abort', abort)
  request.upload.onprogress = ({ loaded }) => moved(loaded)
  request.onloadend = () => {
    signal.removeEventListener('abort', abort)
    const reached = numberIn(request.getResponseHeader('upload-offset'))
    if (request.status === 204 && reached !== undefined) resolve({ offset: reached })
    else if (request.status === 0) resolve(refusal(503, 'UNREACHABLE', 'the connection was lost'))
    else resolve(refusalIn(request))
  }
  request.send(bytes)
  if (signal.aborted) abort()
  return promise
}

function refusalIn({ status, responseText }: XMLHttpRequest): Refusal {
  try {
    const { code, message } = JSON.parse(responseText) as { readonly code?: unknown; readonly message?: unknown }
    return refusal(status, String(code), String(message))
  } catch {
    return notTamtam
  }
}

const notTamtam = refusal(502, 'BAD_REQUEST', 'this is not how a tamtam host answers')
