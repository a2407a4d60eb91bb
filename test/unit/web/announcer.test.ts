import { expect, test } from 'vitest'
import { ManualClock } from '#system/clock.ts'
import { Announcer } from '#web/state/announcer.ts'

test('a few messages are read out, many are counted, and never more often than now and then', () => {
  const clock = new ManualClock()
  const announcer = new Announcer(clock, 1500, (count) => `${count} new`)
  const texts: string[] = []
  announcer.text.subscribe((text) => texts.push(text))
  announcer.heard('ani: one', 1)
  announcer.heard('budi: two', 2)
  clock.advance(1500)
  for (let nr = 0; nr < 40; nr++) announcer.heard(`ani: ${nr}`, 3 + nr)
  clock.advance(1500)
  clock.advance(60_000)
  expect(texts).toEqual(['', 'ani: one\nbudi: two', '40 new'])
})

test('what was removed is said no more, whether it was said already or is about to be', () => {
  const clock = new ManualClock()
  const announcer = new Announcer(clock, 1500, (count) => `${count} new`)
  announcer.heard('ani: one', 1)
  announcer.heard('budi: two', 2)
  clock.advance(1500)
  announcer.heard('budi: three', 3)
  announcer.heard('ani: four', 4)
  announcer.forget((seq) => seq === 1 || seq === 3)
  expect(announcer.text.value).toBe('budi: two')
  clock.advance(1500)
  expect(announcer.text.value).toBe('ani: four')
})
