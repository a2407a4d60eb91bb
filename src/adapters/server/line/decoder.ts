import { isUtf8 } from 'node:buffer'
import { IAC, looksLikeLongHttpRequest } from '#server/connection/protocol-hints.ts'
import { beginsWithMark, looksLikeUtf16, UTF8_MARK } from '#system/files/text.ts'
import { isSentinelCandidate, SentinelScanner, SizedBody } from './sentinel.ts'
import {
  type BeginItem,
  type CloseItem,
  HTTP_REFUSAL,
  type Item,
  parseLine,
  TELNET_REFUSAL,
  UTF16_REFUSAL,
} from './syntax.ts'
import { type Step, Telnet } from './telnet.ts'

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
      readonly reader: SentinelScanner | SizedBody
      readonly abandoned: boolean
    }
  | { readonly status: 'closed' }

const TEXT: State = { status: 'text' }
const CLOSED: State = { status: 'closed' }
const LF = 0x0a
const CR = 0x0d
const NUL = 0
const NOTHING = Buffer.alloc(0)
const SMALLEST_PARTIAL_BYTES = 64
const MAX_BYTES_PER_CODE_UNIT = 3
// A line that begins like a command or a file, or with a byte order mark, or an empty one. Two expressions, no `^`: measured twice as fast as one.
const SPECIAL_BEGINNING = /\n(?:[/\r\n\ufeff]|SEND)/
const MAYBE_HTTP = / HTTP\//i
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f]/
const VISIBLE_HINT = 'others see the bytes that are no UTF-8 as \\xff; send UTF-8'

/**
 * The line protocol's bytes as items. Any chunking of the same bytes gives the same items (text lines and body slices
 * apart, which are grouped by chunk), but for the one rule that looks at segments (C23). Never throws, never holds
 * more than a line.
 */
export class LineDecoder {
  readonly #maxLineBytes: number
  readonly #maxDiscardedBytes: number
  readonly #partial = new PartialLine()
  readonly #telnet = new Telnet()
  #state: State = TEXT
  #linesSeen = 0
  #hinted = false
  #endsWithCr = false

  constructor(options: LineDecoderOptions = {}) {
    this.#maxLineBytes = options.maxLineBytes ?? MAX_LINE_BYTES
    this.#maxDiscardedBytes = options.maxDiscardedBytes ?? MAX_DISCARDED_BYTES
  }

  /** Lines ended so far, blank ones and commands included, and answers to telnet: the rate limit counts them (C5). */
  get linesSeen(): number {
    return this.#linesSeen
  }

  /** It speaks telnet, or ends its lines as telnet and PuTTY do: the seed's client never does. */
  get isTelnet(): boolean {
    return this.#endsWithCr || this.#telnet.seen
  }

  push(chunk: Buffer): readonly Item[] {
    const out = new ItemList()
    let at = 0
    let blockFrom = 0
    while (at < chunk.length) {
      const state: State = this.#state
      switch (state.status) {
        case 'text':
          if (this.#telnet.inside) at = this.#readTelnet(chunk, at, out)
          else if (chunk.length - at < MIN_BLOCK_BYTES || at < blockFrom || this.#partial.length > 0)
            at = this.#readLine(chunk, at, out)
          else {
            // No byte is tried as part of a block twice, however many small files lie between (C82).
            const next = this.#readBlock(chunk, at, out)
            blockFrom = next > at ? next : at + MAX_BLOCK_BYTES
            at = next
          }
          break
        case 'discarding':
          if (this.#telnet.inside) at = this.#readTelnet(chunk, at, out)
          else at = this.#discard(chunk, at, state.bytes, out)
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
    if (this.#state.status === 'text') this.#partial.appendBytes(this.#telnet.flush())
    if (this.#isTooLong(NOTHING, 0, 0)) this.#tooLong(NOTHING, 0, out)
    else if (this.#partial.length > 0) this.#line(this.#partial.take(), out)
    if (this.#state.status === 'body') {
      const rest = this.#state.abandoned ? [] : this.#state.reader.flush()
      for (const bytes of rest) out.add({ type: 'body', bytes })
      out.add({ type: 'cut' })
    }
    this.#state = CLOSED
    return out.items
  }

  /**
   * The file that `begin` began is refused: its bytes are read over, its `end` still comes. Does nothing once that file is over, so a
   * reader may still be at an item before another file's beginning.
   */
  abandonBody(begin: BeginItem): void {
    if (this.#state.status === 'body' && this.#state.begin === begin) this.#state = { ...this.#state, abandoned: true }
  }

  #readBlock(chunk: Buffer, at: number, out: ItemList): number {
    const block = chunk.subarray(at, at + MAX_BLOCK_BYTES)
    const lastLineFeed = block.lastIndexOf(LF)
    if (lastLineFeed < 0) return at
    const text = block.subarray(0, lastLineFeed)
    const lines = decodePlainBlock(text, this.#maxLineBytes)
    if (lines === undefined) return at
    this.#endsWithCr ||= text.at(-1) === CR
    this.#linesSeen += lines.length
    out.addTexts(lines)
    return at + lastLineFeed + 1
  }

  /** Up to the end of the line, which may be the CR NUL of telnet, or to a sequence of telnet's within it. */
  #readLine(chunk: Buffer, at: number, out: ItemList): number {
    const lineFeed = chunk.indexOf(LF, at)
    const most = lineFeed < 0 ? chunk.length : lineFeed
    const iac = indexWithin(chunk, IAC, at, most)
    const nul = this.#endingNul(chunk, at, iac < 0 ? most : iac)
    const stop = nul >= 0 ? nul : iac >= 0 ? iac : most
    if (this.#isTooLong(chunk, at, stop)) return this.#tooLong(chunk, at, out)
    const isEnded = stop === nul || stop === lineFeed
    if (!isEnded || this.#partial.length > 0) this.#partial.append(chunk, at, stop)
    if (stop === iac) {
      this.#telnet.begin(this.#partial.length === 0)
      return stop + 1
    }
    if (!isEnded) return stop
    this.#line(this.#partial.length > 0 ? this.#partial.take() : chunk.subarray(at, stop), out)
    return stop + 1
  }

  #isTooLong(chunk: Buffer, from: number, stop: number): boolean {
    const length = this.#partial.length + stop - from
    if (length <= this.#maxLineBytes) return false
    const marked = UTF8_MARK.length
    const head = Buffer.concat([this.#partial.peek().subarray(0, marked), chunk.subarray(from, from + marked)])
    const most = this.#maxLineBytes + (this.#linesSeen === 0 && beginsWithMark(head) ? marked : 0)
    if (length <= most) return false
    // One byte more is fine while it may be the CR of a CRLF (C10).
    const lastByte = stop > from ? chunk[stop - 1] : this.#partial.lastByte
    return length > most + 1 || lastByte !== CR
  }

  /**
   * Where a NUL behind a CR ends the line: a telnet client without a line mode says so for Enter. Of others it is believed behind
   * plain text only, for it also stands at the end of each line of UTF-16.
   */
  #endingNul(chunk: Buffer, at: number, stop: number): number {
    for (let nul = indexWithin(chunk, NUL, at, stop); nul >= 0; nul = indexWithin(chunk, NUL, nul + 1, stop)) {
      const before = nul > at ? chunk[nul - 1] : this.#partial.lastByte
      if (before !== CR) continue
      if (this.#telnet.seen) return nul
      const line = Buffer.concat([this.#partial.peek(), chunk.subarray(at, nul)]).subarray(0, -1)
      return isUtf8(line) && !CONTROLS.test(line.toString('latin1')) ? nul : -1
    }
    return -1
  }

  #readTelnet(chunk: Buffer, at: number, out: ItemList): number {
    const step = this.#telnet.take(chunk[at] as number)
    if (step.done) this.#telnetSaid(step, out)
    return step.again ? at : at + 1
  }

  #telnetSaid({ answer, text, erases, endless }: Step, out: ItemList): void {
    if (text !== undefined && this.#state.status === 'text') this.#partial.appendBytes(text)
    if (answer !== undefined) {
      this.#linesSeen += 1
      out.add({ type: 'answer', bytes: answer })
    }
    if (erases !== undefined) this.#partial.erase(erases)
    if (erases === 'line') this.#state = TEXT
    if (endless) this.#close(TELNET_REFUSAL, out)
  }

  #line(bytes: Buffer, out: ItemList): void {
    const isFirst = this.#linesSeen === 0
    this.#linesSeen += 1
    if (!this.#telnet.seen && looksLikeUtf16(bytes)) {
      this.#close(UTF16_REFUSAL, out)
      return
    }
    const from = isFirst && beginsWithMark(bytes) ? UTF8_MARK.length : 0
    const endsWithCr = bytes.at(-1) === CR
    this.#endsWithCr ||= endsWithCr
    const line = bytes.subarray(from, endsWithCr ? -1 : undefined)
    if (line.length === 0) return
    const parsed = parseLine(line)
    if (typeof parsed === 'string') {
      out.addText(parsed)
      if (!this.#hinted && !isUtf8(line)) {
        this.#hinted = true
        out.add({ type: 'hint', text: VISIBLE_HINT })
      }
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
      const reader = parsed.size === undefined ? new SentinelScanner() : new SizedBody(parsed.size)
      this.#state = { status: 'body', begin: parsed, reader, abandoned: false }
    }
  }

  #tooLong(chunk: Buffer, at: number, out: ItemList): number {
    const held = this.#partial.length
    this.#partial.append(chunk, at, Math.max(at, at + this.#maxLineBytes - held))
    const head = this.#partial.take().subarray(0, this.#maxLineBytes)
    if (looksLikeLongHttpRequest(head.toString('latin1'))) this.#close(HTTP_REFUSAL, out)
    else if (!this.#telnet.seen && looksLikeUtf16(head)) this.#close(UTF16_REFUSAL, out)
    else {
      out.add({ type: 'error', code: 'LINE_TOO_LONG', message: `a line holds at most ${this.#maxLineBytes} bytes` })
      this.#state = { status: 'discarding', bytes: held }
    }
    return at
  }

  #discard(chunk: Buffer, at: number, before: number, out: ItemList): number {
    const lineFeed = chunk.indexOf(LF, at)
    const most = lineFeed < 0 ? chunk.length : lineFeed
    const iac = this.#telnet.seen ? indexWithin(chunk, IAC, at, most) : -1
    const stop = iac < 0 ? most : iac
    const bytes = before + stop - at
    if (bytes >= this.#maxDiscardedBytes) {
      this.#close({ type: 'close', code: 'LINE_TOO_LONG', message: 'this line does not end; connect again' }, out)
    } else if (stop !== lineFeed) this.#state = { status: 'discarding', bytes }
    else {
      this.#linesSeen += 1
      this.#state = TEXT
    }
    if (stop === iac) this.#telnet.begin(false)
    return stop + 1
  }

  #readBody(chunk: Buffer, at: number, state: State & { status: 'body' }, out: ItemList): number {
    const scan = state.reader.push(chunk.subarray(at))
    if (!state.abandoned) for (const bytes of scan.body) out.add({ type: 'body', bytes })
    if (scan.end < 0) return chunk.length
    this.#state = TEXT
    const end = at + scan.end
    const suspect = state.begin.size === undefined && isSentinelCandidate(chunk, end, this.#maxLineBytes)
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

/** Where a byte is from `from` on, and before `stop`; -1 where it is not. */
function indexWithin(chunk: Buffer, byte: number, from: number, stop: number): number {
  const found = chunk.subarray(from, stop).indexOf(byte)
  return found < 0 ? -1 : from + found
}

/**
 * A line whose end has not come yet. It doubles as it grows, so that one byte a segment costs no more than the bytes
 * (C1), and it copies, so that ten waiting bytes do not keep a segment of 64 KiB alive.
 */
class PartialLine {
  #bytes = NOTHING
  #length = 0

  get length(): number {
    return this.#length
  }

  get lastByte(): number | undefined {
    return this.#bytes[this.#length - 1]
  }

  /** The bytes so far, without taking them. */
  peek(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  append(chunk: Buffer, from: number, to: number): void {
    const needed = this.#length + to - from
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(SMALLEST_PARTIAL_BYTES, 2 * this.#bytes.length, needed))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    this.#length += chunk.copy(this.#bytes, this.#length, from, to)
  }

  appendBytes(bytes: readonly number[]): void {
    this.append(Buffer.from(bytes), 0, bytes.length)
  }

  /** Takes the last character, or all of it, back. */
  erase(what: 'character' | 'line'): void {
    let length = what === 'line' ? 0 : Math.max(0, this.#length - 1)
    while (length > 0 && ((this.#bytes[length] as number) & 0xc0) === 0x80) length--
    this.#length = length
  }

  /** Hands the bytes over and starts again, empty. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length)
    this.#bytes = NOTHING
    this.#length = 0
    return bytes
  }
}

/**
 * Hot path: whole lines (the last line feed left out) that are plain text, decoded at once. Undefined when one of them needs a closer
 * look. Only LF is an ASCII line feed in UTF-8, so lines of
 * valid bytes are valid each (C12).
 */
function decodePlainBlock(block: Buffer, maxLineBytes: number): string[] | undefined {
  if (!isUtf8(block) || block.includes(NUL)) return undefined
  const text = block.toString('utf8')
  if (SPECIAL_BEGINNING.test(`\n${text}\n`) || MAYBE_HTTP.test(text)) return undefined
  const lines = text.split('\n')
  if (text.includes('\r')) dropCarriageReturns(lines)
  return block.length <= maxLineBytes || allWithin(lines, maxLineBytes) ? lines : undefined
}

function dropCarriageReturns(lines: string[]): void {
  for (const [index, line] of lines.entries()) if (line.endsWith('\r')) lines[index] = line.slice(0, -1)
}

function allWithin(lines: readonly string[], maxLineBytes: number): boolean {
  const surelyWithin = maxLineBytes / MAX_BYTES_PER_CODE_UNIT
  return lines.every((line) => line.length <= surelyWithin || Buffer.byteLength(line) <= maxLineBytes)
}

/** Items in order; text lines that follow each other share one item. */
class ItemList {
  readonly items: Item[] = []

  add(item: Item): void {
    this.items.push(item)
  }

  addText(line: string): void {
    const last = this.items.at(-1)
    if (last?.type === 'text') last.lines.push(line)
    else this.items.push({ type: 'text', lines: [line] })
  }

  /** Takes the array over. */
  addTexts(lines: string[]): void {
    const last = this.items.at(-1)
    if (last?.type !== 'text') this.items.push({ type: 'text', lines })
    else for (const line of lines) last.lines.push(line)
  }
}
