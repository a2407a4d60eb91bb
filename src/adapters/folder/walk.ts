import { isUtf8 } from 'node:buffer'
import { constants, type Dirent, type Stats } from 'node:fs'
import { access, lstat, readdir, readlink } from 'node:fs/promises'
import { Semaphore } from '#domain/async/semaphore.ts'
import { numbered } from '#domain/names/file-name.ts'
import { checkLink, checkPath } from '#domain/names/path.ts'
import { forTerminal } from '#domain/names/text.ts'
import { timeInArchive } from '#protocol/tar.ts'
import { type DiskPath, diskPath, inside, pathText } from '#system/files/disk-path.ts'
import { errorCode } from '#system/files/file-system.ts'
import { NoSource } from '#system/files/source.ts'
import { MAX_MEMBERS } from './listing.ts'

interface Entry {
  /** As in the archive: relative to the folder, in NFC. */
  readonly path: string
  /** Seconds since 1970. */
  readonly modified: number
}

export interface TreeFile extends Entry {
  readonly type: 'file'
  readonly disk: DiskPath
  readonly size: number
  readonly executable: boolean
}

interface TreeLink extends Entry {
  readonly type: 'link'
  readonly target: string
}

interface EmptyFolder extends Entry {
  readonly type: 'folder'
}

export type TreeEntry = TreeFile | TreeLink | EmptyFolder

/** Something in a folder that is not sent, and why; both for people. */
export interface Skipped {
  readonly path: string
  /** Begins with the path. */
  readonly message: string
}

/** The content of a folder on disk, sorted by the bytes of its paths. */
export interface Tree {
  readonly entries: readonly TreeEntry[]
  readonly skipped: readonly Skipped[]
}

interface Named {
  readonly entry: Dirent<Buffer>
  readonly disk: DiskPath
  readonly path: string
  readonly key: Buffer
}

/** System calls on their way at once. */
const AT_ONCE = 16

/**
 * Looks through a folder. Follows no link in it, so loops end. Leaves out members that can not travel: devices, pipes, sockets, unreadable ones, links that lead
 * out of the folder, and paths that `checkPath` refuses. Throws the system's error where the folder itself can not be read, and `NoSource` where it holds more than one archive may.
 */
export async function walk(folder: DiskPath): Promise<Tree> {
  return await new Walk().tree(folder)
}

class Walk {
  readonly #skipped: Skipped[] = []
  readonly #calls = new Semaphore(AT_ONCE)
  #count = 0

  async tree(folder: DiskPath): Promise<Tree> {
    const entries = await this.#entriesIn(folder, '', await this.#namesIn(folder))
    return { entries, skipped: this.#skipped.sort((one, other) => (one.path < other.path ? -1 : 1)) }
  }

  #namesIn(folder: DiskPath): Promise<Dirent<Buffer>[]> {
    return this.#calls.run(() => readdir(folder, { withFileTypes: true, encoding: 'buffer' }))
  }

  /** `path` is that of the folder, with a slash behind it where it is not empty. */
  async #entriesIn(folder: DiskPath, path: string, entries: Dirent<Buffer>[]): Promise<TreeEntry[]> {
    const taken = new Set(entries.map(({ name }) => name.toString()))
    const named = entries.flatMap((entry) => this.#named(entry, folder, path + textOf(entry.name, taken)))
    const sorted = named.sort((one, other) => Buffer.compare(one.key, other.key))
    const found = await Promise.all(
      sorted.map(async (each, index) => {
        if (each.path !== sorted[index - 1]?.path) return await this.#at(each)
        this.#skip(each.path, 'another one has the same name in Unicode; rename one of them')
        return []
      }),
    )
    return found.flat()
  }

  /** Sorting these keys sorts the paths below them as well. */
  #named(entry: Dirent<Buffer>, folder: DiskPath, text: string): Named[] {
    const path = checkPath(text)
    if (typeof path === 'string') {
      const key = Buffer.from(entry.isDirectory() ? `${path}/` : path)
      return [{ entry, disk: inside(folder, entry.name), path, key }]
    }
    this.#skipped.push({ path: text, message: path.message })
    return []
  }

  async #at({ entry, disk, path }: Named): Promise<TreeEntry[]> {
    if (++this.#count > MAX_MEMBERS)
      throw new NoSource(`it holds more than ${MAX_MEMBERS} files; send its parts one by one`)
    try {
      if (entry.isDirectory()) return await this.#folder(disk, path)
      const found = await this.#calls.run(() => lstat(disk))
      if (found.isDirectory()) return await this.#folder(disk, path)
      if (found.isFile()) return await this.#file(disk, path, found)
      if (found.isSymbolicLink()) return await this.#link(disk, path, found)
      this.#skip(path, found.isSocket() ? 'it is a socket' : found.isFIFO() ? 'it is a pipe' : 'it is a device')
    } catch (error) {
      const why = UNREADABLE[errorCode(error) ?? '']
      if (why === undefined) throw error
      this.#skip(path, why)
    }
    return []
  }

  async #folder(disk: DiskPath, path: string): Promise<TreeEntry[]> {
    const entries = await this.#entriesIn(disk, `${path}/`, await this.#namesIn(disk))
    if (entries.length > 0) return entries
    return [{ type: 'folder', path, modified: secondsOf(await this.#calls.run(() => lstat(disk))) }]
  }

  async #file(disk: DiskPath, path: string, found: Stats): Promise<TreeEntry[]> {
    // Readable by all means readable by this user.
    if ((found.mode & 0o444) !== 0o444) await this.#calls.run(() => access(disk, constants.R_OK))
    const executable = (found.mode & 0o100) !== 0
    return [{ type: 'file', path, disk, size: found.size, modified: secondsOf(found), executable }]
  }

  async #link(disk: DiskPath, path: string, found: Stats): Promise<TreeEntry[]> {
    const bytes = await this.#calls.run(() => readlink(disk, { encoding: 'buffer' }))
    // To the name by which its target travels.
    const target = checkLink(path, pathText(diskPath(bytes)))
    if (typeof target === 'string') return [{ type: 'link', path, target, modified: secondsOf(found) }]
    this.#skipped.push({ path, message: target.message })
    return []
  }

  #skip(path: string, why: string): void {
    this.#skipped.push({ path, message: `${forTerminal(path)}: ${why}` })
  }
}

/** A name that is no UTF-8 travels as `caf%E9`, kept apart from those that are called so. */
function textOf(name: Buffer, taken: Set<string>): string {
  if (isUtf8(name)) return name.toString()
  const text = pathText(name)
  let free = text
  for (let number = 2; taken.has(free); number++) free = numbered(text, number)
  taken.add(free)
  return free
}

const secondsOf = ({ mtimeMs }: Stats): number => timeInArchive(mtimeMs / 1000)

const UNREADABLE: Readonly<Record<string, string>> = {
  EACCES: 'you have no right to read it',
  EPERM: 'you have no right to read it',
  ENOENT: 'it has gone meanwhile',
  ENOTDIR: 'it has gone meanwhile',
  ELOOP: 'the symbolic links in its path lead round in a circle',
  EIO: 'the disk fails there',
}
