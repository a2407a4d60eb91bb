import assert from 'node:assert/strict'
import type { Clock } from '#domain/ports/system.ts'
import type { ContractCase } from './contract.ts'

/** A clock, and a way to let its time pass. */
export interface ClockUnderTest {
  readonly clock: Clock
  /** Lets at least so many milliseconds pass. */
  pass(ms: number): Promise<void>
}

/** The contract of every clock: `now`, `elapsed`, timers and their cancelling. */
export const clockContract = (make: () => ClockUnderTest): readonly ContractCase[] => [
  {
    name: 'elapsed and now rise as time passes',
    run: async () => {
      const { clock, pass } = make()
      const before = { elapsed: clock.elapsed(), now: clock.now() }
      await pass(20)
      assert.ok(clock.elapsed() - before.elapsed >= 20)
      assert.ok(clock.now() > before.now)
    },
  },
  {
    name: 'timers run once, in the order they fall due, and not before',
    run: async () => {
      const { clock, pass } = make()
      const from = clock.elapsed()
      const ran: string[] = []
      const note = (what: string, due: number) => () => {
        ran.push(what)
        assert.ok(clock.elapsed() - from >= due, `${what} ran early`)
      }
      clock.after(30, note('late', 30))
      clock.after(10, note('early', 10))
      clock.after(0, note('at once', 0))
      assert.deepEqual(ran, [], 'a timer ran within after()')
      await pass(60)
      assert.deepEqual(ran, ['at once', 'early', 'late'])
    },
  },
  {
    name: 'a cancelled timer does not run, and cancelling again or later is harmless',
    run: async () => {
      const { clock, pass } = make()
      let ran = 0
      const cancel = clock.after(10, () => assert.fail('ran though cancelled'))
      const late = clock.after(10, () => {
        ran += 1
      })
      cancel()
      cancel()
      await pass(30)
      late()
      assert.equal(ran, 1)
    },
  },
  {
    name: 'a timer of months does not run at once',
    run: async () => {
      const { clock, pass } = make()
      const cancel = clock.after(90 * 24 * 3_600_000, () => assert.fail('ran at once'))
      await pass(20)
      cancel()
    },
  },
  {
    name: 'soon runs later, in order, once each',
    run: async () => {
      const { clock } = make()
      const ran: number[] = []
      const both = new Promise<void>((resolve) => {
        clock.soon(() => ran.push(1))
        clock.soon(() => {
          ran.push(2)
          resolve()
        })
      })
      assert.deepEqual(ran, [])
      await both
      assert.deepEqual(ran, [1, 2])
    },
  },
]
