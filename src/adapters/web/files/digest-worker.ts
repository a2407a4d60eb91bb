import { sha256 } from '@noble/hashes/sha2.js'
import type { DigestNews, DigestWanted } from './digest-messages.ts'

// Beside the page, which stays quick while large files are read. WebCrypto has no digest of a stream, and none at all on plain http.

const READ_BYTES = 2 * 1024 * 1024

const tell = (news: DigestNews): void => postMessage(news)

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

async function digest({ file, prefixes }: DigestWanted): Promise<void> {
  const hash = sha256.create()
  const marks = prefixes.filter((bytes) => bytes <= file.size).sort((one, other) => one - other)
  for (let at = 0; at < file.size || marks.length > 0; ) {
    const end = Math.min(at + READ_BYTES, file.size, marks[0] ?? file.size)
    hash.update(new Uint8Array(await file.slice(at, end).arrayBuffer()))
    at = end
    if (at !== marks[0]) continue
    marks.shift()
    tell({ type: 'prefix', bytes: at, sha256: hex(hash.clone().digest()) })
  }
  tell({ type: 'whole', sha256: hex(hash.digest()) })
}

addEventListener('message', ({ data }: MessageEvent<DigestWanted>) => {
  digest(data).catch((error: unknown) => tell({ type: 'failed', message: String(error) }))
})
