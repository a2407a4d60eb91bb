import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { writeAll } from '#system/files/file-system.ts'
import type { DataDirectory } from './data-directory.ts'
import { DurableMark, readMark } from './durable-mark.ts'
import { WRITE_BUFFER_BYTES } from './write-buffer.ts'

/** A file on its way, opened to be written from `size` on. */
export interface PartialFile {
  readonly handle: FileHandle
  /** Of the bytes that are there. */
  readonly hash: Hash
  readonly size: number
}

const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_TRUNC } = constants
const PART_MODE = 0o600

/** Never follows and never opens what is there already (C51, C53); nobody but the host's own user reads it. */
export const newPart = async (folder: DataDirectory, id: string): Promise<PartialFile> => ({
  handle: await open(folder.part(id), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, PART_MODE),
  hash: createHash('sha256'),
  size: 0,
})

/**
 * Drops what is not known to be durable and reads the rest for its hash. `check` is called between steps and may throw. Bytes that
 * other names stand for as well, since a file got one while it was whole, are copied first: they must not change there.
 */
export const keptPart = async (folder: DataDirectory, id: string, check: () => void): Promise<PartialFile> => {
  const size = (await durableBytes(folder, id)) ?? 0
  const handle = await open(folder.part(id), O_RDWR | O_NOFOLLOW | O_NONBLOCK)
  try {
    const shared = (await handle.stat()).nlink > 1
    if (!shared) await handle.truncate(size)
    const copy = shared ? await open(folder.copy(id), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, PART_MODE) : undefined
    const hash = await hashed(handle, size, copy, check)
    if (!copy) return { handle, hash, size }
    await folder.takeCopy(id)
    await handle.close()
    return { handle: copy, hash, size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Takes up as a part what got its final name without anybody learning of it. Answers how many bytes less there are then. */
export const takeUp = async (folder: DataDirectory, id: string): Promise<number> => {
  const size = await folder.size(id)
  if (size === undefined) return 0
  const mark = new DurableMark(folder.mark(id), id)
  await mark.open()
  try {
    await mark.write(size)
    await mark.sync()
  } finally {
    await mark.close()
  }
  const removed = await folder.unpublish(id)
  await folder.sync()
  return removed
}

/** Durable bytes of a part; undefined where there is no part. A mark of more than there is belongs to something else. */
export const durableBytes = async (folder: DataDirectory, id: string): Promise<number | undefined> => {
  const size = await folder.partSize(id)
  if (size === undefined) return undefined
  const marked = await readMark(folder.mark(id), id)
  return marked <= size ? marked : 0
}

/** Reads the first `size` bytes, in steps small enough not to hold up the event loop, and puts them into `copy` too. */
const hashed = async (
  handle: FileHandle,
  size: number,
  copy: FileHandle | undefined,
  check: () => void,
): Promise<Hash> => {
  const hash = createHash('sha256')
  const step = Buffer.allocUnsafeSlow(Math.min(WRITE_BUFFER_BYTES, size))
  for (let at = 0; at < size; ) {
    check()
    const { bytesRead } = await handle.read(step, 0, Math.min(step.length, size - at), at)
    if (bytesRead === 0) throw new Error('a file has become shorter than it was; something else has changed it')
    const bytes = step.subarray(0, bytesRead)
    hash.update(bytes)
    if (copy) await writeAll(copy, bytes, at)
    at += bytesRead
  }
  await copy?.datasync()
  return hash
}
