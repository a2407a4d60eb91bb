import { looksLikeLongHttpRequest } from '../../shared/http-line.ts'
import { EndMarkScanner } from './end-mark.ts'
import { type BeginItem, type CloseItem, type Item, ItemList } from './items.ts'
import { HTTP_REFUSAL, parseLine } from './line-syntax.ts'
import { PartialLine } from './partial-line.ts'
import { decodePlainBlock } from './plain-block.ts'
import { SizedBody } from './sized-body.ts'
import { isSuspectEnd } from './suspect-end.ts'

/** A line's bytes without its end. */
export const MAX_LINE_BYTES = 4096
/** A line that goes on for this long is an attack or another protocol (C9). */
export const MAX_DISCARDED_BYTES = 1024 * 1024

// One command among many lines of text slows down only its own block.
const MAX_BLOCK_BYTES = 8192
// A few lines are read faster one by one.
const MIN_BLOCK_BYTES = 256

export interface LineDecoderOptions {
  readonly maxLineBytes?: number
  readonly maxDiscardedBytes?: number
}

type State =
  | { readonly status: 'text' }
  | { readonly status: 'discarding'; readonly bytes: number }
  | {
      readonly status: 'body'
      readonly begin: BeginItem
      readonly reader: EndMarkScanner | SizedBody
      readonly abandoned: boolean
    }
  | { readonly status: 'closed' }

const TEXT: State = { status: 'text' }
const CLOSED: State = { status: 'closed' }
const LF = 0x0a
const CR = 0x0d

/**
 * The line protocol's bytes as items. Any chunking of the same bytes gives the same items (text lines and body slices
 * apart, which are grouped by chunk), but for the one rule that looks at segments (C23). Never throws, never holds
 * more than a line.
 */
export class LineDecoder {
  readonly #maxLineBytes: number
  readonly #maxDiscardedBytes: number
  readonly #partial = new PartialLine()
  #state: State = TEXT
  #linesSeen = 0

  constructor(options: LineDecoderOptions = {}) {
    this.#maxLineBytes = options.maxLineBytes ?? MAX_LINE_BYTES
    this.#maxDiscardedBytes = options.maxDiscardedBytes ?? MAX_DISCARDED_BYTES
  }

  /** Lines ended so far, with blank ones and commands: what a rate limit counts (C5). */
  get linesSeen(): number {
    return this.#linesSeen
  }

  push(chunk: Buffer): readonly Item[] {
    const out = new ItemList()
    let at = 0
    let blockFrom = 0
    while (at < chunk.length) {
      const state: State = this.#state
      switch (state.status) {
        case 'text':
          if (chunk.length - at < MIN_BLOCK_BYTES || at < blockFrom || this.#partial.length > 0)
            at = this.#readLine(chunk, at, out)
          else {
            // No byte is tried as part of a block twice, however many small files lie between (C82).
            const next = this.#readBlock(chunk, at, out)
            blockFrom = next > at ? next : at + MAX_BLOCK_BYTES
            at = next
          }
          break
        case 'discarding':
          at = this.#discard(chunk, at, state.bytes, out)
          break
        case 'body':
          at = this.#readBody(chunk, at, state, out)
          break
        case 'closed':
          return out.items
        default:
          return state satisfies never
      }
    }
    return out.items
  }

  /** The input is over. It ends the last line as a line feed would (C6). */
  end(): readonly Item[] {
    const out = new ItemList()
    if (this.#partial.length > 0) this.#line(this.#partial.take(), out)
    if (this.#state.status === 'body') {
      const rest = this.#state.abandoned ? [] : this.#state.reader.flush()
      for (const bytes of rest) out.add({ type: 'body', bytes })
      out.add({ type: 'cut' })
    }
    this.#state = CLOSED
    return out.items
  }

  /**
   * The file that `begin` began is not wanted: its bytes are read over, its `end` still comes. Nothing happens when
   * it is over already, so a reader may still be at an item in front of another file's beginning.
   */
  abandonBody(begin: BeginItem): void {
    if (this.#state.status === 'body' && this.#state.begin === begin) this.#state = { ...this.#state, abandoned: true }
  }

  #readBlock(chunk: Buffer, at: number, out: ItemList): number {
    const block = chunk.subarray(at, at + MAX_BLOCK_BYTES)
    const lastLineFeed = block.lastIndexOf(LF)
    if (lastLineFeed < 0) return at
    const lines = decodePlainBlock(block.subarray(0, lastLineFeed), this.#maxLineBytes)
    if (lines === undefined) return at
    this.#linesSeen += lines.length
    out.addTexts(lines)
    return at + lastLineFeed + 1
  }

  #readLine(chunk: Buffer, at: number, out: ItemList): number {
    const lineFeed = chunk.indexOf(LF, at)
    const stop = lineFeed < 0 ? chunk.length : lineFeed
    const length = this.#partial.length + stop - at
    if (length > this.#maxLineBytes) {
      // One byte more is fine while it may be the CR of a CRLF (C10).
      const lastByte = stop > at ? chunk[stop - 1] : this.#partial.lastByte
      if (length > this.#maxLineBytes + 1 || lastByte !== CR) return this.#tooLong(chunk, at, out)
    }
    if (lineFeed < 0 || this.#partial.length > 0) this.#partial.append(chunk, at, stop)
    if (lineFeed < 0) return stop
    this.#line(this.#partial.length > 0 ? this.#partial.take() : chunk.subarray(at, stop), out)
    return stop + 1
  }

  #line(bytes: Buffer, out: ItemList): void {
    this.#linesSeen += 1
    const line = bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes
    if (line.length === 0) return
    const parsed = parseLine(line)
    if (typeof parsed === 'string') {
      out.addText(parsed)
      return
    }
    if (parsed.type === 'close') {
      this.#close(parsed, out)
      return
    }
    out.add(parsed)
    if (parsed.type !== 'begin') return
    if (parsed.size === 0) out.add({ type: 'end', suspect: false })
    else {
      const reader = parsed.size === undefined ? new EndMarkScanner() : new SizedBody(parsed.size)
      this.#state = { status: 'body', begin: parsed, reader, abandoned: false }
    }
  }

  #tooLong(chunk: Buffer, at: number, out: ItemList): number {
    const held = this.#partial.length
    this.#partial.append(chunk, at, Math.max(at, at + this.#maxLineBytes - held))
    const head = this.#partial.take().toString('latin1', 0, this.#maxLineBytes)
    if (looksLikeLongHttpRequest(head)) this.#close(HTTP_REFUSAL, out)
    else {
      out.add({ type: 'error', code: 'LINE_TOO_LONG', message: `a line holds at most ${this.#maxLineBytes} bytes` })
      this.#state = { status: 'discarding', bytes: held }
    }
    return at
  }

  #discard(chunk: Buffer, at: number, before: number, out: ItemList): number {
    const lineFeed = chunk.indexOf(LF, at)
    const stop = lineFeed < 0 ? chunk.length : lineFeed
    const bytes = before + stop - at
    if (bytes >= this.#maxDiscardedBytes) {
      this.#close({ type: 'close', code: 'LINE_TOO_LONG', message: 'this line does not end; connect again' }, out)
    } else if (lineFeed < 0) this.#state = { status: 'discarding', bytes }
    else {
      this.#linesSeen += 1
      this.#state = TEXT
    }
    return stop + 1
  }

  #readBody(chunk: Buffer, at: number, state: State & { status: 'body' }, out: ItemList): number {
    const scan = state.reader.push(chunk.subarray(at))
    if (!state.abandoned) for (const bytes of scan.body) out.add({ type: 'body', bytes })
    if (scan.end < 0) return chunk.length
    this.#state = TEXT
    const end = at + scan.end
    const suspect = state.begin.size === undefined && isSuspectEnd(chunk, end, this.#maxLineBytes)
    out.add({ type: 'end', suspect })
    if (suspect) {
      const message = 'the end mark was probably part of the file; send it with /put <size> <name>'
      this.#close({ type: 'close', code: 'SUSPECT_END', message }, out)
    }
    return end
  }

  #close(item: CloseItem, out: ItemList): void {
    out.add(item)
    this.#state = CLOSED
  }
}
