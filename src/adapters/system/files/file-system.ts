import { mkdirSync, type StatsFs, statSync } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { constants } from 'node:os'
import { dirname } from 'node:path'

/** The system's name of an error, like `ENOENT`. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const { ENOSPC, EDQUOT } = constants.errno

/** A full disk, the end of the inodes, or an exceeded quota; by number, since Node has no name for the last. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && 'errno' in error && (error.errno === -ENOSPC || error.errno === -EDQUOT)

/** For `catch`: a missing file is no error; all others are thrown again. */
export function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error
}

const LEAST_FLOOR_BYTES = 64 * 1024 * 1024
/** Files leave so much more free than messages do, so that a disk that is full of files still takes those. */
const FILES_FLOOR_FACTOR = 1.25

type FileSystem = Pick<StatsFs, 'bavail' | 'blocks' | 'bsize'>

export const freeBytes = ({ bavail, bsize }: FileSystem): number => bavail * bsize

/** Bytes that stay free on a file system by default: the greater of 64 MiB and 1 %. */
export const floorOf = ({ blocks, bsize }: FileSystem): number => Math.max(LEAST_FLOOR_BYTES, (blocks * bsize) / 100)

/** Bytes that files leave free, where messages leave `floorBytes`. */
export const filesFloorOf = (fileSystem: FileSystem, floorBytes = floorOf(fileSystem)): number =>
  Math.ceil(floorBytes * FILES_FLOOR_FACTOR)

/** No sign of a failing disk (C72). */
export const isOutOfDescriptors = (error: unknown): boolean => ['EMFILE', 'ENFILE'].includes(errorCode(error) ?? '')

/**
 * Makes a directory and its missing parents, each with `mode`. Throws the system's error. Node's own `recursive` loops for ever, deaf to
 * signals, on a file system that answers ENOENT for every new directory, as /proc does: here each level is tried twice at most.
 */
export async function makeDirectory(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, mode)
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return
    if (!isParentMissing(error, path)) throw error
    await makeDirectory(dirname(path), mode)
    await mkdir(path, mode).catch(async (again: unknown) => {
      // Another process has made it meanwhile.
      if (errorCode(again) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw again
    })
  }
}

/** The same without an await, for steps that must not be interrupted. */
export function makeDirectorySync(path: string, mode?: number): void {
  try {
    mkdirSync(path, mode)
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && statSync(path).isDirectory()) return
    if (!isParentMissing(error, path)) throw error
    makeDirectorySync(dirname(path), mode)
    try {
      mkdirSync(path, mode)
    } catch (again) {
      if (errorCode(again) !== 'EEXIST' || !statSync(path).isDirectory()) throw again
    }
  }
}

const isParentMissing = (error: unknown, path: string): boolean =>
  errorCode(error) === 'ENOENT' && dirname(path) !== path

/** The part of a `FileHandle` that `writeAll` needs. */
export interface PositionalFile {
  write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
}

/** Writes all bytes at `position`, however few of them the system takes at a time (C77). */
export const writeAll = async (file: PositionalFile, bytes: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    if (bytesWritten === 0) throw new Error('the system takes no more bytes of a file, and gives no reason')
    done += bytesWritten
  }
}

/** What `writeAllOf` needs beside that. */
export interface VectoredFile {
  writev(pieces: readonly Uint8Array[], position: number): Promise<{ bytesWritten: number }>
}

/** The same for pieces that follow each other; answers how many bytes they have. */
export async function writeAllOf(
  file: PositionalFile & VectoredFile,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<number> {
  let { bytesWritten } = await file.writev(pieces, position)
  let at = position
  for (const piece of pieces) {
    if (bytesWritten < piece.length) await writeAll(file, piece.subarray(bytesWritten), at + bytesWritten)
    bytesWritten = Math.max(0, bytesWritten - piece.length)
    at += piece.length
  }
  return at - position
}

/** Writes or replaces a file that only its owner may open. After a crash it is the old or the new one, complete. */
export async function replaceFile(path: string, text: string): Promise<void> {
  // A name of this process alone: two may write at once, as `tamtam token --new` does beside a host.
  const next = `${path}.${process.pid}.new`
  // One left by a crash may have the wrong mode.
  await rm(next, { force: true })
  const file = await open(next, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(next, path)
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  await directory.sync().finally(() => directory.close())
}
