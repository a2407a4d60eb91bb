import { describe, expect, test } from 'vitest'
import { reflows, takenAway } from '#terminal/frame.ts'

const up = (rows: number) => (rows === 0 ? '' : `\x1b[${rows}A`)
const away = (above: number, down: number) => `\r${up(above)}\x1b[J${down === 0 ? '' : `\x1b[${down}B`}`
const typed = (cells: number) => ({ lines: ['x'.repeat(cells)], column: cells })

describe('a frame that a narrower terminal has wrapped is taken away whole, from its first row on', () => {
  test.each([
    ['one line that fits', typed(30), away(0, 0)],
    ['one that fills two rows', typed(70), away(1, 0)],
    ['the cursor behind the end of a full row', typed(80), away(1, 0)],
    ['the cursor in the first row of two', { lines: ['x'.repeat(70)], column: 10 }, away(0, 0)],
    ['a long line above a short one', { lines: ['y'.repeat(90), '<You> '], column: 6 }, away(3, 1)],
    ['colours, which take no place', { lines: [`\x1b[2m${'y'.repeat(40)}\x1b[22m`, '<You> '], column: 6 }, away(1, 1)],
    ['wide signs, none of which is parted', { lines: [`y${'字'.repeat(20)}`, '<You> '], column: 6 }, away(2, 1)],
  ])('%s', (_case, frame, expected) => {
    expect(takenAway(frame, 40)).toBe(expected)
  })
})

test('C59 on a terminal that says it has no columns nothing is taken away', () => {
  for (const column of [0, 10, 70]) expect(takenAway({ lines: ['x'.repeat(70)], column }, 0)).toBe('')
})

test('a terminal that is not known is taken for one that cuts: of what was said nothing may go', () => {
  expect(reflows({ TERM: 'xterm-256color' })).toBe(false)
  expect(reflows({ TMUX: '/tmp/tmux-0/default,1,0' })).toBe(true)
  expect(reflows({ VTE_VERSION: '7000', STY: '1.pts' })).toBe(false)
})
