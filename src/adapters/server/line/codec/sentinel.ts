/** What ends a file on the line protocol, in band. */
export const SENTINEL: Buffer = Buffer.from('//AGUEL//TAMTAM//')

const FALLBACKS = borders(SENTINEL)

/** `body`: what certainly belongs to the body. `end`: index in the chunk just behind the body's end, -1 while it is not there. */
export interface Scan {
  readonly body: readonly Buffer[]
  readonly end: number
}

/**
 * Finds the end mark in any chunking (C20, C21). What is held back over a chunk's end is always the beginning of the
 * mark itself, at most 16 bytes: one number remembers it. Everything else leaves as views of the chunk.
 */
export class SentinelScanner {
  #matched = 0

  push(chunk: Buffer): Scan {
    const carried = this.#matched
    let matched = carried
    let at = 0
    // Follow the carried beginning while what matches still starts in front of this chunk: at most 16 steps.
    while (matched > at && at < chunk.length) {
      matched = advance(matched, chunk[at] as number)
      at += 1
      if (matched === SENTINEL.length) return this.#ended(carried + at - matched, [], at)
    }
    if (matched > at) {
      this.#matched = matched
      return { body: carriedSlice(carried + at - matched), end: -1 }
    }
    const found = chunk.indexOf(SENTINEL, at - matched)
    if (found >= 0) return this.#ended(carried, slice(chunk, found), found + SENTINEL.length)
    this.#matched = beginningAtEnd(chunk)
    return { body: [...carriedSlice(carried), ...slice(chunk, chunk.length - this.#matched)], end: -1 }
  }

  /** The input is over without a mark: the bytes that were held back belong to the body after all. */
  flush(): readonly Buffer[] {
    const carried = this.#matched
    this.#matched = 0
    return carriedSlice(carried)
  }

  #ended(carriedBody: number, chunkBody: readonly Buffer[], end: number): Scan {
    this.#matched = 0
    return { body: [...carriedSlice(carriedBody), ...chunkBody], end }
  }
}

/**
 * Whether a body can travel with the mark behind it: neither a mark inside (C24) nor a tail that completes one early
 * (C25), so `indexOf(body + mark, mark) === body.length`.
 */
export class SentinelCheck {
  readonly #scanner = new SentinelScanner()
  #found = false

  push(chunk: Buffer): void {
    if (!this.#found) this.#found = this.#scanner.push(chunk).end >= 0
  }

  /** The answer for what was pushed so far; more may follow. */
  result(): boolean {
    if (this.#found) return false
    const tail = Buffer.concat(this.#scanner.flush())
    this.#scanner.push(tail)
    return Buffer.concat([tail, SENTINEL]).indexOf(SENTINEL) === tail.length
  }
}

// A copy: a reader that writes into its slice must not damage the mark.
const carriedSlice = (length: number): readonly Buffer[] =>
  length > 0 ? [Buffer.from(SENTINEL.subarray(0, length))] : []

const slice = (chunk: Buffer, length: number): readonly Buffer[] => (length > 0 ? [chunk.subarray(0, length)] : [])

function beginningAtEnd(chunk: Buffer): number {
  let matched = 0
  for (let at = Math.max(0, chunk.length - SENTINEL.length + 1); at < chunk.length; at += 1) {
    matched = advance(matched, chunk[at] as number)
  }
  return matched
}

/** Knuth-Morris-Pratt: how much of the mark's beginning is matched after one more byte. Never called with all of it. */
function advance(matched: number, byte: number): number {
  let length = matched
  while (length > 0 && SENTINEL[length] !== byte) length = FALLBACKS[length - 1] as number
  return SENTINEL[length] === byte ? length + 1 : 0
}

function borders(mark: Buffer): readonly number[] {
  const table = [0]
  for (let at = 1; at < mark.length; at += 1) {
    let length = table[at - 1] as number
    while (length > 0 && mark[length] !== mark[at]) length = table[length - 1] as number
    table.push(mark[length] === mark[at] ? length + 1 : 0)
  }
  return table
}
