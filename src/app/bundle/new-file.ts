import { constants } from 'node:fs'
import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { forTerminal } from '../../domain/text/terminal.ts'
import { CommandFailed, exitCodes } from '../exit-codes.ts'

const MODE = 0o600
/** What file systems answer that know one name a file: those of memory sticks. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

const DISK_SAYS_NO = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** Writes a new file, whose name appears once all of it is durable; never over another. `-` is standard output. */
export async function writeNewFile(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  if (path === '-') {
    for await (const piece of bytes) await toOutput(piece)
    return
  }
  await mustBeFree(path)
  const part = `${path}.part`
  const file = await claim(part, 'it is left of another export, or one is under way; remove it if not')
  try {
    for await (const piece of bytes) await fully(file, piece)
    await file.sync()
    await file.close()
    await publish(part, path)
  } catch (error) {
    await file.close()
    await unlink(part)
    if (!DISK_SAYS_NO.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    throw new CommandFailed(
      exitCodes.disk,
      forTerminal(`${path} can't be written: its disk is full, or takes no file of this size; nothing of it is left`),
      { cause: error },
    )
  }
  await syncFolder(dirname(path))
}

/** Whoever reads our output may be gone: that is an export that failed. */
function toOutput(piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => process.stdout.write(piece, (error) => (error ? reject(error) : resolve())))
}

/** Early, so that nobody waits for what can't have its name in the end. */
async function mustBeFree(path: string): Promise<void> {
  const file = await claim(path, 'choose another name')
  await file.close()
  await unlink(path)
}

async function claim(path: string, advice: string): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW = 0 } = constants
  try {
    return await open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, MODE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new CommandFailed(exitCodes.exists, forTerminal(`${path} is there already; ${advice}`), { cause: error })
  }
}

async function publish(part: string, path: string): Promise<void> {
  try {
    await link(part, path)
    await unlink(part)
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    // The name is ours, empty, before the file takes it.
    await (await claim(path, 'choose another name')).close()
    await rename(part, path)
  }
}

async function fully(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  await folder.sync().finally(() => folder.close())
}
