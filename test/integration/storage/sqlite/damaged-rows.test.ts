import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { isFact } from '#domain/room/facts.ts'
import { RetainedFacts } from '#domain/room/retained-facts.ts'
import { Appender, FreeSpace } from '#storage/sqlite/appender.ts'
import { Checkpointer, connect, migrate } from '#storage/sqlite/database.ts'
import { Eraser } from '#storage/sqlite/eraser.ts'
import { Reader } from '#storage/sqlite/reader.ts'
import { type Room, RoomTable } from '#storage/sqlite/room-table.ts'
import type { Row } from '#storage/sqlite/rows.ts'
import { SearchIndex } from '#storage/sqlite/search-index.ts'
import { Trimmer } from '#storage/sqlite/trimmer.ts'
import { packRows, toStoredRows, unpackRows } from '#storage/sqlite/worker-messages.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'
import { CollectedLog } from './collected-log.ts'
import { said } from './store-under-test.ts'

const by = { id: 'm1', name: 'ani' }
const topic = (seq: number): Entry => ({ type: 'topicSet', seq, at: seq, by, topic: `topik ${seq}` })
const lock = (seq: number): Entry => ({ type: 'locked', seq, at: seq, by })

let directory: string
let db: DatabaseSync
let log: CollectedLog
let noticed: number
let reader: Reader
let search: SearchIndex
let trimmer: Trimmer
let room: Room

/** The parts of an open store, in whose rows damage comes up while it is used. */
beforeEach(async () => {
  directory = await temporaryDirectory()
  db = connect(join(directory, 'journal.db'))
  migrate(db, 0)
  log = new CollectedLog()
  noticed = 0
  const rooms = new RoomTable(db)
  const checkpointer = new Checkpointer(db)
  const appender = new Appender(db, rooms, new FreeSpace(directory, 0), checkpointer)
  reader = new Reader(db, log, () => noticed++)
  search = new SearchIndex(db, rooms, reader, checkpointer, log)
  trimmer = new Trimmer(db, rooms, search, checkpointer)
  const append = (entries: readonly Entry[], id: string) =>
    appender.append(packRows([new Batch('lobby', entries, [{ id, seq: entries[0]!.seq }])]))
  append([said(1, 'kopi'), lock(2), said(3, 'teh'), said(4, 'kopi')], 'a')
  append([said(5, 'susu'), said(6, 'kopi')], 'b')
  append([topic(7)], 'c')
  append([said(8, 'akhir')], 'd')
  room = rooms.get('lobby')!
  search.grew(room)
  while (!search.isComplete(room, room.last)) search.step(room)
})
afterEach(() => {
  db.close()
})

/** A flipped bit in one entry of the row that begins with `first`. */
const flip = (first: number, text: string): void => {
  const where = '(key & 0xffffffffff) = ?'
  const bytes = Buffer.from(db.prepare(`SELECT bytes FROM batches WHERE ${where}`).get(first)?.['bytes'] as Uint8Array)
  bytes[bytes.indexOf(text)]! ^= 1
  db.prepare(`UPDATE batches SET bytes = ? WHERE ${where}`).run(bytes, first)
}
const entriesOf = (rows: readonly Row[], after = 0): Entry[] =>
  unpackRows('lobby', toStoredRows(rows), after, log).flatMap(({ entries }) => entries)
const seqs = (rows: readonly Row[]): number[] => entriesOf(rows).map(({ seq }) => seq)

describe('C84: damage that is met while the store is used', () => {
  test('costs a page of history one entry, and is told once', () => {
    flip(1, 'teh')
    for (let times = 0; times < 3; times += 1) expect(seqs(reader.read(room, 0, 100))).toEqual([1, 2, 4, 5, 6, 7, 8])
    expect(reader.read(room, 0, 100).map(({ first, last }) => [first, last])).toEqual([
      [1, 2],
      [4, 4],
      [5, 6],
      [7, 7],
      [8, 8],
    ])
    expect(seqs(reader.read(room, 3, 1))).toEqual([4])
    expect(seqs(reader.read(room, 2, 1))).toEqual([4])
    expect(log.errors()).toMatchObject([{ fields: { room: 'lobby', first: 1, entriesLeft: 3 } }])
    expect(noticed).toBe(1)
  })

  test('costs the facts one of them, and none where it is elsewhere in their row', () => {
    flip(1, 'kopi')
    expect(entriesOf(reader.facts(room, 0)).filter(isFact)).toEqual([lock(2), topic(7)])
    flip(7, 'topik')
    expect(entriesOf(reader.facts(room, 0)).filter(isFact)).toEqual([lock(2)])
    expect(noticed).toBe(2)
  })

  test('in a row that says of itself what it is not is found all the same', () => {
    db.exec("UPDATE batches SET room = 'hall', last = 99, ids = '[[' WHERE (key & 0xffffffffff) = 1")
    db.exec('UPDATE batches SET kind = 2 WHERE (key & 0xffffffffff) IN (5, 8)')
    db.exec('UPDATE batches SET kind = 0 WHERE (key & 0xffffffffff) = 7')
    expect(seqs(reader.read(room, 0, 100))).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(noticed).toBe(4)
  })

  test('leaves a search what can be read, and says which it found and could not', () => {
    flip(5, 'kopi')
    const found = search.find(room, ['kopi'], 10)
    expect(found).toEqual([1, 4, 6])
    expect(seqs(reader.holding(room, found ?? []))).toEqual([1, 2, 3, 4])
  })

  test('leaves the facts of its row when it is trimmed, and nothing of what was said', () => {
    flip(1, 'teh')
    const lasting = new RetainedFacts()
    for (const fact of trimmer.facts(room)) if (fact !== undefined) lasting.take(fact)
    while (!trimmer.step(room, 6, lasting));
    expect(entriesOf(reader.facts(room, 0))).toEqual([lock(2), topic(7)])
    expect(seqs(reader.read(room, 0, 100))).toEqual([7, 8])
    expect(db.prepare('SELECT id FROM ids ORDER BY id').all()).toMatchObject([{ id: 'c' }, { id: 'd' }])
    db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  })

  test('leaves a row as it is that should be erased, and says so; what is erased beside it is gone', () => {
    flip(1, 'teh')
    const eraser = new Eraser(db, new RoomTable(db), reader, search, new Checkpointer(db))
    const rows = () => db.prepare('SELECT bytes FROM batches ORDER BY key').all()
    const before = rows()
    for (const target of [1, 6])
      for (const _ of eraser.erase(room, { type: 'messageRemoved', seq: 9, at: 9, by, target }));
    expect(rows()[0]).toEqual(before[0])
    expect(entriesOf(reader.read(room, 4, 100))).toMatchObject([{ text: 'susu' }, { type: 'erased' }, {}, {}])
    expect(log.errors()).toMatchObject([{ fields: { room: 'lobby', first: 1, entriesLeft: 3 } }])
    expect(search.find(room, ['kopi'], 10)).toEqual([1, 4])
  })
})
