import { describe, expect, it } from 'vitest'
import { Backoff, endOfTick, pause } from '#domain/async/backoff.ts'
import { ManualClock } from '#system/clock.ts'
import { turn } from '../../../harness/turns.ts'

const SETTINGS = { firstRetryMs: 250, mostRetryMs: 10_000 }

describe('a backoff', () => {
  it('doubles its pause up to the most, and counts the retries', () => {
    const backoff = new Backoff(SETTINGS, () => 1)
    expect(Array.from({ length: 8 }, () => backoff.next())).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000])
    expect(backoff.attempt).toBe(8)
  })

  it('leaves half of the pause to chance', () => {
    const chances = [0, 0.5, 0.999]
    const pauses = chances.map((chance) => new Backoff(SETTINGS, () => chance).next())
    expect(pauses).toEqual([125, 188, 250])
  })

  it('begins again once something worked', () => {
    const backoff = new Backoff(SETTINGS, () => 1)
    for (let count = 0; count < 2000; count++) backoff.next()
    expect(backoff.next()).toBe(10_000)
    backoff.reset()
    expect(backoff.attempt).toBe(0)
    expect(backoff.next()).toBe(250)
  })
})

describe('a pause', () => {
  it('ends after its time on the clock', async () => {
    const clock = new ManualClock()
    let over = false
    void pause(clock, 100).then(() => {
      over = true
    })
    clock.advance(99)
    await turn()
    expect(over).toBe(false)
    clock.advance(1)
    await turn()
    expect(over).toBe(true)
  })

  it('ends early when its signal is aborted, and leaves no timer behind', async () => {
    const clock = new ManualClock()
    const controller = new AbortController()
    const paused = pause(clock, 100, controller.signal)
    controller.abort()
    await paused
    expect(clock.waiting).toBe(0)
    await pause(clock, 100, controller.signal)
    expect(clock.waiting).toBe(0)
  })

  it('until the end of the tick lets others have their turn', async () => {
    const order: string[] = []
    const clock = { soon: (run: () => void) => void setImmediate(run) }
    const done = endOfTick(clock).then(() => order.push('after'))
    await Promise.resolve().then(() => order.push('before'))
    await done
    expect(order).toEqual(['before', 'after'])
  })
})
