import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { WholeFile } from '../../../domain/room/events.ts'
import type { Session } from '../../../domain/session.ts'
import { makeDirectory } from '../../files/make-directory.ts'
import { type Claimed, ignoreMissing, named, publish, receivedName } from '../../files/publish.ts'

/** Gives a file of the host's another name in the file system, where that is possible. */
export type LinkFile = (id: string, path: string) => Promise<Claimed>

/** Puts received files into a folder as `terima_<name>`; never overwrites, and never leaves a part under the final name. */
export class FileSaver {
  readonly #directory: string
  readonly #session: Session
  readonly #link: LinkFile | undefined

  constructor(directory: string, session: Session, link: LinkFile | undefined) {
    this.#directory = directory
    this.#session = session
    this.#link = link
  }

  /** Answers the path the file has now, whole and with its digest. Rejects with the system's error, or where the digest is another. */
  async save(file: WholeFile): Promise<string> {
    await makeDirectory(this.#directory)
    const wanted = receivedName(file.name, file.id)
    const linked =
      this.#link === undefined ? undefined : await publish(this.#directory, wanted, (path) => this.#linkTo(file, path))
    return linked ?? (await this.#copy(file, wanted))
  }

  async #copy(file: WholeFile, wanted: string): Promise<string> {
    const part = join(this.#directory, `.${file.id}.part`)
    const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants
    await unlink(part).catch(ignoreMissing)
    const handle = await open(part, O_CREAT | O_EXCL | O_WRONLY | (O_NOFOLLOW ?? 0), 0o600)
    try {
      const hash = createHash('sha256')
      for await (const bytes of this.#session.download(file.id)) {
        hash.update(bytes)
        await handle.writeFile(bytes)
      }
      if (hash.digest('hex') !== file.sha256)
        throw new Error('these are not the bytes that were sent; they are not kept')
      await handle.datasync()
      const published = await publish(this.#directory, wanted, async (path) => {
        await named(part, path)
        return 'linked'
      })
      if (published === undefined) throw new Error(`${this.#directory} takes no further file called ${wanted}`)
      return published
    } finally {
      await handle.close()
      await unlink(part).catch(ignoreMissing)
    }
  }

  async #linkTo(file: WholeFile, path: string): Promise<Claimed> {
    return (await this.#link?.(file.id, path)) ?? 'elsewhere'
  }
}
