import { lstat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SEED_PREFIX, savedName } from '#domain/names/saved-name.ts'
import type { Folder, WholeFile } from '#domain/room/events.ts'
import { folderHolds, type PublishedFolder, unpack } from '#folder/extract.ts'
import { errorCode, ignoreMissing, makeDirectory } from '#system/files/file-system.ts'
import { baseOf, dropPartialFiles, PartialFile } from '#system/files/partial-file.ts'
import { type Content, holds, type Incoming, type Published, type SaveFolder } from '#system/files/publish.ts'
import { DownloadError, downloadStream, type FileAddress } from './download-stream.ts'
import { Disconnected, GaveUp, isGone, isRefusal, type Refusal, refusal } from './errors.ts'
import { postReceipt } from './queries.ts'
import type { TransferOptions } from './transfers.ts'
import { fileStatus } from './tus.ts'

/** The place for a saved file: an exact path, or a free name in a folder. */
export type Target = { readonly path: string } | FolderTarget

export interface FolderTarget {
  readonly folder: SaveFolder
  /** Its name there; left out: its own name. */
  readonly as?: string
}

/** A file of the room; with size and digest if known. */
export interface FileToSave extends FileAddress {
  readonly name: string
  readonly size?: number | null | undefined
  readonly sha256?: string | null | undefined
  /** Its bytes are an archive, from which the folder is built. */
  readonly folder?: Folder | undefined
}

export interface SavedFile extends WholeFile {
  readonly path: string
  /** It was there before, so nothing was fetched. */
  readonly already?: true
  /** Files missing from a folder, because they changed while they were sent. */
  readonly changed?: readonly string[]
}

/**
 * Saves a file of the room on this machine: complete and verified, or not under its name at all. A file that is already there is not
 * fetched again. Continues the partial file of an earlier attempt, and tells the room when it is done. Throws the errors of the file
 * system.
 */
export async function downloadFile(
  options: TransferOptions,
  file: FileToSave,
  target: Target,
): Promise<SavedFile | Refusal> {
  const { id, name, inside } = file
  const destination =
    'path' in target ? target.path : join(target.folder.path, target.as ?? target.folder.nameFor(name, id))
  await makeDirectory(dirname(destination))
  const bases = basesOf(file, target)
  const there = await alreadyThere(options, file, destination, target)
  if (there !== undefined && isRefusal(there)) return there
  if (there !== undefined) {
    await dropPartialFiles(bases)
    if (inside === undefined) await giveReceipt(options, id, there.sha256)
    return there
  }
  const hashed = (done: number, total: number) => options.report({ type: 'hashing', done, total })
  const part = await PartialFile.open(bases, hashed)
  try {
    const whole = (await fill(options, file, part)) ?? (await fill(options, file, part)) ?? mismatch
    if (isRefusal(whole)) {
      // It is useless: the bytes differ from those sent, or belong to a removed file.
      if (whole === mismatch || isGone(whole)) await part.remove()
      return whole
    }
    const { folder } = file
    const named = await (folder === undefined ? publish : publishFolder)(part, destination, target, { ...whole, name })
    if (named === undefined) return taken(destination)
    await part.remove()
    if (isRefusal(named)) return named
    // A receipt concerns the whole folder.
    if (inside === undefined) await giveReceipt(options, id, whole.sha256)
    const { path, already, changed = [] } = named
    return {
      ...whole,
      name,
      ...(folder === undefined ? {} : { folder }),
      path,
      ...(already ? { already } : {}),
      ...(changed.length === 0 ? {} : { changed }),
    }
  } finally {
    await part.close()
    if ('folder' in target) await target.folder.settled()
  }
}

/**
 * The place of its partial file, and the one used by older versions: under its own name, because prefix and `as` may differ the next
 * time.
 */
function basesOf({ id, name, inside }: FileToSave, target: Target): readonly [string, ...string[]] {
  if ('path' in target) return [baseOf(target.path)]
  const base = (prefix: string) =>
    baseOf(join(target.folder.path, `${savedName(inside ?? name, id, prefix)}.${id.slice(0, 8)}`))
  return [base(''), base(SEED_PREFIX)]
}

const taken = (destination: string) => refusal(0, 'EXISTS', `${destination} exists, and nothing is overwritten`)

/** The file itself if it is already here; a refusal if something else has exactly the name it must have. */
async function alreadyThere(
  { api, retries }: TransferOptions,
  file: FileToSave,
  destination: string,
  target: Target,
): Promise<SavedFile | Refusal | undefined> {
  const { id, name, size, sha256, folder } = file
  // An older version added the prefix.
  const wanted = [basename(destination), savedName(name, id, SEED_PREFIX)]
  const found =
    'path' in target ? await lstat(destination).catch(ignoreMissing) : await target.folder.hasLike(...wanted)
  if (found === undefined || found === false) return undefined
  if (found !== true && found.isDirectory() && folder === undefined)
    return refusal(0, 'EXISTS', `${destination} is a folder; --save takes folders`)
  const content = await contentOf()
  if (content !== undefined && isRefusal(content)) return content
  if (content !== undefined) {
    const isAt = (path: string) => (folder === undefined ? holds : folderHolds)(path, content)
    const find = async () => ((await isAt(destination)) ? destination : undefined)
    const path = await ('path' in target ? find() : target.folder.find(wanted, { id, ...content, isAt }))
    if (path !== undefined)
      return { id, name, ...content, ...(folder === undefined ? {} : { folder }), path, already: true }
  }
  return 'path' in target ? taken(destination) : undefined

  async function contentOf(): Promise<Content | Refusal | undefined> {
    if (size != null && sha256 != null) return { size, sha256 }
    const now = await retries.until(() => fileStatus(api, file))
    if (isRefusal(now)) return now
    return now.status === 'whole' && now.sha256 !== undefined ? { size: now.size, sha256: now.sha256 } : undefined
  }
}

/** Answers the file once the part is complete; undefined if its bytes turned out to be wrong, and the part is empty again (C112). */
async function fill(
  options: TransferOptions,
  file: FileToSave,
  part: PartialFile,
): Promise<Omit<WholeFile, 'name'> | Refusal | undefined> {
  const { api, retries } = options
  const { id, inside } = file
  while (true) {
    try {
      for await (const bytes of downloadStream(options, file, part.size)) await part.append(bytes)
    } catch (error) {
      if (error instanceof DownloadError) return error.refusal
      throw error
    }
    const now = await retries.until(() => fileStatus(api, file))
    if (isRefusal(now)) return now
    if (now.status === 'whole') {
      const sha256 = part.digest()
      if (sha256 === (inside === undefined ? now.sha256 : (file.sha256 ?? sha256)) && part.size === now.size)
        return { id, size: part.size, sha256 }
      await part.restart()
      return undefined
    }
    // The host was stopped at an unlucky moment, or the partial file is longer than the bytes that have arrived.
    await retries.again('the file is not whole yet')
  }
}

async function publish(
  part: PartialFile,
  destination: string,
  target: Target,
  content: Incoming,
): Promise<(Published & { readonly changed?: readonly string[] }) | undefined> {
  if ('folder' in target)
    return await target.folder.publish(basename(destination), content, (path) => part.linkTo(path))
  try {
    await part.linkTo(destination)
    return { path: destination, already: false }
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
    return (await holds(destination, content)) ? { path: destination, already: true } : undefined
  }
}

async function publishFolder(
  part: PartialFile,
  _destination: string,
  target: Target,
  file: WholeFile,
): Promise<PublishedFolder | Refusal | undefined> {
  const named = await unpack(part.read, file, target, part.cut)
  return named === undefined || !('type' in named) ? named : refusal(0, named.code, named.message)
}

const mismatch = refusal(0, 'HASH_MISMATCH', 'these are not the bytes that were sent; nothing of them is kept')

/** A file that is already here is not worth waiting longer than this. */
const RECEIPT_MS = 10_000

/** Tells the room that a complete file was received, if the room can be told. */
export async function giveReceipt(
  { api, retries }: Pick<TransferOptions, 'api' | 'retries'>,
  id: string,
  sha256: string,
): Promise<void> {
  try {
    await retries.within(RECEIPT_MS).until(async () => (await postReceipt(api, id, sha256)) ?? {})
  } catch (error) {
    if (!(error instanceof GaveUp || error instanceof Disconnected)) throw error
  }
}
