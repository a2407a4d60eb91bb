import { type Rejected, rejected } from '../errors.ts'
import { skeleton } from './confusables.ts'
import { lazily } from './lazily.ts'
import { JOINERS, utf8Length } from './text.ts'

/** A member's name. Names with the same `skeleton` look alike: at most one of them may be in use. */
export interface Nick {
  readonly name: string
  readonly skeleton: string
}

// Names that would speak for the host or for everybody (C64). `host` is not among them: the member at the host's own
// console has it.
const reserved = lazily(() =>
  skeletonsOf('server system tamtam root admin administrator nickserv chanserv operator owner everybody everyone here'),
)

function skeletonsOf(names: string): ReadonlySet<string> {
  return new Set(names.split(' ').map(skeleton))
}

// The seed shows people by address, so a name that reads like one would be somebody else (C62, C64). In a skeleton 1 has
// become l, 0 has become o and some Arabic digits letters, so name and skeleton are both looked at. Version 6 needs no
// rule: a name holds no colon.
const ADDRESS = /^[\p{Nd}lo]+(?:\.[\p{Nd}lo]+){3}$/u

/** The nick that `raw` asks for, in NFC, or BAD_NAME with the remedy. Never quotes `raw`. At most 32 bytes. */
export function checkNick(raw: string): Nick | Rejected {
  const name = spelledNick(raw)
  if (typeof name !== 'string') return name
  const likeness = skeleton(name)
  if (reserved().has(likeness.replace(/[_.-]/g, ''))) {
    return rejected('BAD_NAME', 'This name is reserved, or looks like one that is. Choose another.')
  }
  if ([name, likeness].some((text) => ADDRESS.test(text.replace(/[_.-]+$/, '')))) {
    return rejected('BAD_NAME', 'This name looks like a network address. Choose one that does not.')
  }
  return { name, skeleton: likeness }
}

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
].map((group) => lazily(() => wordIn(typeof group === 'string' ? [group] : group)))

/** Without marks and of one script, as nearly all names are. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/
const flood = lazily(() => /\p{M}{5}|(\p{M})\1/u)

const joined = lazily(() => new RegExp(JOINERS, 'gv'))

/** A name without the joiners inside its words (as in Persian). */
export const withoutJoiners = (name: string): string =>
  /[\u200C\u200D]/.test(name) ? name.replace(joined(), '') : name

const MAX_NICK_BYTES = 32

/** `raw` in NFC, spelled as a nick is, or BAD_NAME with the remedy. Never quotes `raw`. At most 32 bytes. Its skeleton is `checkNick`'s concern. */
export function spelledNick(raw: string): string | Rejected {
  // NFC halves no text (ΐ goes from 3 units to 2 bytes), and normalising a long run of marks takes quadratic time.
  const name = raw.length > 2 * MAX_NICK_BYTES ? raw : raw.normalize('NFC')
  // Its joiners stay: its skeleton has none.
  const fault = spellingFault(name, MAX_NICK_BYTES, withoutJoiners(name))
  return fault === undefined ? name : rejected('BAD_NAME', `This name cannot be used: ${fault}.`)
}

/**
 * The fault in the spelling of a nick or a room name, as advice, or undefined if there is none: letters and digits
 * of one script, `_`, `-` and `.`, a letter or digit first, at most `maxBytes` in UTF-8 (C63, C66). `name` is in NFC; `letters` is the part of it
 * to check.
 */
export function spellingFault(name: string, maxBytes: number, letters = name): string | undefined {
  if (name === '') return 'it is empty; write at least one letter or digit'
  if (utf8Length(name) > maxBytes) return `it is longer than ${maxBytes} bytes in UTF-8; shorten it`
  if (PLAIN.test(letters)) return undefined
  if (!/^[\p{L}\p{Nd}]/u.test(letters)) return 'it has to start with a letter or a digit'
  if (!SCRIPTS.some((script) => script().test(letters))) {
    return 'write it with _ - . and letters and digits of one script only (not Latin and Cyrillic together)'
  }
  return flood().test(letters) ? 'it has too many marks on one letter; leave some out' : undefined
}

// Overlays (U+0334 to U+0338) would make a second ø or đ.
function wordIn(scripts: readonly string[]): RegExp {
  const written = '[[\\p{L}\\p{Mn}\\p{Mc}\\p{Nd}]--[\\p{Default_Ignorable_Code_Point}\\u0334-\\u0338]]'
  const own = ['Zinh', ...scripts].map((script) => `\\p{scx=${script}}`).join('')
  return new RegExp(`^[[0-9_.\\-][${written}&&[${own}]]]+$`, 'v')
}
