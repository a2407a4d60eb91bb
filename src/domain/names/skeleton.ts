import { foldCase } from './case-fold.ts'
import { prototypeOf } from './confusables.ts'

const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu
const DOT_ON_DOTTED = /(?<=[lj]\p{M}*)\u0307/gu

/**
 * What `name` looks like, after the idea of UTS 39, for comparing only: two names with one skeleton can be taken for
 * each other, and only one of them may be in use (C63). Upper and lower case look alike too. Idempotent.
 *
 * Known gap: a letter has one prototype, for both cases. Greek ν is v, so an all-Greek ΝΙΚΟΣ is not a Latin NIKO.
 */
export function skeleton(name: string): string {
  const letters = foldCase(name.normalize('NFKD')).replace(INVISIBLE, '')
  return letters.replace(/./gsu, prototypeOf).normalize('NFD').replace(DOT_ON_DOTTED, '')
}
