import { expect, test } from 'vitest'
import { ManualClock } from '#system/clock.ts'
import { Announcer } from '#web/state/announcer.ts'

test('a few messages are read out, many are counted, and never more often than now and then', () => {
  const clock = new ManualClock()
  const announcer = new Announcer(clock, 1500, (count) => `${count} new`)
  const texts: string[] = []
  announcer.text.subscribe((text) => texts.push(text))
  announcer.heard('ani: one')
  announcer.heard('budi: two')
  clock.advance(1500)
  for (let nr = 0; nr < 40; nr++) announcer.heard(`ani: ${nr}`)
  clock.advance(1500)
  clock.advance(60_000)
  expect(texts).toEqual(['', 'ani: one\nbudi: two', '40 new'])
})
