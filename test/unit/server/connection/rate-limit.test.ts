import { describe, expect, it } from 'vitest'
import { SharedRate, SharedRates } from '#server/connection/rate-limit.ts'
import { ManualClock } from '#system/clock.ts'
import { turn } from '../../../harness/turns.ts'

function scene(perSecond: number, burst: number) {
  const clock = new ManualClock()
  const rate = new SharedRate(clock, perSecond, burst)
  const through: string[] = []
  const ask = (name: string, tokens: number, signal?: AbortSignal) => {
    void rate.take(tokens, signal).then((outcome) => through.push(outcome === 'taken' ? name : `${name} gave up`))
  }
  /** Lets time pass in small steps. */
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 10) {
      clock.advance(10)
      await turn()
    }
  }
  return { clock, rate, through, ask, pass }
}

describe('C67 a rate that several share', () => {
  it('lets a burst through at once, and then as much as it says', async () => {
    const { ask, pass, through } = scene(50, 100)
    ask('burst', 100)
    ask('next', 5)
    await turn()
    expect(through).toEqual(['burst'])
    await pass(90)
    expect(through).toEqual(['burst'])
    await pass(30)
    expect(through).toEqual(['burst', 'next'])
  })

  it('makes only whoever asks for much wait long', async () => {
    const { ask, pass, through } = scene(50, 500)
    ask('long', 3000)
    for (let index = 0; index < 5; index++) ask(`short ${index}`, 1)
    await pass(300)
    expect(through).toEqual(Array.from({ length: 5 }, (_, index) => `short ${index}`))
    await pass((3000 / 50) * 1000)
    expect(through).toContain('long')
  })

  it('has no debt left of what was given up: what it had taken is there for others', async () => {
    const { ask, pass, rate, through } = scene(50, 500)
    const gone = new AbortController()
    ask('long', 3000, gone.signal)
    await pass(100)
    expect(rate.delayMs).toBeGreaterThan(0)
    gone.abort()
    ask('next', 500)
    await turn()
    expect(through).toEqual(['long gave up', 'next'])
  })

  it('takes nothing for whoever is gone already, and nothing is left waiting', async () => {
    const { ask, clock, rate, through } = scene(50, 1)
    ask('gone', 5, AbortSignal.abort())
    await turn()
    expect([through, clock.waiting, rate.idle]).toEqual([['gone gave up'], 0, true])
  })

  it('takes back what was not used, up to a burst', async () => {
    const { ask, rate, through } = scene(1, 2)
    ask('one', 2)
    rate.giveBack(10)
    ask('two', 2)
    ask('three', 1)
    await turn()
    expect(through).toEqual(['one', 'two'])
  })

  it('tells how long the next would wait', async () => {
    const { ask, rate } = scene(10, 2)
    expect(rate.delayMs).toBe(0)
    ask('one', 2)
    expect(rate.delayMs).toBe(100)
    ask('two', 1)
    expect(rate.delayMs).toBe(200)
  })

  it('of nothing is no limit', async () => {
    const { ask, rate, through } = scene(0, 0)
    ask('much', 1e9)
    await turn()
    expect([through, rate.delayMs]).toEqual([['much'], 0])
  })

  it('is each one’s own, and forgotten when there is nothing to remember', async () => {
    const clock = new ManualClock()
    const rates = new SharedRates(clock, 1, 1)
    const [ani, budi] = [rates.of('ani'), rates.of('budi')]
    expect(await ani.take(1)).toBe('taken')
    expect([ani.delayMs, budi.delayMs]).toEqual([1000, 0])
    rates.sweep()
    expect([rates.of('ani') === ani, rates.of('budi') === budi]).toEqual([true, false])
    clock.advance(1000)
    rates.sweep()
    expect(rates.of('ani')).not.toBe(ani)
  })
})
