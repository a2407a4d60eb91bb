import type { Writable } from 'node:stream'

/** So many rows, and so much text, may wait for a reader that is too slow; then the older half is not shown, and how many rows that is is said. */
const MOST_ROWS = 10_000
const MOST_CHARS = 4_000_000
/** So many are written at once. */
const BATCH = 500
/** So much is written without waiting for more, so that whoever supplies the rows sees in time that the reader is behind. */
const EAGER_CHARS = 64_000

export interface RowFeedParts {
  readonly to: Writable
  /** Where rows are written, unless that is `to`. */
  readonly write?: (text: string) => void
  readonly skipped: (count: number) => string
  /** A row as it is written. */
  readonly shaped?: (row: string) => string
}

/** Rows on their way to a terminal or a pipe, which may be slow, or take nothing at all for hours (C89): the queue is bounded. */
export class RowFeed {
  readonly #to: Writable
  readonly #write: (text: string) => void
  readonly #skipped: (count: number) => string
  readonly #shaped: (row: string) => string
  #rows: string[] = []
  #chars = 0
  #lost = 0
  #scheduled = false
  #held = false

  constructor({ to, skipped, write = (text) => void to.write(text), shaped = (row) => row }: RowFeedParts) {
    this.#to = to
    this.#write = write
    this.#skipped = skipped
    this.#shaped = shaped
    to.on('drain', () => this.#flush())
  }

  add(row: string): void {
    this.#rows.push(row)
    this.#chars += row.length
    if (this.#rows.length > MOST_ROWS || this.#chars > MOST_CHARS) this.#skip()
    if (this.#chars > EAGER_CHARS) this.#flush()
    if (this.#scheduled || this.#rows.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  /** Whether more is taken. */
  get open(): boolean {
    return !this.#held && !this.#to.writableNeedDrain
  }

  /** Rows wait while the terminal is somebody else's. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#flush()
  }

  get waitingChars(): number {
    return this.#chars
  }

  /** Everything that waits, at once: this is the end. */
  end(): void {
    while (this.#rows.length > 0) this.#batch()
  }

  #skip(): void {
    let from = 0
    for (; this.#rows.length - from > MOST_ROWS / 2 || this.#chars > MOST_CHARS / 2; from++)
      this.#chars -= this.#rows[from]?.length ?? 0
    this.#rows = this.#rows.slice(from)
    this.#lost += from
  }

  #flush(): void {
    while (this.#rows.length > 0 && this.open) this.#batch()
  }

  #batch(): void {
    const rows = this.#rows.splice(0, BATCH)
    for (const { length } of rows) this.#chars -= length
    if (this.#lost > 0) rows.unshift(this.#skipped(this.#lost))
    this.#lost = 0
    this.#write(`${rows.map(this.#shaped).join('\n')}\n`)
  }
}
