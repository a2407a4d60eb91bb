/** The unit of reading. Large pieces decide the speed of a download. */
export const PAGE_BYTES = 1024 * 1024
/** Twice as many made the host grow by twice as much, and shared no more. */
export const MOST_PAGES = 8

/** Puts the bytes of a file from `position` on into `into`, and answers how many, at least one. */
export type ReadInto = (into: Buffer, position: number) => Promise<number>

/** Bytes of a page, which others may have too, so nobody may change them. */
export interface Loan {
  readonly bytes: Uint8Array
  /** Gives them back: their memory may be another page's from then on. Who keeps them never does. */
  end(): void
}

/** The pages that were read last, so that readers who are close together cause one read and hold the same memory. */
export class PageCache {
  /** The one that was used last is the last. */
  readonly #pages = new Map<string, Page>()
  /** Memory for further pages: fresh memory at the speed of a download makes V8 collect all its garbage many times a second. */
  #spare: Buffer[] = []

  /** Bytes of a file from `at` on, not beyond `end` nor the end of their page. Those of a file may not change before it is dropped. */
  async piece(id: string, at: number, end: number, read: ReadInto): Promise<Loan> {
    const start = at - (at % PAGE_BYTES)
    const key = `${id} ${start}`
    const page = this.#pages.get(key) ?? new Page(start, this.#spare.pop() ?? Buffer.allocUnsafeSlow(PAGE_BYTES))
    this.#pages.delete(key)
    this.#pages.set(key, page)
    page.holders += 1
    const { value: oldest } = this.#pages.keys().next()
    if (oldest !== undefined && this.#pages.size > MOST_PAGES) this.#forget(oldest)
    try {
      const bytes = await page.piece(at - start, Math.min(end - start, PAGE_BYTES), read)
      return { bytes, end: () => this.#giveBack(page) }
    } catch (error) {
      this.#giveBack(page)
      throw error
    }
  }

  drop(id: string): void {
    for (const key of this.#pages.keys()) if (key.startsWith(`${id} `)) this.#forget(key)
    if (this.#pages.size === 0) this.#spare = []
  }

  #giveBack(page: Page): void {
    page.holders -= 1
    this.#reuse(page)
  }

  #forget(key: string): void {
    const page = this.#pages.get(key)
    this.#pages.delete(key)
    if (page === undefined) return
    page.forgotten = true
    this.#reuse(page)
  }

  #reuse({ forgotten, holders, memory }: Page): void {
    if (forgotten && holders === 0 && this.#pages.size > 0 && this.#spare.length < MOST_PAGES) this.#spare.push(memory)
  }
}

/** Filled from its beginning, as far as the file has come. */
class Page {
  /** The system gives it memory only as it is filled. */
  readonly memory: Buffer
  /** Readers who have bytes of it, or wait for some. */
  holders = 0
  forgotten = false
  readonly #start: number
  #filled = 0
  #filling: Promise<void> | undefined

  constructor(start: number, memory: Buffer) {
    this.#start = start
    this.memory = memory
  }

  async piece(from: number, to: number, read: ReadInto): Promise<Uint8Array> {
    while (this.#filled <= from) {
      this.#filling ??= this.#fill(to, read)
      await this.#filling
    }
    return this.memory.subarray(from, Math.min(to, this.#filled))
  }

  async #fill(to: number, read: ReadInto): Promise<void> {
    try {
      this.#filled += await read(this.memory.subarray(this.#filled, to), this.#start + this.#filled)
    } finally {
      this.#filling = undefined
    }
  }
}
