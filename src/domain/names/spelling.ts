// Signs that are not seen by themselves and are part of how a word or an emoji is spelled: joiners, selectors, tags. Each stands here only where
// it changes what is seen next to it (UAX 31 section 2.3, RFC 5892 appendices A.1 and A.2, UTS 51), so none can hide at an end, or pile up, or tell
// two names apart that look alike. For regular expressions with the flag `v`.

/** What may be drawn by itself, and what is drawn on it. */
export const DRAWN = '[[\\p{L}\\p{N}\\p{P}\\p{S}\\p{Zs}\\t]--\\p{Default_Ignorable_Code_Point}]'
export const MARK = '[\\p{M}--\\p{Default_Ignorable_Code_Point}]'

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

/** All of them, each or in one match with what it belongs to. */
export const SPELLING = [
  '\\p{RGI_Emoji_Tag_Sequence}',
  `(?<=${PICTURE})[\\uFE0E\\uFE0F]`,
  '(?<=[0-9#*])\\uFE0F(?=\\u20E3)',
  `(?<=${PICTURE}\\uFE0F?\\p{Emoji_Modifier}?)\\u200D(?=${PICTURE})`,
  JOINERS,
  '(?<=[\\p{L}&&\\p{scx=Mong}])[\\u180B-\\u180D\\u180F]',
].join('|')
