import { open, stat } from 'node:fs/promises'
import { type Rejected, rejected } from '../../../domain/rejection.ts'
import { SourceFailed } from '../../../domain/transfer/upload.ts'
import { errorCode } from '../../files/error-code.ts'

const READ_BYTES = 1024 * 1024

/** A file of this machine's, to be sent. `size` in bytes. */
export interface FileSource {
  readonly size: number
  readonly bytes: AsyncIterable<Uint8Array>
}

/** Refuses what is no file: opening a pipe or a device could wait for ever (C53). */
export async function openSource(path: string): Promise<FileSource | Rejected> {
  try {
    const found = await stat(path)
    if (!found.isFile()) return rejected('BAD_NAME', 'this is no file; name one to send it')
    return { size: found.size, bytes: read(path) }
  } catch (error) {
    return unreadable(error)
  }
}

async function* read(path: string): AsyncIterable<Uint8Array> {
  try {
    yield* piecesOf(path)
  } catch (error) {
    throw new SourceFailed(unreadable(error))
  }
}

async function* piecesOf(path: string): AsyncIterable<Uint8Array> {
  const handle = await open(path, 'r')
  try {
    while (true) {
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.allocUnsafeSlow(READ_BYTES) })
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** Without the path, which is nobody's business in the room. */
const unreadable = (error: unknown): Rejected =>
  rejected('NO_SUCH_FILE', `the file can't be read (${errorCode(error) ?? error})`)
