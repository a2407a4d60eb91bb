import { type Rejected, rejected } from '#domain/errors.ts'
import { SourceFailed } from '#domain/transfer/upload.ts'
import type { DiskPath } from '#system/files/disk-path.ts'
import { errorCode } from '#system/files/file-system.ts'
import { NoSource, openSource, type Source } from '#system/files/source.ts'

/** Opens what is to be sent from this machine, or answers why it can't be: without the path, which is nobody's business in the room. */
export async function sourceAt(path: DiskPath): Promise<Source | Rejected> {
  try {
    const source = await openSource(path)
    return { ...source, bytes: () => told(source) }
  } catch (error) {
    return unreadable(error)
  }
}

async function* told(source: Source): AsyncIterable<Uint8Array> {
  try {
    yield* source.bytes()
  } catch (error) {
    throw new SourceFailed(unreadable(error))
  }
}

/** What is at a path on this machine can't be sent. */
export const unreadable = (error: unknown): Rejected =>
  error instanceof NoSource
    ? rejected('BAD_NAME', error.message)
    : rejected('NO_SUCH_FILE', `the file can't be read (${errorCode(error) ?? error})`)
