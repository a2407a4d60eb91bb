import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory, replaceFile } from '#system/files/file-system.ts'

/** What is sent, and where to: the same again is the same upload, where its bytes are too. */
export interface Sending {
  /** `host:port` */
  readonly at: string
  readonly room: string
  readonly to?: string
  readonly name: string
  readonly size: number
}

/** A host forgets an upload that nobody goes on with after a day, and the ticket in its address ends then. */
const KEPT_MS = 24 * 3_600_000

/**
 * The addresses of unfinished uploads that the room shows to nobody but their sender, who is a guest without a key: so that another process
 * of the same user can go on with them. A ticket is in each, so they are in files for their owner alone. Where nothing can be kept, an upload that
 * loses its process begins anew, as it would without this.
 */
export class ResumeStore {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async find(sending: Sending): Promise<string | undefined> {
    return await readFile(this.#pathOf(sending), 'utf8').catch(() => undefined)
  }

  async keep(sending: Sending, address: string): Promise<void> {
    try {
      await makeDirectory(this.#directory, 0o700)
      await this.#tidy()
      await replaceFile(this.#pathOf(sending), address)
    } catch {
      // It is sent all the same.
    }
  }

  async drop(sending: Sending): Promise<void> {
    await rm(this.#pathOf(sending), { force: true }).catch(() => {})
  }

  /** What nobody came back for. */
  async #tidy(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name)
      const found = await stat(path).catch(() => undefined)
      if (found !== undefined && Date.now() - found.mtimeMs > KEPT_MS) await rm(path, { force: true })
    }
  }

  #pathOf({ at, room, to = '', name, size }: Sending): string {
    const what = createHash('sha256').update(JSON.stringify([at, room, to, name, size]))
    return join(this.#directory, what.digest('hex'))
  }
}
