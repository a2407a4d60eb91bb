import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorCode } from './file-system.ts'

const STARTED = Math.round(performance.timeOrigin / 1000).toString(36)

/** A path that no other process writes to: its process is in its name. `abandonedPaths` finds the files of killed processes. */
export const ownPath = (base: string, ending: string): string =>
  `${base}.${process.pid}-${STARTED}-${randomBytes(2).toString('hex')}.${ending}`

const OWN = /\.(\d+)-([0-9a-z]+)-[0-9a-f]{4}\.(\w+)$/

/** The own paths in a directory of processes that are no more. */
export async function abandonedIn(directory: string, ending: string): Promise<readonly string[]> {
  const names = (await readdir(directory)).filter((name) => {
    const [, pid, started, ended] = OWN.exec(name) ?? []
    return ended === ending && pid !== undefined && !lives(Number(pid), started)
  })
  return names.map((name) => join(directory, name))
}

/** Those of one base. */
export async function abandonedPaths(base: string, ending: string): Promise<readonly string[]> {
  const left = await abandonedIn(dirname(base), ending)
  return left.filter((path) => basename(path).replace(OWN, '') === basename(base))
}

/** Another one may have the same number after a restart; then the first one's file only stays where it is. */
function lives(pid: number, started: string | undefined): boolean {
  if (pid === process.pid) return started === STARTED
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) !== 'ESRCH'
  }
}
