import { writeSync } from 'node:fs'
import { Batch } from '#domain/room/batch.ts'
import { SqliteJournal } from '#storage/sqlite/journal.ts'

// A process that writes to a journal until it is killed or its journal fails, and says on stdout what it was promised.
// Lines: `open`, then `kept <seq>` for each append that resolved, then `failed <code>` for each that rejected.
const [directory = '', mode = 'write', most = 'Infinity'] = process.argv.slice(2)
const TRIES_AFTER_FAILURE = 5
const quiet = { info: () => {}, warn: () => {}, error: () => {} }
const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)

/** Waits for a reader that is slower than the journal: its pipe is full then. */
function tell(line: string): void {
  for (let rest = Buffer.from(`${line}\n`); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

const entry = (seq: number) =>
  ({ type: 'said', seq, at: seq, by: { id: 'm1', name: 'ani' }, text: `line ${seq}` }) as const
const batch = (room: string, seq: number): Batch => new Batch(room, [entry(seq)], [{ id: `id-${seq}`, seq }])

const write = async (journal: SqliteJournal): Promise<void> => {
  let failures = 0
  for (
    let seq = ((await journal.span('lobby'))?.last ?? 0) + 1;
    failures < TRIES_AFTER_FAILURE && seq <= Number(most);
  ) {
    try {
      const { status } = await journal.append([batch('lobby', seq), batch('hall', seq)])
      tell(`${status === 'committed' ? 'kept' : status} ${seq}`)
      if (status === 'committed') seq += 1
    } catch (error) {
      failures += 1
      tell(`failed ${codeOf(error)}`)
    }
  }
}

const journal = new SqliteJournal({ directory, log: quiet, freeSpaceFloorBytes: 0 })
try {
  await journal.open()
  tell('open')
  if (mode === 'write') {
    await write(journal)
    await journal.close()
    tell('closed')
  }
} catch (error) {
  tell(`failed ${codeOf(error)}`)
}
