import { link, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { collisionKey, numbered, safeFileName } from '../../domain/names/safe-file-name.ts'
import { errorCode } from './error-code.ts'

const MOST_NAMES = 10_000

/** What a received file is called on this machine. */
export function receivedName(name: string, id: string): string {
  const safe = safeFileName(name, id)
  return `terima_${typeof safe === 'string' ? safe : id}`
}

/** The names in a folder, as `collisionKey` compares them. The folder is read again only where somebody else has changed it. */
export class TakenNames {
  readonly #directory: string
  #keys = new Set<string>()
  #changed: bigint | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  async read(): Promise<ReadonlySet<string>> {
    const changed = await this.#changedAt()
    if (changed === this.#changed) return this.#keys
    this.#keys = new Set((await readdir(this.#directory)).map(collisionKey))
    this.#changed = changed
    return this.#keys
  }

  async add(name: string): Promise<void> {
    this.#keys.add(collisionKey(name))
    this.#changed = await this.#changedAt()
  }

  async #changedAt(): Promise<bigint> {
    return (await stat(this.#directory, { bigint: true })).mtimeNs
  }
}

/**
 * Claims the name, and then numbered ones, until one is free: nothing that exists is ever replaced (C52), nor would be where the folder
 * goes later, to a system for which two names are one (C47). `claim` gives the file the name, or fails with `EEXIST` where it is taken.
 * The path, or undefined where there is none to be had.
 */
export async function publish(
  directory: string,
  wanted: string,
  claim: (path: string) => Promise<void>,
  names = new TakenNames(directory),
): Promise<string | undefined> {
  const taken = await names.read()
  for (let number = 1; number < MOST_NAMES; number++) {
    const name = number === 1 ? wanted : numbered(wanted, number)
    if (taken.has(collisionKey(name))) continue
    const path = join(directory, name)
    if (!(await claim(path).then(asGiven, asTaken))) continue
    await names.add(name)
    return path
  }
  return undefined
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
