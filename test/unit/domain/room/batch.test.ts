import { describe, expect, it } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import { ani, joined, said } from '../../../harness/people.ts'

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
  it('tells readers nothing of by what the host knows the sender of an upload again, and keeps it', () => {
    const by = { id: 'm1', name: 'ani' }
    const offered = { type: 'fileOffered', seq: 1, at: 1, by, file: { id: 'f1', name: 'a.txt' }, owner: 'w' } as const
    const batch = new Batch('lobby', [offered])
    expect(batch.entries).toEqual([offered])
    expect(batch.events).toEqual([{ type: 'fileOffered', seq: 1, at: 1, by, file: { id: 'f1', name: 'a.txt' } }])
  })
})
