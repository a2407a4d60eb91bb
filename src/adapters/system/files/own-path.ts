import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { errorCode } from './file-system.ts'

const STARTED = Math.round(performance.timeOrigin / 1000).toString(36)

/** A path that no other process writes to: its process is in its name. `abandonedPaths` finds the files of killed processes. */
export const ownPath = (base: string, ending: string): string =>
  `${base}.${process.pid}-${STARTED}-${randomBytes(2).toString('hex')}.${ending}`

/** The own paths of processes that are no more. */
export async function abandonedPaths(base: string, ending: string): Promise<readonly string[]> {
  const [folder, start] = [dirname(base), `${basename(base)}.`]
  return (await readdir(folder))
    .filter((name) => {
      const [, pid, started, ended] = /^(\d+)-([0-9a-z]+)-[0-9a-f]{4}\.(\w+)$/.exec(name.slice(start.length)) ?? []
      return name.startsWith(start) && ended === ending && pid !== undefined && !lives(Number(pid), started)
    })
    .map((name) => join(folder, name))
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
