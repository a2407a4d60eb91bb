import { writeSync } from 'node:fs'
import { SqliteJournal } from '#storage/sqlite/journal.ts'

// A process that erases messages of a journal and says so.
//   node journal-eraser.ts <directory> <sequence of a message, or "all">      lines: `open`, then `erased`
const [directory = '', target = ''] = process.argv.slice(2)
const tell = (line: string): number => writeSync(1, `${line}\n`)
const by = { id: 'm2', name: 'budi' }
const entry = { seq: 1000, at: 1, by }
const erasure =
  target === 'all'
    ? ({ ...entry, type: 'cleared', upTo: 999 } as const)
    : ({ ...entry, type: 'messageRemoved', target: Number(target) } as const)

const journal = new SqliteJournal({ directory, log: { info: () => {}, warn: () => {}, error: () => {} } })
await journal.open()
tell('open')
tell(await journal.erase('lobby', [erasure]))
await journal.close()
