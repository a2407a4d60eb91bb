import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { safeFileName } from '#domain/names/file-name.ts'
import { codePoints } from './code-points.ts'
import { mutant, RULES, source } from './file-name-mutants.ts'
import { fileNameFault, ID } from './file-name-oracle.ts'

const FALLBACK = 'file-01234567'
const REFUSED = { type: 'rejected', code: 'BAD_NAME', message: expect.stringMatching(/file/) }

type Rows = ReadonlyArray<readonly [raw: string, name: string]>

/** All that is looked at below, for the mutants; a name that is refused has none. */
const looked: (readonly [raw: string, name: string | undefined])[] = []

const becomes = (title: string, rows: Rows): void => {
  looked.push(...rows)
  test.each(rows)(`${title}: %j becomes %j`, (raw, name) => expect(safeFileName(raw, ID)).toBe(name))
}
const refuses = (title: string, raws: readonly string[]): void => {
  looked.push(...raws.map((raw) => [raw, undefined] as const))
  test.each(raws)(`${title}: %j is refused`, (raw) => expect(safeFileName(raw, ID)).toEqual(REFUSED))
}

describe('an ordinary name stays as it is', () => {
  becomes('it', [
    ['holiday photo (1).jpg', 'holiday photo (1).jpg'],
    ['a.tar.gz', 'a.tar.gz'],
    ['README', 'README'],
    ['фото 家.png', 'фото 家.png'],
    ['🏠.txt', '🏠.txt'],
    ['_x', '_x'],
    ['a~b-c', 'a~b-c'],
    ['a  b', 'a  b'],
  ])
})

describe('paths', () => {
  becomes('C38 traversal takes the last component', [
    ['../../etc/passwd', 'passwd'],
    ['x/../../../etc/cron.d/a', 'a'],
    ['..%2f..', '_.%2f'],
    ['a/b', 'b'],
    ['.../x', 'x'],
  ])
  refuses('C38 a directory is no file', ['.', '..', '../..', 'a/.', 'a\\..', '/..', '..\u200b', '\u202e.', './.'])
  becomes('C38 full-width dots and slashes stay what they are, for nothing is normalised after the look', [
    ['\uff0e\uff0e\uff0fetc', '\uff0e\uff0e\uff0fetc'],
  ])
  becomes('C39 the backslash separates everywhere', [
    ['..\\..\\win.ini', 'win.ini'],
    ['C:\\x', 'x'],
    ['\\\\srv\\s', 's'],
    ['\\\\?\\C:\\x', 'x'],
    ['a/b\\c', 'c'],
    ['a\\b/c', 'c'],
  ])
  refuses('C40 a path that ends in its parent', ['a/..', 'a\\..', 'a/b/..'])
  becomes('C40 a path that ends in nothing', [
    ['/', FALLBACK],
    ['a/', FALLBACK],
    ['a\\', FALLBACK],
    ['....//', FALLBACK],
    ['../', FALLBACK],
  ])
  becomes('C41 absolute', [
    ['/etc/passwd', 'passwd'],
    ['~/.ssh/authorized_keys', 'authorized_keys'],
    ['file:///x', 'x'],
    ['~root', '_root'],
    ['~', '_'],
    ['C:x', 'C_x'],
  ])
})

describe('characters', () => {
  refuses('C42 NUL', ['a.txt\0.png', '\0', 'dir\0/a.txt', 'a.txt\0'])
  becomes('C43 controls', [
    ['a\x1b[2Jb', 'a_[2Jb'],
    ['a\nb', 'a_b'],
    ['a\x9b31m', 'a_31m'],
    ['a\tb\rc', 'a_b_c'],
    ['a\x01\x1f\x7f\x80\x9fb', 'a_____b'],
    ['a\u2028b\u2029c', 'a_b_c'],
    ['\n', '_'],
    ['a\u0085', 'a_'],
  ])
  becomes('C43 what cannot be printed', [
    ['a\ud800b\udc00', 'a_b_'],
    ['\ude00\ud83d', '__'],
    ['a\ue000b\u{f0000}', 'a_b_'],
    ['a\uffff\u{1fffe}\u0378', 'a___'],
  ])
  becomes('C45 streams, and what Windows does not take', [
    ['a.txt:evil', 'a.txt_evil'],
    ['a:b:c', 'a_b_c'],
    ['a<b>c"d|e?f*g', 'a_b_c_d_e_f_g'],
    ['a::$DATA', 'a__$DATA'],
  ])
  becomes('C45 dots and spaces at the end', [
    ['a.', 'a'],
    ['a ', 'a'],
    ['a. . .', 'a'],
    ['a.txt..', 'a.txt'],
    ['a\u00a0\u3000', 'a'],
    ['a.\u200b', 'a'],
    ['a .txt', 'a .txt'],
  ])
  becomes('spaces at the start', [
    ['  a', 'a'],
    ['\u3000\u00a0a', 'a'],
    [' .bashrc', '_bashrc'],
    [' CON', '_CON'],
  ])
  becomes('C47 composed and decomposed are one', [
    ['é.txt', '\u00e9.txt'],
    ['e\u0301.txt', '\u00e9.txt'],
    ['e\u200b\u0301.txt', '\u00e9.txt'],
    ['\u212a.txt', 'K.txt'],
  ])
  becomes('C48 invisible and turning characters', [
    ['photo\u202egnp.exe', 'photognp.exe'],
    ['a\u200b\ufeff\u2066\u2067\u2068\u2069\u00adb', 'ab'],
    ['a\u{e0061}\u{e007f}\u{e0000}b', 'ab'],
    ['a\ufe0f\u034f\u2060\u061c\u3164b', 'ab'],
    ['a\ufff9b\ufffbc', 'abc'],
    ['a\u2800b', 'ab'],
    ['\u200b.bashrc', '_bashrc'],
    ['\u202e', FALLBACK],
  ])
  becomes(
    'C48 what spells a word or an emoji',
    [
      '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.txt', // Persian: I want
      '\u0646\u0627\u0645\u0647\u200c\u0647\u0627 (2).pdf', // letters
      '\u0915\u094d\u200d\u0937.txt', // Hindi: a half form
      '\u0c95\u0ccd\u200c\u0c95.txt', // Kannada: none
      '\u0d05\u0d35\u0d28\u0d4d\u200d.txt', // Malayalam: a letter by itself at the end of a word
      '\u0dc1\u0dca\u200d\u0dbb\u0dd3.txt', // Sinhala: Sri
      '\u1820\u180b.txt', // Mongolian: another form
      '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}.png', // a family
      '\u{1f469}\u{1f3fd}\u200d\u{1f4bb}.png', // somebody with a skin and a trade
      '\u{1f9d1}\u{1f3fb}\u200d\u2764\ufe0f\u200d\u{1f48b}\u200d\u{1f9d1}\u{1f3ff}.png', // a kiss
      '\u2764\ufe0f.txt', // a red heart
      '\u2764\ufe0e.txt', // one in black
      '\u{1f3f3}\ufe0f\u200d\u{1f308}.png', // a rainbow flag
      '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}.svg', // Scotland
      '\u{1f1ee}\u{1f1e9}.svg', // Indonesia
      '1\ufe0f\u20e3.txt', // a key
    ].map((name) => [name, name]),
  )
  becomes('C48 the same where it only hides', [
    ['pay\u200dpal.txt', 'paypal.txt'],
    ['a\u200cb', 'ab'],
    ['\u0645\u200c.txt', '\u0645.txt'],
    ['\u200d\u0645', '\u0645'],
    ['\u0645\u200ca', '\u0645a'],
    ['a\u200c\u0645', 'a\u0645'],
    ['\u0645\u200c\u200d\u200c\u0645', '\u0645\u200c\u0645'],
    ['\u0645\u200c\u200b\u0645', '\u0645\u0645'],
    ['\u0915\u094d\u200d\u200d', '\u0915\u094d\u200d'],
    ['a\u094d\u200d', 'a\u094d'],
    ['\u{1f600}\u200d.txt', '\u{1f600}.txt'],
    ['a\u200d\u{1f600}', 'a\u{1f600}'],
    ['\u{1f600}\ufe0f\ufe0f', '\u{1f600}\ufe0f'],
    ['a\ufe0f', 'a'],
    ['1\ufe0f.txt', '1.txt'],
    ['*\ufe0f\u20e3', '_\u20e3'],
    ['\u{1f3f4}\u{e0068}\u{e0069}\u{e007f}', '\u{1f3f4}'],
    ['a\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}', 'a'],
    ['a\u180b', 'a'],
  ])
  becomes('C49 dashes at the start; nothing else that a shell reads is touched, for none reads it', [
    ['-rf', '_rf'],
    ['--help', '_-help'],
    ['$(id)', '$(id)'],
    ['`id`', '`id`'],
    [';rm', ';rm'],
    ['-', '_'],
  ])
  becomes('C50 dotfiles', [
    ['.bashrc', '_bashrc'],
    ['.htaccess', '_htaccess'],
    ['.npmrc', '_npmrc'],
    ['..a', '_.a'],
  ])
})

describe('C44 device names', () => {
  const devices = ['CON', 'nul.txt', 'COM1.log', 'LPT¹', 'CONIN$', 'conout$', 'PRN', 'aux', 'CLOCK$.x', 'com0', 'LPT9']
  const disguised = ['com².a', 'COM³', 'con .txt', 'nul.tar.gz', 'Aux.', 'ＣＯＮ', 'lPt5', 'con\u00a0.x', 'c\u200bon']
  becomes(
    'C44 a prefix',
    [...devices, 'conin$.txt'].map((raw) => [raw, `_${raw}`]),
  )
  becomes(
    'C44 a prefix in disguise',
    disguised.map((raw) => [raw, `_${raw.replace('\u200b', '').replace(/\.$/, '')}`]),
  )
  becomes('C44 aux. as the catalogue has it', [['aux.', '_aux']])
  test.each(['console', 'com', 'com10', 'lpt', 'xcon', 'aux-1', 'null', 'my.con', 'conin', 'con_', 'comx', 'lpta.txt'])(
    'C44 %j is no device',
    (raw) => expect(safeFileName(raw, ID)).toBe(raw),
  )
  becomes('C44 a colon ends no device name here', [['CON:', 'CON_']])
})

describe('C46 long names', () => {
  becomes('C46 cut to 200 bytes, with the extension', [
    ['a'.repeat(200), 'a'.repeat(200)],
    [`${'a'.repeat(194)}  .txt`, `${'a'.repeat(194)}  .txt`],
    ['a'.repeat(201), 'a'.repeat(200)],
    [`${'a'.repeat(256)}.txt`, `${'a'.repeat(196)}.txt`],
    [`${'a'.repeat(196)}.txt`, `${'a'.repeat(196)}.txt`],
    [`${'a'.repeat(197)}.txt`, `${'a'.repeat(196)}.txt`],
    ['é'.repeat(300), 'é'.repeat(100)],
    [`x${'é'.repeat(300)}`, `x${'é'.repeat(99)}`],
    [`${'字'.repeat(300)}.é`, `${'字'.repeat(65)}.é`],
    ['😀'.repeat(51), '😀'.repeat(50)],
    [`xyz${'😀'.repeat(51)}`, `xyz${'😀'.repeat(49)}`],
    [`terima_${'a'.repeat(255)}`, `terima_${'a'.repeat(193)}`],
    [`${'a'.repeat(200_000)}.jpeg`, `${'a'.repeat(195)}.jpeg`],
    ['a'.repeat(200_000), 'a'.repeat(200)],
  ])
  becomes('C46 an extension of 16 bytes is kept, a longer one is not', [
    [`${'a'.repeat(250)}.${'e'.repeat(15)}`, `${'a'.repeat(184)}.${'e'.repeat(15)}`],
    [`${'a'.repeat(250)}.${'e'.repeat(16)}`, 'a'.repeat(200)],
    [`${'a'.repeat(250)}.${'é'.repeat(8)}`, 'a'.repeat(200)],
    [`${'a'.repeat(190)}.${'e'.repeat(30)}`, `${'a'.repeat(190)}.${'e'.repeat(9)}`],
    [`${'a'.repeat(250)}.tar.gz`, `${'a'.repeat(197)}.gz`],
  ])
  becomes('C46 a cut that ends in dots or spaces is cut again', [
    [`${'a'.repeat(199)}  b`, 'a'.repeat(199)],
    [`${'a'.repeat(198)}..${'b'.repeat(20)}`, 'a'.repeat(198)],
    [`${'a'.repeat(190)}      b.txt`, `${'a'.repeat(190)}      .txt`.replace(/ +/, '')],
  ])
  becomes('C46 a cut leaves what people take for one sign whole, and nothing behind that joined it', [
    [`${'x'.repeat(190)}\u{1f469}\u200d\u{1f469}\u200d\u{1f467}.txt`, `${'x'.repeat(190)}.txt`],
    [`${'x'.repeat(198)}e\u0323\u0301`, 'x'.repeat(198)],
    [`${'\u0627'.repeat(98)}\u200c${'\u0627'.repeat(5)}`, '\u0627'.repeat(98)],
    [`${'\u0627'.repeat(95)}\u200c${'\u0627'.repeat(9)}.txt`, `${'\u0627'.repeat(95)}\u200c\u0627.txt`],
    [`x${'\u0301'.repeat(150)}`, `x${'\u0301'.repeat(99)}`],
  ])
  becomes('C46 a cut that lays a device name bare', [
    [`con${' '.repeat(300)}x.txt`, '_con.txt'],
    [`aux${' '.repeat(300)}x`, '_aux'],
  ])
  becomes('C46 a device name of 200 bytes stays within 200 with its prefix', [
    [`con.${'a'.repeat(192)}.txt`, `_con.${'a'.repeat(191)}.txt`],
    [`con.a${'\u0627'.repeat(95)}\u200c\u0627`, `_con.a${'\u0627'.repeat(95)}`],
  ])
  becomes('C46 of a huge name only the two ends are looked at', [
    [`${'b'.repeat(150)}${'\u200b'.repeat(100_000)}${'c'.repeat(10)}.txt`, `${'b'.repeat(150)}${'c'.repeat(10)}.txt`],
    [`${'\u200b'.repeat(1023)}a${'x'.repeat(100)}.txt`, `a${'x'.repeat(60)}.txt`],
    [`${'\u200b'.repeat(983)}a${'x'.repeat(100)}.txt`, `a${'x'.repeat(100)}.txt`],
    [`${'\u200b'.repeat(984)}a${'x'.repeat(100)}.txt`, `a${'x'.repeat(99)}.txt`],
    [`${'\u200b'.repeat(1000)}${'a'.repeat(30)}.txt`, `${'a'.repeat(30)}.txt`],
    [`${'x/'.repeat(100_000)}${'a'.repeat(150)}.txt`, `${'a'.repeat(150)}.txt`],
  ])
  test('C46 a megabyte of marks, which normalising would sort for minutes, is cut first', () => {
    const started = performance.now()
    safeFileName(`a${'\u0301\u0316'.repeat(500_000)}`, ID)
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

describe('C54 names of nothing', () => {
  becomes('C54 the transfer lends its name', [
    ['', FALLBACK],
    ['...', FALLBACK],
    ['   ', FALLBACK],
    ['. .', FALLBACK],
    ['.. ', FALLBACK],
    [' ..', FALLBACK],
    ['\u200b', FALLBACK],
    ['\u3000', FALLBACK],
  ])
  test('C54 a short id is taken whole', () => expect(safeFileName('', 'ab')).toBe('file-ab'))
})

describe('C56 the oracle', () => {
  test('C56 every single code point, alone, first, last and between', () => {
    const faults: string[] = []
    for (const point of codePoints()) {
      const fault = fileNameFault(`${String.fromCodePoint(point)}a.b${String.fromCodePoint(point)}`)
      if (fault !== undefined) faults.push(fault)
    }
    expect(faults).toEqual([])
  })

  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.constantFrom(
      '/',
      '\\',
      '..',
      '.',
      ' ',
      '~',
      '-',
      ':',
      '\0',
      '\u200b',
      '\u202e',
      '\ud800',
      'con',
      'COM¹',
      '.txt',
    ),
    fc.constantFrom('a'.repeat(190), 'é'.repeat(120), ' '.repeat(200), '\u0301'.repeat(50)),
  )
  test('C56 any string gives one safe component', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        expect(fileNameFault(parts.join(''))).toBeUndefined()
      }),
      { numRuns: 3000 },
    )
  })
})

describe('C55 a rule that is taken out is missed', () => {
  test('by nobody while all are there', async () => expect(missed(await mutant('', ''))).toEqual([]))
  test.each(RULES)('%j instead of which there is %j', async (rule, without) => {
    expect(source.split(rule)).toHaveLength(2)
    expect(without).not.toBe(rule)
    expect(missed(await mutant(rule, without))).not.toEqual([])
  })

  function missed(named: typeof safeFileName): readonly string[] {
    return looked.flatMap(([raw, name]) => {
      const given = named(raw, ID)
      return (typeof given === 'string' ? given : undefined) === name ? [] : [raw.slice(0, 50)]
    })
  }
})
