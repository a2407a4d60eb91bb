import { createHash } from 'node:crypto'

/** Bytes of which no two blocks are the same, and every value occurs. */
export function sampleBytes(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  let state = 1
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = state >>> 16
  }
  return bytes
}

/** As the header `Repr-Digest` writes it (RFC 9530). */
export const reprDigestOf = (bytes: Uint8Array | string): string =>
  `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`

export const sha256Of = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

export async function* pieces(...all: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) yield Buffer.from(piece)
}

export async function readAll(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const taken: Uint8Array[] = []
  // A piece may be lent until the next one.
  for await (const piece of pieces) taken.push(Uint8Array.from(piece))
  return Buffer.concat(taken)
}

export const textOf = async (pieces: AsyncIterable<Uint8Array>): Promise<string> => (await readAll(pieces)).toString()
