import { createHash, randomBytes } from 'node:crypto'
import { lstat, readdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { cutUtf8 } from '#domain/names/utf8.ts'
import { errorCode, ignoreMissing } from '#system/files/file-system.ts'

/** The longest name there may be, less what is put behind a base. */
const MOST_BASE_BYTES = 220

/** The place of a file's parts; beside it, under its own name where that leaves room for more. */
export function baseOf(place: string): string {
  const name = basename(place)
  if (Buffer.byteLength(name) <= MOST_BASE_BYTES) return place
  const apart = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return join(dirname(place), `${cutUtf8(name, MOST_BASE_BYTES - apart.length - 1)}.${apart}`)
}

const STARTED = Math.round(performance.timeOrigin / 1000).toString(36)

/**
 * A part that somebody writes has its writer in its name, so that two who bring the same file at once have a part each; at rest it is
 * `<base>.part`. Answers the path of one of our own, for which what an earlier attempt left is renamed, and only one can do that. What
 * lies at rest and is no plain file of one name was not made by us: it goes away unread (C51, C53).
 */
export async function claimPartialFile(base: string): Promise<string> {
  const own = ownPart(base)
  for (const left of [`${base}.part`, ...(await abandoned(base))]) {
    const found = await lstat(left).catch(ignoreMissing)
    if (found === undefined) continue
    const ours = found.isFile() && found.nlink === 1
    if (!ours) await unlink(left).catch(ignoreMissing)
    else if (await moved(left, own)) return own
  }
  return own
}

/** The same for who begins anew: what processes that are no more have left goes, and what lies at rest is not theirs. */
export async function freshPartialFile(base: string): Promise<string> {
  for (const left of await abandoned(base)) await unlink(left).catch(ignoreMissing)
  return ownPart(base)
}

const ownPart = (base: string) => `${base}.${process.pid}-${STARTED}-${randomBytes(2).toString('hex')}.part`

/** Leaves a part for whoever goes on with it. */
export async function leavePartialFile(own: string, base: string): Promise<void> {
  const rest = `${base}.part`
  if ((await lstat(rest).catch(ignoreMissing)) === undefined) await moved(own, rest)
}

/** Removes what nobody goes on with any more. */
export async function dropPartialFiles(base: string): Promise<void> {
  for (const left of [`${base}.part`, ...(await abandoned(base))]) await unlink(left).catch(ignoreMissing)
}

/** The parts of processes that are no more. */
async function abandoned(base: string): Promise<readonly string[]> {
  const [folder, start] = [dirname(base), `${basename(base)}.`]
  return (await readdir(folder))
    .filter((name) => {
      const [, pid, started] = /^(\d+)-([0-9a-z]+)-[0-9a-f]{4}\.part$/.exec(name.slice(start.length)) ?? []
      return name.startsWith(start) && pid !== undefined && !lives(Number(pid), started)
    })
    .map((name) => join(folder, name))
}

/** Another one may have the same number after a restart; then its part only stays where it is. */
function lives(pid: number, started: string | undefined): boolean {
  if (pid === process.pid) return started === STARTED
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) !== 'ESRCH'
  }
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}
