import { readdir, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Rejected } from '#domain/errors.ts'
import type { FileWriter } from '#domain/ports/file-store.ts'
import { DiskFileStore, type DiskFileStoreOptions } from '#storage/disk/file-store.ts'
import { SystemClock } from '#system/clock.ts'
import { MemoryLog } from '#system/log.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'

export const ID = 'a'.repeat(32)
export const OTHER_ID = 'b'.repeat(32)

/** An open file store in a directory of its own. */
export const fileStoreInDirectory = async (options: Partial<DiskFileStoreOptions> = {}) => {
  const directory = options.directory ?? (await temporaryDirectory())
  const log = new MemoryLog()
  const fileStore = new DiskFileStore({ clock: new SystemClock(), freeSpaceFloorBytes: 0, ...options, log, directory })
  await fileStore.open()
  const dispose = async (): Promise<void> => {
    await fileStore.close()
    await rm(directory, { recursive: true })
  }
  const names = async (): Promise<string[]> => (await readdir(join(directory, 'files'))).sort()
  return { fileStore, log, directory, files: join(directory, 'files'), names, dispose }
}

export const accepted = (writer: FileWriter | Rejected): FileWriter => {
  if ('type' in writer) throw new Error(writer.message)
  return writer
}

export const refusedWith = (outcome: unknown): string | undefined =>
  typeof outcome === 'object' && outcome !== null && 'code' in outcome ? String(outcome.code) : undefined

/** Descriptors of this process that are open below a directory. */
export const openBelow = async (directory: string): Promise<string[]> => {
  const numbers = await readdir('/proc/self/fd')
  const targets = await Promise.all(numbers.map((number) => readlink(`/proc/self/fd/${number}`).catch(() => '')))
  return targets.filter((target) => target.startsWith(directory))
}
