import { type FileHandle, link, lstat, open, readdir, rename, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, makeDirectory } from '#system/files/file-system.ts'

const ID = /^[0-9a-f]{32}$/
const UNFINISHED_NAME = /^([0-9a-f]{32})\.(?:part|durable|copy)$/
const MARK_NAME = /\.durable$/

export const isFileId = (id: string): boolean => ID.test(id)

/** The directory of a vault's files. Only ids that we make, 32 hexadecimal digits, ever become part of a path. */
export class DataDirectory {
  readonly #data: string
  readonly #path: string
  /** How many names those files have in here that have more than one. */
  readonly #names = new Map<bigint, number>()
  #handle: FileHandle | undefined

  /** `data` is the data directory; the files are in `files` below it. */
  constructor(data: string) {
    this.#data = data
    this.#path = join(data, 'files')
  }

  async open(): Promise<void> {
    await makeDirectory(this.#path, 0o700)
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

  /** Where it says how much of a part is durable. */
  mark(id: string): string {
    return `${this.whole(id)}.durable`
  }

  /** Where a part gets bytes of its own that it shared with other names. */
  copy(id: string): string {
    return `${this.whole(id)}.copy`
  }

  /** Makes the names durable (C80); on a descriptor that is held, so that it does not fail for want of one. */
  async sync(): Promise<void> {
    await this.#handle?.sync()
  }

  /** Bytes of a whole file; undefined where there is no such file, or something else lies there. */
  async size(id: string): Promise<number | undefined> {
    return (await fileAt(this.whole(id)))?.size
  }

  /** Bytes of a part; undefined as for `size`. */
  async partSize(id: string): Promise<number | undefined> {
    return (await fileAt(this.part(id)))?.size
  }

  /** When it was written last, in milliseconds since 1970. */
  async partDate(id: string): Promise<number | undefined> {
    return (await fileAt(this.part(id)))?.writtenAt
  }

  /** Bytes of everything in it that counts: of a file with several names once, of what we note beside them none. */
  async survey(): Promise<number> {
    this.#names.clear()
    const seen = new Set<bigint>()
    let sum = 0
    for (const name of await readdir(this.#path)) {
      const file = MARK_NAME.test(name) ? undefined : await fileAt(join(this.#path, name))
      if (!file) continue
      if (seen.has(file.inode)) this.#addName(file.inode)
      else sum += file.size
      seen.add(file.inode)
    }
    return sum
  }

  /** Ids of whole files. */
  async wholeFiles(): Promise<readonly string[]> {
    return (await readdir(this.#path)).filter(isFileId)
  }

  /** Ids of uploads that have left something behind or are under way. */
  async unfinished(): Promise<readonly string[]> {
    const ids = (await readdir(this.#path)).flatMap((name) => UNFINISHED_NAME.exec(name)?.[1] ?? [])
    return [...new Set(ids)]
  }

  /** Gives a part its final name as well, which must be free. */
  async publish(id: string): Promise<void> {
    await link(this.part(id), this.whole(id))
  }

  /** Takes the other name from a part that `publish` gave its final one, and the mark. */
  async unpart(id: string): Promise<void> {
    await removeName(this.mark(id))
    await removeName(this.part(id))
  }

  /** Takes the final name from a file, so that it is a part again; a part that is another file is removed. Answers the bytes of that. */
  async unpublish(id: string): Promise<number> {
    const [whole, part] = [await fileAt(this.whole(id)), await fileAt(this.part(id))]
    if (whole && whole.inode === part?.inode) return (await this.remove(this.whole(id))) ?? 0
    const removed = (await this.remove(this.part(id))) ?? 0
    await rename(this.whole(id), this.part(id))
    return removed
  }

  /** Puts the copy of a part in its place. */
  async takeCopy(id: string): Promise<void> {
    const part = await fileAt(this.part(id))
    await rename(this.copy(id), this.part(id))
    if (part) this.#dropName(part.inode)
  }

  /** Gives a whole file the further name `as`, which must be free. */
  async duplicate(id: string, as: string): Promise<void> {
    await link(this.whole(id), this.whole(as))
    const file = await fileAt(this.whole(as))
    if (file) this.#addName(file.inode)
  }

  /** Removes a whole file or a part; answers how many bytes less there are then, undefined where there was none. */
  async remove(path: string): Promise<number | undefined> {
    const file = await fileAt(path)
    await removeName(path)
    if (!file) return undefined
    return this.#dropName(file.inode) > 0 ? 0 : file.size
  }

  /** Bytes that the file system has free for us, and its size. */
  async space(): Promise<{ readonly free: number; readonly total: number }> {
    const { bavail, blocks, bsize } = await statfs(this.#path)
    return { free: bavail * bsize, total: blocks * bsize }
  }

  /** Bytes that count for a part: none where another name in here stands for them too. */
  async countedPartSize(id: string): Promise<number> {
    const part = await fileAt(this.part(id))
    return part && !this.#names.has(part.inode) ? part.size : 0
  }

  /** Answers how many names are left. */
  #dropName(inode: bigint): number {
    const others = (this.#names.get(inode) ?? 1) - 1
    if (others > 1) this.#names.set(inode, others)
    else this.#names.delete(inode)
    return others
  }

  #addName(inode: bigint): void {
    this.#names.set(inode, (this.#names.get(inode) ?? 1) + 1)
  }
}

/** A directory is none of ours, and stays. */
const removeName = async (path: string): Promise<void> => {
  await unlink(path).catch(async (error: unknown) => {
    if (errorCode(error) === 'ENOENT' || (await lstat(path)).isDirectory()) return
    throw error
  })
}

const fileAt = async (path: string) => {
  const stat = await lstat(path, { bigint: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  })
  return stat?.isFile() ? { size: Number(stat.size), inode: stat.ino, writtenAt: Number(stat.mtimeMs) } : undefined
}
