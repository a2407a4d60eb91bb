import { describe, expect, test } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { journalContract } from '../../../contract/storage/journal-contract.ts'

describe('P8 MemoryJournal', () => {
  const contract = journalContract(async () => ({ journal: new MemoryJournal(), dispose: async () => {} }))
  for (const { name, run } of contract) test(name, run)

  test('commits at once, without waiting for the event loop, and keeps the batch itself', async () => {
    const journal = new MemoryJournal()
    const batch = new Batch('lobby', [{ type: 'said', seq: 1, at: 0, by: { id: 'm1', name: 'ani' }, text: 'halo' }])
    let turns = 0
    setImmediate(() => (turns += 1))
    await journal.append([batch])
    expect(turns).toBe(0)
    expect((await journal.read('lobby', 0, 1))[0]).toBe(batch)
  })
})
