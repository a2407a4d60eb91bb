import { type FolderEntry, type PackedFolder, packed } from './folder-tar.ts'
import { digestOfFile } from './sha256.ts'

/** The worker is asked for the SHA-256 of a file, and of its first bytes; or for the archive of a folder, of which it is told some entries at a time. */
export type WorkerRequest =
  | { readonly type: 'digest'; readonly file: Blob; readonly prefixes: readonly number[] }
  | { readonly type: 'pack'; readonly entries: readonly FolderEntry[]; readonly areLast: boolean }

/** Digests are 64 hexadecimal digits. */
export type WorkerAnswer =
  | { readonly type: 'prefix'; readonly bytes: number; readonly sha256: string }
  | { readonly type: 'whole'; readonly sha256: string }
  | { readonly type: 'read'; readonly done: number; readonly total: number }
  | { readonly type: 'packed'; readonly folder: PackedFolder }
  | { readonly type: 'failed'; readonly message: string }

// Beside the page, which stays quick while large files are read.

/** Progress is told no more often. */
const TOLD_EVERY_MS = 100

const answer = (message: WorkerAnswer): void => postMessage(message)

async function digest(file: Blob, prefixes: readonly number[]): Promise<void> {
  const whole = await digestOfFile(file, prefixes, (bytes, sha256) => answer({ type: 'prefix', bytes, sha256 }))
  answer({ type: 'whole', sha256: whole })
}

async function pack(entries: readonly FolderEntry[]): Promise<void> {
  let toldAt = Number.NEGATIVE_INFINITY
  const folder = await packed(entries, (done, total) => {
    if (performance.now() - toldAt < TOLD_EVERY_MS) return
    toldAt = performance.now()
    answer({ type: 'read', done, total })
  })
  answer({ type: 'packed', folder })
}

const told: FolderEntry[] = []

addEventListener('message', ({ data }: MessageEvent<WorkerRequest>) => {
  if (data.type === 'pack') told.push(...data.entries)
  if (data.type === 'pack' && !data.areLast) return
  const work = data.type === 'digest' ? digest(data.file, data.prefixes) : pack(told)
  work.catch((error: unknown) => answer({ type: 'failed', message: String(error) }))
})
