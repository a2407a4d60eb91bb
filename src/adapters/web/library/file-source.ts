import { FileChanged } from '#client/errors.ts'
import type { SourceDigest, UploadSource } from '#client/uploader.ts'
import { Sha256 } from '../files/sha256.ts'

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
  (await new StreamDigest(file).whole) === sha256

class StreamDigest implements SourceDigest {
  readonly whole: Promise<string>
  readonly #prefixes: ReadonlyMap<number, PromiseWithResolvers<string>>
  #known: string | undefined
  #isClosed = false

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
    this.#isClosed = true
  }

  async #read(file: Blob): Promise<string> {
    const hash = new Sha256()
    const ends = [...this.#prefixes.keys()].toSorted((one, other) => one - other)
    let read = 0
    const take = (bytes: Uint8Array) => {
      hash.update(bytes)
      read += bytes.length
    }
    const tell = () => {
      while (ends[0] !== undefined && ends[0] <= read) this.#prefixes.get(ends.shift() ?? 0)?.resolve(hash.digest())
    }
    tell()
    const reader = file.stream().getReader()
    for (let piece = await reader.read().catch(changed); !piece.done; piece = await reader.read().catch(changed)) {
      if (this.#isClosed) break
      let rest = piece.value
      while (ends[0] !== undefined && ends[0] - read < rest.length) {
        const upTo = ends[0] - read
        take(rest.subarray(0, upTo))
        rest = rest.subarray(upTo)
        tell()
      }
      take(rest)
      tell()
    }
    await reader.cancel()
    if (this.#isClosed) throw new FileChanged('nobody wants its digest any more')
    this.#known = hash.digest()
    return this.#known
  }
}

const changed = (error: unknown): never => {
  throw new FileChanged(String(error))
}
