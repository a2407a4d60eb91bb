/** The unit of reading. Large pieces decide the speed of a download. */
export const PAGE_BYTES = 1024 * 1024
/** Twice as many made the host grow by twice as much, and shared no more. */
export const MOST_PAGES = 8

/** Puts the bytes of a file from `position` on into `into`, and answers how many, at least one. */
export type ReadInto = (into: Buffer, position: number) => Promise<number>

/** The pages that were read last, so that readers who are close together cause one read and hold the same memory. */
export class Pages {
  /** The one that was used last is the last. */
  readonly #pages = new Map<string, Page>()

  /**
   * Bytes of a file from `at` on, not beyond `end` nor the end of their page. They are shared, so nobody may change them; and
   * those of a file may not change before it is dropped.
   */
  async piece(id: string, at: number, end: number, read: ReadInto): Promise<Uint8Array> {
    const start = at - (at % PAGE_BYTES)
    const key = `${id} ${start}`
    const page = this.#pages.get(key) ?? new Page(start)
    this.#pages.delete(key)
    this.#pages.set(key, page)
    const { value: oldest } = this.#pages.keys().next()
    if (oldest !== undefined && this.#pages.size > MOST_PAGES) this.#pages.delete(oldest)
    return await page.piece(at - start, Math.min(end - start, PAGE_BYTES), read)
  }

  drop(id: string): void {
    for (const key of this.#pages.keys()) if (key.startsWith(`${id} `)) this.#pages.delete(key)
  }
}

/** Filled from its beginning, as far as the file has come. */
class Page {
  readonly #start: number
  /** The system gives it memory only as it is filled. */
  readonly #bytes = Buffer.allocUnsafeSlow(PAGE_BYTES)
  #filled = 0
  #filling: Promise<void> | undefined

  constructor(start: number) {
    this.#start = start
  }

  async piece(from: number, to: number, read: ReadInto): Promise<Uint8Array> {
    while (this.#filled <= from) {
      this.#filling ??= this.#fill(to, read)
      await this.#filling
    }
    return this.#bytes.subarray(from, Math.min(to, this.#filled))
  }

  async #fill(to: number, read: ReadInto): Promise<void> {
    try {
      this.#filled += await read(this.#bytes.subarray(this.#filled, to), this.#start + this.#filled)
    } finally {
      this.#filling = undefined
    }
  }
}
