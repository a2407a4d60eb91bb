import { type FileHandle, lstat, mkdir, open, readdir, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from './error-code.ts'

const ID = /^[0-9a-f]{32}$/
const PART_NAME = /^([0-9a-f]{32})\.part$/

export const isFileId = (id: string): boolean => ID.test(id)

/** The directory of a vault's files. Only ids that we make, 32 hexadecimal digits, ever become part of a path. */
export class Folder {
  readonly #data: string
  readonly #path: string
  #handle: FileHandle | undefined

  /** `data` is the data directory; the files are in `files` below it. */
  constructor(data: string) {
    this.#data = data
    this.#path = join(data, 'files')
  }

  async open(): Promise<void> {
    await mkdir(this.#path, { recursive: true, mode: 0o700 })
    const data = await open(this.#data, 'r')
    await data.sync().finally(() => data.close())
    this.#handle ??= await open(this.#path, 'r')
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  /** Where a whole file is. */
  whole(id: string): string {
    if (!isFileId(id)) throw new Error('a file id is 32 lower-case hexadecimal digits')
    return join(this.#path, id)
  }

  /** Where a file is that is on its way. */
  part(id: string): string {
    return `${this.whole(id)}.part`
  }

  /** Makes the names durable (C80); on a descriptor that is held, so that it does not fail for want of one. */
  async sync(): Promise<void> {
    await this.#handle?.sync()
  }

  /** Bytes of a whole file; undefined where there is no such file, or something else lies there. */
  async size(id: string): Promise<number | undefined> {
    return await fileSize(this.whole(id))
  }

  async partSize(id: string): Promise<number | undefined> {
    return await fileSize(this.part(id))
  }

  /** Bytes of everything in it. */
  async totalSize(): Promise<number> {
    let sum = 0
    for (const name of await readdir(this.#path)) sum += (await fileSize(join(this.#path, name))) ?? 0
    return sum
  }

  /** Ids of uploads that have left something behind or are under way. */
  async parts(): Promise<readonly string[]> {
    return (await readdir(this.#path)).flatMap((name) => PART_NAME.exec(name)?.[1] ?? [])
  }

  /** Removes a whole file or a part; answers how many bytes it had, undefined where there was none. */
  async remove(path: string): Promise<number | undefined> {
    const size = await fileSize(path)
    await unlink(path).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error
    })
    return size
  }

  /** Bytes that the file system has free for us, and its size. */
  async space(): Promise<{ readonly free: number; readonly total: number }> {
    const { bavail, blocks, bsize } = await statfs(this.#path)
    return { free: bavail * bsize, total: blocks * bsize }
  }
}

const fileSize = async (path: string): Promise<number | undefined> => {
  const stat = await lstat(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  })
  return stat?.isFile() ? stat.size : undefined
}
