/** The unit of reading. Large pieces decide the speed of a download. */
export const PAGE_BYTES = 1024 * 1024
/** Twice as many made the host grow by twice as much, and shared no more. */
export const MOST_PAGES = 8

/** Reads bytes of a file from `position` into `into`; answers how many, at least one. */
export type ReadInto = (into: Buffer, position: number) => Promise<number>

/** Bytes of a page that other readers may hold too: nobody may change them. */
export interface PageLease {
  readonly bytes: Uint8Array
  /** Gives them back: their memory may become another page's. A reader that keeps them never calls it. */
  end(): void
}

/** The most recently read pages, so that readers close together cause one read and hold the same memory. */
export class PageCache {
  /** In order of use; the most recently used is the last. */
  readonly #pages = new Map<string, Page>()
  /** Memory for further pages: fresh memory at the speed of a download makes V8 collect all garbage many times a second. */
  #spare: Buffer[] = []

  /** Bytes of a file from `at` to at most `end` and the end of their page. The bytes of a file may not change until it is dropped. */
  async piece(id: string, at: number, end: number, read: ReadInto): Promise<PageLease> {
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
      return { bytes, end: () => this.#release(page) }
    } catch (error) {
      this.#release(page)
      throw error
    }
  }

  drop(id: string): void {
    for (const key of this.#pages.keys()) if (key.startsWith(`${id} `)) this.#forget(key)
    if (this.#pages.size === 0) this.#spare = []
  }

  #release(page: Page): void {
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

/** Filled from its start, as far as the file has come. */
class Page {
  /** The system gives it memory only as it is filled. */
  readonly memory: Buffer
  /** Readers that have bytes of it, or wait for some. */
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

interface Reading {
  readonly at: number
  readonly bytes: Promise<Uint8Array>
}

/**
 * For a reader alone: reads page by page into two buffers of its own. While the reader has the bytes of one, the next page is read into
 * the other, so that the disk does not wait for the network, nor the network for the disk.
 */
export class ReadAhead {
  #lent: Buffer | undefined
  #spare: Buffer | undefined
  #ahead: Reading | undefined

  /** At most `length` bytes from `at` on, valid until the next call. The page behind them, up to `end`, is read meanwhile. */
  async piece(at: number, length: number, end: number, read: ReadInto): Promise<Uint8Array> {
    const ahead = this.#ahead
    this.#ahead = undefined
    const [lent, spare] = [this.#lent, this.#spare]
    this.#lent = spare
    this.#spare = lent
    let piece: Uint8Array
    if (ahead?.at === at) piece = await ahead.bytes
    else {
      await ahead?.bytes.catch(() => {})
      this.#lent ??= Buffer.allocUnsafeSlow(PAGE_BYTES)
      piece = await fill(this.#lent, at, length, read)
    }
    const next = at + piece.length
    const toCome = Math.min(PAGE_BYTES - (next % PAGE_BYTES), end - next)
    if (toCome > 0) {
      this.#spare ??= Buffer.allocUnsafeSlow(PAGE_BYTES)
      const bytes = fill(this.#spare, next, toCome, read)
      // The call that asks for them gets the error.
      bytes.catch(() => {})
      this.#ahead = { at: next, bytes }
    }
    return piece
  }

  /** Discards the page read ahead: the file's bytes may have changed. */
  forget(): void {
    if (this.#ahead !== undefined) this.#ahead = { ...this.#ahead, at: Number.NaN }
  }

  /** Resolves when no read is under way. */
  async end(): Promise<void> {
    await this.#ahead?.bytes.catch(() => {})
    this.#ahead = undefined
  }
}

async function fill(into: Buffer, at: number, length: number, read: ReadInto): Promise<Uint8Array> {
  const bytesRead = await read(into.subarray(0, length), at)
  return into.subarray(0, bytesRead)
}
