import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { SerialQueue } from '#domain/async/serial-queue.ts'
import { type KeyName, type SecretStore, SecretStoreDamaged } from '#domain/ports/secret-store.ts'
import { errorCode, makeDirectory, replaceFile, syncDirectory } from '#system/files/file-system.ts'

const { O_RDONLY, O_NONBLOCK = 0 } = constants

/** Secrets as files in `<data>/keys`, which only their owner can open. */
export class DiskSecretStore implements SecretStore {
  readonly #directory: string
  readonly #writes = new SerialQueue()

  constructor(data: string) {
    this.#directory = join(data, 'keys')
  }

  async read(name: KeyName): Promise<string | undefined> {
    try {
      // Does not wait for the writer of a pipe.
      const file = await open(join(this.#directory, name), O_RDONLY | O_NONBLOCK)
      try {
        if (!(await file.stat()).isFile()) throw new SecretStoreDamaged(name, 'it is no file')
        return await file.readFile('utf8')
      } finally {
        await file.close()
      }
    } catch (error) {
      if (error instanceof SecretStoreDamaged) throw error
      const code = errorCode(error)
      if (code === 'ENOENT') return undefined
      throw new SecretStoreDamaged(name, `it can not be read (${code ?? String(error)})`, { cause: error })
    }
  }

  write(name: KeyName, secret: string): Promise<void> {
    return this.#writes.run(() => this.#write(name, secret))
  }

  async #write(name: KeyName, secret: string): Promise<void> {
    await makeDirectory(this.#directory, 0o700)
    await replaceFile(join(this.#directory, name), secret)
    await syncDirectory(this.#directory)
  }
}
