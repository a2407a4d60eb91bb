import { type Rejected, rejected } from '../errors.ts'
import { lazily } from './lazily.ts'

/** Bytes that `text` takes in UTF-8. A lone surrogate counts 3, as the replacement character that encoders put there. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at) as number
    if (point > 0xffff) at++
    bytes += bytesOf(point)
  }
  return bytes
}

/** The longest start of `text` that takes at most `maxBytes` in UTF-8 and ends between two code points. */
export function cutUtf8(text: string, maxBytes: number): string {
  let bytes = 0
  let end = 0
  for (const character of text) {
    bytes += bytesOf(character.codePointAt(0) as number)
    if (bytes > maxBytes) return text.slice(0, end)
    end += character.length
  }
  return text
}

function bytesOf(point: number): number {
  if (point < 0x80) return 1
  if (point < 0x800) return 2
  return point < 0x10000 ? 3 : 4
}

const ASCII = /^[\x20-\x7e]+$/

/**
 * The text of a message as the room keeps it: CR LF becomes LF, line ends at the end are cut, LF inside stays (programs may send several
 * lines at once). Everything else stays byte for byte: servers escape on output. Refuses with LINE_TOO_LONG beyond `maxBytes` of UTF-8,
 * and with BAD_TEXT an empty text or invalid Unicode.
 */
export function checkText(raw: string, maxBytes: number): string | Rejected {
  // ASCII takes one byte a character. Nearly every message leaves here.
  if (raw.length <= maxBytes && ASCII.test(raw)) return raw
  if (!raw.isWellFormed()) {
    return rejected('BAD_TEXT', 'This text holds half a surrogate pair, which UTF-8 cannot carry. Send valid Unicode.')
  }
  const text = withoutLineEnds(raw).replaceAll('\r\n', '\n')
  if (text === '') return rejected('BAD_TEXT', 'There is no text in this message. Write something before you send it.')
  const bytes = utf8Length(text)
  return bytes > maxBytes ? tooLong(bytes, maxBytes) : text
}

// By hand: /[\r\n]+$/ takes quadratic time on many line ends that are not the last.
function withoutLineEnds(text: string): string {
  let end = text.length
  while (text[end - 1] === '\n' || text[end - 1] === '\r') end--
  return text.slice(0, end)
}

const tooLong = (bytes: number, maxBytes: number): Rejected =>
  rejected(
    'LINE_TOO_LONG',
    `This has ${bytes} bytes, and a message holds at most ${maxBytes}. Split it, or send it as a file.`,
  )

// Characters that are invisible by themselves and part of the spelling of a word or an emoji: joiners, selectors, tags. Each stands here only
// where it changes the look of its neighbours (UAX 31 section 2.3, RFC 5892 appendices A.1 and A.2, UTS 51), so none can hide at an end, or
// pile up, or tell two names apart that look alike. For regular expressions with the flag `v`.

/** Characters drawn by themselves; the signs below are drawn on them. */
const DRAWN = '[[\\p{L}\\p{N}\\p{P}\\p{S}\\p{Zs}\\t]--\\p{Default_Ignorable_Code_Point}]'
const MARK = '[\\p{M}--\\p{Default_Ignorable_Code_Point}]'

const PICTURE = `[\\p{Extended_Pictographic}&&${DRAWN}]`

/** Scripts whose letters join, or form conjuncts. */
const JOINING = `[${'Arab Syrc Mand Nkoo Adlm Rohg Mong Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Khmr'
  .split(' ')
  .map((script) => `\\p{scx=${script}}`)
  .join('')}]`
const LETTER = `[\\p{L}&&${JOINING}]`
/** Behind one of these a joiner says how the letter before it ends, at the end of a word as well. */
const VIRAMA = '[\\u094D\\u09CD\\u0A4D\\u0ACD\\u0B4D\\u0BCD\\u0C4D\\u0CCD\\u0D4D\\u0DCA]'

/** Joiners within a word. */
export const JOINERS = [
  `(?<=${LETTER}${MARK}{0,4})[\\u200C\\u200D](?=${LETTER})`,
  `(?<=${LETTER}${MARK}{0,3}${VIRAMA})[\\u200C\\u200D]`,
].join('|')

/** All of them, each alone or in one match with its base. */
export const SPELLING = [
  '\\p{RGI_Emoji_Tag_Sequence}',
  `(?<=${PICTURE})[\\uFE0E\\uFE0F]`,
  '(?<=[0-9#*])\\uFE0F(?=\\u20E3)',
  `(?<=${PICTURE}\\uFE0F?\\p{Emoji_Modifier}?)\\u200D(?=${PICTURE})`,
  JOINERS,
  '(?<=[\\p{L}&&\\p{scx=Mong}])[\\u180B-\\u180D\\u180F]',
].join('|')

// The one escaper for all text from outside on its way to a terminal: texts, names, topics, file names,
// errors that quote (C57). It lists the allowed code points, because a list of forbidden ones is never complete:
// Node's stripVTControlCharacters leaves C1, DCS, APC, bidi controls, CR and BS as they are (C58).

// Nearly all text is made of these, without a mark or a gap: Latin, Cyrillic, dashes and quotes, kana, Han, Hangul.
// A subset of the characters allowed below, in BMP ranges only, because property classes cost ten times as much.
const PLAIN =
  /^[\t\x20-\x7e\xa0-\xac\xae-\u02ff\u0400-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u3041-\u3096\u309b-\u30ff\u4e00-\u9fff\uac00-\ud7a3]*$/

// More than four marks on one base only serve to freeze or paint over a terminal (C59).
const FLOOD = `(?<=${MARK}{4})${MARK}+`
const suspect = lazily(() => new RegExp(`[^${DRAWN}${MARK}]|${MARK}{5}`, 'v'))
const escaped = lazily(() => new RegExp(`(?:${SPELLING})|(?<flood>${FLOOD})|(?<escaped>[^${DRAWN}${MARK}])`, 'gv'))

/**
 * `text` as it may be written to a terminal: on one line, without anything that acts. Controls become pictures (␛ ␊), C1 controls
 * `\x9b`, other invisible or unassigned characters `<U+202E>`; marks beyond the fourth on a base are dropped. Tab stays. Idempotent. A
 * harmless text is returned as it is, nearly always at the price of one regex test.
 */
export function forTerminal(text: string): string {
  if (PLAIN.test(text)) return text
  return suspect().test(text) ? text.replace(escaped(), visible) : text
}

// Joiners and the selectors of emoji may stay.
const actingInJson = lazily(
  () => /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\u200C\u200D\uFE0E\uFE0F]]/gv,
)
const PLAIN_JSON = /^[\x20-\x7e]*$/

/** `value` as JSON without anything that acts on a terminal showing it, as curl does. A parser gets the original value (C57). */
export function jsonForTerminal(value: unknown): string {
  const json = JSON.stringify(value)
  return PLAIN_JSON.test(json) ? json : json.replace(actingInJson(), codesOf)
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

/** The message of an error. Anything can be thrown. */
export const failureText = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * Whether a line that begins with a slash is a path rather than a command: a second slash stands before the first blank, as in
 * `/home/ani/x` (the rule of weechat). `//text` is neither.
 */
export const isPathLine = (line: string): boolean => /^\/[^\s/]+\//.test(line)

/**
 * A typed line without byte order marks before a command: they come from the file that it was sent from. Before text they are text, like
 * any other character.
 */
export const wordLine = (line: string): string =>
  /^\ufeff+(?:\/|SEND )/.test(line) ? line.replace(/^\ufeff+/, '') : line

/** Whether a text mentions somebody, as a word of its own. */
export function isNamedIn(text: string, nick: string): boolean {
  const [lower, wanted] = [text.toLowerCase(), nick.toLowerCase()]
  if (wanted === '') return false
  const isLetter = (sign: string | undefined) => sign !== undefined && /[\p{L}\p{N}_]/u.test(sign)
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + 1))
    if (!isLetter(lower[at - 1]) && !isLetter(lower[at + wanted.length])) return true
  return false
}

export const SIZE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB']
const english = lazily(() => new Intl.NumberFormat('en', { maximumFractionDigits: 1 }))

/** Bytes in decimal units, for people: `11.5 MB`. */
export function sizeText(bytes: number, format: Intl.NumberFormat = english()): string {
  let unit = 0
  let amount = bytes
  while (amount >= 999.95 && unit < SIZE_UNITS.length - 1) {
    amount /= 1000
    unit++
  }
  return `${format.format(amount)} ${SIZE_UNITS[unit]}`
}
