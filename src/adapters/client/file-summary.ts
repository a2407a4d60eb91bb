import type { IncomingHttpHeaders } from 'node:http'
import { type ApiClient, isGood, refusalOf } from './api-client.ts'
import type { Refusal } from './errors.ts'

/** What a host says of a file: whole, or on its way up to a durable `offset` with the digest of the bytes before it. */
export type FileSummary =
  | { readonly status: 'whole'; readonly size: number; readonly sha256: string | undefined }
  | {
      readonly status: 'arriving'
      readonly offset: number
      readonly size: number | undefined
      readonly prefix: string | undefined
    }

export async function summaryOf(link: ApiClient, id: string): Promise<FileSummary | Refusal> {
  const headers = { 'Tus-Resumable': '1.0.0' }
  const answer = await link.ask({ method: 'HEAD', path: link.filePath(id), headers })
  if (!isGood(answer)) return await refusalOf(answer)
  answer.destroy()
  const { headers: said } = answer
  const offset = numberIn(said, 'upload-offset')
  const size = numberIn(said, 'upload-length')
  // Only what is whole has an ETag: all bytes may be there and the end not committed yet.
  if (offset === undefined || said.etag !== undefined)
    return { status: 'whole', size: numberIn(said, 'content-length') ?? 0, sha256: digestIn(said, 'repr-digest') }
  return { status: 'arriving', offset, size, prefix: digestIn(said, 'upload-prefix-digest') }
}

export function numberIn(headers: IncomingHttpHeaders, name: string): number | undefined {
  const value = headers[name]
  return typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : undefined
}

/** The SHA-256 in a digest field (RFC 9530), as 64 hexadecimal digits. */
function digestIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  const [, found] = (typeof value === 'string' && /sha-256=:([A-Za-z0-9+/=]+):/.exec(value)) || []
  return found === undefined ? undefined : Buffer.from(found, 'base64').toString('hex')
}
