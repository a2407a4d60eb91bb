import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { link, lstat, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { collisionKey, numbered } from '#domain/names/file-name.ts'
import { savedName } from '#domain/names/saved-name.ts'
import { errorCode, ignoreMissing, makeDirectory } from './file-system.ts'
import { piecesIn } from './source.ts'

/** The content of a file. */
export interface Content {
  readonly size: number
  readonly sha256: string
}

/** A received file that needs a name. Files of other ids keep their own names, even where the content is the same. */
export interface Incoming extends Content {
  readonly id: string
  /** Whether a path has this content already; left out for a plain file. */
  readonly isAt?: (path: string) => Promise<boolean>
}

/** The path of a named file; `already`: the name was given earlier. */
export interface Published {
  readonly path: string
  readonly already: boolean
}

/** For files that people use: the umask takes away from it, as with every other program. */
export const SAVED_MODE = 0o666

const MOST_NAMES = 10_000
const READ_BYTES = 1024 * 1024

/**
 * A folder for received files. Nothing in it is ever replaced (C52), not even when the folder moves to a system that does not tell
 * such names apart (C47). The folder is read again only after a change by another program since `settled`; a name that appears at that
 * very moment is noticed when it is the same.
 */
export class SaveFolder {
  readonly path: string
  readonly #prefix: string
  #names: Map<string, Set<string>> | undefined
  #changed: bigint | undefined
  /** File ids by path, as far as they were compared. */
  readonly #known = new Map<string, string>()

  /** `prefix` comes before the names of all files. */
  constructor(path: string, prefix = '') {
    this.path = path
    this.#prefix = prefix
  }

  /** The name for a file of the room. */
  nameFor(name: string, id: string): string {
    return savedName(name, id, this.#prefix)
  }

  /** Whether the folder has one of these names, or one of them with a number. */
  async hasLike(...wanted: readonly string[]): Promise<boolean> {
    const names = await this.#list()
    return wanted.some((each) => (names.get(collisionKey(each))?.size ?? 0) > 0)
  }

  /** The path of this file under one of these names, or one of them with a number. */
  async find(wanted: readonly string[], file: Incoming): Promise<string | undefined> {
    for (const each of wanted) {
      const key = collisionKey(each)
      const alike = [...((await this.#list()).get(key) ?? [])]
      // The exact name first: a numbered one may belong to another file.
      const rank = (name: string) => (collisionKey(name) === key ? 0 : name.length)
      for (const name of alike.toSorted((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1)))
        if (await this.#is(join(this.path, name), file)) return join(this.path, name)
    }
    return undefined
  }

  /**
   * Tries the name, then numbered ones, until one is free or already has this file. `claim` gives the file the name, or fails with
   * `EEXIST` when it is taken. Undefined when every name is taken.
   */
  async publish(
    wanted: string,
    file: Incoming,
    claim: (path: string) => Promise<void>,
  ): Promise<Published | undefined> {
    const names = this.#names ?? (await this.#list())
    for (let number = 1; number < MOST_NAMES; number++) {
      const name = number === 1 ? wanted : numbered(wanted, number)
      const key = collisionKey(name)
      const taken = [...(names.get(key) ?? [])].find((each) => collisionKey(each) === key)
      const path = join(this.path, taken ?? name)
      if (taken !== undefined && (await lstat(path).catch(ignoreMissing)) === undefined) this.#forget(names, taken)
      else if (taken !== undefined) {
        if (await this.#is(path, file)) return { path, already: true }
        continue
      }
      const free = join(this.path, name)
      const given = await claim(free).then(asGiven, asTaken)
      note(names, name)
      if (given) this.#known.set(free, file.id)
      if (given) return { path: free, already: false }
      if (await this.#is(free, file)) return { path: free, already: true }
    }
    return undefined
  }

  /** Marks all changes until now as our own: a partial file, or a name just given. */
  async settled(): Promise<void> {
    this.#changed = await this.#changedAt()
  }

  /** Whether the path holds this file; from then on it stands for no other id. */
  async #is(path: string, file: Incoming): Promise<boolean> {
    if ((this.#known.get(path) ?? file.id) !== file.id) return false
    if (!(await (file.isAt?.(path) ?? holds(path, file)))) return false
    this.#known.set(path, file.id)
    return true
  }

  #forget(names: Map<string, Set<string>>, name: string): void {
    for (const key of collisionKeys(name)) names.get(key)?.delete(name)
    this.#known.delete(join(this.path, name))
  }

  async #list(): Promise<Map<string, Set<string>>> {
    // The folder may have been removed since.
    await makeDirectory(this.path)
    const changed = await this.#changedAt()
    if (this.#names !== undefined && changed === this.#changed) return this.#names
    const names = await listing(this.path)
    this.#names = names
    this.#changed = changed
    return names
  }

  async #changedAt(): Promise<bigint | undefined> {
    return (await stat(this.path, { bigint: true }).catch(ignoreMissing))?.mtimeNs
  }
}

async function listing(path: string): Promise<Map<string, Set<string>>> {
  const names = new Map<string, Set<string>>()
  for (const name of await readdir(path)) note(names, name)
  return names
}

/** A name is found under its own key and, when it has a number, under the key without the number. */
const collisionKeys = (name: string): readonly string[] => [
  ...new Set([name, name.replace(/ \(\d+\)(?=(?:\.[^.]*)?$)/, '')].map(collisionKey)),
]

function note(names: Map<string, Set<string>>, name: string): void {
  for (const key of collisionKeys(name)) names.set(key, (names.get(key) ?? new Set()).add(name))
}

/** Whether the path is a plain file with this content: nothing else is opened (C51, C53). */
export async function holds(path: string, { size, sha256 }: Content): Promise<boolean> {
  const found = await lstat(path).catch(ignoreMissing)
  if (found === undefined || !found.isFile() || found.size !== size) return false
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  try {
    const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      const hash = createHash('sha256')
      for await (const piece of piecesIn(handle, 0, size, READ_BYTES, 'lent')) hash.update(piece)
      return hash.digest('hex') === sha256
    } finally {
      await handle.close()
    }
  } catch (error) {
    // Unreadable, or gone meanwhile: it counts as another file.
    if (['EACCES', 'EPERM', 'ENOENT', 'ELOOP', 'EIO'].includes(errorCode(error) ?? '')) return false
    throw error
  }
}

/** Errors of file systems without hard links: FAT, some shares and phones. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/**
 * Gives a complete file its name, or fails with `EEXIST`. Without hard links an empty file takes the name first and the complete file
 * replaces it: a half-written file never has the name.
 */
export async function named(part: string, path: string): Promise<void> {
  try {
    await link(part, path)
  } catch (error) {
    if (!NO_LINKS.has(errorCode(error) ?? '')) throw error
    await (await open(path, 'wx', 0o600)).close()
    await rename(part, path).catch(async (failure) => {
      await unlink(path)
      throw failure
    })
  }
}

const asGiven = (): boolean => true

function asTaken(error: unknown): boolean {
  if (errorCode(error) === 'EEXIST') return false
  throw error
}
