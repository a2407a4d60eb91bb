import { describe, expect, test, vi } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { journalContract } from '../../../contract/storage/journal-contract.ts'

describe('P8 MemoryJournal', () => {
  const contract = journalContract(async () => ({ journal: new MemoryJournal(), dispose: async () => {} }))
  for (const { name, run } of contract) test(name, run)

  test('commits at once, without waiting for the event loop, and its readers share what a batch is encoded as', async () => {
    const journal = new MemoryJournal()
    const batch = new Batch('lobby', [{ type: 'said', seq: 1, at: 0, by: { id: 'm1', name: 'ani' }, text: 'halo' }])
    let turns = 0
    setImmediate(() => (turns += 1))
    await journal.append([batch])
    expect(turns).toBe(0)
    const encoder = vi.fn(({ events }: Batch) => ({ events }))
    const [one, other] = [await journal.read('lobby', 0, 1), await journal.read('lobby', 0, 1)]
    expect(one[0]?.encoded(encoder)).toBe(other[0]?.encoded(encoder))
    expect(one[0]?.entries).toEqual(batch.entries)
    expect(encoder).toHaveBeenCalledOnce()
    // What the room has shown is let go of.
    expect(one[0]).not.toBe(batch)
  })
})
