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
  statSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FileStoreFailed } from '#domain/ports/file-store.ts'
import { DirectoryInUse } from '#domain/ports/journal.ts'
import { errorCode, makeDirectorySync } from '#system/files/file-system.ts'
import { SharedDisk, sharedDiskUnder } from './shared-disk.ts'

export interface DirectoryLock {
  /** Writes down that the directory is this process's. To be called once its stores are open: until then they may belong to another. */
  own(): void
  release(): Promise<void>
}

interface Owner {
  readonly pid: number
  readonly startedAt: string
  readonly host: string
}

/** The right to remove only what is one's own: set on folders for everybody, as `/tmp`. */
const STICKY = 0o1000
const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** A directory that is not for this user alone, and can not be made so. */
export class SharedDirectory extends Error {
  readonly code = 'SHARED_DIRECTORY'

  constructor(directory: string, isForAll: boolean) {
    const whose = isForAll ? 'for everybody on this machine' : "another user's"
    super(`${directory} is ${whose}; name a directory inside it with --data, like ${join(directory, 'tamtam')}`)
  }
}

/**
 * Takes a data directory for this process, or throws `DirectoryInUse` (C85). The system frees it when the process ends, however
 * it ends; keep the answer until then, since losing it frees the directory too. The lock is SQLite's own on `lock.db`,
 * which also holds between containers and between two hosts of one process. Nothing else may open `lock.db`: closing any
 * descriptor of it would free it.
 *
 * Throws `SharedDisk` where other machines may write as well (C86), unless `anyDisk` says that none does, and `SharedDirectory` where other users may.
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

/** The directory is made one for its owner alone: `/tmp` must not become it. A new one, like a container's, may. */
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
    const code = sqliteCode(error)
    if (code === SQLITE_BUSY) throw new DirectoryInUse(directory, ownerPid(directory))
    if (code !== SQLITE_NOTADB && code !== SQLITE_CORRUPT) throw error
  }
  // Emptied rather than replaced, so that two who find it damaged still contend for one and the same file.
  closeSync(openSync(path, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW))
  try {
    return begin(path)
  } catch (error) {
    throw sqliteCode(error) === SQLITE_BUSY ? new DirectoryInUse(directory, ownerPid(directory)) : error
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

/** SQLite's primary result code. */
const sqliteCode = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined

const ownerPath = (directory: string): string => join(directory, 'owner.json')

/** For people and for the message of whoever comes second; the lock does not depend on it. */
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

/** Undefined where the owner is on another machine or in another container, or has not written it down. */
const ownerPid = (directory: string): number | undefined => {
  try {
    const { pid, host } = JSON.parse(readFileSync(ownerPath(directory), 'utf8')) as Partial<Owner>
    return host === hostname() && isAlive(pid) ? pid : undefined
  } catch {
    return undefined
  }
}

/** A process that was killed leaves its name behind. */
const isAlive = (pid: number | undefined): pid is number => {
  if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}
