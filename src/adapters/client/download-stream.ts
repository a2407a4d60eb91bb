import type { IncomingMessage } from 'node:http'
import { numberIn } from '#protocol/tus.ts'
import { type ApiClient, isGood, refusalOf } from './api-client.ts'
import { errorText } from './error-text.ts'
import { Disconnected, isRefusal, type Refusal } from './errors.ts'
import type { TransferOptions } from './transfer-options.ts'

/** What ends a feed instead of its last byte. */
export class DownloadError extends Error {
  readonly refusal: Refusal

  constructor(why: Refusal) {
    super(why.message)
    this.refusal = why
  }
}

/**
 * The bytes of a file of the host's from the byte `from`, over as many connections as it takes; a file that is still arriving is
 * followed to its end. Pulled: nothing is read ahead of whoever takes them. Throws `FeedRefused`.
 */
export async function* feed(
  { link, retries, tell }: Pick<TransferOptions, 'link' | 'retries' | 'tell'>,
  id: string,
  from = 0,
): AsyncGenerator<Uint8Array> {
  let at = from
  while (true) {
    const answer = await retries.until(() => open(link, id, at))
    if (isRefusal(answer)) throw new DownloadError(answer)
    if (answer === complete) return
    const { body, skip, total } = answer as Opened
    tell({ type: 'begins', at, total })
    let cut: Disconnected | undefined
    let toSkip = skip
    try {
      for await (const piece of pulled(body, link.settings.idleMs)) {
        const bytes = piece.subarray(Math.min(toSkip, piece.length))
        toSkip -= piece.length - bytes.length
        if (bytes.length === 0) continue
        at += bytes.length
        retries.progressed()
        yield bytes
        tell({ type: 'moved', bytes: at })
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
  readonly body: IncomingMessage
  /** Bytes of the answer that are before those asked for. */
  readonly skip: number
  readonly total: number | undefined
}

/** Stands for a file of which there is no byte after those asked for. */
const complete = { complete: true } as const

async function open(link: ApiClient, id: string, at: number): Promise<Opened | typeof complete | Refusal> {
  const headers = at === 0 ? {} : { Range: `bytes=${at}-` }
  const body = await link.ask({ method: 'GET', path: link.filePath(id), headers })
  const { statusCode, headers: said } = body
  if (statusCode === 206) return { body, skip: 0, total: totalIn(said['content-range']) }
  if (isGood(body))
    return { body, skip: at, total: numberIn(said['content-length']) ?? numberIn(said['upload-length']) }
  if (statusCode === 416) {
    body.destroy()
    return complete
  }
  return await refusalOf(body)
}

function totalIn(range: string | undefined): number | undefined {
  const [, total] = /\/(\d{1,16})$/.exec(range ?? '') ?? []
  return total === undefined ? undefined : Number(total)
}

/** The pieces of an answer; only while one is waited for does the time run. */
async function* pulled(body: IncomingMessage, idleMs: number): AsyncGenerator<Uint8Array> {
  const expire = () => body.destroy(new Error(`nothing moved for ${Math.round(idleMs / 1000)} s`))
  const iterator = body[Symbol.asyncIterator]()
  try {
    while (true) {
      const timer = setTimeout(expire, idleMs)
      const next = await iterator.next().finally(() => clearTimeout(timer))
      if (next.done === true) break
      yield next.value
    }
  } catch (error) {
    throw new Disconnected(errorText(error), { cause: error })
  } finally {
    body.destroy()
  }
  if (!body.complete) throw new Disconnected('the connection was cut')
}
