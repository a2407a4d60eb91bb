import type { StatsFs } from 'node:fs'
import { type FileHandle, link, lstat, open, readdir, rename, statfs, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Semaphore } from '#domain/async/semaphore.ts'
import { errorCode, makeDirectory, syncDirectory } from '#system/files/file-system.ts'

const ID = /^[0-9a-f]{32}$/
const UNFINISHED_NAME = /^([0-9a-f]{32})\.(?:part|durable|copy)$/
const MARK_NAME = /\.durable$/

export const isFileId = (id: string): boolean => ID.test(id)

/**
 * The names of files in `<data>/files`: `<id>` of a whole file, `<id>.part` of a partial one with its mark in `<id>.durable`. Only ids
 * that we make, 32 hexadecimal digits, ever become part of a path.
 */
export class DataDirectory {
  readonly #data: string
  readonly #path: string
  /** The number of names in here of each file with more than one, by inode. */
  readonly #names = new Map<bigint, number>()
  #handle: FileHandle | undefined
  #syncing: Promise<void> = Promise.resolve()
  #nextSync: Promise<void> | undefined

  /** `data` is the data directory itself. */
  constructor(data: string) {
    this.#data = data
    this.#path = join(data, 'files')
  }

  async open(): Promise<void> {
    await makeDirectory(this.#path, 0o700)
    await syncDirectory(this.#data)
    this.#handle ??= await open(this.#path, 'r')
  }

  async close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  /** The path of a whole file. */
  filePath(id: string): string {
    if (!isFileId(id)) throw new Error('a file id is 32 lower-case hexadecimal digits')
    return join(this.#path, id)
  }

  /** The path of a partial file. */
  partPath(id: string): string {
    return `${this.filePath(id)}.part`
  }

  /** The path of the durable mark of a partial file. */
  markPath(id: string): string {
    return `${this.filePath(id)}.durable`
  }

  /** The path of a copy that replaces a partial file which shares its bytes with other names. */
  copyPath(id: string): string {
    return `${this.filePath(id)}.copy`
  }

  /** Makes the names durable (C80); on a descriptor that stays open, so that it needs no free one. */
  async sync(): Promise<void> {
    await this.#handle?.sync()
  }

  /**
   * The same for files that end together: one sync for all that ask while another is under way, in its turn among `syncs`. Once it failed it
   * fails for all: a second try would report success for names that are lost (C76).
   */
  syncTogether(syncs: Semaphore): Promise<void> {
    // The one under way may not have seen the newest names.
    this.#nextSync ??= this.#syncing.then(() =>
      syncs.run(() => {
        this.#nextSync = undefined
        this.#syncing = this.sync()
        return this.#syncing
      }),
    )
    return this.#nextSync
  }

  /** Bytes of a whole file; undefined when there is none, or something that is not a file. */
  async size(id: string): Promise<number | undefined> {
    return (await fileAt(this.filePath(id)))?.size
  }

  /** Bytes of a partial file; undefined as for `size`. */
  async partSize(id: string): Promise<number | undefined> {
    return (await fileAt(this.partPath(id)))?.size
  }

  /** Time of the last write to a partial file, in milliseconds since 1970. */
  async partDate(id: string): Promise<number | undefined> {
    return (await fileAt(this.partPath(id)))?.writtenAt
  }

  /** Bytes of all files in here: one with several names counts once, durable marks do not count. */
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

  /** Ids of uploads under way, and of those that have left something behind. */
  async unfinished(): Promise<readonly string[]> {
    const ids = (await readdir(this.#path)).flatMap((name) => UNFINISHED_NAME.exec(name)?.[1] ?? [])
    return [...new Set(ids)]
  }

  /** Gives a partial file its final name as well, which must be free. */
  async publish(id: string): Promise<void> {
    await link(this.partPath(id), this.filePath(id))
  }

  /** Removes the partial name and the mark of a file, which lives on if it has its final name. */
  async removePart(id: string): Promise<void> {
    await removeName(this.markPath(id))
    await removeName(this.partPath(id))
  }

  /** Turns a whole file back into a partial one; another partial file of this id is removed. Answers the bytes freed by that. */
  async unpublish(id: string): Promise<number> {
    const [whole, part] = [await fileAt(this.filePath(id)), await fileAt(this.partPath(id))]
    if (whole && whole.inode === part?.inode) return (await this.remove(this.filePath(id))) ?? 0
    const removed = (await this.remove(this.partPath(id))) ?? 0
    await rename(this.filePath(id), this.partPath(id))
    return removed
  }

  /** Replaces a partial file with its copy. */
  async replaceWithCopy(id: string): Promise<void> {
    const part = await fileAt(this.partPath(id))
    await rename(this.copyPath(id), this.partPath(id))
    if (part) this.#dropName(part.inode)
  }

  /** Gives a whole file the further name `as`, which must be free. */
  async duplicate(id: string, as: string): Promise<void> {
    await link(this.filePath(id), this.filePath(as))
    const file = await fileAt(this.filePath(as))
    if (file) this.#addName(file.inode)
  }

  /** Makes `as` another name of the whole file `id`, in one step; answers the bytes freed by that. Both must be there. */
  async share(id: string, as: string): Promise<number> {
    const [source, before] = [await fileAt(this.filePath(id)), await fileAt(this.filePath(as))]
    if (source === undefined || before === undefined || source.inode === before.inode) return 0
    await link(this.filePath(id), this.copyPath(as))
    await rename(this.copyPath(as), this.filePath(as))
    this.#addName(source.inode)
    return this.#dropName(before.inode) > 0 ? 0 : before.size
  }

  /** Removes a file by its path; answers the bytes freed by that, undefined when there was none. */
  async remove(path: string): Promise<number | undefined> {
    const file = await fileAt(path)
    await removeName(path)
    if (!file) return undefined
    return this.#dropName(file.inode) > 0 ? 0 : file.size
  }

  /** Size and free space of the file system. */
  async fileSystem(): Promise<StatsFs> {
    return await statfs(this.#path)
  }

  /** Bytes that a partial file adds to the sum: none when it shares them with another name in here. */
  async countedPartSize(id: string): Promise<number> {
    const part = await fileAt(this.partPath(id))
    return part && !this.#names.has(part.inode) ? part.size : 0
  }

  /** Answers the number of names left. */
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

/** A directory under such a name is not ours, and stays. */
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
