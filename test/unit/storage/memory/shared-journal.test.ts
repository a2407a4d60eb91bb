import { describe, test } from 'vitest'
import { MemorySharedJournal, SharedLog } from '#storage/memory/shared-journal.ts'
import { journalContract } from '../../../contract/storage/journal-contract.ts'
import { sharedJournalContract } from '../../../contract/storage/shared-journal-contract.ts'

describe('MemorySharedJournal', () => {
  const alone = journalContract(async () => ({
    journal: new MemorySharedJournal(new SharedLog()),
    dispose: async () => {},
  }))
  for (const { name, run } of alone) test(name, run)

  const shared = sharedJournalContract(async () => {
    const log = new SharedLog()
    return { one: new MemorySharedJournal(log), other: new MemorySharedJournal(log), dispose: async () => {} }
  })
  for (const { name, run } of shared) test(name, run)
})
