import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { HostConfig } from '#app/config.ts'
import { fileStoreDefaults } from '#app/defaults.ts'
import { forTerminal } from '#domain/names/text.ts'
import { sizeText } from '#i18n/size.ts'
import { sharedDiskUnder } from '#storage/disk/directory-lock.ts'
import { bad, type Finding, ok, warning } from './finding.ts'

const CHECK = 'directory'
/** What stores leave free; the greater of both. */
const FLOOR_BYTES = 64 * 1024 * 1024
const FLOOR_SHARE = 0.01

/** Whose the directory is, what it is on, and how much goes into it. */
export async function directory(path: string, config: HostConfig): Promise<readonly Finding[]> {
  const existing = await nearest(path)
  const isThere = existing === path
  const rights = await rightsOf(existing, isThere)
  return [
    rights === undefined ? ok(CHECK, forTerminal(isThere ? path : `${path} will be made`)) : rights,
    disk(existing, config.sharedDisk),
    await space(existing),
  ]
}

/** The directory, or what of its path is there already. */
async function nearest(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined)
    if (found !== undefined || dirname(at) === at) return at
  }
}

async function rightsOf(path: string, isOurs: boolean): Promise<Finding | undefined> {
  const named = forTerminal(path)
  const found = await stat(path)
  if (!found.isDirectory()) return bad(CHECK, `${named} is no directory`, 'choose another with --data')
  const may = await access(path, constants.R_OK | constants.W_OK | constants.X_OK).catch(() => 'not' as const)
  if (may === 'not')
    return bad(CHECK, `you may not write in ${named}`, 'give it to this user, or choose another with --data')
  if (!isOurs) return undefined
  const uid = process.getuid?.()
  if (uid !== undefined && found.uid !== uid)
    return warning(
      CHECK,
      `${named} belongs to another user (${found.uid})`,
      'run as that one, or files of two users will lie in it',
    )
  if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
    return warning(CHECK, `others on this machine may look into ${named}`, `chmod 700 it; a host that starts does so`)
  return undefined
}

function disk(path: string, anyDisk: boolean): Finding {
  const shared = sharedDiskUnder(path)
  if (shared === undefined) return ok('disk', 'of this machine')
  if (anyDisk)
    return warning('disk', `${shared}, and --shared-disk is set`, 'make sure that no other host uses the directory')
  return bad('disk', `${shared}: other machines may write there too`, 'choose a directory of this machine with --data')
}

async function space(path: string): Promise<Finding> {
  const { bavail, bsize, blocks } = await statfs(path)
  const free = bavail * bsize
  const floor = Math.max(FLOOR_BYTES, blocks * bsize * FLOOR_SHARE)
  const text = `${sizeText(free)} free`
  if (free < floor)
    return bad('space', `${text}: messages and files are refused below ${sizeText(floor)}`, 'make room on the disk')
  if (free - floor < fileStoreDefaults.maxSpoolBytes)
    return warning(
      'space',
      `${text}, and files may take ${sizeText(fileStoreDefaults.maxSpoolBytes)}`,
      'lower --room-quota, or make room',
    )
  return ok('space', text)
}
