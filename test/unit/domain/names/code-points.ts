// What kind each code point is, looked up apart from the sources under test, by the plainest means.

export const VISIBLE = 1
export const MARK = 2
export const OTHER = 0

let table: Uint8Array | undefined

/** VISIBLE (letter, number, punctuation, symbol or space, drawn), MARK (combining, drawn) or OTHER. */
export function kindOf(point: number): number {
  table ??= kinds()
  return table[point] as number
}

export const pointsOf = (text: string): number[] => Array.from(text, (character) => character.codePointAt(0) as number)

/** Every code point of the planes that are in use, and the first and last 256 of the others. */
export function* codePoints(): Generator<number> {
  for (let point = 0; point < 0x110000; point++) {
    if (point < 0x34000 || point >> 8 === 0xe01 || point % 0x10000 < 256 || point % 0x10000 > 0xff00) yield point
  }
}

function kinds(): Uint8Array {
  const all = new Uint8Array(0x110000)
  for (let point = 0; point < all.length; point++) {
    const character = String.fromCodePoint(point)
    if (/\p{Default_Ignorable_Code_Point}/u.test(character)) all[point] = OTHER
    else if (/\p{L}|\p{N}|\p{P}|\p{S}|\p{Zs}/u.test(character)) all[point] = VISIBLE
    else if (/\p{M}/u.test(character)) all[point] = MARK
  }
  return all
}
