import { DRAWN, MARK, SPELLING } from './spelling.ts'

// One escaper for everything that people other than us wrote and a terminal shows: texts, names, topics, file names,
// errors that quote (C57). It lists what may pass, by code point, because a list of what may not is never complete:
// Node's stripVTControlCharacters leaves C1, DCS, APC, bidi controls, CR and BS as they are (C58).

// What nearly all text is made of, without a mark or a gap in it: Latin, Cyrillic, dashes and quotes, kana, Han, Hangul.
// A subset of what is allowed below, in BMP ranges only, because property classes cost ten times as much.
const PLAIN =
  /^[\t\x20-\x7e\xa0-\xac\xae-\u02ff\u0400-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u3041-\u3096\u309b-\u30ff\u4e00-\u9fff\uac00-\ud7a3]*$/

// More than four marks on one base only serve to freeze or paint over a terminal (C59).
const FLOOD = `(?<=${MARK}{4})${MARK}+`
const SUSPECT = new RegExp(`[^${DRAWN}${MARK}]|${MARK}{5}`, 'v')
const ESCAPED = new RegExp(`(?:${SPELLING})|(?<flood>${FLOOD})|(?<escaped>[^${DRAWN}${MARK}])`, 'gv')

/**
 * `text` as it may be written to a terminal: on one line, with nothing in it that acts. Controls become pictures (␛ ␊),
 * C1 controls `\x9b`, everything else that is not seen or not assigned `<U+202E>`; marks past the fourth on a base go.
 * Tab stays. Idempotent. Text that needs nothing comes back as it is, nearly always at the
 * price of one regex test.
 */
export function forTerminal(text: string): string {
  if (PLAIN.test(text)) return text
  return SUSPECT.test(text) ? text.replace(ESCAPED, visible) : text
}

// Joiners and the selectors of emoji may stay.
const ACTING_IN_JSON = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\u200C\u200D\uFE0E\uFE0F]]/gv
const PLAIN_JSON = /^[\x20-\x7e]*$/

/** `value` as JSON in which nothing acts on a terminal that shows it, as curl makes one do; whoever parses it gets what there is (C57). */
export function jsonForTerminal(value: unknown): string {
  const json = JSON.stringify(value)
  return PLAIN_JSON.test(json) ? json : json.replace(ACTING_IN_JSON, codesOf)
}

const codesOf = (found: string): string =>
  Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')

function visible(found: string, ...rest: unknown[]): string {
  const { flood, escaped } = rest.at(-1) as { flood?: string; escaped?: string }
  if (flood !== undefined) return ''
  return escaped === undefined ? found : pictureOf(escaped.codePointAt(0) as number)
}

function pictureOf(point: number): string {
  if (point < 0x20) return String.fromCodePoint(0x2400 + point)
  if (point === 0x7f) return '\u2421'
  // NEL ends a line like U+2028 does, so it is shown like that.
  if (point < 0xa0 && point !== 0x85) return `\\x${point.toString(16)}`
  return `<U+${point.toString(16).toUpperCase().padStart(4, '0')}>`
}
