import { answeredDigest, numberIn, tusVersion } from '#protocol/tus.ts'
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
  const answer = await link.ask({ method: 'HEAD', path: link.filePath(id), headers: tusVersion })
  if (!isGood(answer)) return await refusalOf(answer)
  answer.destroy()
  const { headers: said } = answer
  const offset = numberIn(said['upload-offset'])
  const size = numberIn(said['upload-length'])
  // Only what is whole has an ETag: all bytes may be there and the end not committed yet.
  if (offset === undefined || said.etag !== undefined)
    return { status: 'whole', size: numberIn(said['content-length']) ?? 0, sha256: answeredDigest(said['repr-digest']) }
  return { status: 'arriving', offset, size, prefix: answeredDigest(said['upload-prefix-digest']) }
}
