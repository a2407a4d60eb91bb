import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { errorCode, writeAll } from '#system/files/file-system.ts'
import type { DataDirectory } from './data-directory.ts'

/** A file on its way, open for writing from `size` on. */
export interface PartialFile {
  readonly handle: FileHandle
  /** Of the first `size` bytes. */
  readonly hash: Hash
  readonly size: number
}

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_TRUNC } = constants
/** Only the host's own user reads it. */
const MODE = 0o600
const HASH_STEP_BYTES = 512 * 1024

/** Never follows a link and never opens an existing file (C51, C53). */
export const createPartialFile = async (directory: DataDirectory, id: string): Promise<PartialFile> => ({
  handle: await open(directory.partPath(id), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, MODE),
  hash: createHash('sha256'),
  size: 0,
})

/**
 * Truncates a partial file to its durable bytes and reads them for the hash. `check` is called between steps and may throw. Bytes that
 * are shared with other names of the file are copied first: they must not change there.
 */
export const resumePartialFile = async (
  directory: DataDirectory,
  id: string,
  check: () => void,
): Promise<PartialFile> => {
  const size = (await durableBytes(directory, id)) ?? 0
  const handle = await open(directory.partPath(id), O_RDWR | O_NOFOLLOW | O_NONBLOCK)
  try {
    const isShared = (await handle.stat()).nlink > 1
    if (!isShared) await handle.truncate(size)
    const copy = isShared
      ? await open(directory.copyPath(id), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, MODE)
      : undefined
    const hash = await hashed(handle, size, copy, check)
    if (!copy) return { handle, hash, size }
    await directory.replaceWithCopy(id)
    await handle.close()
    return { handle: copy, hash, size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Turns a whole file that no room knows back into a partial one. Answers the bytes freed by that. */
export const reopenWhole = async (directory: DataDirectory, id: string): Promise<number> => {
  const size = await directory.size(id)
  if (size === undefined) return 0
  const mark = new DurableMark(directory.markPath(id), id)
  await mark.open()
  try {
    await mark.write(size)
    await mark.sync()
  } finally {
    await mark.close()
  }
  const removed = await directory.unpublish(id)
  await directory.sync()
  return removed
}

/** Durable bytes of a partial file; undefined when there is none. A mark beyond its end belongs to something else. */
export const durableBytes = async (directory: DataDirectory, id: string): Promise<number | undefined> => {
  const size = await directory.partSize(id)
  if (size === undefined) return undefined
  const marked = await readMark(directory.markPath(id), id)
  return marked <= size ? marked : 0
}

/** Reads the first `size` bytes, in steps too small to block the event loop, and writes them into `copy` too. */
const hashed = async (
  handle: FileHandle,
  size: number,
  copy: FileHandle | undefined,
  check: () => void,
): Promise<Hash> => {
  const hash = createHash('sha256')
  const step = Buffer.allocUnsafeSlow(Math.min(HASH_STEP_BYTES, size))
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

const OFFSET_DIGITS = 16
const SUM_DIGITS = 32
const RECORD_BYTES = OFFSET_DIGITS + 1 + SUM_DIGITS + 1

/**
 * The file beside an upload that records its durable bytes: one record, overwritten in place after each sync of the upload. Its own sync
 * can wait, since an older record is true as well, only less.
 */
export class DurableMark {
  readonly #path: string
  readonly #id: string
  #handle: FileHandle | undefined

  constructor(path: string, id: string) {
    this.#path = path
    this.#id = id
  }

  get isOpen(): boolean {
    return this.#handle !== undefined
  }

  /** Makes the file when missing. */
  async open(): Promise<void> {
    this.#handle ??= await open(this.#path, O_WRONLY | O_CREAT | O_NOFOLLOW, MODE)
  }

  async write(durable: number): Promise<void> {
    if (this.#handle) await writeAll(this.#handle, Buffer.from(record(this.#id, durable)), 0)
  }

  async sync(): Promise<void> {
    await this.#handle?.datasync()
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }
}

/** The durable bytes that the mark of the upload `id` records; 0 without a valid one. */
const readMark = async (path: string, id: string): Promise<number> => {
  const handle = await openFile(path)
  if (!handle) return 0
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(RECORD_BYTES), 0, RECORD_BYTES, 0)
    const text = buffer.toString('latin1', 0, bytesRead)
    const durable = Number(text.slice(0, OFFSET_DIGITS))
    return Number.isSafeInteger(durable) && durable > 0 && text === record(id, durable) ? durable : 0
  } finally {
    await handle.close()
  }
}

const record = (id: string, durable: number): string => {
  const offset = String(durable).padStart(OFFSET_DIGITS, '0')
  const sum = createHash('sha256').update(`${id} ${offset}`).digest('hex').slice(0, SUM_DIGITS)
  return `${offset} ${sum}\n`
}

/** Opens a regular file for reading; undefined when there is none. Anything else is neither followed nor waited for (C51, C53). */
export const openFile = async (path: string): Promise<FileHandle | undefined> => {
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes(errorCode(error) ?? '')) return undefined
    throw error
  })
  if (!handle) return undefined
  try {
    if ((await handle.stat()).isFile()) return handle
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}
