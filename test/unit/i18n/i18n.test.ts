import { describe, expect, test } from 'vitest'
import { CODES, type Limit } from '#domain/errors.ts'
import { fileTooLarge, noSpace, overFairShare } from '#domain/file-limits.ts'
import { forTerminal } from '#domain/names/text.ts'
import { english } from '#i18n/en.ts'
import { amountText, sizeText } from '#i18n/format.ts'
import { languageOf, translatorFor } from '#i18n/i18n.ts'
import { indonesian } from '#i18n/id.ts'
import { moreEnglish } from '#i18n/more.en.ts'
import { pageEnglish } from '#i18n/page.en.ts'
import { commandsAt } from '#protocol/commands.ts'

/** Every form of every message with the gaps in it, in the order of the alphabet. */
const gapsOf = (catalogue: object) =>
  Object.fromEntries(
    Object.entries(catalogue).map(([key, message]: [string, string | Record<string, string>]) => {
      const forms = typeof message === 'string' ? { only: message } : message
      const gaps = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, gap]) => gap).sort()
      return [key, Object.fromEntries(Object.entries(forms).map(([form, text]) => [form, gaps(text)]))]
    }),
  )

describe('the catalogue', () => {
  test('has every message, every form and every gap in both languages', () => {
    expect(gapsOf(indonesian)).toEqual(gapsOf(english))
  })

  test('has no message that is the same in both languages, but for a few that have no words of a language', () => {
    const same = Object.keys(english).filter(
      (key) => JSON.stringify(english[key as 'joined']) === JSON.stringify(indonesian[key as 'joined']),
    )
    expect(same).toEqual([])
  })

  test('has no message twice, of which only one would be said', () => {
    const { ...own } = english
    for (const part of [pageEnglish, moreEnglish])
      for (const [key, message] of Object.entries(part)) expect(own).toHaveProperty(key, message)
  })

  test('has no braces that fill nothing in, and no line ends', () => {
    const texts = [english, indonesian].flatMap((catalogue) =>
      Object.values(catalogue).flatMap((message) => (typeof message === 'string' ? message : Object.values(message))),
    )
    expect(texts.filter((text) => /[{}\n]/.test(text.replace(/\{\w+\}/g, '')))).toEqual([])
  })
})

describe('wordsIn', () => {
  test('fills in what it is told, in the form that the number asks for', () => {
    const [{ say }, { say: ucapkan }] = [translatorFor('en'), translatorFor('id')]
    expect(say('joined', { name: 'ani' })).toBe('ani joined')
    expect(say('here', { count: 1, names: 'ani' })).toBe('1 is here: ani')
    expect(say('here', { count: 2, names: 'ani, budi' })).toBe('2 are here: ani, budi')
    expect(say('missed', { count: 12_345 })).toBe("12,345 lines are missing here: past this room's history, or damaged")
    expect(ucapkan('here', { count: 1, names: 'ani' })).toBe('1 orang di sini: ani')
    expect(ucapkan('missed', { count: 12_345 })).toBe(
      '12.345 baris tidak ada di sini: sudah lewat dari riwayat ruang ini, atau rusak',
    )
  })

  test('never fills in what a value brings along', () => {
    expect(translatorFor('en').say('renamed', { from: '{name}', name: '$& {from}' })).toBe('{name} is now $& {from}')
  })

  test('escapes each value and nothing of its own', () => {
    expect(translatorFor('en', (text) => `<${text}>`).say('whispers', { name: 'ani', text: 'x' })).toBe(
      '<ani> whispers: <x>',
    )
  })
})

test.each([
  [{}, 'en'],
  [{ LANG: 'C' }, 'en'],
  [{ LANG: 'id_ID.UTF-8' }, 'id'],
  [{ LANG: 'in' }, 'id'],
  [{ LANG: 'idiom' }, 'en'],
  [{ LANG: 'en_US.UTF-8', LC_MESSAGES: 'id_ID' }, 'id'],
  [{ LANG: 'id_ID', LC_ALL: 'C.UTF-8' }, 'en'],
  [{ LANG: 'id_ID', LC_ALL: '' }, 'id'],
] as const)('the language of %j is %s', (env, language) => {
  expect(languageOf(env)).toBe(language)
})

test('the page has a help text for each of its commands, and none that it does not show', () => {
  const shown = [...commandsAt('page').map(({ helpKey }) => helpKey), 'helpSay']
  const kept = Object.keys(moreEnglish).filter((key) => /^help./.test(key))
  expect(kept.toSorted()).toEqual(shown.filter((key) => key !== 'helpHelp').toSorted())
})

test('sizes are written as each language writes numbers', () => {
  expect([sizeText(11_500_000), sizeText(11_500_000, 'id')]).toEqual(['11.5 MB', '11,5 MB'])
  expect([amountText(8_200_000, 11_500_000), amountText(8_200_000, 11_500_000, 'id')]).toEqual([
    '8.2/11.5 MB',
    '8,2/11,5 MB',
  ])
})

describe('a refusal', () => {
  const taken = { code: 'NAME_TAKEN', message: 'somebody here has that name' }
  const long = { code: 'LINE_TOO_LONG', message: 'at most 4 bytes\u001b' }

  test('is said by its code in Indonesian, with what the host adds, and as the host says it in English', () => {
    const [words, kata] = [translatorFor('en'), translatorFor('id', forTerminal)]
    expect(words.refusal(taken)).toBe('somebody here has that name')
    expect(kata.refusal(taken)).toMatch(/^nama ini.*pilih yang lain$/)
    expect(kata.refusal(long)).toMatch(/terlalu panjang.*\(at most 4 bytes␛\)$/)
  })

  test('of a code that a newer host has is said as the host says it', () => {
    for (const code of ['NEWER', 'toString', '__proto__'])
      expect(translatorFor('id').refusal({ code, message: 'wait $& {details}' })).toBe('wait $& {details}')
  })

  test('of a limit says which one, its size and how it is changed, in both languages', () => {
    const flags = {
      file: '--max-file',
      room: '--room-quota',
      host: '--host-quota',
      disk: '--data',
      memory: '--ephemeral',
    }
    const { refusal } = translatorFor('id')
    for (const [of, flag] of Object.entries(flags) as [Limit['of'], string][])
      for (const why of [fileTooLarge({ of, bytes: 8e9 }), noSpace({ of, bytes: 8e9 })]) {
        expect(why.message).toContain(flag)
        // A disk never refuses by the limit of a file, and nobody knows the limit of a file system.
        if (['DISK_FULL,file', 'FILE_TOO_LARGE,disk'].includes([why.code, of].join())) continue
        expect(why.message).toContain('8 GB')
        expect(refusal(why)).toContain(flag)
        expect(refusal(why)).toContain('8 GB')
        expect(refusal(why)).not.toContain(why.message)
      }
    const shared = overFairShare('address', 5e9, { of: 'disk', bytes: 8.5e9 })
    expect(refusal(shared)).toMatch(/^kiriman dari alamat Anda .* separuh dari 8,5 GB, /)
    expect(refusal(noSpace({ of: 'disk', bytes: 0 }))).toMatch(
      /^tempat di tuan rumah tidak cukup \(the host's disk is full; /,
    )
  })

  test('has words for every code, in another language than the host’s', () => {
    const { refusal } = translatorFor('id')
    for (const code of CODES) expect(refusal({ code, message: 'x' })).not.toBe('x')
  })
})

for (const [bytes, text] of [
  [0, '0 B'],
  [1, '1 B'],
  [999, '999 B'],
  [1000, '1 kB'],
  [1234, '1.2 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1 MB'],
  [11_500_000, '11.5 MB'],
  [4 * 1024 ** 3, '4.3 GB'],
  [2e15, '2,000 TB'],
] as const)
  test(`${bytes} bytes are ${text}`, () => expect(sizeText(bytes)).toBe(text))
