import { Sha256 } from './sha256.ts'

/** The worker is asked for the SHA-256 of a file, and of its first bytes. */
export interface DigestRequest {
  readonly file: Blob
  readonly prefixes: readonly number[]
}

/** Digests are 64 hexadecimal digits. */
export type DigestAnswer =
  | { readonly type: 'prefix'; readonly bytes: number; readonly sha256: string }
  | { readonly type: 'whole'; readonly sha256: string }
  | { readonly type: 'failed'; readonly message: string }

// Beside the page, which stays quick while large files are read.

const READ_BYTES = 2 * 1024 * 1024

const answer = (message: DigestAnswer): void => postMessage(message)

async function digest({ file, prefixes }: DigestRequest): Promise<void> {
  const hash = new Sha256()
  const marks = prefixes.filter((bytes) => bytes <= file.size).sort((one, other) => one - other)
  for (let at = 0; at < file.size || marks.length > 0; ) {
    const end = Math.min(at + READ_BYTES, file.size, marks[0] ?? file.size)
    hash.update(new Uint8Array(await file.slice(at, end).arrayBuffer()))
    at = end
    if (at !== marks[0]) continue
    marks.shift()
    answer({ type: 'prefix', bytes: at, sha256: hash.digest() })
  }
  answer({ type: 'whole', sha256: hash.digest() })
}

addEventListener('message', ({ data }: MessageEvent<DigestRequest>) => {
  digest(data).catch((error: unknown) => answer({ type: 'failed', message: String(error) }))
})
