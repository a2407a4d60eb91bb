import type { Rejected } from '#domain/errors.ts'
import { type FileStore, FileStoreFailed, type FileWriter } from '#domain/ports/file-store.ts'
import type { WholeFile } from '#domain/room/events.ts'
import { Refused } from '#domain/session.ts'

/**
 * Files on their way from a bundle into a vault. Until `publish` they are parts, which the next start of a host removes if we are
 * killed; until `settle` they can be undone.
 */
export class FileIntake {
  readonly #fileStore: FileStore
  /** Files of the same bytes: what the vault has them under already, else the first is a part now. */
  readonly #taken: { readonly source: string | undefined; readonly files: readonly WholeFile[] }[] = []
  #made: string[] = []

  constructor(fileStore: FileStore) {
    this.#fileStore = fileStore
  }

  /** Reads `bytes` to their end, and keeps them where anybody wants them; not where the vault has the same under the id `known`. */
  async take(wanted: readonly WholeFile[], known: string | undefined, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const [first] = wanted
    if (first === undefined || (known !== undefined && (await this.#fileStore.size(known)) === first.size)) {
      for await (const _ of bytes);
      this.#taken.push({ source: known, files: wanted })
      return
    }
    const writer = await this.#begin(first)
    try {
      for await (const piece of bytes) must(await writer.append(piece))
      must(await writer.sync())
    } catch (error) {
      await writer.discard()
      throw error
    }
    await writer.suspend()
    this.#taken.push({ source: undefined, files: wanted })
  }

  /** Makes whole what was taken. No room knows these ids yet. */
  async publish(): Promise<void> {
    for (const { source, files } of this.#taken) {
      const [first, ...others] = files
      if (first === undefined) continue
      if (source === undefined) await this.#finish(first)
      for (const { id } of source === undefined ? others : files) {
        await this.#fileStore.remove(id)
        this.#made.push(id)
        must(await this.#fileStore.duplicate(source ?? first.id, id))
      }
    }
  }

  /** A room knows the files now. */
  settle(): void {
    this.#made = []
  }

  async undo(): Promise<void> {
    for (const id of this.#made) await this.#fileStore.remove(id)
    this.#made = []
  }

  async #finish({ id, size, sha256 }: WholeFile): Promise<void> {
    const writer = wanted(await this.#fileStore.resume(id, size))
    const whole = wanted(await writer.finish())
    if (whole.sha256 !== sha256) throw new FileStoreFailed('a file that was verified is another one on the disk')
  }

  async #begin({ id, size }: WholeFile): Promise<FileWriter> {
    // What an import left behind that was killed: no room knows it.
    await this.#fileStore.remove(id)
    this.#made.push(id)
    return wanted(await this.#fileStore.create(id, size))
  }
}

function wanted<T extends object>(value: T | Rejected | undefined): T {
  if (value === undefined) throw new Error('a file that was taken is gone')
  if ('type' in value && value.type === 'rejected') throw new Refused(value as Rejected)
  return value as T
}

function must(refused: Rejected | undefined): void {
  if (refused !== undefined) throw new Refused(refused)
}
