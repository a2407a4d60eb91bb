import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forTerminal } from '#domain/names/text.ts'
import { widthOf, wrapped } from '#terminal/cells.ts'
import { themes } from '#terminal/rows.ts'

const unstyled = (text: string) => text.replaceAll(/\x1b\[[\d;]*m/g, '')

describe('a row on a terminal', () => {
  test.each([
    ['that fits stays as it is', '<ani> halo', '<ani> halo'],
    ['breaks at a blank', '<ani> satu dua tiga empat', '<ani> satu dua tiga\n    empat'],
    [
      'breaks inside a word that is longer than a line',
      `<ani> ${'x'.repeat(30)}`,
      `<ani>\n    ${'x'.repeat(16)}\n    ${'x'.repeat(14)}`,
    ],
    ['counts wide letters as two', `<ani> ${'好'.repeat(12)}`, `<ani>\n    ${'好'.repeat(8)}\n    ${'好'.repeat(4)}`],
    ['counts a tab as four', '<ani> a\tb', '<ani> a    b'],
    ['keeps lines that belong together', '<ani> a\n    b', '<ani> a\n    b'],
    ['is never narrower than 20 columns', 'x'.repeat(20), 'x'.repeat(20)],
  ])('%s', (_, row, expected) => {
    expect(wrapped(row, row.startsWith('xxx') ? 0 : 20)).toBe(expected)
  })

  test('keeps its style on the lines below, and the indent has none', () => {
    const row = `<ani> ${themes.mono.mention('budi, apa kabar hari ini')}`
    expect(wrapped(row, 20)).toBe('<ani> \x1b[7mbudi, apa\x1b[0m\n    \x1b[7mkabar hari ini\x1b[27m')
  })

  test('C62: whatever somebody says, every further line is indented, fits, and nothing of it is lost', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.stringMatching(/^[ax好é🙂 ]{0,300}$/u))
    fc.assert(
      fc.property(text, fc.integer({ min: 20, max: 90 }), fc.boolean(), (said, columns, lit) => {
        const shown = forTerminal(said)
        const row = `<ani> ${lit ? themes.colour.mention(shown) : shown}`
        const [first = '', ...further] = unstyled(wrapped(row, columns)).split('\n')
        for (const line of further) expect(line).toMatch(/^ {4}/)
        for (const line of [first, ...further]) expect(widthOf(line)).toBeLessThanOrEqual(columns)
        const bare = (each: string) => each.replaceAll(' ', '')
        expect(bare([first, ...further].join(''))).toBe(bare(`<ani> ${shown}`))
      }),
      { numRuns: 500 },
    )
  })
})
