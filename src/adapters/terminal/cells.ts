import { lazily } from '#domain/names/lazily.ts'

/** Characters that terminals draw over two cells. */
const wide = lazily(
  () =>
    /\p{sc=Han}|\p{sc=Hiragana}|\p{sc=Katakana}|\p{sc=Hangul}|\p{Emoji_Presentation}|\ufe0f|[\u3000-\u303f\uff01-\uff60]/u,
)
/** Characters drawn onto the cell before them. A conjunct of several letters takes a cell for each. */
const widthless = lazily(() => /[\p{Mn}\p{Me}\p{Cf}]/gu)
const PLAIN = /^[\x20-\x7e]*$/
const clusters = lazily(() => new Intl.Segmenter('und', { granularity: 'grapheme' }))

/** A text in the signs that a person sees, each of which may be several code points. */
export const signsOf = (text: string): string[] =>
  PLAIN.test(text) ? [...text] : Array.from(clusters().segment(text), ({ segment }) => segment)

/** How many cells of a terminal a text takes. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length
  let cells = 0
  for (const sign of signsOf(text)) cells += wide().test(sign) ? 2 : Array.from(sign.replace(widthless(), '')).length
  return cells
}

/** At most `cells` of a text, with an ellipsis where it was longer. */
export function cut(text: string, cells: number): string {
  if (widthOf(text) <= cells) return text
  let kept = ''
  let width = 0
  for (const sign of signsOf(text)) {
    width += widthOf(sign)
    if (width > cells - 1) break
    kept += sign
  }
  return `${kept}…`
}

/** The indent of a row's further lines, as of a message of several lines. */
export const INDENT = '    '
/** How far a terminal would go depends on where it stands. */
const TAB = '    '
/** Narrower, it is the terminal that wraps (C59). */
export const LEAST_COLUMNS = 20

const STYLE = /(\x1b\[[\d;]*m)/
const ENDS_STYLE = new Set(['\x1b[22m', '\x1b[27m', '\x1b[39m', '\x1b[22;39m'])

/**
 * A row in lines that a terminal of so many columns does not have to wrap: it would go on in the first column, which is never
 * somebody's text (C62). Breaks at the last blank where there is one, and inside a word that is longer than a line.
 */
export function wrapped(row: string, columns: number): string {
  const most = Math.max(LEAST_COLUMNS, columns)
  return row
    .replaceAll('\t', TAB)
    .split('\n')
    .map((line) => (fits(line, most) ? line : new Wrapping(most).of(line)))
    .join('\n')
}

const fits = (line: string, columns: number): boolean => widthOf(line.replaceAll(/\x1b\[[\d;]*m/g, '')) <= columns

class Wrapping {
  readonly #columns: number
  #lines = ''
  /** The line that grows: up to its last blank, and behind that. */
  #before = ''
  #word = ''
  #beforeCells = 0
  #wordCells = 0
  /** The style that holds where it grows, and where its last blank was. */
  #style = ''
  #styleAtBlank = ''

  constructor(columns: number) {
    this.#columns = columns
  }

  of(line: string): string {
    for (const part of line.split(STYLE)) {
      if (!STYLE.test(part)) for (const sign of signsOf(part)) this.#add(sign)
      else {
        this.#word += part
        this.#style = ENDS_STYLE.has(part) ? '' : part
      }
    }
    return this.#lines + this.#before + this.#word
  }

  #add(sign: string): void {
    const cells = widthOf(sign)
    if (this.#beforeCells + this.#wordCells + cells > this.#columns) {
      // A blank that does not fit any more is dropped at the line's end.
      if (sign === ' ') {
        this.#break(this.#before + this.#word, '', 0, this.#style)
        return
      }
      if (this.#before === '') this.#break(this.#word, '', 0, this.#style)
      else this.#break(this.#before, this.#word, this.#wordCells, this.#styleAtBlank)
    }
    this.#word += sign
    this.#wordCells += cells
    if (sign !== ' ' || this.#beforeCells + this.#wordCells < INDENT.length + 1) return
    this.#before += this.#word
    this.#beforeCells += this.#wordCells
    this.#styleAtBlank = this.#style
    this.#word = ''
    this.#wordCells = 0
  }

  #break(line: string, rest: string, restCells: number, style: string): void {
    const off = style === '' ? '' : '\x1b[0m'
    this.#lines += `${line.trimEnd()}${off}\n${INDENT}${style}`
    this.#before = ''
    this.#beforeCells = INDENT.length
    this.#word = rest
    this.#wordCells = restCells
  }
}
