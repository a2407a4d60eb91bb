import { expect, test } from 'vitest'
import { skeleton } from '#domain/names/confusables.ts'
import { collisionKey } from '#domain/names/file-name.ts'
import { checkNick } from '#domain/names/nick.ts'
import { checkRoomName } from '#domain/names/room-name.ts'
import { fileNameFault } from './file-name-oracle.ts'
import { fuzz, fuzzRun } from './fuzzing.ts'

const POOLS = [
  ...[
    '/',
    '\\',
    '.',
    '..',
    '../',
    '..\\',
    'C:',
    '~',
    '-',
    '--',
    ' ',
    ':',
    '#',
    '*',
    '?',
    '<',
    '|',
    '"',
    '%2f',
    '$',
    '@',
    '_',
  ],
  ...[
    '\0',
    '\x1b[2J',
    '\n',
    '\x9b',
    '\x85',
    '\u2028',
    '\t',
    '\u00a0',
    '\u3000',
    '\u2800',
    '\ufeff',
    '\u200b',
    '\u200d',
    '\u202e',
  ],
  ...[
    '\u00ad',
    '\u061c',
    '\u034f',
    '\ufe0f',
    '\u{e0061}',
    '\u{e0100}',
    '\u3164',
    '\ufff9',
    '\ue000',
    '\uffff',
    '\ud800',
    '\udc00',
  ],
  ...[
    'con',
    'CON',
    'nul',
    'aux',
    'prn',
    'COM1',
    'com¹',
    'LPT9',
    'conin$',
    'clock$',
    'ＣＯＮ',
    '.txt',
    '.tar.gz',
    `.${'e'.repeat(15)}`,
  ],
  ...[
    'a',
    'Z',
    '0',
    '1',
    'l',
    'I',
    'rn',
    'm',
    'vv',
    'w',
    'ß',
    'ẞ',
    'İ',
    'ı',
    'i',
    'é',
    'e\u0301',
    'ǆ',
    'ﬁ',
    '\u212a',
    'ſ',
    'Σ',
    'ς',
  ],
  ...[
    'а',
    'А',
    'м',
    'ѕ',
    'α',
    'Ν',
    'ν',
    'ᾳ',
    'ᾼ',
    'Տ',
    'Ꭰ',
    'ꭰ',
    '𝓪',
    'ａ',
    '\uff0e',
    '\uff0f',
    '\u2024',
    '١',
    '０',
    '٠',
    'क',
    '्',
    '\u200c',
    '\u200d',
    '\u0958',
    '\u0645',
    '\u062e',
    '\u064b',
    '\u0d28\u0d4d',
    '\u1820',
    '\u180b',
  ],
  ...[
    '\u0301',
    '\u0316',
    '\u0307',
    '\u0338',
    '\u0345',
    '\u20dd',
    'ᄀ',
    'ᅡ',
    'ᆨ',
    '각',
    '字',
    'か',
    'ー',
    '😀',
    '🏽',
    '\u2764',
    '\u{1f469}\u200d\u{1f469}',
    '\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    '\u20e3',
    '127.0.0.1',
    'admin',
  ],
]

test('C56 C63 C66 whatever comes in, names keep their promises', () => {
  const run = fuzzRun()
  fuzz(run, POOLS, (raw) => fileNameFault(raw) ?? nickFault(raw) ?? roomFault(raw) ?? keyFault(raw))
  expect(run.count).toBeGreaterThan(0)
})

function nickFault(raw: string): string | undefined {
  const nick = checkNick(raw)
  if ('type' in nick) return nick.code === 'BAD_NAME' ? undefined : `the nick was refused as ${nick.code}`
  if (!/^[\p{L}\p{Nd}](?:[\p{L}\p{M}\p{Nd}_.-]|(?<=[\p{L}\p{M}])[\u200c\u200d](?![\u200c\u200d]))*$/u.test(nick.name))
    return 'the nick has other characters'
  if (nick.skeleton !== skeleton(nick.name.replace(/[\u200c\u200d]/g, ''))) return 'joiners tell nicks apart'
  if (Buffer.byteLength(nick.name) > 32) return 'the nick is too long'
  const again = checkNick(nick.name)
  if ('type' in again || again.name !== nick.name) return 'the nick is not accepted again'
  if (skeleton(nick.skeleton) !== nick.skeleton) return 'the skeleton has another skeleton'
  // Decomposed first: the capital of an iota subscript is a letter, and takes over the marks that come after it.
  return skeleton(nick.name.normalize('NFD').toUpperCase()) === nick.skeleton
    ? undefined
    : 'the skeleton depends on case'
}

function roomFault(raw: string): string | undefined {
  const name = checkRoomName(raw)
  if (typeof name !== 'string') return name.code === 'BAD_ROOM' ? undefined : `the room was refused as ${name.code}`
  if (!/^[\p{L}\p{Nd}][\p{L}\p{M}\p{Nd}_.-]*$/u.test(name)) return 'the room has other characters'
  if (Buffer.byteLength(name) > 64) return 'the room name is too long'
  return checkRoomName(name) === name ? undefined : 'the room is another room when asked for again'
}

function keyFault(raw: string): string | undefined {
  const key = collisionKey(raw.slice(0, 200))
  return collisionKey(key) === key ? undefined : 'the collision key has another key'
}
