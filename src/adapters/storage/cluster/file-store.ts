import { type Rejected, rejected } from '#domain/errors.ts'
import { FileMissing, type FileStore, type FileWriter } from '#domain/ports/file-store.ts'

/** The nodes of a cluster share no files yet: each is refused, rather than kept where most members could not get it. */
export class ClusterFileStore implements FileStore {
  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async create(): Promise<FileWriter | Rejected> {
    return notShared
  }

  async resume(): Promise<undefined> {}

  async durable(): Promise<undefined> {}

  async duplicate(id: string): Promise<Rejected | undefined> {
    throw missing(id)
  }

  async share(): Promise<void> {}

  // biome-ignore lint/correctness/useYield: there is nothing to yield
  async *read(id: string): AsyncIterable<Uint8Array> {
    throw missing(id)
  }

  async size(): Promise<undefined> {}

  async remove(): Promise<void> {}

  async sweep(): Promise<number> {
    return 0
  }
}

const missing = (id: string): FileMissing => new FileMissing(`there is no file ${id}`)

const notShared = rejected(
  'NOT_ALLOWED',
  'the nodes of a cluster share rooms and history, and no files yet; send it to a host that is no node of one',
)
