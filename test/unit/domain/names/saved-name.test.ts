import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { collisionKey, safeFileName } from '#domain/names/file-name.ts'
import { isPrefix, SEED_PREFIX, savedName } from '#domain/names/saved-name.ts'
import { componentFault, ID } from './file-name-oracle.ts'

test.each([
  ['talk.pdf', 'talk.pdf'],
  ['terima_talk.pdf', 'terima_talk.pdf'],
  ['.bashrc', '_bashrc'],
  ['.ssh', '_ssh'],
  ['-rf', '_rf'],
  ['~', '_'],
  ['NUL.txt', '_NUL.txt'],
  ['../../etc/passwd', 'passwd'],
  ['desktop.ini', '_desktop.ini'],
  ['AutoRun.INF', '_AutoRun.INF'],
  ['HEAD', '_HEAD'],
  ['head', '_head'],
  ['header', 'header'],
  ['npm-shrinkwrap.json', '_npm-shrinkwrap.json'],
  ['my desktop.ini', 'my desktop.ini'],
  ['talk.pdf.0123abcd.part', 'talk.pdf.0123abcd.part_'],
  ['film.PART', 'film.PART_'],
  ['film.part1.rar', 'film.part1.rar'],
  ['', 'file-01234567'],
  ['..', 'file-01234567'],
])('C50 the file %j is saved as %j', (name, saved) => expect(savedName(name, ID)).toBe(saved))

test.each([
  [SEED_PREFIX, 'talk.pdf', 'terima_talk.pdf'],
  [SEED_PREFIX, '.bashrc', 'terima__bashrc'],
  ['co', 'n.txt', '_con.txt'],
  ['desk', 'top.ini', '_desktop.ini'],
  ['kelas 5 ', 'essay.txt', 'kelas 5 essay.txt'],
])('behind the prefix %j the file %j is %j', (prefix, name, saved) => expect(savedName(name, ID, prefix)).toBe(saved))

test.each(['', 'terima_', 'kelas 5 ', '2026-11-30 '])('%j is a prefix', (prefix) => expect(isPrefix(prefix)).toBe(true))
test.each(['.', '-', '~', ' ', 'a/', 'a\\', '../', 'a\0', 'a\n', 'C:', 'a\u202e', 'e\u0301', 'x'.repeat(41)])(
  '%j is none',
  (prefix) => expect(isPrefix(prefix)).toBe(false),
)

describe('C56 whatever the name', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
    fc
      .array(
        fc.constantFrom(
          '.',
          '-',
          ' ',
          '/',
          'con',
          'HEAD',
          'desktop',
          '.ini',
          'autorun',
          '.inf',
          '.part',
          '_',
          'a\u0301',
        ),
        { maxLength: 5 },
      )
      .map((parts) => parts.join('')),
  )
  const prefixes = fc.oneof(
    fc.constantFrom('', SEED_PREFIX, 'co', 'desk', 'he', 'npm-'),
    fc.string({ unit: 'grapheme', maxLength: 8 }).filter(isPrefix),
  )

  it('is one safe name, which no program obeys or takes for a part of another file', () => {
    fc.assert(
      fc.property(names, prefixes, (name, prefix) => {
        const saved = savedName(name, ID, prefix)
        expect(componentFault(saved, 242)).toBeUndefined()
        expect(collisionKey(saved)).not.toMatch(/^(?:desktop\.ini|autorun\.inf|head|npm-shrinkwrap\.json)$|\.part$/)
      }),
      { numRuns: 2000 },
    )
  })

  it('is the same the next time, and is that of the room where this is harmless', () => {
    fc.assert(
      fc.property(names, (name) => {
        const saved = savedName(name, ID)
        const safe = safeFileName(name, ID)
        if (saved.length < 190) expect(savedName(saved, ID)).toBe(saved)
        if (typeof safe === 'string') expect([safe, `_${safe}`, `${safe}_`]).toContain(saved)
      }),
      { numRuns: 2000 },
    )
  })
})
