import { describe, expect, it, onTestFinished } from 'vitest'
import { ProgressDisplay, type Screen } from '#app/cli/progress.ts'
import { until } from '../../../harness/patience.ts'

function display({ isTTY = false, columns = 80, plain = false } = {}) {
  const written: string[] = []
  const screen: Screen = { write: (text) => written.push(text), isTTY, columns }
  const shown = new ProgressDisplay(screen, 'sending', 'a\x07.bin', plain)
  onTestFinished(() => shown.end())
  return { shown, written }
}

const MB = 1_000_000
const retry = (attempt: number) => ({ type: 'retry', attempt, inMs: 100, why: 'the connection was cut' }) as const

describe('progress where nothing can be written over', () => {
  it('is one line at the start and one for each tenth, in which nothing acts (C57)', () => {
    const { shown, written } = display()
    shown.report({ type: 'begins', at: 0, total: 10 * MB })
    for (let bytes = 0; bytes <= 10 * MB; bytes += MB / 10) shown.report({ type: 'moved', bytes })
    shown.end()
    expect(written[0]).toBe('sending a␇.bin 10 MB\n')
    const tenths = written.slice(1).map((line) => /^a␇\.bin {2}(\d)0% {2}(\d)\.0\/10 MB/.exec(line)?.slice(1).join(' '))
    expect(tenths).toEqual(['1 1', '2 2', '3 3', '4 4', '5 5', '6 6', '7 7', '8 8', '9 9'])
  })
  it('tells once that the connection is gone, and where it goes on', () => {
    const { shown, written } = display()
    shown.report({ type: 'begins', at: 0, total: 10 * MB })
    shown.report({ type: 'moved', bytes: 7.15 * MB })
    written.length = 0
    for (const attempt of [1, 2, 3]) shown.report(retry(attempt))
    shown.report({ type: 'begins', at: 7.1 * MB, total: 10 * MB })
    expect(written).toEqual(['the connection was cut; trying again\n', 'stalled 0 s, retry 3, resumes at 71 %\n'])
  })
  it('names the place where an earlier attempt ended, and no share of what nobody knows', () => {
    const [one, two] = [display(), display()]
    one.shown.report({ type: 'begins', at: 5 * MB, total: 10 * MB })
    two.shown.report({ type: 'begins', at: 0, total: undefined })
    two.shown.report({ type: 'moved', bytes: 5 * MB })
    two.shown.report(retry(1))
    two.shown.report({ type: 'begins', at: 4 * MB, total: undefined })
    expect(one.written).toEqual(['sending a␇.bin 10 MB, resumes at 50 %\n'])
    expect(two.written.at(-1)).toBe('stalled 0 s, retry 1, resumes at 4 MB\n')
  })
})

describe('progress on a terminal', () => {
  it('is one line that is written over, no wider than the terminal, and gone at the end', async () => {
    const { shown, written } = display({ isTTY: true, columns: 40 })
    shown.report({ type: 'begins', at: 0, total: 10 * MB })
    shown.report({ type: 'moved', bytes: 7.1 * MB })
    await until('a frame', () => written.length > 0)
    shown.report({ type: 'moved', bytes: 10 * MB })
    shown.receipts(1, 2)
    await until('what is waited for', () => written.at(-1)?.includes('→1/2') === true)
    shown.end()
    for (const frame of written.slice(0, -1)) {
      expect(frame).toMatch(/^\r[^\r\n]*\x1b\[K$/)
      expect(frame.length - 4).toBeLessThan(40)
    }
    expect(written[0]).toContain('a␇.bin  71% ')
    expect(written.at(-1)).toBe('\r\x1b[K')
  })
  it('is plain lines when that is asked for', () => {
    const { shown, written } = display({ isTTY: true, plain: true })
    shown.report({ type: 'begins', at: 0, total: MB })
    expect(written).toEqual(['sending a␇.bin 1 MB\n'])
  })
})
