import type { Rejected } from '../errors.ts'
import type { Folder } from '../room/events.ts'

/**
 * Checks that the bytes of a complete file are the archive of a folder called `name`. Answers its contents, or BAD_FOLDER with the path
 * that is wrong. `read` begins at any byte, and may be called many times. Throws what `read` throws.
 */
export type FolderCheck = (
  read: (from: number) => AsyncIterable<Uint8Array>,
  name: string,
) => Promise<Folder | Rejected>
