import type { Encoder } from '../../../domain/room/batch.ts'
import { type Lines, linkLines } from './lines.ts'

/** More ways to reach one host than this are not remembered; those beyond share their lines with nobody. */
const KEPT = 64

/** How batches are encoded for those who get links: once for each address at which people reached the host. */
export class LinkLines {
  readonly #encoders = new Map<string | undefined, Encoder<Lines>>()

  /** `base` as in `http://192.168.1.5:8268`; undefined: there is none, and the lines have no link. */
  to(base: string | undefined): Encoder<Lines> {
    const known = this.#encoders.get(base)
    if (known !== undefined) return known
    const encoder: Encoder<Lines> = (batch) => linkLines(batch, base)
    if (this.#encoders.size < KEPT) this.#encoders.set(base, encoder)
    return encoder
  }
}
