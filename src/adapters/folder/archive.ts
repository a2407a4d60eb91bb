import { createHash } from 'node:crypto'
import { headersOf, NO_DIGEST, padded, sumsLine, sumsNameBeside, TAR_END } from '#protocol/tar.ts'
import type { FileMember, FolderMember, LinkMember } from './listing.ts'
import { ArchiveReader } from './reader.ts'
import { Zip, type ZipMember } from './zip.ts'

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
  /** Each piece is valid until the next is asked for. Nothing is opened before the first `next`; `return` closes what is open, also while a `next` waits. Throws what the source throws. */
  readonly bytes: AsyncIterator<Uint8Array, undefined>
}

/** Small pieces are copied together, so that many small members take few writes. */
const GATHERED_BYTES = 64 * 1024

/**
 * A zip of files and folders, stored and not compressed (zip64 where it must be), with SHA256SUMS at its end. Links are left out: too many programs
 * make files of them.
 */
export function zipOf(members: readonly ArchiveMember[], open: OpenSource): ArchiveBytes {
  const contents = new Contents(members, open)
  const { sumsName, sumsSize } = contents
  const newest = members.reduce((time, { modified }) => Math.max(time, modified), 0)
  const sums: ZipMember = { path: sumsName, modified: newest, size: sumsSize }
  const kept = members.filter((member) => member.type !== 'link')
  const zip = new Zip([...kept.map((each) => (each.type === 'file' ? each : { ...each, path: `${each.path}/` })), sums])
  async function* pieces(): AsyncGenerator<Uint8Array, undefined> {
    for (const [index, member] of kept.entries())
      yield* zip.member(index, member.type === 'file' ? contents.of(member) : NONE)
    yield* zip.member(kept.length, contents.sums())
    yield* zip.directory()
  }
  return { size: zip.size, bytes: closing(gathered(pieces()), contents) }
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
  return { size, bytes: closing(gathered(pieces()), contents) }
}

const fill = (size: number): Uint8Array => new Uint8Array(padded(size) - size)

/** Each piece is valid until the next is asked for. */
async function* gathered(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  const buffer = Buffer.allocUnsafeSlow(GATHERED_BYTES)
  let held = 0
  for await (const piece of pieces) {
    if (held + piece.length > GATHERED_BYTES) {
      if (held > 0) yield buffer.subarray(0, held)
      held = 0
    }
    if (piece.length > GATHERED_BYTES) yield piece
    else {
      buffer.set(piece, held)
      held += piece.length
    }
  }
  yield buffer.subarray(0, held)
}

/** An iterator whose `return` reaches what it waits for. */
function closing(pieces: AsyncIterator<Uint8Array, undefined>, contents: Contents): ArchiveBytes['bytes'] {
  const over = { done: true, value: undefined } as const
  return {
    async next() {
      try {
        return contents.isClosed ? over : await pieces.next()
      } catch (error) {
        if (contents.isClosed) return over
        throw error
      }
    },
    async return() {
      await contents.close()
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
      (sum, { type, path }) => sum + (type === 'file' ? Buffer.byteLength(sumsLine(NO_DIGEST, path)) : 0),
      0,
    )
    this.#sums = Buffer.alloc(this.sumsSize)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Throws where these are not the bytes that were promised: an archive of them would be wrong. */
  async *of({ path, source = '', at, size, sha256 }: ArchivedFile): AsyncGenerator<Uint8Array, undefined> {
    const hash = createHash('sha256')
    let left = size
    for await (const piece of (await this.#readerOf(source)).pieces(at, size)) {
      hash.update(piece)
      left -= piece.length
      yield piece
      if (this.#isClosed) return
    }
    if (this.#isClosed) return
    const digest = hash.digest('hex')
    if (left > 0) throw new Error(`${path} in an archive ends ${left} bytes too early`)
    if (sha256 !== undefined && sha256 !== digest)
      throw new Error(`${path} in an archive has other bytes than promised`)
    this.#sumsAt += this.#sums.write(sumsLine(digest, path), this.#sumsAt)
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
