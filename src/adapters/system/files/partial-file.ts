import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { cutUtf8 } from '#domain/names/text.ts'
import { errorCode, ignoreMissing, writeAll } from './file-system.ts'
import { abandonedPaths, ownPath } from './own-path.ts'
import { named, SAVED_MODE } from './publish.ts'
import { piecesIn, readerOf } from './source.ts'

const READ_BYTES = 1024 * 1024
/** So much is gathered while the system writes as much. */
const WRITE_BYTES = 1024 * 1024

/** The bytes of a file that is not whole yet, beside the place where it will be. It stays when the process ends. */
export class PartialFile {
  readonly #base: string
  readonly #path: string
  readonly #file: FileHandle
  #hash: Hash = createHash('sha256')
  #size = 0
  /** The next bytes to be written, and those that are written now. */
  #filling: Buffer | undefined
  #spare: Buffer | undefined
  #filled = 0
  #written = 0
  #writing: Promise<void> | undefined

  private constructor(base: string, path: string, file: FileHandle) {
    this.#base = base
    this.#path = path
    this.#file = file
  }

  /** Takes over the `<base>.part` of an earlier attempt, or that of a version that called it otherwise; `hashed` is called with the bytes read again so far. */
  static async open(
    [base, ...formerBases]: readonly [string, ...string[]],
    hashed: (done: number, total: number) => void = () => {},
  ): Promise<PartialFile> {
    const { O_CREAT, O_RDWR, O_NOFOLLOW = 0 } = constants
    const path = await claim(base, formerBases)
    const file = await open(path, O_CREAT | O_RDWR | O_NOFOLLOW, SAVED_MODE)
    const part = new PartialFile(base, path, file)
    try {
      const { size, mode } = await file.stat()
      // Begun under another umask, or by an older version, which kept it to itself.
      const asNew = SAVED_MODE & ~process.umask()
      if (size > 0 && (mode & 0o777) !== asNew) await file.chmod(asNew).catch(ignoreForeign)
      for await (const piece of piecesIn(file, 0, size, READ_BYTES, 'lent')) {
        part.#took(piece)
        part.#written = part.size
        hashed(part.size, size)
      }
    } catch (error) {
      await file.close()
      throw error
    }
    return part
  }

  get size(): number {
    return this.#size
  }

  /** Copies the bytes, and resolves when the next may come. Rejects where these or earlier ones could not be written. */
  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#filled === WRITE_BYTES) await this.#writing
      const some = bytes.subarray(at, at + WRITE_BYTES - this.#filled)
      this.#filling ??= Buffer.allocUnsafeSlow(WRITE_BYTES)
      this.#filling.set(some, this.#filled)
      this.#filled += some.length
      at += some.length
      if (this.#writing === undefined) this.#write(this.#filling)
      // The system writes meanwhile.
      this.#took(some)
    }
  }

  async restart(): Promise<void> {
    await this.#flush()
    await this.#file.truncate(0)
    this.#hash = createHash('sha256')
    this.#size = 0
    this.#written = 0
  }

  /** `length` bytes of what was appended, from a byte on; fewer only where it ends. */
  readonly read = async (from: number, length: number): Promise<Uint8Array> => {
    await this.#flush()
    return await readerOf(this.#file)(from, length)
  }

  /** Gives the bytes from there on back to the disk: of one that was digested, and is read from its end. Where that is interrupted they are fetched again. */
  readonly cut = (size: number): Promise<void> => this.#file.truncate(size)

  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  /** Gives the bytes their name, once they are on the disk. Throws EEXIST where it is taken. */
  async linkTo(path: string): Promise<void> {
    await this.#flush()
    await this.#file.datasync()
    await named(this.#path, path)
  }

  async remove(): Promise<void> {
    await unlink(this.#path).catch(ignoreMissing)
  }

  /** Keeps a file that was not removed, for the next attempt. */
  async close(): Promise<void> {
    await this.#flush().catch(() => {})
    await this.#file.close()
    await leave(this.#path, this.#base)
  }

  #took(bytes: Uint8Array): void {
    this.#hash.update(bytes)
    this.#size += bytes.length
  }

  /** One write after the other, so that a process that is killed leaves no gap; each has all that came meanwhile. */
  #write(buffer: Buffer): void {
    const bytes = buffer.subarray(0, this.#filled)
    this.#filling = this.#spare
    this.#spare = buffer
    this.#filled = 0
    this.#writing = writeAll(this.#file, bytes, this.#written).then(() => {
      this.#written += bytes.length
      this.#writing = undefined
      if (this.#filling !== undefined && this.#filled > 0) this.#write(this.#filling)
    })
    // A failure is met where the next bytes are appended, or the file is published.
    this.#writing.catch(() => {})
  }

  async #flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }
}

/** Of another user, or on a disk that knows no rights. */
function ignoreForeign(error: unknown): void {
  if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(errorCode(error) ?? '')) throw error
}

/** The longest possible name, less the suffixes behind a base. */
const MOST_BASE_BYTES = 220

/** The place of a file's parts; beside it, under its own name where that leaves room for more. */
export function baseOf(path: string): string {
  const name = basename(path)
  if (Buffer.byteLength(name) <= MOST_BASE_BYTES) return path
  const apart = createHash('sha256').update(name).digest('hex').slice(0, 8)
  return join(dirname(path), `${cutUtf8(name, MOST_BASE_BYTES - apart.length - 1)}.${apart}`)
}

/**
 * A partial file in use has its writer in its name, so that two processes that fetch the same file have one each; at rest it is
 * `<base>.part`. Answers the path of one of our own, to which the one at rest is renamed, and only one process can do that. A file
 * at rest that is no plain file with one name was not made by us: it is removed unread (C51, C53).
 */
async function claim(base: string, formerBases: readonly string[]): Promise<string> {
  const own = ownPart(base)
  for (const left of await withoutUser([base, ...formerBases])) {
    const found = await lstat(left).catch(ignoreMissing)
    if (found === undefined) continue
    const ours = found.isFile() && found.nlink === 1
    if (!ours) await unlink(left).catch(ignoreMissing)
    else if (await moved(left, own)) return own
  }
  return own
}

/** The same for a fresh start: partial files of dead processes are removed, and the one at rest is not used. */
export async function freshPartialFile(base: string): Promise<string> {
  for (const left of await abandoned(base)) await unlink(left).catch(ignoreMissing)
  return ownPart(base)
}

const ownPart = (base: string) => ownPath(base, 'part')
const abandoned = (base: string) => abandonedPaths(base, 'part')

/** Leaves a partial file for the next attempt. */
async function leave(own: string, base: string): Promise<void> {
  const rest = `${base}.part`
  if ((await lstat(rest).catch(ignoreMissing)) === undefined) await moved(own, rest)
}

/** Removes partial files without a user. */
export async function dropPartialFiles(bases: readonly string[]): Promise<void> {
  for (const left of await withoutUser(bases)) await unlink(left).catch(ignoreMissing)
}

async function withoutUser(bases: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(bases.map(async (base) => [`${base}.part`, ...(await abandoned(base))]))
  return found.flat()
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}
