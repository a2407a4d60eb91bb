import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { Store } from '#storage/sqlite/store.ts'
import { packRows, unpackRows } from '#storage/sqlite/worker-messages.ts'
import { CollectedLog } from './collected-log.ts'

const by = { id: 'm1', name: 'ani' }
export const said = (seq: number, text: string): Entry => ({ type: 'said', seq, at: seq, by, text })

/** The store without its thread, for tests that open it many times. */
export const openStore = (directory: string, log = new CollectedLog()): Store =>
  new Store({ directory, freeSpaceFloorBytes: 0 }, log)

export const append = (store: Store, room: string, entries: readonly Entry[], ids: readonly string[] = []) =>
  store.append(
    packRows([
      new Batch(
        room,
        entries,
        ids.map((id, index) => ({ id, seq: entries[0]!.seq + index })),
      ),
    ]),
  )

export const readStore = (store: Store, room: string): Entry[] => {
  const found: Entry[] = []
  for (let after = 0; ; ) {
    const stored = store.read({ room, after, limit: 100 })
    if (stored.rows.length === 0) return found
    for (const batch of unpackRows(room, stored, after, new CollectedLog())) found.push(...batch.entries)
    after = stored.rows.at(-1)!.last
  }
}

export const quarantines = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.startsWith('quarantine-'))

/** A database of two rooms, `BATCHES` appends each, large and small; `log` is what it looks like before a checkpoint. */
export interface Sample {
  readonly database: Buffer
  readonly wal: Buffer | undefined
}

const BATCHES = 70
const entriesOf = (batch: number): Entry[] => {
  const size = batch % 10 === 0 ? 100 : 1 + (batch % 3)
  const first = firstOf(batch)
  return Array.from({ length: size }, (_, index) =>
    said(first + index, `kata ${batch} ${'x'.repeat((batch * 7) % 90)}`),
  )
}
const firstOf = (batch: number): number => {
  let first = 1
  for (let before = 0; before < batch; before += 1) first += before % 10 === 0 ? 100 : 1 + (before % 3)
  return first
}
export const ALL = Array.from({ length: BATCHES }, (_, batch) => entriesOf(batch)).flat()

/** With `close` it is a database at rest; without, one whose process died with everything in the log. */
export const makeSample = (close: boolean): Sample => {
  const directory = mkdtempSync(join(tmpdir(), 'tamtam-sample-'))
  const store = openStore(directory)
  for (let batch = 0; batch < BATCHES; batch += 1) {
    append(store, 'lobby', entriesOf(batch), [`id-${batch}`])
    append(store, 'hall', entriesOf(batch))
  }
  const copy = join(directory, 'copy')
  if (close) store.close()
  for (const end of ['', '-wal']) {
    const file = join(directory, `journal.db${end}`)
    if (existsSync(file)) copyFileSync(file, `${copy}${end}`)
  }
  if (!close) store.close()
  const sample = {
    database: readFileSync(copy),
    wal: existsSync(`${copy}-wal`) ? readFileSync(`${copy}-wal`) : undefined,
  }
  rmSync(directory, { recursive: true })
  return sample
}

export const putSample = (directory: string, { database, wal }: Sample): void => {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'journal.db'), database)
  if (wal !== undefined) writeFileSync(join(directory, 'journal.db-wal'), wal)
}
