import { mkdirSync, statSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode } from './error-code.ts'

/**
 * Makes a directory, and those above it that are missing; `mode` is for those that are made. Throws what the system gives. Node's own
 * `recursive` never comes back, and hears no signal, where a file system says of everything new that what is above it is missing, as
 * /proc does: here each level is tried twice at most.
 */
export async function makeDirectory(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, mode)
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (!isAboveMissing(error, path)) throw error
    await makeDirectory(dirname(path), mode)
    await mkdir(path, mode).catch(async (again: unknown) => {
      // Somebody else has made it meanwhile.
      if (errorCode(again) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw again
    })
  }
}

/** The same in one step, for what must not be interrupted. */
export function makeDirectorySync(path: string, mode?: number): void {
  try {
    mkdirSync(path, mode)
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && statSync(path).isDirectory()) return
    if (!isAboveMissing(error, path)) throw error
    makeDirectorySync(dirname(path), mode)
    try {
      mkdirSync(path, mode)
    } catch (again) {
      if (errorCode(again) !== 'EEXIST' || !statSync(path).isDirectory()) throw again
    }
  }
}

const isAboveMissing = (error: unknown, path: string): boolean =>
  errorCode(error) === 'ENOENT' && dirname(path) !== path
