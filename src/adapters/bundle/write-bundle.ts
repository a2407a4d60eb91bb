import { createHash, hash } from 'node:crypto'
import { TAR_END } from '#protocol/tar.ts'
import { encodeManifest, encodeSums, MANIFEST, type Manifest, type Part, partsOf, SUMS } from './manifest.ts'
import { paddingOf, tarHeader } from './tar.ts'

/** A part gave other bytes than it had when the list was made. */
export class PartChanged extends Error {
  readonly code = 'PART_CHANGED'
}

/**
 * The bytes of a bundle: the list of contents, each part, and the digests of all. The same contents always give the same bytes.
 * Pieces are good until the next is asked for. Throws `PartChanged` where a part does not match the list.
 */
export async function* writeBundle(
  manifest: Manifest,
  open: (part: Part) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const list = encodeManifest(manifest)
  yield* small(MANIFEST, list)
  for (const part of partsOf(manifest)) {
    yield tarHeader(part.path, part.size)
    const digest = createHash('sha256')
    let size = 0
    for await (const piece of open(part)) {
      digest.update(piece)
      size += piece.length
      if (size > part.size) break
      yield piece
    }
    if (size !== part.size || digest.digest('hex') !== part.sha256)
      throw new PartChanged(`${part.path} has changed while it was written`)
    yield new Uint8Array(paddingOf(size))
  }
  yield* small(SUMS, encodeSums(manifest, hash('sha256', list)))
  yield TAR_END
}

function* small(path: string, bytes: Uint8Array): Generator<Uint8Array> {
  yield tarHeader(path, bytes.length)
  yield bytes
  yield new Uint8Array(paddingOf(bytes.length))
}
