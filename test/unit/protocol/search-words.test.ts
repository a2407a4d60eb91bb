import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { searchWords } from '#protocol/search-words.ts'

describe('search words', () => {
  test('are without case and accents, and split at everything else', () => {
    expect(searchWords("Don't PANIC: café-au-lait, 2026")).toEqual(['don', 't', 'panic', 'cafe', 'au', 'lait', '2026'])
    expect(searchWords('İstanbul ÀÉÎ ёлка')).toEqual(['istanbul', 'aei', 'елка'])
    expect(searchWords('')).toEqual([])
  })

  test('of other scripts keep the marks that make their letters', () => {
    expect(searchWords('नमस्ते')).toEqual(['नमस्ते'])
    expect(searchWords('がっこう 한국어')).toEqual(['がっこう', '한국어'])
  })

  test('never hold what a query language could mean something by', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const word of searchWords(text)) expect(word).not.toMatch(/[\s"'()*:^+\-\0{}]/)
      }),
    )
  })

  test('of words are these words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const words = searchWords(text)
        expect(searchWords(words.join(' '))).toEqual(words)
      }),
    )
  })
})
