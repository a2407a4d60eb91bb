import { describe, expect, it } from 'vitest'
import { Batch } from '../../../src/domain/room/batch.ts'
import { ani, joined, said } from '../../helpers/people.ts'

describe('a batch', () => {
  it('spans its entries, whatever presence stands around them', () => {
    const batch = new Batch('lobby', [joined(ani), said(4), joined(ani), said(5)])
    expect([batch.first, batch.last]).toEqual([4, 5])
    expect(batch.entries).toEqual([said(4), said(5)])
    expect(batch.events).toHaveLength(4)
  })
  it('of presence alone spans nothing', () => {
    const batch = new Batch('lobby', [joined(ani)])
    expect([batch.first, batch.last, batch.entries.length]).toEqual([undefined, undefined, 0])
  })
  it('is encoded once for each encoder, whoever asks first', () => {
    const batch = new Batch('lobby', [said(1)])
    const calls: Batch[] = []
    const lines = (of: Batch) => {
      calls.push(of)
      return { lines: of.events.length }
    }
    const frames = (of: Batch) => ({ frames: of.events.length })
    const first = batch.encoded(lines)
    expect(batch.encoded(frames)).toEqual({ frames: 1 })
    expect(batch.encoded(lines)).toBe(first)
    expect(batch.encoded(frames)).toBe(batch.encoded(frames))
    expect(calls).toEqual([batch])
  })
})
