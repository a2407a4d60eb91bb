import type { Writable } from 'node:stream'

/** So many rows may wait for a terminal that is too slow; then the oldest are not shown. */
const MOST_ROWS = 5000
/** So many are written at once. */
const BATCH = 500

/** Rows on their way to a terminal, which may be slow, or take nothing at all for hours (C89): what waits is bounded. */
export class RowFeed {
  readonly #stdout: Writable
  readonly #write: (text: string) => void
  readonly #skipped: (count: number) => string
  #rows: string[] = []
  #lost = 0
  #scheduled = false

  constructor(stdout: Writable, write: (text: string) => void, skipped: (count: number) => string) {
    this.#stdout = stdout
    this.#write = write
    this.#skipped = skipped
    stdout.on('drain', () => this.#flush())
  }

  add(row: string): void {
    this.#rows.push(row)
    if (this.#rows.length > 2 * MOST_ROWS) {
      this.#lost += this.#rows.length - MOST_ROWS
      this.#rows = this.#rows.slice(-MOST_ROWS)
    }
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  /** Whether the terminal takes more. */
  get open(): boolean {
    return !this.#stdout.writableNeedDrain
  }

  /** Everything that waits, at once: this is the end. */
  end(): void {
    while (this.#rows.length > 0) this.#batch()
  }

  #flush(): void {
    while (this.#rows.length > 0 && this.open) this.#batch()
  }

  #batch(): void {
    const rows = this.#rows.splice(0, BATCH)
    if (this.#lost > 0) rows.unshift(this.#skipped(this.#lost))
    this.#lost = 0
    this.#write(`${rows.join('\n')}\n`)
  }
}
