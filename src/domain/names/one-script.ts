import { type Rejected, rejected } from '../errors.ts'
import { JOINERS } from './spelling.ts'
import { utf8Length } from './utf8.ts'

// Scripts that people write with today (UAX 31, recommended and limited use). Those of one line belong together, as in
// Japanese. Script extensions count, so marks and signs that several scripts share are in each of them.
const SCRIPTS = [
  ['Latn'],
  ['Cyrl'],
  ['Grek'],
  ['Arab'],
  ['Han', 'Hira', 'Kana'],
  ['Han', 'Hang'],
  ['Han', 'Bopo'],
  ...'Armn Beng Deva Ethi Geor Gujr Guru Hebr Khmr Knda Laoo Mlym Mymr Orya Sinh Taml Telu Thaa Thai Tibt'.split(' '),
  ...'Adlm Bali Cakm Cans Cham Cher Java Mong Nkoo Olck Sund Syrc Tfng Vaii Yiii'.split(' '),
].map((group) => wordIn(typeof group === 'string' ? [group] : group))

const FLOOD = /\p{M}{5}|(\p{M})\1/u

const JOINED = new RegExp(JOINERS, 'gv')

/** A name without the joiners within its words (as Persian ones have). */
export const withoutJoiners = (name: string): string => name.replace(JOINED, '')

const MAX_NICK_BYTES = 32

/** `raw` in NFC, spelled as a nick is, or BAD_NAME with what to do about it. Never quotes `raw`. At most 32 bytes. What it looks like is for `checkNick`. */
export function spelledNick(raw: string): string | Rejected {
  // NFC halves no text (ΐ goes from 3 units to 2 bytes), and normalising a long run of marks takes quadratic time.
  const name = raw.length > 2 * MAX_NICK_BYTES ? raw : raw.normalize('NFC')
  // Its joiners stay: its skeleton has none.
  const fault = spellingFault(name, MAX_NICK_BYTES, withoutJoiners(name))
  return fault === undefined ? name : rejected('BAD_NAME', `This name cannot be used: ${fault}.`)
}

/**
 * What is wrong with the spelling of a nick or a room name, as advice, or undefined if nothing is: letters and digits
 * of one script, `_`, `-` and `.`, a letter or digit first, at most `maxBytes` in UTF-8 (C63, C66). `name` is in NFC; `letters` is what of it
 * is looked at.
 */
export function spellingFault(name: string, maxBytes: number, letters = name): string | undefined {
  if (name === '') return 'it is empty; write at least one letter or digit'
  if (utf8Length(name) > maxBytes) return `it is longer than ${maxBytes} bytes in UTF-8; shorten it`
  if (!/^[\p{L}\p{Nd}]/u.test(letters)) return 'it has to start with a letter or a digit'
  if (!SCRIPTS.some((script) => script.test(letters))) {
    return 'write it with _ - . and letters and digits of one script only (not Latin and Cyrillic together)'
  }
  return FLOOD.test(letters) ? 'it has too many marks on one letter; leave some out' : undefined
}

// Overlays (U+0334 to U+0338) would make a second ø or đ.
function wordIn(scripts: readonly string[]): RegExp {
  const written = '[[\\p{L}\\p{Mn}\\p{Mc}\\p{Nd}]--[\\p{Default_Ignorable_Code_Point}\\u0334-\\u0338]]'
  const own = ['Zinh', ...scripts].map((script) => `\\p{scx=${script}}`).join('')
  return new RegExp(`^[[0-9_.\\-][${written}&&[${own}]]]+$`, 'v')
}
