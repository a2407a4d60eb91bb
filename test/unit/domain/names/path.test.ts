import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkLink, checkPath } from '#domain/names/path.ts'

const refused = { type: 'rejected', code: 'BAD_PATH', message: expect.any(String) }

test.each([
  'a.txt',
  'sub/deep/b.txt',
  '.git/config',
  '-rf',
  '~/x',
  '.env',
  'what? "yes" <no>|*.txt',
  'Screenshot 10:30.png',
  'фото/家/😀.png',
  'व्यक्ति/क्‍ष',
  'SHA256SUMS',
  'console/auxiliary.c',
  'a..b/...c',
  `${'d/'.repeat(31)}f`,
  `${'x'.repeat(255)}`,
])('%j stays as it is', (path) => expect(checkPath(path)).toBe(path))

test('a decomposed name becomes composed', () => expect(checkPath('cafe\u0301/e\u0301')).toBe('caf\u00e9/\u00e9'))

test.each([
  '',
  '/',
  '/etc/passwd',
  '//host/share',
  'C:/Windows/x',
  'c:x',
  '.',
  '..',
  '../a',
  'a/../b',
  'a/..',
  'a/./b',
  'a//b',
  'a/',
  'a\\b',
  '..\\a',
  'a\0b',
  'a\nb',
  'a\x1b[31m',
  'a\u0085b',
  'a\u2028b',
  'half\ud800',
  'photo\u202egpj.exe',
  'a\u200bb',
  'x\ufeff',
  'CON',
  'sub/aux.c',
  'Com1.txt',
  'COM\u00b9',
  'nul',
  'trailing.',
  'blank ',
  'blank /x',
  'dots.../x',
  `${'d/'.repeat(32)}f`,
  'x'.repeat(256),
  `${'é'.repeat(128)}`,
  `${'abcdefgh/'.repeat(20)}${'x'.repeat(200)}/${'y'.repeat(250)}/${'z'.repeat(250)}/${'z'.repeat(250)}`,
])('%j is refused', (path) => expect(checkPath(path)).toEqual(refused))

test('a text that would take long to normalise is refused before', () =>
  expect(checkPath('e\u0301\u0300'.repeat(1_000_000))).toEqual(refused))

const component = fc.oneof(
  fc.constantFrom('..', '.', '', 'a', 'CON', 'x ', '\\', '\0', 'é', 'e\u0301'),
  fc.string({ unit: 'binary', maxLength: 12 }),
)

test('a path that is taken is relative, well formed, bounded, and the same when it is checked again', () => {
  fc.assert(
    fc.property(fc.array(component, { maxLength: 36 }), (components) => {
      const path = checkPath(components.join('/'))
      if (typeof path !== 'string') {
        expect(path).toEqual(refused)
        return
      }
      const parts = path.split('/')
      expect(parts.length).toBeLessThanOrEqual(32)
      expect(Buffer.byteLength(path)).toBeLessThanOrEqual(1024)
      for (const part of parts) {
        expect(['', '.', '..']).not.toContain(part)
        expect(part).not.toMatch(/[\\\p{Cc}]|[. ]$/u)
        expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255)
      }
      expect(path.isWellFormed()).toBe(true)
      expect(path.normalize('NFC')).toBe(path)
      expect(checkPath(path)).toBe(path)
    }),
    { numRuns: 500 },
  )
})

test.each([
  ['a', 'b', 'b'],
  ['a', 'sub/b', 'sub/b'],
  ['a', './b', 'b'],
  ['a', 'sub/', 'sub'],
  ['a', '.', '.'],
  ['sub/a', '..', '..'],
  ['sub/a', '../b', '../b'],
  ['sub/a', './../b', '../b'],
  ['x/y/a', '../../b', '../../b'],
  ['a', 'a', 'a'],
])('a link at %j to %j leads to %j', (path, target, kept) => expect(checkLink(path, target)).toBe(kept))

test.each([
  ['a', '/etc/passwd'],
  ['a', '/'],
  ['a', ''],
  ['a', '..'],
  ['a', '../b'],
  ['sub/a', '../../b'],
  // Another link may make this lead out, although it does not look so.
  ['a', 'b/../c'],
  ['a', 'b/..'],
  ['sub/a', '../b/../c'],
  ['a', 'C:/x'],
  ['a', 'x\0y'],
  ['a', '..\\x'],
])('a link at %j to %j is refused', (path, target) => expect(checkLink(path, target)).toEqual(refused))

test('whatever links a folder has, none of them leads out of it', () => {
  const name = fc.constantFrom('a', 'b', 'c')
  const path = fc.array(name, { minLength: 1, maxLength: 3 })
  const target = fc.array(fc.constantFrom('..', '.', 'a', 'b', 'c', ''), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.array(fc.tuple(path, target), { maxLength: 6 }), (made) => {
      const links = new Map<string, string>()
      for (const [at, to] of made) {
        const kept = checkLink(at.join('/'), to.join('/'))
        const isBelow = [...links.keys()].some(
          (other) => `${at.join('/')}/`.startsWith(`${other}/`) || other.startsWith(`${at.join('/')}/`),
        )
        if (typeof kept === 'string' && !isBelow) links.set(at.join('/'), kept)
      }
      for (const at of links.keys()) expect(leadsOut(links, at)).toBe(false)
    }),
    { numRuns: 2000 },
  )
})

/** Follows links as a system does. */
function leadsOut(links: ReadonlyMap<string, string>, start: string): boolean {
  let at: string[] = []
  let rest = start.split('/')
  for (let steps = 0; rest.length > 0 && steps < 40; ) {
    const [next = '', ...more] = rest
    rest = more
    if (next === '..') {
      if (at.length === 0) return true
      at = at.slice(0, -1)
    } else if (next !== '' && next !== '.') {
      const to = links.get([...at, next].join('/'))
      if (to === undefined) at = [...at, next]
      else {
        rest = [...to.split('/'), ...rest]
        steps++
      }
    }
  }
  return false
}
