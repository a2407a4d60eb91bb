import { checkPath } from '#domain/names/path.ts'
import type { Folder } from '#domain/room/events.ts'
import { headersOf, padded, sumsLine, sumsNameBeside, TAR_END, timeInArchive } from '#protocol/tar.ts'
import { Sha256 } from './sha256.ts'

// A folder leaves as one file, a tar as `folder/pack.ts` makes it: sorted by the bytes of paths, times in seconds, the digests of all files last.

/** Something in a chosen folder; without a file it is an empty folder. */
export interface FolderEntry {
  /** Relative to the folder. */
  readonly path: string
  readonly file?: File
}

export interface PackedFolder {
  /** Made of the files, which it does not hold in memory. */
  readonly file: Blob
  readonly folder: Folder
  /** What is left out, for people. */
  readonly skipped: readonly string[]
  /** Of the archive; left out where a file could not be read to its end. */
  readonly sha256?: string
}

const READ_BYTES = 2 * 1024 ** 2
/** Files up to this size are read several at once. */
const SMALL_BYTES = 256 * 1024
const AT_ONCE = 16
const utf8 = new TextEncoder()

/**
 * Reads all of it once, for its digests. What can not travel, or be read, is left out and named. `read` is told of each piece how many bytes of how many have been read.
 */
export async function packed(
  entries: readonly FolderEntry[],
  read: (done: number, total: number) => void = () => {},
): Promise<PackedFolder> {
  const skipped: string[] = []
  const named = entries.flatMap(({ path, file }) => {
    const safe = checkPath(path)
    if (typeof safe !== 'string') skipped.push(safe.message)
    return typeof safe === 'string' ? [{ path: safe, file }] : []
  })
  const sorted = named
    .map((each) => ({ ...each, key: utf8.encode(each.file === undefined ? `${each.path}/` : each.path) }))
    .sort((one, other) => order(one.key, other.key))
  const total = sorted.reduce((sum, { file }) => sum + (file?.size ?? 0), 0)
  const archive = new Sha256()
  let isRead = true
  const parts: BlobPart[] = []
  const add = (bytes: Uint8Array<ArrayBuffer>) => {
    archive.update(bytes)
    parts.push(bytes)
  }
  const lines: string[] = []
  const begun = new Map<number, Promise<Uint8Array>>()
  let [files, bytes, done] = [0, 0, 0]
  for (const [index, { path, file }] of sorted.entries()) {
    if (file === undefined) {
      add(headersOf({ type: 'folder', path, modified: 0 }))
      continue
    }
    const { size, lastModified } = file
    const headers = headersOf({
      type: 'file',
      path,
      size,
      modified: timeInArchive(lastModified / 1000),
      executable: false,
    })
    archive.update(headers)
    const hash = new Sha256()
    try {
      for (let at = 0; at < size; at += READ_BYTES) {
        const piece = await (at === 0 ? firstOf(file, index) : pieceOf(file, at))
        hash.update(piece)
        archive.update(piece)
        done += piece.length
        read(done, total)
      }
    } catch {
      isRead = false
      skipped.push(path)
      continue
    }
    parts.push(headers, file)
    add(new Uint8Array(padded(size) - size))
    lines.push(sumsLine(hash.digest(), path))
    files++
    bytes += size
  }
  const sums = utf8.encode(lines.join(''))
  // Without a time: by that it is known to be nobody's file.
  add(headersOf({ type: 'file', path: sumsNameBeside(sorted), size: sums.length, modified: 0, executable: false }))
  add(sums)
  add(new Uint8Array(padded(sums.length) - sums.length + TAR_END.length))
  const sha256 = isRead ? { sha256: archive.digest() } : {}
  return { file: new Blob(parts), folder: { files, bytes }, skipped, ...sha256 }

  /** Small files behind it are asked for as well. */
  function firstOf(file: File, index: number): Promise<Uint8Array> {
    for (let next = index + 1; next < index + AT_ONCE; next++) {
      const ahead = sorted[next]?.file
      if (ahead === undefined || ahead.size === 0 || ahead.size > SMALL_BYTES || begun.has(next)) continue
      const piece = pieceOf(ahead, 0)
      // Its failure is heard where it is awaited.
      piece.catch(() => {})
      begun.set(next, piece)
    }
    const piece = begun.get(index) ?? pieceOf(file, 0)
    begun.delete(index)
    return piece
  }
}

const pieceOf = async (file: File, at: number): Promise<Uint8Array> =>
  new Uint8Array(await file.slice(at, at + READ_BYTES).arrayBuffer())

function order(one: Uint8Array, other: Uint8Array): number {
  const differs = one.findIndex((byte, index) => byte !== other[index])
  return differs < 0 ? one.length - other.length : (one[differs] ?? 0) - (other[differs] ?? -1)
}
