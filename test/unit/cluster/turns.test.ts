import { describe, expect, it } from 'vitest'
import { Turns } from '#cluster/turns.ts'

function turns(own: string) {
  const clock = { now: 0 }
  return { clock, turns: new Turns(own, () => clock.now) }
}

describe('turns of nodes that speak in a room', () => {
  it('nobody waits alone, nor for somebody who spoke long ago', () => {
    const { clock, turns: own } = turns('a')
    expect(own.waitMs('lobby')).toBe(0)
    own.spoke('lobby', 'a')
    expect(own.waitMs('lobby')).toBe(0)
    own.spoke('lobby', 'b')
    expect(own.waitMs('hall')).toBe(0)
    own.spoke('lobby', 'a')
    expect(own.waitMs('lobby')).toBeGreaterThan(0)
    clock.now = 1000
    expect(own.waitMs('lobby')).toBe(0)
  })
  it('the next by name goes at once, and each behind it waits longer', () => {
    const waits = ['a', 'b', 'c'].map((name) => {
      const { turns: own } = turns(name)
      for (const node of ['b', 'c', 'a']) own.spoke('lobby', node)
      return own.waitMs('lobby')
    })
    // After a it is the turn of b, then of c, then of a again.
    expect(waits[1]).toBe(0)
    expect(waits[2]).toBeGreaterThan(0)
    expect(waits[0]).toBeCloseTo(2 * (waits[2] ?? 0))
  })
  it('a slow log makes turns longer, within bounds', () => {
    const { turns: own } = turns('a')
    const wait = () => {
      for (const node of ['b', 'a']) own.spoke('lobby', node)
      return own.waitMs('lobby')
    }
    const before = wait()
    for (let count = 0; count < 100; count++) own.took(60_000)
    expect(wait()).toBeGreaterThan(before)
    expect(wait()).toBeLessThan(100)
  })
})
