import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { SqliteJournal } from '#storage/sqlite/journal.ts'
import { journalContract } from '../../../contract/storage/journal-contract.ts'
import { CollectedLog } from './collected-log.ts'

// Each journal starts a thread; compiling its modules anew each time is most of what the contract would take.
process.env['NODE_COMPILE_CACHE'] = join(tmpdir(), 'tamtam-compile-cache')

describe('P8 SqliteJournal', () => {
  const contract = journalContract(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tamtam-journal-'))
    const log = new CollectedLog()
    let journal = new SqliteJournal({ directory, log })
    await journal.open()
    return {
      journal,
      reopen: async () => {
        await journal.close()
        journal = new SqliteJournal({ directory, log })
        await journal.open()
        return journal
      },
      dispose: async () => {
        await journal.close()
        await rm(directory, { recursive: true })
        log.assertQuiet()
      },
    }
  })
  for (const { name, run } of contract) test.concurrent(name, run)
})
