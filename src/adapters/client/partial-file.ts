import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { errorCode, ignoreMissing, writeAll } from '#system/files/file-system.ts'
import { named, SAVED_MODE } from '#system/files/publish.ts'
import { piecesIn } from '#system/files/source.ts'
import { claimPartialFile, leavePartialFile } from './partial-file-claim.ts'

const READ_BYTES = 1024 * 1024

/** The bytes of a file that is not whole yet, beside the place where it will be. It stays when the process ends. */
export class PartialFile {
  readonly #base: string
  readonly #path: string
  readonly #file: FileHandle
  #hash: Hash = createHash('sha256')
  #size = 0

  private constructor(base: string, path: string, file: FileHandle) {
    this.#base = base
    this.#path = path
    this.#file = file
  }

  /** Takes up what an earlier attempt left as `<base>.part`, and `hashed` hears how much of it was read again. */
  static async open(base: string, hashed: (done: number, total: number) => void): Promise<PartialFile> {
    const { O_CREAT, O_RDWR, O_NOFOLLOW = 0 } = constants
    const path = await claimPartialFile(base)
    const file = await open(path, O_CREAT | O_RDWR | O_NOFOLLOW, SAVED_MODE)
    const part = new PartialFile(base, path, file)
    try {
      const { size, mode } = await file.stat()
      // Begun under another umask, or by an older version, which kept it to itself.
      const asNew = SAVED_MODE & ~process.umask()
      if (size > 0 && (mode & 0o777) !== asNew) await file.chmod(asNew).catch(ignoreForeign)
      for await (const piece of piecesIn(file, 0, size, READ_BYTES)) {
        part.#took(piece)
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

  async append(bytes: Uint8Array): Promise<void> {
    // Both at once: the system writes while this thread hashes.
    const written = writeAll(this.#file, bytes, this.#size)
    this.#took(bytes)
    await written
  }

  async restart(): Promise<void> {
    await this.#file.truncate(0)
    this.#hash = createHash('sha256')
    this.#size = 0
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  /** Gives the bytes their name, once they are on the disk. Throws EEXIST where it is taken. */
  async linkTo(path: string): Promise<void> {
    await this.#file.datasync()
    await named(this.#path, path)
  }

  async remove(): Promise<void> {
    await unlink(this.#path).catch(ignoreMissing)
  }

  /** What is not removed stays, for the next attempt. */
  async close(): Promise<void> {
    await this.#file.close()
    await leavePartialFile(this.#path, this.#base)
  }

  #took(bytes: Uint8Array): void {
    this.#hash.update(bytes)
    this.#size += bytes.length
  }
}

/** Of another user, or on a disk that knows no rights. */
function ignoreForeign(error: unknown): void {
  if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes(errorCode(error) ?? '')) throw error
}
