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
    this.#worker = working(fail, (answer) => {
      if (answer.type === 'prefix') this.#prefixes.get(answer.bytes)?.resolve(answer.sha256)
      else if (answer.type === 'whole') {
        this.#known = answer.sha256
        resolve(answer.sha256)
        this.#worker.terminate()
      }
    })
    this.#worker.postMessage({ type: 'digest', file, prefixes: [...this.#prefixes.keys()] } satisfies WorkerRequest)
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

/** The same of a small file, for which no worker is worth its start. */
export class SmallDigest implements SourceDigest {
  readonly whole: Promise<string>
  readonly #file: Blob
  #known: string | undefined

  constructor(file: Blob) {
    this.#file = file
    this.whole = digestHere(file)
    this.whole.then(
      (sha256) => {
        this.#known = sha256
      },
      () => {},
    )
  }

  get known(): string | undefined {
    return this.#known
  }

  prefix(bytes: number): Promise<string> {
    return digestHere(this.#file.slice(0, bytes))
  }

  close(): void {}
}

async function digestHere(file: Blob): Promise<string> {
  const { digestOfFile } = await import('./sha256.ts')
  return await digestOfFile(file).catch((error: unknown) => {
    throw new FileChanged(String(error))
  })
}

/** Rejects with `FileChanged`. */
export const digestOf = (file: Blob): Promise<string> =>
  file.size <= SMALL_BYTES ? digestHere(file) : new BlobDigest(file).whole

const SMALL_BYTES = 1_000_000

/** Entries that are handed to a worker at once: so many take some milliseconds. */
const ENTRIES_AT_ONCE = 500

/** The archive of a folder, which is read in a worker. Rejects with `FileChanged`, and with the reason of the signal. */
export async function packedFolder(
  entries: readonly FolderEntry[],
  read: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<PackedFolder> {
  const { promise, resolve, reject } = Promise.withResolvers<PackedFolder>()
  const worker = working(
    (message) => reject(new FileChanged(message)),
    (answer) => {
      if (answer.type === 'read') read(answer.done, answer.total)
      else if (answer.type === 'packed') resolve(answer.folder)
    },
  )
  const stop = () => reject(signal.reason)
  signal.addEventListener('abort', stop)
  try {
    for (let at = 0; at === 0 || (at < entries.length && !signal.aborted); at += ENTRIES_AT_ONCE) {
      const [some, areLast] = [entries.slice(at, at + ENTRIES_AT_ONCE), at + ENTRIES_AT_ONCE >= entries.length]
      worker.postMessage({ type: 'pack', entries: some, areLast } satisfies WorkerRequest)
      // The page has a turn.
      await new Promise((resume) => setTimeout(resume))
    }
    return await promise
  } finally {
    signal.removeEventListener('abort', stop)
    worker.terminate()
  }
}

function working(fail: (message: string) => void, take: (answer: WorkerAnswer) => void): Worker {
  const worker = new Worker(addressOfWorker(), { type: 'module' })
  worker.addEventListener('error', ({ message }) => fail(message))
  worker.addEventListener('message', ({ data }: MessageEvent<WorkerAnswer>) =>
    data.type === 'failed' ? fail(data.message) : take(data),
  )
  return worker
}

let address: string | undefined

/** The one script that the page starts by its address; browsers with trusted types want to be told that it is meant. */
function addressOfWorker(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  address ??=
    trustedTypes?.createPolicy('tamtam-worker', { createScriptURL: (same) => same }).createScriptURL(workerUrl) ??
    workerUrl
  return address
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string }
}
