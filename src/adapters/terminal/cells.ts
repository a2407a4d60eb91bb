// What terminals draw over two cells.
const WIDE =
  /\p{sc=Han}|\p{sc=Hiragana}|\p{sc=Katakana}|\p{sc=Hangul}|\p{Emoji_Presentation}|\ufe0f|[\u3000-\u303f\uff01-\uff60]/u
/** What goes onto the cell before it. A conjunct of several letters takes a cell for each. */
const WIDTHLESS = /[\p{Mn}\p{Me}\p{Cf}]/gu
const PLAIN = /^[\x20-\x7e]*$/
const clusters = new Intl.Segmenter('und', { granularity: 'grapheme' })

/** A text in the signs that a person sees, each of which may be several code points. */
export const signsOf = (text: string): string[] =>
  PLAIN.test(text) ? [...text] : Array.from(clusters.segment(text), ({ segment }) => segment)

/** How many cells of a terminal a text takes. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length
  let cells = 0
  for (const sign of signsOf(text)) cells += WIDE.test(sign) ? 2 : Array.from(sign.replace(WIDTHLESS, '')).length
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
