import { createHash } from 'node:crypto'
import { type PassThrough, Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { ZipFile } from 'yazl'
import { type FileMember, type FolderMember, type LinkMember, NO_DIGEST, padded } from './listing.ts'
import { headersOf, MODES, sumsLine, sumsNameBeside, TAR_END } from './pack.ts'
import { ArchiveReader } from './reader.ts'

declare module 'yazl' {
  interface ZipFile {
    /** As it really is: the size of the whole zip is told, where those of its members are known. */
    end(options: EndOptions, told: (size: number) => void): void
  }
}

/** A file in an archive; its bytes are those of a stored file, `source`, from `at` on. */
export interface ArchivedFile extends FileMember {
  /** Left out where all are in one. */
  readonly source?: string
}

export type ArchiveMember = ArchivedFile | LinkMember | FolderMember

/** Opens a stored file at a byte. Pieces may be lent. */
export type OpenSource = (source: string, from: number) => AsyncIterable<Uint8Array>

/** An archive that is made as it is read. */
export interface ArchiveBytes {
  /** Of all of it. */
  readonly size: number
  /** Nothing is opened before the first `next`; `return` closes what is open, also while a `next` waits. Throws what the source throws. */
  readonly bytes: AsyncIterator<Uint8Array, undefined>
}

/** Old programs take no more, and the library's time for a zip grows with the square of its members. */
export const MOST_IN_ZIP = 65_000
/** Members that are added to a zip in one step. */
const AT_ONCE = 200
const MOST_DIRECTORY_BYTES = 0xffff
/** Of a member in the directory of a zip, but for its path. */
const MOST_RECORD_BYTES = 84

/**
 * A zip of files and folders, stored and not compressed (zip64 where it must be), with SHA256SUMS at its end. Links are left out: too many programs
 * make files of them. At most `MOST_IN_ZIP` members.
 */
export async function zipOf(members: readonly ArchiveMember[], open: OpenSource): Promise<ArchiveBytes> {
  const contents = new Contents(members, open)
  const zip = new ZipFile()
  // It is one, though the types say less.
  const output = zip.outputStream as PassThrough
  zip.on('error', (error: Error) => output.destroy(error))
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const add = (path: string, seconds: number, mode: number, size: number, content: () => AsyncIterable<Uint8Array>) => {
    zip.addReadStreamLazy(path, { mtime: timeOf(seconds), mode: 0o100_000 | mode, size, compress: false }, (give) => {
      void begun.then(() => {
        const stream = Readable.from(content(), { objectMode: false })
        stream.once('error', (error) => output.destroy(error))
        give(null, stream)
      })
    })
  }
  // Mostly there are few: each costs as much as a path.
  const times = new Map<number, Date>()
  const timeOf = (seconds: number): Date => {
    const time = times.get(seconds) ?? new Date(seconds * 1000)
    if (times.size < AT_ONCE) times.set(seconds, time)
    return time
  }
  let added = 0
  let directoryBytes = 0
  const step = async (path: string) => {
    directoryBytes += MOST_RECORD_BYTES + Buffer.byteLength(path)
    if (++added % AT_ONCE === 0) await setImmediate()
  }
  // Folders first: the library writes them at once, and each behind a file would wait in a call of its own.
  for (const member of members) {
    if (member.type !== 'folder') continue
    zip.addEmptyDirectory(member.path, { mtime: new Date(member.modified * 1000), mode: 0o040_000 | MODES.folder })
    await step(member.path)
  }
  for (const member of members) {
    if (member.type !== 'file') continue
    const { path, modified, executable, size } = member
    add(path, modified, executable ? MODES.executable : MODES.file, size, () => contents.of(member, 'copied'))
    await step(path)
  }
  await step(contents.sumsName)
  const newest = members.reduce((time, { modified }) => Math.max(time, modified), 0)
  add(contents.sumsName, newest, MODES.file, contents.sumsSize, () => contents.sums())
  // Where a directory is larger than this the library tells the size of a zip64, and writes another unless it must.
  const forceZip64Format = directoryBytes >= MOST_DIRECTORY_BYTES
  const size = await new Promise<number>((resolve) => zip.end({ forceZip64Format, comment: '' }, resolve))
  const pieces = output[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>
  return { size, bytes: closing(pieces, contents, begin, () => output.destroy()) }
}

/** The same as a tar (POSIX pax), with the links that its folders have. */
export function tarOf(members: readonly ArchiveMember[], open: OpenSource): ArchiveBytes {
  const contents = new Contents(members, open)
  const { sumsName: path, sumsSize } = contents
  // Without a time: by that it is known to be nobody's file, where the archive is sent as a folder.
  const sums = headersOf({ type: 'file', path, size: sumsSize, modified: 0, executable: false })
  let size = sums.length + padded(sumsSize) + TAR_END.length
  for (const member of members) size += headersOf(member).length + (member.type === 'file' ? padded(member.size) : 0)
  async function* pieces(): AsyncGenerator<Uint8Array, undefined> {
    for (const member of members) {
      yield headersOf(member)
      if (member.type !== 'file') continue
      yield* contents.of(member)
      yield fill(member.size)
    }
    yield sums
    yield* contents.sums()
    yield fill(sumsSize)
    yield TAR_END
  }
  return { size, bytes: closing(pieces(), contents) }
}

const fill = (size: number): Uint8Array => new Uint8Array(padded(size) - size)

/** An iterator whose `return` reaches what it waits for. */
function closing(
  pieces: AsyncIterator<Uint8Array, undefined>,
  contents: Contents,
  begin = () => {},
  end = () => {},
): ArchiveBytes['bytes'] {
  const over = { done: true, value: undefined } as const
  return {
    async next() {
      begin()
      try {
        return contents.isClosed ? over : await pieces.next()
      } catch (error) {
        if (contents.isClosed) return over
        throw error
      }
    },
    async return() {
      await contents.close()
      end()
      return over
    },
  }
}

/** The files of one archive, read one after the other, and their digests. */
class Contents {
  readonly sumsName: string
  readonly sumsSize: number
  readonly #open: OpenSource
  readonly #sums: Buffer
  #sumsAt = 0
  #source: string | undefined
  #reader: ArchiveReader | undefined
  #isClosed = false

  constructor(members: readonly ArchiveMember[], open: OpenSource) {
    this.#open = open
    this.sumsName = sumsNameBeside(members)
    this.sumsSize = members.reduce(
      (sum, { type, path }) => sum + (type === 'file' ? sumsLine(NO_DIGEST, path).length : 0),
      0,
    )
    this.#sums = Buffer.alloc(this.sumsSize)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Throws where these are not the bytes that were promised: an archive of them would be wrong. */
  async *of(
    { path, source = '', at, size, sha256 }: ArchivedFile,
    as?: 'copied',
  ): AsyncGenerator<Uint8Array, undefined> {
    const hash = createHash('sha256')
    let left = size
    for await (const piece of (await this.#readerOf(source)).pieces(at, size)) {
      hash.update(piece)
      left -= piece.length
      // The library keeps several; of small ones a copy costs less than the large piece that they are part of.
      yield as === 'copied' ? Buffer.from(piece) : piece
      if (this.#isClosed) return
    }
    if (this.#isClosed) return
    const digest = hash.digest('hex')
    if (left > 0) throw new Error(`${path} in an archive ends ${left} bytes too early`)
    if (sha256 !== undefined && sha256 !== digest)
      throw new Error(`${path} in an archive has other bytes than promised`)
    this.#sumsAt += sumsLine(digest, path).copy(this.#sums, this.#sumsAt)
  }

  async *sums(): AsyncGenerator<Uint8Array, undefined> {
    if (this.#sumsAt !== this.sumsSize) throw new Error('an archive has other members than were planned')
    yield this.#sums
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#reader?.close()
  }

  async #readerOf(source: string): Promise<ArchiveReader> {
    if (this.#reader !== undefined && this.#source === source) return this.#reader
    await this.#reader?.close()
    this.#source = source
    this.#reader = new ArchiveReader((from) => (this.#isClosed ? NONE : this.#open(source, from)))
    return this.#reader
  }
}

const NONE: AsyncIterable<Uint8Array> = { async *[Symbol.asyncIterator]() {} }
