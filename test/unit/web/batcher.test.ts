import { expect, test } from 'vitest'
import { ManualClock } from '#system/clock.ts'
import { Batcher } from '#web/state/announcer.ts'

test('the first comes at once, and a flood a few times a second, all of it and in order', async () => {
  const clock = new ManualClock()
  const given: (readonly number[])[] = []
  const bursts = new Batcher<number>(clock, 50, (burst) => given.push(burst))
  for (const nr of [1, 2]) bursts.add(nr)
  await Promise.resolve()
  for (let nr = 3; nr <= 100; nr++) {
    bursts.add(nr)
    await Promise.resolve()
    clock.advance(2)
  }
  clock.advance(50)
  clock.advance(50)
  bursts.add(101)
  await Promise.resolve()
  expect(given.flat()).toEqual(Array.from({ length: 101 }, (_, at) => at + 1))
  expect(given[0]).toEqual([1, 2])
  expect(given.at(-1)).toEqual([101])
  expect(given.length).toBeLessThanOrEqual(7)
})
