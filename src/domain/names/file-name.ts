import { type Rejected, rejected } from '../errors.ts'
import { foldCase } from './confusables.ts'
import { lazily } from './lazily.ts'
import { cutUtf8, SPELLING, utf8Length } from './text.ts'

// Rule F: a client's file name is data, never a path. It is made safe for every system that may receive the file, not
// for the one this host runs on.

const MAX_BYTES = 200
const MAX_EXTENSION_BYTES = 16
const MAX_NUMBERED_BYTES = 255

// Normalising a run of marks takes quadratic time (200 KB: 2.8 s), so no more than this goes in (C46). The tail is kept
// for its extension.
const HEAD_UNITS = 1024
const TAIL_UNITS = 64

const invisible = lazily(() => /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/v)
const hidden = lazily(() => new RegExp(`(?:${SPELLING})|(?<hidden>${invisible().source})`, 'gv'))
const JOINER_RUN = /([\u200c\u200d])[\u200c\u200d]+/g
const unprintable = lazily(() => /[\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu)
const ILLEGAL_ON_WINDOWS = /[<>:"|?*]/g
const SPACES_AT_START = /^\s+/
const DOTS_AND_SPACES_AT_END = /[.\s]+$/
const ACTIVE_AT_START = /^[~.-]/
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|com\d|lpt\d)\s*(?:\.|$)/i

/**
 * The name under which a file is shown and saved: one path component, printable, at most 200 bytes of UTF-8, not special on any system.
 * Idempotent. `id` is the transfer's, made by the host; `file-<id8>` is used if nothing is left of the name. Refuses with BAD_NAME names
 * that can only be attacks: NUL (C42), and `.` or `..` as the last component (C38).
 */
export function safeFileName(raw: string, id: string): string | Rejected {
  if (raw.includes('\0')) return rejected('BAD_NAME', 'A file name cannot hold a NUL byte. Rename the file.')
  // Normalise, then look, never the other way round. (NFC makes no separator and no invisible character, so these two
  // may go first, and bound the work. NFKC would make `./` of U+FF0E U+FF0F, C38.)
  const seen = withoutHidden(bounded(lastComponent(raw))).normalize('NFC')
  if (seen === '.' || seen === '..') {
    return rejected('BAD_NAME', 'This file name is a directory. Name the file itself.')
  }
  const name = seen
    .replace(unprintable(), '_')
    .replace(ILLEGAL_ON_WINDOWS, '_')
    .replace(SPACES_AT_START, '')
    .replace(DOTS_AND_SPACES_AT_END, '')
    .replace(ACTIVE_AT_START, '_')
  if (name === '') return `file-${id.slice(0, 8)}`
  // Cutting can lay a device name bare (`con` + 200 spaces + `x.txt`), and the prefix can make it too long again.
  return shortened(notDevice(shortened(name)))
}

/** Names with equal keys may be one file on some receiver (C47; HFS+ sees no joiners): compare these, then `numbered` the later one. */
export const collisionKey = (name: string): string =>
  foldCase(name.replace(/[\u200c\u200d]/g, '').normalize('NFC')).normalize('NFC')

/** `name` for the n-th file that wants it: `a (2)`, `a (2).txt`. At most 255 bytes: the stem gives way. */
export const numbered = (name: string, n: number): string => labelled(name, String(n))

/** The same with a label other than a number, such as a time; the label must be valid in a file name. */
export function labelled(name: string, label: string): string {
  const extension = extensionOf(name)
  const suffix = ` (${label})${extension}`
  return withoutHidden(cutGraphemes(stemOf(name, extension), MAX_NUMBERED_BYTES - utf8Length(suffix)) + suffix)
}

/** Without invisible characters. Joiners and selectors stay where they belong to the spelling of a word or an emoji. */
export function withoutHidden(name: string): string {
  if (!invisible().test(name)) return name
  // Several joiners in a row are a typing mistake: one does the same.
  return name
    .replace(JOINER_RUN, '$1')
    .replace(hidden(), (found, ...rest) =>
      (rest.at(-1) as { readonly hidden?: string }).hidden === undefined ? found : '',
    )
}

// C39: the backslash separates on every system, because the name travels to every system.
const lastComponent = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)

const bounded = (name: string): string =>
  name.length > HEAD_UNITS + TAIL_UNITS ? name.slice(0, HEAD_UNITS) + name.slice(-TAIL_UNITS) : name

/** A name that Windows takes for a device, whatever its extension (C44). Under NFKC, because it takes `COM¹` for COM1. */
export const isDevice = (name: string): boolean => DEVICE.test(name.normalize('NFKC'))

const notDevice = (name: string): string => (isDevice(name) ? `_${name}` : name)

function shortened(name: string): string {
  if (utf8Length(name) <= MAX_BYTES) return withoutHidden(name)
  const extension = extensionOf(name)
  const stem = cutGraphemes(stemOf(name, extension), MAX_BYTES - utf8Length(extension))
  // The characters that a joiner joined may be gone.
  return withoutHidden(stem.replace(DOTS_AND_SPACES_AT_END, '') + extension)
}

function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 ? name.slice(dot) : ''
  return utf8Length(extension) <= MAX_EXTENSION_BYTES ? extension : ''
}

const stemOf = (name: string, extension: string): string => name.slice(0, name.length - extension.length)

const graphemes = lazily(() => new Intl.Segmenter('en', { granularity: 'grapheme' }))

/** The longest start of at most this many bytes that ends between two graphemes; within a grapheme only if not even the first fits. */
function cutGraphemes(text: string, maxBytes: number): string {
  if (utf8Length(text) <= maxBytes) return text
  const longest = cutUtf8(text, maxBytes)
  let end = 0
  for (const { index } of graphemes().segment(text)) {
    if (index > longest.length) break
    end = index
  }
  return end === 0 ? longest : text.slice(0, end)
}

/** A word with fewer characters is more likely a name. */
const LEAST_ID_CHARS = 4
/** The prefix of receivers' saved files. */
const SAVED = /^terima_/

/**
 * The file that a person refers to, among some files with the newest first: by its name; by the sender's original spelling, whatever
 * case and normal form; by the name as saved, or as shown without blanks; or by the first characters of its id. `several`: it can be
 * told only by its id.
 */
export function wantedFile<File extends { readonly id: string; readonly name: string }>(
  newest: readonly File[],
  wanted: string,
  leastIdChars = LEAST_ID_CHARS,
): File | 'none' | 'several' {
  // A folder, as it is shown.
  const asked = wanted.replace(/(?<=.)\/$/, '')
  for (const typed of [asked, asked.replace(SAVED, '')]) {
    const safe = safeFileName(typed, '')
    const made = typeof safe === 'string' ? safe : typed
    const found =
      newest.find(({ name }) => name === typed) ??
      newest.find(({ name }) => name === made) ??
      newest.find(({ name }) => collisionKey(name) === collisionKey(made)) ??
      newest.find(({ name }) => loose(name) === loose(made))
    if (found !== undefined) return found
  }
  const byId = wanted.length < leastIdChars ? [] : newest.filter(({ id }) => id.startsWith(wanted.toLowerCase()))
  return byId.length > 1 ? 'several' : (byId[0] ?? 'none')
}

const loose = (name: string): string => collisionKey(name).replace(/\s/gu, '_')
