import { FileStoreFailed } from '#domain/ports/file-store.ts'
import { errorCode, isOutOfDescriptors } from '#system/files/file-system.ts'

/**
 * Whether the store can still be believed. After a failed write or fdatasync nobody knows what the disk holds, and a second
 * fdatasync would report success for pages that are lost (C76): so nothing is tried again, and everything refuses from then on.
 */
export class Health {
  readonly #onBroken: (broken: FileStoreFailed) => void
  #broken: FileStoreFailed | undefined

  constructor(onBroken: (broken: FileStoreFailed) => void) {
    this.#onBroken = onBroken
  }

  get broken(): FileStoreFailed | undefined {
    return this.#broken
  }

  check(): void {
    if (this.#broken) throw this.#broken
  }

  /** Notes that the store failed; answers what to throw. */
  fail(doing: string, cause: unknown): FileStoreFailed {
    if (!this.#broken) {
      const message = `${doing} failed (${errorCode(cause) ?? cause}); check the disk that holds the data directory, then start again`
      this.#broken = new FileStoreFailed(message, { cause })
      this.#onBroken(this.#broken)
    }
    return this.#broken
  }

  /** Runs a task of which every failure, but for the want of descriptors, means that the store is broken. */
  async guard<Result>(doing: string, task: () => Promise<Result>): Promise<Result> {
    this.check()
    try {
      return await task()
    } catch (cause) {
      throw isOutOfDescriptors(cause) ? cause : this.fail(doing, cause)
    }
  }
}
