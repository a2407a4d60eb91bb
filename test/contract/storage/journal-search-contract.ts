import assert from 'node:assert/strict'
import type { Journal } from '#domain/ports/journal.ts'
import { lastSeqOf } from '#domain/room/events.ts'
import type { Subject, UnnumberedEntry } from './journal-subject.ts'

const say = (text: string): UnnumberedEntry => ({ type: 'said', text })
const file = { id: 'f1', name: 'Laporan-Akhir 2026.pdf', size: 7 }

/** Characters that are never the limit. */
export const PLENTY = 1_000_000

const seqs = async (journal: Journal, query: string, limit = 100, chars = PLENTY): Promise<number[]> =>
  (await journal.search('lobby', query, limit, chars)).map(lastSeqOf)

const hostileQueries = [
  ...[
    '',
    ' ',
    '"',
    "'",
    '*',
    '""',
    '"kopi',
    'kopi"',
    '\0',
    'kopi\0',
    '(',
    'kopi)',
    '^kopi',
    '-kopi',
    'words:kopi',
    '{words}:x',
  ],
  ...[
    'kopi AND',
    'OR',
    'NOT kopi',
    'NEAR(kopi panas, 2)',
    'kopi +panas',
    "'; DROP TABLE search; --",
    '\ud800',
    '😀',
    '%',
    '_',
  ],
]

/** The part of the journal's contract about search. */
export const searchCases: Readonly<Record<string, (subject: Subject) => Promise<void>>> = {
  'search finds every word as the beginning of a word, in any order': async (subject) => {
    await subject.append('lobby', [say('kopi panas di teras'), say('teh panas'), say('kopiah baru'), say('ikopi')])
    assert.deepEqual(await seqs(subject.journal, 'kopi'), [1, 3])
    assert.deepEqual(await seqs(subject.journal, 'pan kop'), [1])
    assert.deepEqual(await seqs(subject.journal, 'panas'), [1, 2])
    assert.deepEqual(await seqs(subject.journal, 'kopi teh'), [])
    assert.deepEqual(await seqs(subject.journal, 'di-teras'), [1])
  },
  'search does not mind case and accents': async (subject) => {
    await subject.append('lobby', [
      say('CAFÉ über'),
      say('cafe\u0301'),
      say('Ångström ИВАН ёлка'),
      say('नमस्ते 東京 한국'),
    ])
    assert.deepEqual(await seqs(subject.journal, 'cafe'), [1, 2])
    assert.deepEqual(await seqs(subject.journal, 'CaFÉ'), [1, 2])
    assert.deepEqual(await seqs(subject.journal, 'Uber'), [1])
    assert.deepEqual(await seqs(subject.journal, 'angst иван елка'), [3])
    for (const query of ['नमस्ते', '東', '한국']) assert.deepEqual(await seqs(subject.journal, query), [4])
  },
  'search looks at what was said and acted, at topics and whole files': async (subject) => {
    await subject.append('lobby', [
      say('laporan'),
      { type: 'acted', text: 'membaca laporan' },
      { type: 'topicSet', topic: 'Laporan bulan ini' },
      { type: 'fileOffered', file },
      { type: 'fileCompleted', file: { ...file, sha256: 'b'.repeat(64) } },
      { type: 'fileReceived', file },
      { type: 'fileWithdrawn', file, reason: 'laporan' },
    ])
    assert.deepEqual(await seqs(subject.journal, 'laporan'), [1, 2, 3, 5])
    assert.deepEqual(await seqs(subject.journal, 'akhir 2026 pdf'), [5])
  },
  'search never finds a whisper': async (subject) => {
    await subject.append('lobby', [
      { type: 'whispered', to: { id: 'm2', name: 'budi' }, text: 'rahasia besar' },
      say('besar'),
    ])
    assert.deepEqual(await seqs(subject.journal, 'rahasia'), [])
    assert.deepEqual(await seqs(subject.journal, 'besar'), [2])
  },
  'search gives the newest, oldest of them first': async (subject) => {
    for (let batch = 0; batch < 20; batch += 1) await subject.append('lobby', Array(20).fill(say(`kopi ${batch}`)))
    assert.deepEqual(await seqs(subject.journal, 'kopi', 3), [398, 399, 400])
    assert.deepEqual(
      await seqs(subject.journal, 'kopi 19', 1000),
      Array.from({ length: 20 }, (_, index) => 381 + index),
    )
    assert.deepEqual(await seqs(subject.journal, 'kopi', 0), [])
    await subject.append('lobby', [say('kopi lagi')])
    assert.deepEqual(await seqs(subject.journal, 'kopi', 1), [401], 'what was just committed is found')
  },
  'search gives no more characters than are asked for, and of those the newest': async (subject) => {
    const long = `kopi ${'x'.repeat(10_000)}`
    for (let batch = 0; batch < 10; batch += 1)
      await subject.append('lobby', [...Array(10).fill(say(long)), say('teh')])
    const all = Array.from({ length: 110 }, (_, index) => index + 1).filter((seq) => seq % 11 !== 0)
    const each = long.length + 200
    for (const [most, count] of [
      [each - 1, 0],
      [each, 1],
      [each * 33 + 1, 33],
      [each * 99, 99],
      [each * 100, 100],
    ] as const)
      assert.deepEqual(await seqs(subject.journal, 'kopi', 500, most), all.slice(100 - count), `${count}`)
    assert.deepEqual(await seqs(subject.journal, 'kopi', 7, each * 50), all.slice(-7))
  },
  'search stays in its room': async (subject) => {
    await subject.append('hall', [say('kopi di aula')])
    await subject.append('lobby', [say('teh')])
    assert.deepEqual(await seqs(subject.journal, 'kopi'), [])
    assert.deepEqual(await subject.journal.search('nowhere', 'kopi', 10, PLENTY), [])
  },
  'hostile queries find words or nothing, and do no harm': async (subject) => {
    await subject.append('lobby', [say('kopi panas')])
    for (const query of hostileQueries) {
      const found = await seqs(subject.journal, query)
      assert.ok(found.length === 0 || /kopi/.test(query), JSON.stringify(query))
    }
    assert.deepEqual(await seqs(subject.journal, '" \' * ( ) ^'), [])
    const many = Array.from({ length: 2000 }, (_, index) => `w${index}`).join(' ')
    assert.deepEqual(await seqs(subject.journal, many), [])
    assert.deepEqual(await seqs(subject.journal, 'kopi '.repeat(2000)), [1])
  },
}
