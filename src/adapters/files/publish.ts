import { link, open, readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { collisionKey, numbered, safeFileName } from '../../domain/names/safe-file-name.ts'
import { errorCode } from './error-code.ts'

/** What became of a name somebody wants for a file; `elsewhere`: names can't be given here. */
export type Claimed = 'linked' | 'exists' | 'elsewhere'

const MOST_NAMES = 10_000

/** What a received file is called on this machine. */
export function receivedName(name: string, id: string): string {
  const safe = safeFileName(name, id)
  return `terima_${typeof safe === 'string' ? safe : id}`
}

/**
 * Claims the name, and then numbered ones, until one is free: nothing that exists is ever replaced (C52), nor would be where the folder
 * goes later, to a system for which two names are one (C47). Answers the path, or undefined where there is none to be had. `EEXIST`
 * from the claim stands for `exists`.
 */
export async function publish(
  directory: string,
  wanted: string,
  claim: (path: string) => Promise<Claimed>,
): Promise<string | undefined> {
  const taken = new Set((await readdir(directory)).map(collisionKey))
  for (let number = 1; number < MOST_NAMES; number++) {
    const name = number === 1 ? wanted : numbered(wanted, number)
    if (taken.has(collisionKey(name))) continue
    const path = join(directory, name)
    const claimed = await claim(path).catch(asExists)
    if (claimed === 'linked') return path
    if (claimed === 'elsewhere') return undefined
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

function asExists(error: unknown): 'exists' {
  if (errorCode(error) === 'EEXIST') return 'exists'
  throw error
}

export function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error
}
