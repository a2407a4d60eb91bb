import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, lstat, open, unlink } from 'node:fs/promises'
import { ignoreMissing } from '../files/publish.ts'
import { piecesIn } from './file-pieces.ts'

const READ_BYTES = 1024 * 1024

/** The bytes of a file that is not whole yet, beside the place where it will be. It stays when the process ends. */
export class PartFile {
  readonly path: string
  readonly #file: FileHandle
  #hash: Hash = createHash('sha256')
  #size = 0

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.#file = file
  }

  /**
   * Takes up what an earlier attempt left, and `hashed` hears how much of it was read again. What lies there and is no plain file of
   * one name was not made by us: it goes away unread, and nothing is written through it (C51, C53).
   */
  static async open(path: string, hashed: (done: number, total: number) => void): Promise<PartFile> {
    const { O_CREAT, O_EXCL, O_RDWR, O_NOFOLLOW = 0 } = constants
    const found = await lstat(path).catch(ignoreMissing)
    const ours = found?.isFile() === true && found.nlink === 1
    if (found !== undefined && !ours) await unlink(path)
    const file = await open(path, ours ? O_RDWR | O_NOFOLLOW : O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o600)
    const part = new PartFile(path, file)
    try {
      for await (const piece of piecesIn(file, 0, found?.size ?? 0, READ_BYTES)) {
        part.#took(piece)
        hashed(part.size, found?.size ?? 0)
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
    const written = this.#write(bytes, this.#size)
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
  async linkTo(path: string): Promise<'linked'> {
    await this.#file.datasync()
    await link(this.path, path)
    return 'linked'
  }

  async remove(): Promise<void> {
    await unlink(this.path).catch(ignoreMissing)
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #write(bytes: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, at + done)
      done += bytesWritten
    }
  }

  #took(bytes: Uint8Array): void {
    this.#hash.update(bytes)
    this.#size += bytes.length
  }
}
