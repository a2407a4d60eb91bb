import { isUtf8 } from 'node:buffer'
import { canBeginUtf8 } from './syntax.ts'

/** Ends an inline file on the line protocol. */
export const SENTINEL: Buffer = Buffer.from('//AGUEL//TAMTAM//')

const CR = 0x0d
const LF = 0x0a
const OTHER_CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/
/** Results of checks are kept for this many files. */
const CHECKS_KEPT = 1000
const FALLBACKS = borders(SENTINEL)

/** `body`: the bytes that certainly belong to the body. `end`: index in the chunk just behind the body's end, -1 while it is not there. */
export interface Scan {
  readonly body: readonly Buffer[]
  readonly end: number
}

/**
 * Finds the sentinel in any chunking (C20, C21). Only a beginning of the sentinel itself is held back over the end of a chunk, at most
 * 16 bytes, so one number remembers it. All other bytes leave as views of the chunk.
 */
export class SentinelScanner {
  #matched = 0

  push(chunk: Buffer): Scan {
    const carried = this.#matched
    let matched = carried
    let at = 0
    // Follow the carried beginning while the match still starts in front of this chunk: at most 16 steps.
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

  /** The input is over without a sentinel: the bytes that were held back belong to the body. */
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

/** Reads a body of known size: no sentinel is looked for. The same interface as the scanner's. */
export class SizedBody {
  #missing: number

  constructor(size: number) {
    this.#missing = size
  }

  push(chunk: Buffer): Scan {
    const length = Math.min(this.#missing, chunk.length)
    this.#missing -= length
    return { body: length > 0 ? [chunk.subarray(0, length)] : [], end: this.#missing === 0 ? length : -1 }
  }

  flush(): readonly Buffer[] {
    return []
  }
}

/**
 * Whether the bytes behind a sentinel, in the same segment, cannot be a line: then the sentinel was part of the file, and the rest of
 * that file must not be said in the room (C23). A later segment is not judged: nothing tells it from chat.
 */
export function isSentinelCandidate(segment: Buffer, end: number, maxLineBytes: number): boolean {
  const lineFeed = segment.indexOf(LF, end)
  let stop = lineFeed < 0 ? segment.length : lineFeed
  if (segment[stop - 1] === CR) stop -= 1
  if (stop - end > maxLineBytes) return true
  const line = segment.subarray(end, stop)
  if (OTHER_CONTROLS.test(line.toString('latin1'))) return true
  return lineFeed < 0 ? !canBeginUtf8(line) : !isUtf8(line)
}

/**
 * Whether a body can travel with the sentinel behind it: it holds no sentinel (C24), and its tail completes none early (C25), so
 * `indexOf(body + sentinel, sentinel) === body.length`.
 */
export class SentinelCheck {
  readonly #scanner = new SentinelScanner()
  #found = false

  push(chunk: Buffer): void {
    if (!this.#found) this.#found = this.#scanner.push(chunk).end >= 0
  }

  /** The answer for the bytes pushed so far; more may follow. */
  result(): boolean {
    if (this.#found) return false
    const tail = Buffer.concat(this.#scanner.flush())
    this.#scanner.push(tail)
    return Buffer.concat([tail, SENTINEL]).indexOf(SENTINEL) === tail.length
  }
}

/** Whether files can be sent inline (C24, C25). Each file is read once, however many readers ask. */
export class SentinelChecks {
  readonly #results = new Map<string, Promise<boolean>>()

  carries(id: string, source: () => AsyncIterable<Uint8Array>): Promise<boolean> {
    const known = this.#results.get(id)
    if (known !== undefined) return known
    const result = check(source())
    this.#results.set(id, result)
    // A failed read says nothing about the next one.
    result.catch(() => this.#results.delete(id))
    const [oldest] = this.#results.keys()
    if (this.#results.size > CHECKS_KEPT && oldest !== undefined) this.#results.delete(oldest)
    return result
  }
}

async function check(source: AsyncIterable<Uint8Array>): Promise<boolean> {
  const sentinel = new SentinelCheck()
  for await (const bytes of source) sentinel.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  return sentinel.result()
}

// A copy: a reader that writes into its slice must not damage the sentinel.
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

/** Knuth-Morris-Pratt: how much of the sentinel is matched after one more byte. Never called with all of it. */
function advance(matched: number, byte: number): number {
  let length = matched
  while (length > 0 && SENTINEL[length] !== byte) length = FALLBACKS[length - 1] as number
  return SENTINEL[length] === byte ? length + 1 : 0
}

function borders(pattern: Buffer): readonly number[] {
  const table = [0]
  for (let at = 1; at < pattern.length; at += 1) {
    let length = table[at - 1] as number
    while (length > 0 && pattern[length] !== pattern[at]) length = table[length - 1] as number
    table.push(pattern[length] === pattern[at] ? length + 1 : 0)
  }
  return table
}
