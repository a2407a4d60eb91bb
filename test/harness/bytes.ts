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

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
