import { createHash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { forTerminal } from '#domain/names/text.ts'
import { headersOf, NO_DIGEST, padded, sumsLine, sumsNameBeside, TAR_END, timeInArchive } from '#protocol/tar.ts'
import type { DiskPath } from '#system/files/disk-path.ts'
import { errorCode } from '#system/files/file-system.ts'
import { NoSource } from '#system/files/source.ts'
import { type Skipped, type Tree, type TreeEntry, type TreeFile, walk } from './walk.ts'

/** A file up to this size is read whole before its header is written. */
const SMALL_BYTES = 1024 * 1024
/** Small members are packed so many bytes at a time, and large files are read in pieces of it. */
const PIECE_BYTES = 1024 * 1024
/** Small files that are read at once. */
const AT_ONCE = 8

interface PackedMember {
  readonly entry: TreeEntry
  /** Its first byte in the archive. */
  readonly at: number
  readonly headerBytes: number
  /** In whole blocks. */
  readonly length: number
  /** As it was read; undefined as long as it was not. */
  read?: { readonly sha256: string; readonly modified: number }
}

/**
 * A folder as a tar archive (POSIX pax). The same tree gives the same bytes, so that an archive that was sent in part goes on where it ended. Owners are left out, times are in seconds,
 * modes 0644 or 0755, the last member has the digests of all files. A file that changes while it is packed keeps its announced size, filled up with zeros, and has no digest.
 */
export class FolderArchive {
  /** Bytes of the whole archive. */
  readonly size: number
  /** Regular files in it. */
  readonly files: number
  /** Of their contents. */
  readonly bytes: number
  readonly #members: readonly PackedMember[]
  readonly #sumsHeader: Uint8Array
  readonly #sumsAt: number
  readonly #sumsBytes: number
  readonly #skipped: readonly Skipped[]
  readonly #changed = new Map<string, Skipped>()

  /** Throws the system's errors, and `NoSource` where nothing in the folder can be sent, or too much is. */
  static async open(folder: DiskPath): Promise<FolderArchive> {
    const tree = await walk(folder)
    if (tree.entries.length > 0) return new FolderArchive(tree)
    const [first] = tree.skipped
    throw new NoSource(`there is nothing in it to send${first === undefined ? '' : ` (${first.message})`}`)
  }

  constructor({ entries, skipped }: Tree) {
    this.#skipped = skipped
    const members: PackedMember[] = []
    let at = 0
    let sumsBytes = 0
    let bytes = 0
    for (const entry of entries) {
      const headerBytes = headersOf(entry).length
      const size = entry.type === 'file' ? entry.size : 0
      const length = headerBytes + padded(size)
      members.push({ entry, at, headerBytes, length })
      at += length
      bytes += size
      if (entry.type === 'file') sumsBytes += Buffer.byteLength(sumsLine(NO_DIGEST, entry.path))
    }
    const name = sumsNameBeside(entries)
    this.#members = members
    this.#sumsAt = at
    this.#sumsBytes = sumsBytes
    // Without a time: by that it is known to be nobody's file.
    this.#sumsHeader = headersOf({ type: 'file', path: name, size: sumsBytes, modified: 0, executable: false })
    this.size = at + this.#sumsHeader.length + padded(sumsBytes) + TAR_END.length
    this.files = entries.filter(({ type }) => type === 'file').length
    this.bytes = bytes
  }

  /** Unsent parts of the folder: those that can not travel, and files read so far that changed, or could not be read any more. */
  get skipped(): readonly Skipped[] {
    return [...this.#skipped, ...this.#changed.values()]
  }

  /** The bytes from `from` on. Files before it that were never read are read when their digests are written. */
  async *read(from = 0): AsyncGenerator<Uint8Array> {
    let at = 0
    for await (const bytes of this.#read(from)) {
      const { start, piece } = bytes
      at = start + piece.length
      if (at > from) yield start < from ? piece.subarray(from - start) : piece
    }
  }

  async *#read(from: number): AsyncGenerator<{ readonly start: number; readonly piece: Uint8Array }> {
    const first = this.#members.findIndex(({ at, length }) => at + length > from)
    for (let index = first < 0 ? this.#members.length : first; index < this.#members.length; ) {
      const batch = this.#batchFrom(index)
      const [{ at: start, length, entry } = this.#members[index] as PackedMember] = batch
      if (batch.length === 1 && entry.type === 'file' && entry.size > SMALL_BYTES) {
        let done = start
        for await (const piece of this.#large(batch[0] as PackedMember, entry)) {
          yield { start: done, piece }
          done += piece.length
        }
        if (done !== start + length) throw new Error('a member of an archive has another length than was planned')
      } else yield { start, piece: await this.#small(batch) }
      index += batch.length
    }
    yield* this.#tail(from)
  }

  /** Members that are packed in one piece: small ones, or a single large one. */
  #batchFrom(index: number): readonly PackedMember[] {
    const batch: PackedMember[] = []
    for (let bytes = 0, next = this.#members[index]; next !== undefined; next = this.#members[index + batch.length]) {
      const isLarge = next.entry.type === 'file' && next.entry.size > SMALL_BYTES
      bytes += next.length
      if (batch.length > 0 && (isLarge || bytes > PIECE_BYTES)) break
      batch.push(next)
      if (isLarge) break
    }
    return batch
  }

  async #small(batch: readonly PackedMember[]): Promise<Uint8Array> {
    const start = batch[0]?.at ?? 0
    const piece = Buffer.alloc(batch.reduce((sum, { length }) => sum + length, 0))
    const rest = batch.values()
    const work = async () => {
      for (const member of rest) {
        const { entry, headerBytes, length } = member
        const at = member.at - start
        if (entry.type !== 'file') piece.set(headersOf(entry), at)
        else {
          const content = piece.subarray(at + headerBytes, at + length).subarray(0, entry.size)
          const modified = await this.#content(member, entry, content)
          piece.set(headersOf({ ...entry, modified }), at)
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    return piece
  }

  /** Reads a small file, and answers its time. */
  async #content(member: PackedMember, entry: TreeFile, content: Buffer): Promise<number> {
    try {
      const handle = await openFile(entry)
      try {
        const before = await handle.stat({ bigint: true })
        const whole = await filled(handle, content, 0)
        const after = await handle.stat({ bigint: true })
        const sha256 = createHash('sha256').update(content).digest('hex')
        if (!whole || !before.isFile() || isOther(before, after, entry)) this.#change(member, CHANGED)
        else if ((member.read?.sha256 ?? sha256) !== sha256) this.#change(member, CHANGED)
        // The same bytes are sent again.
        else member.read ??= { sha256, modified: timeOf(after) }
      } finally {
        await handle.close()
      }
    } catch (error) {
      this.#change(member, gone(error))
    }
    return member.read?.modified ?? entry.modified
  }

  async *#large(member: PackedMember, entry: TreeFile): AsyncGenerator<Uint8Array> {
    let handle: FileHandle | undefined
    let before: BigIntStats | undefined
    try {
      handle = await openFile(entry)
      before = await handle.stat({ bigint: true })
    } catch (error) {
      this.#change(member, gone(error))
    }
    try {
      yield headersOf({
        ...entry,
        modified: member.read?.modified ?? (before === undefined ? entry.modified : timeOf(before)),
      })
      const hash = createHash('sha256')
      for (let at = 0; at < entry.size; ) {
        const piece = Buffer.alloc(Math.min(PIECE_BYTES, entry.size - at))
        if (handle !== undefined && !(await this.#filled(member, handle, piece, at))) this.#change(member, CHANGED)
        hash.update(piece)
        at += piece.length
        yield piece
      }
      if (padded(entry.size) > entry.size) yield Buffer.alloc(padded(entry.size) - entry.size)
      if (handle === undefined || before === undefined || this.#changed.has(entry.path)) return
      const sha256 = hash.digest('hex')
      const after = await handle.stat({ bigint: true })
      if (!before.isFile() || isOther(before, after, entry)) this.#change(member, CHANGED)
      else if ((member.read?.sha256 ?? sha256) !== sha256) this.#change(member, CHANGED)
      else member.read ??= { sha256, modified: timeOf(after) }
    } finally {
      await handle?.close()
    }
  }

  async #filled(member: PackedMember, handle: FileHandle, piece: Buffer, at: number): Promise<boolean> {
    try {
      return await filled(handle, piece, at)
    } catch (error) {
      this.#change(member, gone(error))
      return true
    }
  }

  /** SHA256SUMS and the end. */
  async *#tail(from: number): AsyncGenerator<{ readonly start: number; readonly piece: Uint8Array }> {
    let at = this.#sumsAt
    const bytesAt = (piece: Uint8Array) => {
      const start = at
      at += piece.length
      return { start, piece }
    }
    const end = Buffer.concat([Buffer.alloc(padded(this.#sumsBytes) - this.#sumsBytes), TAR_END])
    if (from < this.size - end.length) {
      yield bytesAt(this.#sumsHeader)
      let lines: Buffer[] = []
      let held = 0
      for (const member of this.#members) {
        const { entry } = member
        if (entry.type !== 'file') continue
        const line = Buffer.from(sumsLine(await this.#digestOf(member, entry), entry.path))
        lines.push(line)
        held += line.length
        if (held < PIECE_BYTES) continue
        yield bytesAt(Buffer.concat(lines))
        lines = []
        held = 0
      }
      yield bytesAt(Buffer.concat(lines))
    }
    yield { start: this.size - end.length, piece: end }
  }

  /** Reads a file that an earlier process has packed. */
  async #digestOf(member: PackedMember, entry: TreeFile): Promise<string> {
    if (!this.#changed.has(entry.path) && member.read === undefined) {
      if (entry.size <= SMALL_BYTES) await this.#content(member, entry, Buffer.alloc(entry.size))
      else for await (const _ of this.#large(member, entry));
    }
    return this.#changed.has(entry.path) ? NO_DIGEST : (member.read?.sha256 ?? NO_DIGEST)
  }

  #change({ entry }: PackedMember, why: string): void {
    const { path } = entry
    if (!this.#changed.has(path)) this.#changed.set(path, { path, message: `${forTerminal(path)}: ${why}` })
  }
}

const CHANGED = 'it changed while it was sent'

const gone = (error: unknown): string => {
  const code = errorCode(error)
  if (code === undefined) throw error
  return code === 'ENOENT' ? 'it has gone while the folder was sent' : `it can not be read any more (${code})`
}

const timeOf = ({ mtimeNs }: BigIntStats): number => timeInArchive(Number(mtimeNs / 1_000_000_000n))

const isOther = (before: BigIntStats, after: BigIntStats, { size }: TreeFile): boolean =>
  before.size !== BigInt(size) || after.size !== before.size || after.mtimeNs !== before.mtimeNs

/** The name may stand for a link or a pipe by now: neither is followed, or waited for. */
const openFile = ({ disk }: TreeFile): Promise<FileHandle> => {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  return open(disk, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
}

/** Whether there were as many bytes. */
async function filled(handle: FileHandle, buffer: Buffer, position: number): Promise<boolean> {
  for (let done = 0; done < buffer.length; ) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done)
    if (bytesRead === 0) return false
    done += bytesRead
  }
  return true
}
