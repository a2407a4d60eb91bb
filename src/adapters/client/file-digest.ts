import { createHash } from 'node:crypto'

export interface FileDigest {
  readonly sha256: string
  readonly size: number
  /** The digests of the first bytes, by how many. */
  readonly prefixes: ReadonlyMap<number, string>
}

/** Reads a file once, for its own digest and those of its first `offsets` bytes. */
export async function digestOf(
  bytes: AsyncIterable<Uint8Array>,
  offsets: Iterable<number>,
  hashed: (bytes: number) => void,
): Promise<FileDigest> {
  const hash = createHash('sha256')
  const prefixes = new Map<number, string>()
  const wanted = [...new Set(offsets)].sort((one, other) => one - other)
  let size = 0
  const mark = () => prefixes.set(size, hash.copy().digest('hex'))
  for await (const piece of bytes) {
    let at = 0
    for (let next = wanted[0]; next !== undefined && next <= size + piece.length - at; next = wanted[0]) {
      const part = piece.subarray(at, at + next - size)
      hash.update(part)
      at += part.length
      size += part.length
      mark()
      wanted.shift()
    }
    hash.update(piece.subarray(at))
    size += piece.length - at
    hashed(size)
  }
  if (wanted[0] === size) mark()
  return { sha256: hash.digest('hex'), size, prefixes }
}
