import { numberIn } from '#protocol/tus.ts'
import type { ApiClient, HttpAnswer } from './api-client.ts'
import { Disconnected, isRefusal, type Refusal } from './errors.ts'
import { paced, type TransferOptions } from './transfers.ts'

/** Ends a download stream before its last byte. */
export class DownloadError extends Error {
  readonly refusal: Refusal

  constructor(why: Refusal) {
    super(why.message)
    this.refusal = why
  }
}

/** The address of a file: one of the room's, or one inside a folder. */
export interface FileAddress {
  readonly id: string
  /** The path inside the folder `id`, such as `photos/sub/a.txt`. */
  readonly inside?: string
}

/** Its path on the host. */
export const addressOf = (api: ApiClient, { id, inside }: FileAddress): string =>
  api.filePath(id, inside === undefined ? '' : `/${inside.split('/').map(encodeURIComponent).join('/')}`)

/**
 * The bytes of a host's file from the byte `from`, over as many connections as needed; an unfinished upload is followed to its end. They
 * are pulled: nothing is read ahead, and each piece is valid until the next is requested. Throws `DownloadError`.
 */
export async function* downloadStream(
  { api, retries, report, limit }: TransferOptions,
  file: FileAddress,
  from = 0,
): AsyncGenerator<Uint8Array> {
  let at = from
  while (true) {
    const opened = await retries.until(() => open(api, addressOf(api, file), at))
    if (isRefusal(opened)) {
      // There is no byte beyond those requested.
      if (opened.status === 416) return
      throw new DownloadError(opened)
    }
    const { answer, total } = opened
    report({ type: 'begins', at, total })
    let { toSkip } = opened
    let cut: Disconnected | undefined
    try {
      for await (const chunk of paced(answer.chunks(), limit)) {
        const bytes = chunk.subarray(Math.min(toSkip, chunk.length))
        toSkip -= chunk.length - bytes.length
        if (bytes.length === 0) continue
        at += bytes.length
        retries.progressed()
        yield bytes
        report({ type: 'moved', bytes: at })
      }
    } catch (error) {
      if (!(error instanceof Disconnected)) throw error
      cut = error
    }
    if (cut === undefined) return
    await retries.again(cut.message)
  }
}

interface Opened {
  readonly answer: HttpAnswer
  /** Bytes of the answer before the requested ones. */
  readonly toSkip: number
  readonly total: number | undefined
}

async function open(api: ApiClient, path: string, at: number): Promise<Opened | Refusal> {
  const answer = await api.ask(path, at === 0 ? {} : { headers: { Range: `bytes=${at}-` } })
  if (isRefusal(answer)) return answer
  if (answer.status === 206) return { answer, toSkip: 0, total: totalIn(answer.header('content-range')) }
  const total = numberIn(answer.header('content-length')) ?? numberIn(answer.header('upload-length'))
  return { answer, toSkip: at, total }
}

function totalIn(range: string | undefined): number | undefined {
  const [, total] = /\/(\d{1,16})$/.exec(range ?? '') ?? []
  return total === undefined ? undefined : Number(total)
}
