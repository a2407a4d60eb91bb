import { FileChanged } from '#client/errors.ts'
import type { SourceDigest, UploadSource } from '#client/uploader.ts'
import { digestOfFile } from '../files/sha256.ts'

/** A file of a page as an upload reads it. Digests are made in the page's own thread, piece by piece: a library brings no worker. */
export const sourceOf = (file: Blob): UploadSource => ({
  size: file.size,
  digest: (prefixes) => new StreamDigest(file, prefixes),
  async body(from, to) {
    const bytes = file.slice(from, to)
    // A request whose body can't be read looks like a connection that was lost.
    await bytes.slice(0, 1).arrayBuffer().catch(changed)
    return bytes
  },
})

export const verified = async (file: Blob, sha256: string): Promise<boolean> =>
  (await digestOfFile(file).catch(changed)) === sha256

class StreamDigest implements SourceDigest {
  readonly whole: Promise<string>
  readonly #prefixes: ReadonlyMap<number, PromiseWithResolvers<string>>
  readonly #closing = new AbortController()
  #known: string | undefined

  /** `prefixes`: lengths of beginnings whose digests are wanted, too. */
  constructor(file: Blob, prefixes: readonly number[] = []) {
    this.#prefixes = new Map(prefixes.map((bytes) => [bytes, Promise.withResolvers<string>()]))
    this.whole = this.#read(file)
    for (const each of [this.whole, ...[...this.#prefixes.values()].map(({ promise }) => promise)]) each.catch(() => {})
  }

  get known(): string | undefined {
    return this.#known
  }

  prefix(bytes: number): Promise<string> | undefined {
    return this.#prefixes.get(bytes)?.promise
  }

  close(): void {
    this.#closing.abort('nobody wants its digest any more')
  }

  async #read(file: Blob): Promise<string> {
    const told = (bytes: number, sha256: string) => this.#prefixes.get(bytes)?.resolve(sha256)
    this.#known = await digestOfFile(file, [...this.#prefixes.keys()], told, this.#closing.signal).catch(changed)
    return this.#known
  }
}

const changed = (error: unknown): never => {
  throw new FileChanged(String(error))
}
