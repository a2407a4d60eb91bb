import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FileStoreFailed } from '#domain/ports/file-store.ts'
import { DirectoryInUse } from '#domain/ports/journal.ts'
import { errorCode, makeDirectorySync } from '#system/files/file-system.ts'
import { primaryCode, SQLITE } from '../sqlite/errors.ts'

export interface DirectoryLock {
  /** Writes the name of this process into the directory. Called once its stores are open: until then they may belong to another host. */
  own(): void
  release(): Promise<void>
}

interface Owner {
  readonly pid: number
  readonly startedAt: string
  readonly host: string
}

/** Everybody may remove only files of their own: set on shared directories like `/tmp`. */
const STICKY = 0o1000

/** The directory belongs to other users too, and can not be made this user's own. */
export class SharedDirectory extends Error {
  readonly code = 'SHARED_DIRECTORY'

  constructor(directory: string, isForAll: boolean) {
    const whose = isForAll ? 'for everyone on this machine' : "another user's"
    super(`${directory} is ${whose}; name a directory inside it with --data, like ${join(directory, 'tamtam')}`)
  }
}

/**
 * Locks a data directory for this process, or throws `DirectoryInUse` (C85). The system frees the lock when the process ends, in any
 * way; keep the result until then, because garbage collection frees the lock too. The lock is SQLite's own on `lock.db`, which also
 * holds between containers and between two hosts of one process. Nothing else may open `lock.db`: closing any descriptor of it would
 * free the lock.
 *
 * Throws `SharedDisk` on a file system of several machines (C86), unless `anyDisk` is set, and `SharedDirectory` when other users may write.
 */
export const lockDirectory = async (directory: string, anyDisk = false): Promise<DirectoryLock> => {
  makeDirectorySync(directory, 0o700)
  mustBeOwn(directory)
  const shared = anyDisk ? undefined : sharedDiskUnder(directory)
  if (shared !== undefined) throw new SharedDisk(directory, shared)
  // In one step without an await: the repair of a damaged lock must not meet another host of this process.
  const database = lockDatabase(directory)
  try {
    chmodSync(directory, 0o700)
  } catch (error) {
    database.close()
    throw error
  }
  let isWritten = false
  return {
    own: () => {
      writeOwner(directory)
      isWritten = true
    },
    release: async () => {
      if (!database.isOpen) return
      try {
        if (isWritten) rmSync(ownerPath(directory), { force: true })
      } catch (cause) {
        throw new FileStoreFailed(`the name of the owner in ${directory} could not be removed (${errorCode(cause)})`, {
          cause,
        })
      } finally {
        database.close()
      }
    },
  }
}

/** The mode of the directory will be set to 0700: that must not happen to `/tmp`. An empty one, like a container's, may change. */
const mustBeOwn = (directory: string): void => {
  const { mode, uid } = statSync(directory)
  const isShared = (mode & STICKY) !== 0 && holdsOthers(directory)
  if (isShared || ![uid, 0, undefined].includes(process.getuid?.())) throw new SharedDirectory(directory, isShared)
}

const holdsOthers = (directory: string): boolean => {
  const names = readdirSync(directory)
  return names.length > 0 && !names.includes('lock.db')
}

const lockDatabase = (directory: string): DatabaseSync => {
  const path = join(directory, 'lock.db')
  try {
    return begin(path)
  } catch (error) {
    const code = primaryCode(error)
    if (code === SQLITE.busy) throw new DirectoryInUse(directory, ownerPid(directory))
    if (code !== SQLITE.notADatabase && code !== SQLITE.corrupt) throw error
  }
  // Emptied rather than replaced, so that two hosts that find it damaged still contend for the same file.
  closeSync(openSync(path, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW))
  try {
    return begin(path)
  } catch (error) {
    throw primaryCode(error) === SQLITE.busy ? new DirectoryInUse(directory, ownerPid(directory)) : error
  }
}

const begin = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const ownerPath = (directory: string): string => join(directory, 'owner.json')

/** For people, and for the error message of a second host; the lock does not depend on it. */
const writeOwner = (directory: string): void => {
  const owner: Owner = { pid: process.pid, startedAt: new Date().toISOString(), host: hostname() }
  const path = ownerPath(directory)
  rmSync(`${path}.new`, { force: true })
  const file = openSync(`${path}.new`, 'wx', 0o600)
  try {
    writeSync(file, `${JSON.stringify(owner)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
}

/** The process that owns the directory; undefined when it is on another machine or in another container, or has written nothing. */
export const ownerPid = (directory: string): number | undefined => {
  try {
    const { pid, host } = JSON.parse(readFileSync(ownerPath(directory), 'utf8')) as Partial<Owner>
    return host === hostname() && isAlive(pid) ? pid : undefined
  } catch {
    return undefined
  }
}

/** A killed process leaves its name behind. */
const isAlive = (pid: number | undefined): pid is number => {
  if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** `statfs` types on Linux of file systems that other machines may have open too (C86); statfs(2), linux/magic.h. */
const SHARED: Readonly<Record<number, string>> = {
  26985: 'NFS',
  20859: 'SMB',
  4283649346: 'CIFS',
  4266872130: 'SMB2',
  16914839: '9p',
  1702057286: 'FUSE',
  1397113167: 'AFS',
  1799439955: 'AFS',
  1937076805: 'Coda',
  22092: 'NCP',
  12805120: 'Ceph',
  18225520: 'GFS2',
  1952539503: 'OCFS2',
  198183888: 'Lustre',
  2020557398: 'vboxsf',
}

/** Only its host may write a data directory, and a lock does not hold across machines. */
export class SharedDisk extends Error {
  readonly code = 'SHARED_DISK'

  constructor(directory: string, kind: string) {
    super(
      `${directory} is on ${kind}, where other machines may write too and locks may not hold; choose a directory of this machine with --data, or say --shared-disk where no other host uses it`,
    )
  }
}

/** The kind of file system under an existing directory, when other machines may have it open too. */
export function sharedDiskUnder(directory: string): string | undefined {
  if (process.platform !== 'linux') return undefined
  // The kernel's type is signed on some machines.
  return SHARED[statfsSync(directory).type >>> 0]
}
