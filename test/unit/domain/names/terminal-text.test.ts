import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forTerminal, jsonForTerminal } from '#domain/names/text.ts'
import { codePoints } from './code-points.ts'
import { terminalFault } from './terminal-oracle.ts'

const shows = (rows: ReadonlyArray<readonly [name: string, text: string, shown: string]>): void => {
  for (const [name, text, shown] of rows) test(name, () => expect(forTerminal(text)).toBe(shown))
}

describe('what passes as it is', () => {
  const same = (name: string, text: string): void => test(name, () => expect(forTerminal(text)).toBe(text))
  same('nothing', '')
  same('ASCII with a tab', '\tHello, "world"! ~{[<$`\\>]}^')
  same('Latin, Greek and Cyrillic', 'Žluťoučký kůň – Ελληνικά « русский »')
  same('kana, Han and Hangul', 'カラオケ かな 漢字 한국어 、。')
  same('Devanagari, Thai and Hebrew with their marks', 'नमस्ते สวัสดีครับ שָׁלוֹם')
  same('letters beyond the BMP', '𠮷𝒜')
  same('a no-break space', 'a\u00a0b')
  same('C59 wide letters', '\ufdfd'.repeat(1000))
  same('C59 four marks on one base', `a${'\u0301'.repeat(4)}b${'\u0316'.repeat(4)}`)
  same('an emoji family held by joiners', '👨‍👩‍👧')
  same('an emoji with skin and profession', '👩🏽‍🚀')
  same('the rainbow flag', '🏳️‍🌈')
  same('a keycap', '1\ufe0f\u20e3 #\ufe0f\u20e3 *\ufe0f\u20e3')
  same('a red heart, and one as text', '❤\ufe0f ❤\ufe0e')
  same('a Persian word with its non-joiner', 'می\u200cخواهم')
  same('a Sinhala word with its joiner', 'ශ්\u200dරී')
  same('a Malayalam word with a joiner at its end', 'അവന്\u200d പോയി')
  same('a family with the colours of their skin', '\u{1f468}\u{1f3fd}\u200d\u{1f469}\u{1f3fb}\u200d\u{1f466}\u{1f3ff}')
  same('the flag of Scotland', '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}')
  same('a Mongolian letter in another form', '\u1820\u180b')
  same('a joiner after a letter with four marks', `क${'\u093c'.repeat(4)}\u200dष`)
  same('what looks like an escape already', '<U+202E> \\x9b ␛')
})

describe('C57 control sequences', () => {
  shows([
    ['C57 CSI is shown, not carried out', '\x1b[2J', '␛[2J'],
    ['C57 a window title', '\x1b]0;t\x07', '␛]0;t␇'],
    ['C57 OSC 52 reaches no clipboard', '\x1b]52;c;cm0gLXJm\x07', '␛]52;c;cm0gLXJm␇'],
    ['C57 OSC 8 makes no link', '\x1b]8;;http://e\x07x\x1b]8;;\x07', '␛]8;;http://e␇x␛]8;;␇'],
    ['C57 DCS', '\x1bP1$r\x1b\\', '␛P1$r␛\\'],
    ['C57 APC', '\x1b_Gf=100\x1b\\', '␛_Gf=100␛\\'],
    ['C57 a character set', '\x1b(0', '␛(0'],
  ])
})

describe('C58 what stripping leaves', () => {
  shows([
    ['C58 an 8-bit OSC', '\x9d52;c;x\x9c', '\\x9d52;c;x\\x9c'],
    ['C58 an 8-bit CSI', '\x9b31m', '\\x9b31m'],
    ['C58 an unterminated sequence', '\x1b]52;c;AAAA', '␛]52;c;AAAA'],
    ['C58 a sequence inside a sequence', '\x1b[\x1b[2J2J', '␛[␛[2J2J'],
    ['C58 CR, BS and NUL', 'a\rb\bc\0', 'a␍b␈c␀'],
    ['C58 LF, VT and FF', 'a\nb\vc\f', 'a␊b␋c␌'],
    ['C58 DEL and the last C0', '\x7f\x1f', '␡␟'],
    ['C58 the first and the last C1', '\x80\x9f', '\\x80\\x9f'],
    ['C58 NEL', 'a\x85b', 'a<U+0085>b'],
    ['C58 line and paragraph separators', '\u2028\u2029', '<U+2028><U+2029>'],
    [
      'C58 bidi embeddings and isolates',
      '\u202a\u202e\u2066\u2069\u200e\u061c',
      '<U+202A><U+202E><U+2066><U+2069><U+200E><U+061C>',
    ],
    ['C48 a name turned around', 'photo\u202egnp.exe', 'photo<U+202E>gnp.exe'],
    ['C48 zero widths, BOM and soft hyphen', 'a\u200b\u2060\ufeff\u00adb', 'a<U+200B><U+2060><U+FEFF><U+00AD>b'],
    ['C48 tag characters', '🏴\u{e0067}', '🏴<U+E0067>'],
    ['C58 blank letters', '\u3164\u115f', '<U+3164><U+115F>'],
    ['C58 private use', '\ue000\u{f0000}', '<U+E000><U+F0000>'],
    ['C58 noncharacters', '\uffff\u{10ffff}', '<U+FFFF><U+10FFFF>'],
    ['C58 unassigned', '\u0378\u05ff', '<U+0378><U+05FF>'],
    ['C58 lone surrogates', 'a\ud800b\udc00', 'a<U+D800>b<U+DC00>'],
    ['C58 annotation marks', '\ufff9', '<U+FFF9>'],
    ['C58 a joiner between Latin letters', 'a\u200db', 'a<U+200D>b'],
    ['C58 a joiner at either end', '\u200d👩\u200d', '<U+200D>👩<U+200D>'],
    ['C58 a second joiner in a row', '👩\u200d\u200d🚀', '👩<U+200D><U+200D>🚀'],
    ['C58 a joiner from an emoji to a letter', '👩\u200da', '👩<U+200D>a'],
    ['C58 a non-joiner that ends a word', 'می\u200c ', 'می<U+200C> '],
    ['C58 a non-joiner before a Latin letter', 'می\u200ca', 'می<U+200C>a'],
    ['C58 a non-joiner between emoji', '👩\u200c🚀', '👩<U+200C>🚀'],
    ['C58 a variation selector on a letter', 'a\ufe0f', 'a<U+FE0F>'],
    ['C58 a second variation selector', '❤\ufe0f\ufe0f', '❤\ufe0f<U+FE0F>'],
    ['C58 a keycap selector without its keycap', '1\ufe0f', '1<U+FE0F>'],
    ['C58 a keycap selector on a letter', 'a\ufe0f\u20e3', 'a<U+FE0F>\u20e3'],
    ['C58 a pictograph that is not assigned yet', '\u{1ff00}\ufe0f', '<U+1FF00><U+FE0F>'],
  ])
})

describe('C59 combining floods', () => {
  shows([
    ['C59 the fifth mark goes', `a${'\u0301'.repeat(5)}b`, `a${'\u0301'.repeat(4)}b`],
    ['C59 4 KB of one mark', `a${'\u0301'.repeat(2048)}`, `a${'\u0301'.repeat(4)}`],
    ['C59 different marks count together', 'a\u0301\u0316\u0301\u0316\u0301\u0316b', 'a\u0301\u0316\u0301\u0316b'],
    ['C59 a Cyrillic mark', `я${'\u0483'.repeat(5)}`, `я${'\u0483'.repeat(4)}`],
    ['C59 a Cyrillic enclosing mark', `я${'\u0488'.repeat(5)}`, `я${'\u0488'.repeat(4)}`],
    ['C59 the voicing mark of kana', `か${'\u3099'.repeat(5)}`, `か${'\u3099'.repeat(4)}`],
    ['C59 the half-voicing mark of kana', `か${'\u309a'.repeat(5)}`, `か${'\u309a'.repeat(4)}`],
    ['C59 marks with nothing under them', '\u0301'.repeat(9), '\u0301'.repeat(4)],
    [
      'C59 enclosing and spacing marks count',
      `a${'\u20dd'.repeat(3)}${'\u0903'.repeat(3)}`,
      `a${'\u20dd'.repeat(3)}\u0903`,
    ],
    [
      'C59 a control inside a flood',
      `a${'\u0301'.repeat(5)}\x1b${'\u0301'.repeat(5)}`,
      `a${'\u0301'.repeat(4)}␛${'\u0301'.repeat(4)}`,
    ],
    ['C59 a joiner after a flood', `क${'\u093c'.repeat(5)}\u200dष`, `क${'\u093c'.repeat(4)}<U+200D>ष`],
    [
      'C59 a joiner made invisible does not restart the count',
      `a${'\u0301'.repeat(3)}\u034f${'\u0301'.repeat(3)}`,
      `a${'\u0301'.repeat(3)}<U+034F>${'\u0301'.repeat(3)}`,
    ],
  ])
  test('C59 200,000 marks, escapes or joiners take no longer than reading them', () => {
    const started = performance.now()
    for (const piece of ['\u0301', '\x1b', '😀\u0301\u0301\u200d', '\u200d', 'क\u200d'])
      forTerminal(piece.repeat(200_000))
    expect(performance.now() - started).toBeLessThan(30_000)
  })
})

test('C58 every single code point comes out inert', () => {
  const faults: string[] = []
  for (const point of codePoints()) {
    const fault = terminalFault(String.fromCodePoint(point))
    if (fault !== undefined) faults.push(fault)
  }
  expect(faults).toEqual([])
})

test('C57 C58 JSON holds nothing that acts, for any code point, and is the same JSON', () => {
  const acting = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u00ad\u200b\ufeff\u{e0001}-\u{e007f}]/u
  const faults: string[] = []
  for (const point of codePoints()) {
    const value = { [`k${String.fromCodePoint(point)}`]: [`a${String.fromCodePoint(point)}b`] }
    const json = jsonForTerminal(value)
    if (acting.test(json) || JSON.stringify(JSON.parse(json)) !== JSON.stringify(value)) faults.push(json)
  }
  expect(faults).toEqual([])
  expect(jsonForTerminal('می\u200cخواهم 👩\u200d🚀')).toBe('"می\u200cخواهم 👩\u200d🚀"')
})

test('C58 any string comes out inert and the same when escaped twice', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(terminalFault(text)).toBeUndefined()
    }),
    { numRuns: 2000 },
  )
})

test('any text of graphemes comes out inert', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(terminalFault(text)).toBeUndefined()
    }),
    { numRuns: 1000 },
  )
})
