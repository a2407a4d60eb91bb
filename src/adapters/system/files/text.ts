import { isUtf8 } from 'node:buffer'
import { type Rejected, rejected } from '#domain/errors.ts'

/** The byte order mark that programs, mostly on Windows, put before a text. It belongs to no word, name or file. */
export const UTF8_MARK: Buffer = Buffer.from('\ufeff')

export const beginsWithMark = (bytes: Uint8Array): boolean => UTF8_MARK.equals(bytes.subarray(0, UTF8_MARK.length))

/**
 * Whether a text, or a line without its line feed, is UTF-16 (or UTF-32) in either byte order: by its byte order mark, by a NUL for every
 * other byte, or by a CR with a NUL behind it at the end of the line.
 */
export function looksLikeUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true
  if (!bytes.includes(0)) return false
  if (bytes.at(-1) === 0 && bytes.at(-2) === 0x0d) return true
  return bytes.length >= 4 && (alternates(bytes, 0) || alternates(bytes, 1))
}

/** NUL at every other byte from `from` on, and nowhere else. */
const alternates = (bytes: Uint8Array, from: 0 | 1): boolean =>
  bytes.every((byte, index) => (byte === 0) === (index % 2 === from))

export const utf16: Rejected = rejected(
  'BAD_TEXT',
  'this is UTF-16, and text here is UTF-8: in PowerShell set $OutputEncoding = [Text.UTF8Encoding]::new(), or convert it with iconv -f UTF-16 -t UTF-8',
)

export const notUtf8: Rejected = rejected(
  'BAD_TEXT',
  'this is not UTF-8; convert it, as with iconv -f WINDOWS-1252 -t UTF-8, or send it as a file',
)

/** A text from any editor, without its byte order mark; refused when it is not UTF-8. */
export function textOf(bytes: Uint8Array): string | Rejected {
  if (looksLikeUtf16(bytes)) return utf16
  if (!isUtf8(bytes)) return notUtf8
  return new TextDecoder().decode(bytes)
}

/** A line, or the reason of its refusal. */
export type TextLine = string | Rejected

/** More than any room takes. */
const MOST_LINE_BYTES = 64 * 1024
const LF = 0x0a
const CR = 0x0d

/**
 * Splits a text that comes in pieces, from a pipe or a file, into lines: they end with LF or CR LF, the last one also with the text. Lines
 * come out exactly; one that is not UTF-8, or too long, is refused, and the next go on. A byte order mark before the first line is
 * dropped. UTF-16 is refused once and ends the text. Blank lines are lines.
 */
export class TextLines {
  readonly #most: number
  #rest: Buffer[] = []
  #held = 0
  #status: 'first' | 'reading' | 'skipping' | 'over' = 'first'

  constructor(mostLineBytes = MOST_LINE_BYTES) {
    this.#most = mostLineBytes
  }

  push(chunk: Uint8Array): TextLine[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const out: TextLine[] = []
    for (let at = 0; at < bytes.length && this.#status !== 'over'; ) {
      const lineFeed = bytes.indexOf(LF, at)
      const stop = lineFeed < 0 ? bytes.length : lineFeed
      if (this.#status !== 'skipping') this.#hold(bytes.subarray(at, stop), out)
      if (lineFeed >= 0) this.#ended(out)
      at = stop + 1
    }
    return out
  }

  end(): TextLine[] {
    const out: TextLine[] = []
    if (this.#held > 0) this.#ended(out)
    this.#status = 'over'
    return out
  }

  #hold(piece: Buffer, out: TextLine[]): void {
    if (this.#held + piece.length > this.#most) {
      const head = Buffer.concat([...this.#rest, piece.subarray(0, this.#most)])
      const isUtf16 = looksLikeUtf16(head.subarray(0, this.#most - (this.#most % 2)))
      out.push(isUtf16 ? utf16 : tooLong(this.#most))
      this.#status = isUtf16 ? 'over' : 'skipping'
      this.#rest = []
      this.#held = 0
      return
    }
    if (piece.length === 0) return
    // A copy: a few waiting bytes must not keep a whole chunk in memory.
    this.#rest.push(Buffer.from(piece))
    this.#held += piece.length
  }

  #ended(out: TextLine[]): void {
    const bytes = Buffer.concat(this.#rest)
    const status = this.#status
    this.#rest = []
    this.#held = 0
    if (status === 'over') return
    this.#status = 'reading'
    if (status === 'skipping') return
    if (looksLikeUtf16(bytes)) {
      this.#status = 'over'
      out.push(utf16)
      return
    }
    const from = status === 'first' && beginsWithMark(bytes) ? UTF8_MARK.length : 0
    const line = bytes.subarray(from, bytes.at(-1) === CR ? -1 : undefined)
    out.push(isUtf8(line) ? line.toString('utf8') : notUtf8)
  }
}

/** The lines of a source as they come, without reading ahead. */
export async function* textLines(source: AsyncIterable<Uint8Array>, mostLineBytes?: number): AsyncGenerator<TextLine> {
  const lines = new TextLines(mostLineBytes)
  for await (const chunk of source) yield* lines.push(chunk)
  yield* lines.end()
}

const tooLong = (most: number): Rejected =>
  rejected('LINE_TOO_LONG', `a line here holds at most ${most} bytes; split it, or send it as a file`)
