import { lstat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { WholeFile } from '../../domain/room/events.ts'
import { errorCode } from '../files/error-code.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { ignoreMissing, publish, receivedName } from '../files/publish.ts'
import { FeedRefused, feed } from './byte-feed.ts'
import { isGone, isRefusal, type Refusal, refusal } from './failures.ts'
import { lookAt } from './file-look.ts'
import type { TransferOptions } from './file-upload.ts'
import { giveReceipt } from './give-receipt.ts'
import { paced } from './pace.ts'
import { PartFile } from './part-file.ts'

/** Where a file is to be: at this very path, or in a directory under a name that is free. */
export type Target = { readonly path: string } | { readonly directory: string }

export interface SavedFile extends WholeFile {
  readonly path: string
}

/**
 * Brings a file from the room onto this machine: whole and verified, or not under its name. Goes on with the part that an earlier
 * attempt left, and tells the room when it is done. Throws what the file system throws.
 */
export async function downloadFile(
  options: TransferOptions,
  { id, name }: { readonly id: string; readonly name: string },
  target: Target,
): Promise<SavedFile | Refusal> {
  const place = 'path' in target ? target.path : join(target.directory, receivedName(name, id))
  await makeDirectory(dirname(place))
  const taken = refusal(0, 'EXISTS', `${place} exists, and nothing is overwritten`)
  if ('path' in target && (await lstat(place).catch(ignoreMissing)) !== undefined) return taken
  const hashed = (done: number, total: number) => options.tell({ type: 'hashing', done, total })
  const part = await PartFile.open('path' in target ? place : `${place}.${id.slice(0, 8)}`, hashed)
  try {
    const whole = (await fill(options, id, part)) ?? (await fill(options, id, part)) ?? mismatch
    if (isRefusal(whole)) {
      // Nothing can be done with it: other bytes than were sent, or of a file that is gone.
      if (whole === mismatch || isGone(whole)) await part.remove()
      return whole
    }
    const path = await nameIt(part, place, target)
    if (path === undefined) return taken
    await part.remove()
    await giveReceipt(options.link, id, whole.sha256)
    return { ...whole, name, path }
  } finally {
    await part.close()
  }
}

/** Answers the file once the part is all of it; undefined where its bytes turned out to be others, and the part is empty again (C112). */
async function fill(
  options: TransferOptions,
  id: string,
  part: PartFile,
): Promise<Omit<WholeFile, 'name'> | Refusal | undefined> {
  const { link, retries, limit } = options
  while (true) {
    try {
      for await (const bytes of paced(feed(options, id, part.size), limit)) await part.append(bytes)
    } catch (error) {
      if (error instanceof FeedRefused) return error.refusal
      throw error
    }
    const look = await retries.until(() => lookAt(link, id))
    if (isRefusal(look)) return look
    if (look.status === 'whole') {
      const sha256 = part.digest()
      if (sha256 === look.sha256 && part.size === look.size) return { id, size: part.size, sha256 }
      await part.restart()
      return undefined
    }
    // The host was stopped at the right moment, or the part is longer than what has arrived.
    await retries.again('the file is not whole yet')
  }
}

async function nameIt(part: PartFile, place: string, target: Target): Promise<string | undefined> {
  if ('directory' in target) return await publish(target.directory, basename(place), (path) => part.linkTo(path))
  try {
    await part.linkTo(place)
    return place
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return undefined
    throw error
  }
}

const mismatch = refusal(0, 'HASH_MISMATCH', 'these are not the bytes that were sent; nothing of them is kept')
