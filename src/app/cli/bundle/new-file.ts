import { constants } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { baseOf, freshPartialFile } from '#client/partial-file.ts'
import { forTerminal } from '#domain/names/text.ts'
import { errorCode, ignoreMissing, syncDirectory, writeAll } from '#system/files/file-system.ts'
import { named } from '#system/files/publish.ts'
import { CommandFailed, exitCodes } from '../exit-codes.ts'
import { failureOf } from '../failing.ts'

const MODE = 0o600
const DISK_SAYS_NO = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** Writes a new file, whose name appears once all of it is durable; never over another. `-` is standard output. */
export async function writeNewFile(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  if (path === '-') {
    for await (const piece of bytes) await toOutput(piece)
    return
  }
  await mustBeFree(path)
  const part = await freshPartialFile(baseOf(path))
  const file = await claim(part)
  try {
    let size = 0
    for await (const piece of bytes) {
      await writeAll(file, piece, size)
      size += piece.length
    }
    await file.sync()
    await file.close()
    await named(part, path).catch(isTaken(path))
    await unlink(part).catch(ignoreMissing)
  } catch (error) {
    await file.close()
    await unlink(part).catch(ignoreMissing)
    if (!DISK_SAYS_NO.includes(errorCode(error) ?? '')) throw error
    throw new CommandFailed(
      exitCodes.disk,
      forTerminal(`${path} can't be written: its disk is full, or takes no file of this size; nothing of it is left`),
      { cause: error },
    )
  }
  await syncDirectory(dirname(path))
}

/** Whoever reads our output may be gone: that is an export that failed. */
function toOutput(piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => process.stdout.write(piece, (error) => (error ? reject(error) : resolve())))
}

/** Early, so that nobody waits for what can't have its name in the end. */
async function mustBeFree(path: string): Promise<void> {
  const file = await claim(path)
  await file.close()
  await unlink(path)
}

function claim(path: string): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW = 0 } = constants
  return open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, MODE).catch(isTaken(path))
}

const isTaken =
  (path: string) =>
  (error: unknown): never => {
    if (errorCode(error) !== 'EEXIST') throw failureOf(error, path)
    throw new CommandFailed(exitCodes.exists, forTerminal(`${path} is there already; choose another name`), {
      cause: error,
    })
  }
