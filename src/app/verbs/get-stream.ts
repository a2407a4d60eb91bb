import { createHash } from 'node:crypto'
import { FeedRefused, feed } from '../../adapters/client/byte-feed.ts'
import { isRefusal, type Refusal, refusal } from '../../adapters/client/failures.ts'
import { lookAt } from '../../adapters/client/file-look.ts'
import type { TransferOptions } from '../../adapters/client/file-upload.ts'
import { giveReceipt } from '../../adapters/client/give-receipt.ts'
import { paced } from '../../adapters/client/pace.ts'
import type { WholeFile } from '../../domain/room/events.ts'
import type { FileToGet } from './choose.ts'

/** Writes a file to standard output as it comes. Whether it was right is known at its end only. */
export async function streamFile(options: TransferOptions, { id, name }: FileToGet): Promise<WholeFile | Refusal> {
  const { link, retries, limit } = options
  const hash = createHash('sha256')
  let size = 0
  while (true) {
    try {
      for await (const bytes of paced(feed(options, id, size), limit)) {
        hash.update(bytes)
        size += bytes.length
        await written(bytes)
      }
    } catch (error) {
      if (error instanceof FeedRefused) return error.refusal
      throw error
    }
    const look = await retries.until(() => lookAt(link, id))
    if (isRefusal(look)) return look
    if (look.status !== 'whole') {
      await retries.again('the file is not whole yet')
      continue
    }
    const sha256 = hash.digest('hex')
    if (sha256 !== look.sha256) return refusal(0, 'HASH_MISMATCH', 'what was written is not what was sent')
    await giveReceipt(link, id, sha256)
    return { id, name, size, sha256 }
  }
}

/** Rejects where nobody reads it any more. */
const written = (bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => process.stdout.write(bytes, (error) => (error ? reject(error) : resolve())))
