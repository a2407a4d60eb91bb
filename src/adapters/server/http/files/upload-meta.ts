import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import * as v from 'valibot'
import type { UploadMeta } from '#domain/session.ts'
import { spanOf } from '#protocol/amounts.ts'
import {
  byteCount,
  digestIn,
  promisedDigest,
  promisedSize,
  type TusChecksum,
  tusChecksum,
  tusMetadata,
  UPLOAD_TYPE,
} from '#protocol/tus.ts'
import type { Exchange } from '../auth.ts'
import { accepted, HttpRefused, type Refusal } from '../errors.ts'
import { checked, paramsOf } from '../input.ts'

// The description of a file, from the query and the headers of its request.

const LIFETIME = [60, 365 * 86_400] as const
const isLifetime = (seconds: unknown): boolean =>
  typeof seconds === 'number' && seconds >= LIFETIME[0] && seconds <= LIFETIME[1]

const once = v.string('must be given once')
const wishes = v.object({
  to: v.exactOptional(v.pipe(once, v.nonEmpty('must not be empty'))),
  expires: v.exactOptional(
    v.pipe(
      once,
      v.transform(spanOf),
      v.custom<number>(isLifetime, 'must be a time from 1 minute to 365 days, like 90m, 12h or 7d'),
    ),
  ),
})

/** The one addressee of an upload, from `?to=`, and its expiry, from `?expires=`; a file that comes by a drop link is for the operators. */
export function wishesOf({
  request,
  requester,
}: Exchange): Pick<UploadMeta, 'to' | 'expiresInSeconds' | 'forOperators'> {
  if (requester.drop !== undefined) return { forOperators: true }
  const { to, expires } = checked(wishes, request.query)
  return { ...(to === undefined ? {} : { to }), ...(expires === undefined ? {} : { expiresInSeconds: expires }) }
}

/** A file put at an address that ends in a slash is a folder. */
export const folderAt = (request: FastifyRequest): Pick<UploadMeta, 'folder'> =>
  paramsOf(request).name !== '' && /^[^?]*\/(?:\?|$)/.test(request.url) ? { folder: { files: 0, bytes: 0 } } : {}

/** The size and digest of the file in a request's body. */
export function bodyMeta(headers: IncomingHttpHeaders): Omit<UploadMeta, 'name'> {
  // RFC 9110 section 14.5: a part must not be taken for the whole. `curl -C -` would send a part.
  if (headers['content-range'] !== undefined)
    throw new HttpRefused('BAD_REQUEST', 'PUT takes whole files; go on with an upload by PATCH to its address')
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new HttpRefused('UNSUPPORTED_TYPE', 'send the bytes as they are, without Content-Encoding')
  const sha256 = accepted(promisedDigest(headers))
  const isChunked = headers['transfer-encoding'] !== undefined
  const size = isChunked ? undefined : accepted(byteCount('Content-Length', headers['content-length'] ?? '0'))
  return { ...(size === undefined ? {} : { size }), ...(sha256 === undefined ? {} : { sha256 }) }
}

/** A POST without any of these is not from a tus client. */
export const speaksTus = (headers: IncomingHttpHeaders): boolean =>
  ['tus-resumable', 'upload-length', 'upload-defer-length', 'upload-metadata', 'upload-concat'].some(
    (name) => headers[name] !== undefined,
  )

export function creationOf(headers: IncomingHttpHeaders): { meta: UploadMeta; checksum: TusChecksum | undefined } {
  if (headers['upload-concat'] !== undefined)
    throw new HttpRefused('BAD_REQUEST', 'uploads are not put together of several here; send one')
  const size = accepted(promisedSize(headers['upload-length'], headers['upload-defer-length']))
  const metadata = accepted(tusMetadata(headers['upload-metadata']))
  const checksum = accepted(tusChecksum(headers['upload-checksum']))
  if (hasBody(headers) && headers['content-type'] !== UPLOAD_TYPE)
    throw new HttpRefused('UNSUPPORTED_TYPE', `bytes that come along have the type ${UPLOAD_TYPE}`)
  return { meta: { ...metadata, ...(size === undefined ? {} : { size }) }, checksum }
}

export const hasBody = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'

/** The next bytes of a file, as described by their request. */
export interface Patch {
  /** Offset of the body's first byte. */
  readonly offset: number
  /** Size of the whole file, if given only now. */
  readonly size?: number | undefined
  /** Digest of the whole file, if given only now. */
  readonly sha256?: string | undefined
  readonly checksum?: TusChecksum | undefined
  /** The digest of the durable bytes, when somebody other than the owner continues. */
  readonly prefix?: string | undefined
}

export function patchOf(headers: IncomingHttpHeaders): Patch {
  if (headers['content-type'] !== UPLOAD_TYPE)
    throw new HttpRefused('UNSUPPORTED_TYPE', `the bytes of an upload have the type ${UPLOAD_TYPE}`)
  const length = headers['upload-length']
  return {
    offset: accepted(byteCount('Upload-Offset', headers['upload-offset'])),
    size: length === undefined ? undefined : accepted(byteCount('Upload-Length', length)),
    checksum: accepted(tusChecksum(headers['upload-checksum'])),
    sha256: accepted(digestIn(headers['repr-digest'])),
    prefix: accepted(digestIn(headers['upload-prefix-digest'])),
  }
}

/** Refuses bytes that lie outside the file before they are sent. */
export function excess({ headers }: FastifyRequest, offset: number, size: number | undefined): Refusal | undefined {
  const length = byteCount('Content-Length', headers['content-length'] ?? '0')
  if (typeof length === 'object') return length
  return size !== undefined && offset + length > size ? tooMuch : undefined
}

const tooMuch: Refusal = { code: 'FILE_TOO_LARGE', message: 'this is more than Upload-Length leaves room for' }
