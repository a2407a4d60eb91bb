import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { link, lstat, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { collisionKey, numbered, safeFileName } from '#domain/names/file-name.ts'
import { errorCode } from './error-code.ts'
import { makeDirectory } from './make-directory.ts'
import { piecesIn } from './source.ts'

/** What is in a file. */
export interface Content {
  readonly size: number
  readonly sha256: string
}

/** A file to be given a name here, which others of other ids do not stand for, though they be the same. */
export interface Incoming extends Content {
  readonly id: string
}

/** Where a file has its name; `already`: it had it before. */
export interface Published {
  readonly path: string
  readonly already: boolean
}

/** With what is made for people to use: the umask takes away from it, as with every other program. */
export const SAVED_MODE = 0o666

const MOST_NAMES = 10_000
const READ_BYTES = 1024 * 1024

/** What a received file is called on this machine. */
export function receivedName(name: string, id: string): string {
  const safe = safeFileName(name, id)
  return `terima_${typeof safe === 'string' ? safe : id}`
}

/**
 * A folder for received files: nothing in it is ever replaced (C52), nor would be where it goes later, to a system for which two names are
 * one (C47). It is read anew only where somebody else has changed it since `settled`; a name that others give in that very moment is seen where it
 * is the same.
 */
export class SaveFolder {
  readonly path: string
  #names: Map<string, Set<string>> | undefined
  #changed: bigint | undefined
  /** Which file each path stands for, as far as was asked. */
  readonly #known = new Map<string, string>()

  constructor(path: string) {
    this.path = path
  }

  /** Whether anything is called `wanted`, or that with a number. */
  async hasLike(wanted: string): Promise<boolean> {
    return ((await this.#look()).get(collisionKey(wanted))?.size ?? 0) > 0
  }

  /** The path of such a file that is called `wanted`, or that with a number. */
  async find(wanted: string, file: Incoming): Promise<string | undefined> {
    const key = collisionKey(wanted)
    const alike = [...((await this.#look()).get(key) ?? [])]
    // What has the very name first: with a number it may be that of another.
    const rank = (name: string) => (collisionKey(name) === key ? 0 : name.length)
    for (const name of alike.toSorted((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1)))
      if (await this.#is(join(this.path, name), file)) return join(this.path, name)
    return undefined
  }

  /**
   * Claims the name, and then numbered ones, until one is free, or has this very file. `claim` gives the file the name, or fails with
   * `EEXIST` where it is taken. Undefined where there is none to be had.
   */
  async publish(
    wanted: string,
    file: Incoming,
    claim: (path: string) => Promise<void>,
  ): Promise<Published | undefined> {
    const names = this.#names ?? (await this.#look())
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

  /** What has changed until now was our own doing: a part, or a name that was given. */
  async settled(): Promise<void> {
    this.#changed = await this.#changedAt()
  }

  /** Whether it is this file that is there; then it is no other any more. */
  async #is(path: string, file: Incoming): Promise<boolean> {
    if ((this.#known.get(path) ?? file.id) !== file.id || !(await holds(path, file))) return false
    this.#known.set(path, file.id)
    return true
  }

  #forget(names: Map<string, Set<string>>, name: string): void {
    for (const key of roomAccess(name)) names.get(key)?.delete(name)
    this.#known.delete(join(this.path, name))
  }

  async #look(): Promise<Map<string, Set<string>>> {
    // It may have been taken away since.
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

/** A name is found under its own key and, where it has a number, under that without one. */
const roomAccess = (name: string): readonly string[] => [
  ...new Set([name, name.replace(/ \(\d+\)(?=(?:\.[^.]*)?$)/, '')].map(collisionKey)),
]

function note(names: Map<string, Set<string>>, name: string): void {
  for (const key of roomAccess(name)) names.set(key, (names.get(key) ?? new Set()).add(name))
}

/** Whether a plain file with this content is there: nothing else is opened (C51, C53). */
export async function holds(path: string, { size, sha256 }: Content): Promise<boolean> {
  const found = await lstat(path).catch(ignoreMissing)
  if (found === undefined || !found.isFile() || found.size !== size) return false
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  try {
    const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    try {
      const hash = createHash('sha256')
      for await (const piece of piecesIn(handle, 0, size, READ_BYTES)) hash.update(piece)
      return hash.digest('hex') === sha256
    } finally {
      await handle.close()
    }
  } catch (error) {
    // It can't be told, or has gone meanwhile: then it is another one.
    if (['EACCES', 'EPERM', 'ENOENT', 'ELOOP', 'EIO'].includes(errorCode(error) ?? '')) return false
    throw error
  }
}

/** What file systems without hard links say: FAT, some shares and phones. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/**
 * Gives a whole file its name, unless that is taken (`EEXIST`). Where a second name can't be given, an empty file takes the name, and
 * the whole one its place: under the name is never a half one.
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

export function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error
}
