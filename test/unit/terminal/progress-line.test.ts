import { describe, expect, it } from 'vitest'
import { amountText, durationText, tookText } from '#i18n/format.ts'
import { translatorFor } from '#i18n/i18n.ts'
import { type Progress, progressLine } from '#terminal/transfers.ts'

const words = translatorFor('en')

const halfway: Progress = {
  name: 'See-Saw.mp3',
  phase: 'moving',
  done: 8_200_000,
  total: 11_500_000,
  rate: 3_100_000,
  stillMs: 0,
  retries: 0,
}
const seen = { verified: 12, present: 14 }

describe('the progress line', () => {
  it.each([
    [
      'all there is',
      80,
      { ...halfway, receipts: seen },
      'See-Saw.mp3  71% |███████   |  8.2/11.5 MB  3.1 MB/s  ETA 2s   →12/14',
    ],
    ['nobody to receive it', 80, halfway, 'See-Saw.mp3  71% |███████   |  8.2/11.5 MB  3.1 MB/s  ETA 2s'],
    ['stalled', 80, { ...halfway, stillMs: 12_300 }, 'See-Saw.mp3  71% |███████   |  8.2/11.5 MB  stalled 12s'],
    [
      'stalled, and trying',
      80,
      { ...halfway, stillMs: 12_300, retries: 3 },
      'See-Saw.mp3  71% |███████   |  8.2/11.5 MB  stalled 12s, retry 3',
    ],
    [
      'not stalled yet',
      80,
      { ...halfway, stillMs: 2999 },
      'See-Saw.mp3  71% |███████   |  8.2/11.5 MB  3.1 MB/s  ETA 2s',
    ],
    ['no size', 80, { ...halfway, total: undefined }, 'See-Saw.mp3  8.2 MB  3.1 MB/s'],
    [
      'reading',
      80,
      { ...halfway, phase: 'reading' },
      'See-Saw.mp3  reading  71% |███████   |  8.2/11.5 MB  3.1 MB/s  ETA 2s',
    ],
    ['the beginning', 80, { ...halfway, done: 0, rate: 0 }, 'See-Saw.mp3   0% |          |  0.0/11.5 MB'],
    ['the end', 80, { ...halfway, done: 11_500_000 }, 'See-Saw.mp3  100% |██████████|  11.5 MB  3.1 MB/s'],
    [
      'whole, and waited for',
      80,
      { ...halfway, done: 11_500_000, stillMs: 9000, receipts: seen },
      'See-Saw.mp3  100% |██████████|  11.5 MB   →12/14',
    ],
    ['an empty file', 80, { ...halfway, done: 0, total: 0, rate: 0 }, 'See-Saw.mp3  100% |██████████|  0 B'],
    ['40 columns', 40, halfway, 'See-Saw.mp3  71%  3.1 MB/s  ETA 2s'],
    ['40 columns, and no room for receipts', 40, { ...halfway, receipts: seen }, 'See-Saw.mp3  71%  3.1 MB/s  ETA 2s'],
    ['40 columns, stalled', 40, { ...halfway, stillMs: 12_300, retries: 3 }, 'See-Saw.mp3  71%  stalled 12s, retry 3'],
    ['C59 a terminal of 0 columns', 0, halfway, 'See-Saw.mp3  71%'],
    ['wide letters', 40, { ...halfway, name: '看'.repeat(30) }, '看看看看看看看…  71%  3.1 MB/s  ETA 2s'],
    [
      'C57 a name that acts',
      80,
      { ...halfway, name: 'a\x1b[2Jb' },
      'a␛[2Jb  71% |███████   |  8.2/11.5 MB  3.1 MB/s  ETA 2s',
    ],
  ] as const)('%s', (_, columns, progress, line) => {
    expect(progressLine(progress as Progress, columns, words)).toBe(line)
  })
  it('speaks Indonesian', () => {
    const stalled = { ...halfway, stillMs: 12_300, retries: 3 }
    expect([progressLine(halfway, 80, translatorFor('id')), progressLine(stalled, 80, translatorFor('id'))]).toEqual([
      'See-Saw.mp3  71% |███████   |  8,2/11,5 MB  3,1 MB/s  sisa 2s',
      'See-Saw.mp3  71% |███████   |  8,2/11,5 MB  macet 12s, percobaan ke-3',
    ])
  })
  it.each([80, 60, 40, 30, 20])('is never wider than %i columns', (columns) => {
    for (const name of ['a', 'nama-berkas-yang-panjang-sekali.tar.gz', '看'.repeat(40)])
      for (const progress of [halfway, { ...halfway, receipts: seen, stillMs: 999_000, retries: 99 }])
        expect([...progressLine({ ...progress, name }, columns, words)].length).toBeLessThan(columns)
  })
})

describe('amounts and times', () => {
  it.each([
    [0, undefined, '0 B'],
    [999, 1000, '1.0/1 kB'],
    [1, 999, '1/999 B'],
    [1_500_000, 2_000_000_000, '0.0/2 GB'],
    [2_000_000_000, 2_000_000_000, '2 GB'],
  ])('%i of %s is %s', (done, total, text) => {
    expect(amountText(done, total)).toBe(text)
  })
  it.each([
    [1, '1s'],
    [59_000, '59s'],
    [60_000, '1m00s'],
    [65_000, '1m05s'],
    [7_380_000, '2h03m'],
  ])('%i ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text)
  })
  it.each([
    [40, '0.0s'],
    [3_700, '3.7s'],
    [59_960, '1m00s'],
  ])('%i ms took %s', (ms, text) => {
    expect(tookText(ms)).toBe(text)
  })
})
