import { FileChanged } from '#client/errors.ts'
import type { SourceDigest } from '#client/uploader.ts'
import type { DigestAnswer, DigestRequest } from './digest-worker.ts'
import workerUrl from './digest-worker.ts?worker&url'

/** The digest of a file, which is read once, in a worker of its own. Rejects with `FileChanged` where it can't be read to its end. */
export class BlobDigest implements SourceDigest {
  readonly whole: Promise<string>
  readonly #worker = new Worker(addressOfWorker(), { type: 'module' })
  readonly #prefixes: ReadonlyMap<number, PromiseWithResolvers<string>>
  #known: string | undefined

  /** `prefixes`: lengths of beginnings whose digests are wanted, too. */
  constructor(file: Blob, prefixes: readonly number[] = []) {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.whole = promise
    this.#prefixes = new Map(prefixes.map((bytes) => [bytes, Promise.withResolvers<string>()]))
    const fail = (message: string) => {
      const error = new FileChanged(message)
      for (const wanted of [{ reject }, ...this.#prefixes.values()]) wanted.reject(error)
      this.#worker.terminate()
    }
    for (const each of [promise, ...[...this.#prefixes.values()].map((wanted) => wanted.promise)]) each.catch(() => {})
    this.#worker.addEventListener('error', ({ message }) => fail(message))
    this.#worker.addEventListener('message', ({ data }: MessageEvent<DigestAnswer>) => {
      if (data.type === 'prefix') this.#prefixes.get(data.bytes)?.resolve(data.sha256)
      else if (data.type === 'failed') fail(data.message)
      else {
        this.#known = data.sha256
        resolve(data.sha256)
        this.#worker.terminate()
      }
    })
    this.#worker.postMessage({ file, prefixes: [...this.#prefixes.keys()] } satisfies DigestRequest)
  }

  /** Undefined while the file is still being read. */
  get known(): string | undefined {
    return this.#known
  }

  prefix(bytes: number): Promise<string> | undefined {
    return this.#prefixes.get(bytes)?.promise
  }

  close(): void {
    this.#worker.terminate()
  }
}

/** Rejects with `FileChanged`. */
export const digestOf = (file: Blob): Promise<string> => new BlobDigest(file).whole

let address: string | undefined

/** The one script that the page starts by its address; browsers with trusted types want to be told that it is meant. */
function addressOfWorker(): string {
  address ??= trusted(workerUrl)
  return address
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string }
}

function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  const policy = trustedTypes?.createPolicy('tamtam-worker', { createScriptURL: (same) => same })
  return policy?.createScriptURL(url) ?? url
}
