import { FileChanged } from '#client/errors.ts'
import type { SourceDigest } from '#client/uploader.ts'
import type { WorkerAnswer, WorkerRequest } from './digest-worker.ts'
import workerUrl from './digest-worker.ts?worker&url'
import type { FolderEntry, PackedFolder } from './folder-tar.ts'

/** The digest of a file, which is read once, in a worker of its own. Rejects with `FileChanged` where it can't be read to its end. */
export class BlobDigest implements SourceDigest {
  readonly whole: Promise<string>
  readonly #worker: Worker
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
    this.#worker = working({ type: 'digest', file, prefixes: [...this.#prefixes.keys()] }, fail, (answer) => {
      if (answer.type === 'prefix') this.#prefixes.get(answer.bytes)?.resolve(answer.sha256)
      else if (answer.type === 'whole') {
        this.#known = answer.sha256
        resolve(answer.sha256)
        this.#worker.terminate()
      }
    })
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

/** The archive of a folder, which is read in a worker. Rejects with `FileChanged`, and with the reason of the signal. */
export function packedFolder(
  entries: readonly FolderEntry[],
  read: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<PackedFolder> {
  const { promise, resolve, reject } = Promise.withResolvers<PackedFolder>()
  const worker = working(
    { type: 'pack', entries },
    (message) => reject(new FileChanged(message)),
    (answer) => {
      if (answer.type === 'read') read(answer.done, answer.total)
      else if (answer.type === 'packed') resolve(answer.folder)
    },
  )
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop)
  return promise.finally(() => {
    signal.removeEventListener('abort', stop)
    worker.terminate()
  })
}

/** A worker that has begun. */
function working(request: WorkerRequest, fail: (message: string) => void, take: (answer: WorkerAnswer) => void) {
  const worker = new Worker(addressOfWorker(), { type: 'module' })
  worker.addEventListener('error', ({ message }) => fail(message))
  worker.addEventListener('message', ({ data }: MessageEvent<WorkerAnswer>) =>
    data.type === 'failed' ? fail(data.message) : take(data),
  )
  worker.postMessage(request)
  return worker
}

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
