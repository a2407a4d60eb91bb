import { type Rejected, rejected } from '#domain/errors.ts'
import { type Digest, FileMissing, type FileWriter } from '#domain/ports/file-store.ts'
import type { MemoryFile } from './memory-file.ts'

/** The one writer of a file in memory, until it ends. */
export class MemoryWriter implements FileWriter {
  readonly #file: MemoryFile
  readonly #maxBytes: number
  readonly #onEnd: (status: 'paused' | 'whole' | 'gone') => void
  #open = true
  #refused: Rejected | undefined

  constructor(file: MemoryFile, maxBytes: number, onEnd: (status: 'paused' | 'whole' | 'gone') => void) {
    this.#file = file
    this.#maxBytes = maxBytes
    this.#onEnd = onEnd
    file.become('growing')
  }

  get offset(): number {
    return this.#file.size
  }

  get durable(): number {
    return this.#file.size
  }

  async append(bytes: Uint8Array): Promise<Rejected | undefined> {
    this.#mustBeOpen()
    if (this.#file.size + bytes.length > this.#maxBytes) this.#refused ??= fileTooLarge(this.#maxBytes)
    if (!this.#refused) this.#file.append(bytes)
    return this.#refused
  }

  async sync(): Promise<Rejected | undefined> {
    this.#mustBeOpen()
    return this.#refused
  }

  digest(): string {
    return this.#file.digest()
  }

  async suspend(): Promise<void> {
    if (this.#open) this.#end('paused')
  }

  async finish(): Promise<Digest | Rejected> {
    this.#mustBeOpen()
    if (this.#refused) return this.#refused
    this.#end('whole')
    return { size: this.#file.size, sha256: this.#file.digest() }
  }

  async discard(): Promise<void> {
    if (this.#open) this.#end('gone')
  }

  #end(status: 'paused' | 'whole' | 'gone'): void {
    this.#open = false
    this.#file.become(status)
    this.#onEnd(status)
  }

  #mustBeOpen(): void {
    if (!this.#open) throw new FileMissing(`this upload has ended (${this.#file.status})`)
  }
}

export const fileTooLarge = (maxBytes: number): Rejected =>
  rejected(
    'FILE_TOO_LARGE',
    `a file may have at most ${Math.floor(maxBytes / 1e6)} MB here; split it, or ask the host to raise the limit`,
  )
