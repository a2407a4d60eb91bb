import { expect, test } from 'vitest'
import { cut, widthOf } from '#terminal/cells.ts'

test.each([
  ['hello', 5],
  ['e\u0301', 1],
  ['\u0645\u06cc\u200c\u062e\u0648', 4],
  ['\u0915\u094d\u200d\u0937', 2],
  ['\u0915\u093e', 2],
  ['\u0e01\u0e33', 2],
  ['\u5b57', 2],
  ['\u1100\u1161\u11a8', 2],
  ['\u{1f469}\u200d\u{1f469}\u200d\u{1f467}', 2],
  ['\u{1f469}\u{1f3fd}\u200d\u{1f4bb}', 2],
  ['\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}', 2],
  ['\u2764\ufe0f', 2],
  ['\u{1d4d0}', 1],
])('%j takes %i cells', (text, cells) => expect(widthOf(text)).toBe(cells))

test('a family is cut as a whole', () => expect(cut('ab\u{1f469}\u200d\u{1f469}\u200d\u{1f467}c', 4)).toBe('ab\u2026'))
