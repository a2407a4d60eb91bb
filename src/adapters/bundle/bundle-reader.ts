import { createHash, hash } from 'node:crypto'
import { BLOCK_BYTES, TAR_END } from '#protocol/tar.ts'
import { BadBundle } from './bad-bundle.ts'
import { ByteReader } from './byte-reader.ts'
import { type BundleLimits, decodeManifest, encodeSums, MANIFEST, type Manifest, type Part, SUMS } from './manifest.ts'
import { paddingOf, sizeInHeader, tarHeader } from './tar.ts'

/**
 * Reads a bundle once, from its beginning: `manifest`, each part in its order, `end`. Nothing is taken on trust: every byte of the
 * archive is either one that tamtam would have written itself or is vouched for by a digest, and is `BadBundle` otherwise.
 */
export class BundleReader {
  readonly #bytes: ByteReader
  readonly #limits: BundleLimits
  #sums: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterable<Uint8Array>, limits: BundleLimits) {
    this.#bytes = new ByteReader(source)
    this.#limits = limits
  }

  async manifest(): Promise<Manifest> {
    const size = sizeInHeader(await this.#bytes.exactly(BLOCK_BYTES), MANIFEST)
    if (size === undefined) throw new BadBundle('it does not begin like one')
    if (size > this.#limits.manifestBytes) throw new BadBundle('its list of contents is too long')
    const list = await this.#bytes.exactly(size)
    await this.#empty(paddingOf(size))
    const manifest = decodeManifest(list)
    this.#sums = encodeSums(manifest, hash('sha256', list))
    return manifest
  }

  /** The bytes of the next part, each piece good until the next is asked for. Throws `BadBundle` at the end where they are wrong. */
  async *part({ path, size, sha256 }: Part): AsyncGenerator<Uint8Array> {
    await this.#same(tarHeader(path, size))
    const digest = createHash('sha256')
    for await (const piece of this.#bytes.pieces(size)) {
      digest.update(piece)
      yield piece
    }
    if (digest.digest('hex') !== sha256) throw new BadBundle(`${path} in it is damaged`)
    await this.#empty(paddingOf(size))
  }

  async end(): Promise<void> {
    await this.#same(tarHeader(SUMS, this.#sums.length))
    await this.#same(this.#sums)
    await this.#empty(paddingOf(this.#sums.length))
    await this.#same(TAR_END)
    let filled = 0
    for await (const piece of this.#bytes.rest()) {
      filled += piece.length
      if (filled > this.#limits.fillBytes || piece.some((byte) => byte !== 0))
        throw new BadBundle('something comes behind its end')
    }
  }

  close(): Promise<void> {
    return this.#bytes.close()
  }

  async #empty(count: number): Promise<void> {
    await this.#same(new Uint8Array(count))
  }

  async #same(expected: Uint8Array): Promise<void> {
    if (Buffer.compare(await this.#bytes.exactly(expected.length), expected) !== 0)
      throw new BadBundle('it is damaged, or was not written by tamtam')
  }
}
