import type { Rejected } from '../errors.ts'
import type { Folder } from '../room/events.ts'

/**
 * Whether the bytes of a whole file are the archive of a folder called `name`: what is in it, or BAD_FOLDER with the path that it fails at. `read` begins
 * at any byte, and may be called many times. Throws what `read` throws.
 */
export type FolderCheck = (
  read: (from: number) => AsyncIterable<Uint8Array>,
  name: string,
) => Promise<Folder | Rejected>
