import { describe, expect, test } from 'vitest'
import { ManualClock, SystemClock } from '#system/clock.ts'
import { clockContract } from '../../contract/storage/clock-contract.ts'

describe('P8 SystemClock', () => {
  // Time cannot pass faster for it, so this one waits; a timer set last runs last.
  const make = () => ({
    clock: new SystemClock(),
    pass: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms + 5)),
  })
  for (const { name, run } of clockContract(make)) test(name, run)
})

describe('P8 ManualClock', () => {
  const make = () => {
    const clock = new ManualClock()
    return { clock, pass: async (ms: number) => clock.advance(ms) }
  }
  for (const { name, run } of clockContract(make)) test(name, run)

  test('stands still until it is advanced', () => {
    const clock = new ManualClock(1000)
    expect([clock.now(), clock.elapsed()]).toEqual([1000, 0])
    clock.advance(250)
    expect([clock.now(), clock.elapsed()]).toEqual([1250, 250])
  })

  test('runs timers at their own moment, also those that others set meanwhile', () => {
    const clock = new ManualClock()
    const ran: string[] = []
    clock.after(10, () => {
      ran.push(`first at ${clock.elapsed()}`)
      clock.after(5, () => ran.push(`set by the first at ${clock.elapsed()}`))
    })
    clock.after(15, () => ran.push(`second at ${clock.elapsed()}`))
    clock.after(16, () => ran.push('third'))
    clock.advance(15)
    expect(ran).toEqual(['first at 10', 'second at 15', 'set by the first at 15'])
    expect(clock.waiting).toBe(1)
  })
})
