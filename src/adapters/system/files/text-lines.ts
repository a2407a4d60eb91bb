import { isUtf8 } from 'node:buffer'
import { type Rejected, rejected } from '#domain/errors.ts'
import { beginsWithMark, looksLikeUtf16, notUtf8, UTF8_MARK, utf16 } from './text-encoding.ts'

/** A line, or why it is none. */
export type TextLine = string | Rejected

/** More than any room takes. */
const MOST_LINE_BYTES = 64 * 1024
const LF = 0x0a
const CR = 0x0d

/**
 * Lines of a text that comes in pieces, from a pipe or a file: ended by LF or CR LF, the last one also by the end of all. What is in a line comes out
 * exactly; a line that is not UTF-8, or too long, is refused, and the others go on. A byte order mark before the first line is none of it.
 * UTF-16 is refused once, and then nothing of it is a line. Blank lines are lines.
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
    // A copy: a few bytes that wait must not keep a whole chunk.
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

/** The lines of a source, as they come; not one of them is read ahead of what came. */
export async function* textLines(source: AsyncIterable<Uint8Array>, mostLineBytes?: number): AsyncGenerator<TextLine> {
  const lines = new TextLines(mostLineBytes)
  for await (const chunk of source) yield* lines.push(chunk)
  yield* lines.end()
}

const tooLong = (most: number): Rejected =>
  rejected('LINE_TOO_LONG', `a line here holds at most ${most} bytes; split it, or send it as a file`)
