import { stat } from 'node:fs/promises'
import { FolderArchive } from '#folder/pack.ts'
import type { Skipped } from '#folder/walk.ts'
import type { DiskPath } from '#system/files/disk-path.ts'
import { isRefusal, type Refusal } from './errors.ts'
import { DigestedSource, inOneGo, type NodeUploadOptions, runUpload, uploadFile } from './node-upload.ts'
import type { FileMeta, SentFile } from './uploader.ts'

/** A file or folder that the room has now. */
export interface SentPath extends SentFile {
  /** Parts of a folder that are missing in it. */
  readonly skipped?: readonly Skipped[]
}

/** Its digest is known only at its end, since files may change until they are sent. A request for the end of all archives gives it time. */
const policy = { ...inOneGo, digestMs: 0 }

/**
 * Sends a file or a folder of this machine to a room, continuing whatever the host already has of it. Throws what `openSource` and
 * `walk` throw.
 */
export async function uploadPath(
  options: NodeUploadOptions,
  path: DiskPath,
  meta: FileMeta,
): Promise<SentPath | Refusal> {
  return await ((await isFolder(path)) ? uploadFolder : uploadFile)(options, path, meta)
}

export const isFolder = async (path: DiskPath): Promise<boolean> =>
  (await stat(path).catch(unreadable))?.isDirectory() ?? false

/** The reason is reported when it is opened. */
const unreadable = () => undefined

/**
 * Sends a folder as one archive. Each file is read once. If an earlier process has sent a part of the archive, that part is read for its
 * digest.
 */
async function uploadFolder(options: NodeUploadOptions, path: DiskPath, meta: FileMeta): Promise<SentPath | Refusal> {
  const first = await attempt(options, path, meta)
  // A file was read again after a cut, and had changed: once more from the start.
  return isRefusal(first) && first.code === 'HASH_MISMATCH' ? await attempt(options, path, meta) : first
}

async function attempt(options: NodeUploadOptions, path: DiskPath, meta: FileMeta): Promise<SentPath | Refusal> {
  const archive = await FolderArchive.open(path)
  const { files, bytes } = archive
  const folder = { files, bytes }
  const source = new DigestedSource({ size: archive.size, read: (from) => archive.read(from) }, options)
  const sent = await runUpload(options, source, { ...meta, folder }, policy)
  const { skipped } = archive
  return isRefusal(sent) || skipped.length === 0 ? sent : { ...sent, skipped }
}
