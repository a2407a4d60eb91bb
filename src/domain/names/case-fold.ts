const DOT_ON_I = /(?<=i\p{M}*)\u0307/gu

/**
 * `text` without what tells upper from lower case, close to Unicode's full case folding: ß and ẞ become ss, all sigmas
 * are one, and İ, I, ı and i are one letter (no locale: a Turkish and an English host must fold alike).
 */
export function foldCase(text: string): string {
  // Lower first for ẞ, which is its own upper case; then up for ß, ı and ligatures; then down to stay.
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ').replace(DOT_ON_I, '')
}
