import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { BadBundle } from '#bundle/bad-bundle.ts'
import { ClusterRefused } from '#cluster/errors.ts'
import { forTerminal } from '#domain/names/text.ts'
import { FileMissing, type FileStore, FileStoreFailed } from '#domain/ports/file-store.ts'
import { DirectoryInUse, type Journal, JournalFailed } from '#domain/ports/journal.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'
import { lockDirectory, SharedDirectory, SharedDisk } from '#storage/disk/directory-lock.ts'
import { DiskFileStore } from '#storage/disk/file-store.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { SystemClock } from '#system/clock.ts'
import { PinoLog } from '#system/pino-log.ts'
import { defaultDataDirectory, fileLimitsOf, type HostConfig, hostConfig } from '../config.ts'
import { CommandFailed, exitCodes } from './exit-codes.ts'

export interface Stores {
  readonly journal: Journal
  readonly fileStore: FileStore
}

/** The settings of the host whose data a command works on, and the directory of that data. */
export interface HostSettings {
  readonly config: HostConfig
  readonly directory: string
}

/** `flags`: those of the command that a host has, too. */
export function hostSettings(flags: object): HostSettings {
  const config = hostConfig({ ...flags }, process.env)
  return { config, directory: config.data ?? defaultDataDirectory(process.env) }
}

/** Opens the stores of a stopped host in a directory, locked by this process meanwhile. */
export async function withStores<T>(
  { directory, config }: HostSettings,
  work: (stores: Stores) => Promise<T>,
): Promise<T> {
  try {
    const lock = await lockDirectory(directory, config.sharedDisk)
    const log = new PinoLog({ level: 'warn' })
    const journal = new SqliteJournal({ directory, log })
    const fileStore = new DiskFileStore({ directory, log, clock: new SystemClock(), ...fileLimitsOf(config) })
    try {
      await journal.open()
      lock.own()
      await fileStore.open()
      return await work({ journal, fileStore })
    } finally {
      await fileStore.close()
      await journal.close()
      await lock.release()
    }
  } catch (error) {
    throw storeFailure(error, directory)
  }
}

/** Whether a host has ever kept anything there. */
export async function isDataDirectory(directory: string): Promise<boolean> {
  return await stat(`${directory}/journal.db`).then(
    (found) => found.isFile(),
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )
}

/** The system's own error, or SQLite's. */
const isOfTheDisk = (error: unknown): error is Error =>
  error instanceof Error && ('errno' in error || 'errcode' in error)

function storeFailure(error: unknown, directory: string): unknown {
  const ends = (exitCode: CommandFailed['exitCode'], message: string) =>
    new CommandFailed(exitCode, forTerminal(message), { cause: error })
  if (error instanceof DirectoryInUse) return ends(exitCodes.directoryInUse, error.message)
  if (error instanceof SharedDisk || error instanceof SharedDirectory)
    return ends(exitCodes.unsafeConfiguration, error.message)
  if (error instanceof ClusterRefused) return ends(exitCodes.unsafeConfiguration, error.message)
  if (error instanceof BadBundle) return ends(exitCodes.integrity, `this bundle can't be imported: ${error.message}`)
  if (error instanceof Refused) return ends(exitCodes.disk, `there is no room for it: ${error.message}`)
  if (error instanceof JournalFailed || error instanceof FileStoreFailed) return ends(exitCodes.disk, error.message)
  if (isOfTheDisk(error))
    return ends(
      exitCodes.disk,
      `the data can't be opened in ${directory}: ${error.message}; choose another with --data`,
    )
  return error
}

/** Reads all of a file: whether its size and digest are those of the journal. */
export async function isIntact(fileStore: FileStore, { id, size, sha256 }: WholeFile): Promise<boolean> {
  if ((await fileStore.size(id)) !== size) return false
  const digest = createHash('sha256')
  try {
    for await (const piece of fileStore.read(id, 0, 'lent')) digest.update(piece)
  } catch (error) {
    if (error instanceof FileMissing) return false
    throw error
  }
  return digest.digest('hex') === sha256
}
