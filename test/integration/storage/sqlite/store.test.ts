import assert from 'node:assert/strict'
import { existsSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import { JournalTooNew } from '#storage/sqlite/errors.ts'
import { inspectJournal } from '#storage/sqlite/inspect.ts'
import { Store } from '#storage/sqlite/store.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'
import { smallDisk } from '../../../harness/small-disk.ts'
import { CollectedLog } from './collected-log.ts'
import { append, openStore, quarantines, readStore, said } from './store-under-test.ts'

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
})

const alter = (sql: string): void => {
  const db = new DatabaseSync(join(directory, 'journal.db'))
  db.enableDefensive(false)
  db.exec(sql)
  db.close()
}

const OF_SCHEMA_2 = `DROP TABLE erased; DROP TABLE search; PRAGMA user_version = 2; PRAGMA application_id = ${0x7474_0002};
  CREATE VIRTUAL TABLE search USING fts5(words, content='', contentless_delete=1, detail=none, tokenize='ascii', prefix='1 2 3 4 5 6')`

const makeStore = (appends: number): void => {
  const store = openStore(directory)
  for (let seq = 1; seq <= appends; seq += 1) append(store, 'lobby', [said(seq, `kopi ${seq}`)], [`id-${seq}`])
  store.close()
}

describe("the journal's database", () => {
  test('of a newer version is refused and left as it is (C84)', () => {
    makeStore(3)
    alter(`PRAGMA user_version = 4; PRAGMA application_id = ${0x7474_0004}`)
    expect(() => openStore(directory)).toThrow(JournalTooNew)
    expect(() => openStore(directory)).toThrow(/schema 4.*this tamtam knows 3/)
    expect(quarantines(directory)).toEqual([])
  })

  test('with a version that its second witness denies is damaged, not newer', () => {
    makeStore(3)
    alter('PRAGMA user_version = 257')
    const store = openStore(directory)
    expect(readStore(store, 'lobby')).toHaveLength(3)
    store.close()
    expect(quarantines(directory)).toHaveLength(1)
  })

  test('of somebody else is set aside', () => {
    alter('CREATE TABLE theirs (x)')
    openStore(directory).close()
    expect(quarantines(directory)).toHaveLength(1)
  })

  test('sets aside a database with a row whose checksum fails, says so, and gives what follows', () => {
    makeStore(5)
    alter("UPDATE batches SET bytes = x'00' WHERE (key & 0xffffffffff) = 3")
    const log = new CollectedLog()
    const store = openStore(directory, log)
    for (let times = 0; times < 3; times += 1) {
      expect(readStore(store, 'lobby').map(({ seq }) => seq)).toEqual([1, 2, 4, 5])
    }
    expect(log.errors()).toMatchObject([{ fields: { damage: '1 stored batches fail their checksum', unreadable: 1 } }])
    store.close()
    expect(quarantines(directory)).toHaveLength(1)
  })

  test('that is damaged on a disk with no room to save it goes on as it is, and says so until there is', async (context) => {
    const data = await smallDisk(context, '3m')
    const made = openStore(data)
    const entries = Array.from({ length: 20 }, (_, index) => said(index + 1, `kopi ${index + 1} ${'x'.repeat(2000)}`))
    for (let batch = 0; batch < 20; batch += 1)
      append(
        made,
        'lobby',
        entries.map((entry) => ({ ...entry, seq: entry.seq + batch * 20 })),
      )
    made.close()
    const file = join(data, 'journal.db')
    const bytes = readFileSync(file)
    bytes[bytes.indexOf('kopi 7 ')]! ^= 1
    writeFileSync(file, bytes)
    const ballast = join(data, 'ballast')
    writeFileSync(ballast, Buffer.alloc(statfsSync(data).bavail * statfsSync(data).bsize - 300_000))
    for (let start = 0; start < 2; start += 1) {
      const log = new CollectedLog()
      let noticed = 0
      const store = new Store({ directory: data, freeSpaceFloorBytes: 0 }, log, () => noticed++)
      expect(readStore(store, 'lobby')).toHaveLength(399)
      expect(log.errors()[0]?.what).toMatch(/the disk too full to save it/)
      expect(noticed).toBeGreaterThan(0)
      store.close()
      expect(quarantines(data)).toEqual([])
    }
    rmSync(ballast)
    const store = openStore(data)
    expect(readStore(store, 'lobby')).toHaveLength(399)
    store.close()
    expect(quarantines(data)).toHaveLength(1)
  })

  test('of before, in which entries have no sums, opens as it is and goes on', async () => {
    const made = openStore(directory)
    const before = [1, 2, 3].map((seq) => said(seq, `kopi ${seq}`))
    append(made, 'lobby', before, ['id-1'])
    made.close()
    alter(OF_SCHEMA_2)
    alter(`ALTER TABLE batches DROP COLUMN sums; PRAGMA user_version = 1; PRAGMA application_id = ${0x7474_0001}`)
    expect(inspectJournal(directory)).toMatchObject({ entries: 3, damagedRows: 0, missing: 0, damage: undefined })
    const log = new CollectedLog()
    const store = openStore(directory, log)
    const after = [4, 5].map((seq) => said(seq, `teh ${seq}`))
    append(store, 'lobby', after)
    expect(readStore(store, 'lobby')).toEqual([...before, ...after])
    expect(append(store, 'lobby', [said(6, 'kopi 1')], ['id-1'])).toMatchObject({ status: 'duplicate' })
    store.close()
    log.assertQuiet()
    expect(quarantines(directory)).toEqual([])
    expect(inspectJournal(directory)).toMatchObject({ entries: 5, damagedRows: 0, missing: 0, damage: undefined })
  })

  test('in which a bit was flipped is inspected without being changed: lost entries are counted', () => {
    const made = openStore(directory)
    append(
      made,
      'lobby',
      [1, 2, 3].map((seq) => said(seq, `kopi ${seq}`)),
    )
    append(made, 'lobby', [said(4, 'akhir')])
    made.close()
    alter('UPDATE batches SET last = 4 WHERE last = 3')
    expect(inspectJournal(directory)).toMatchObject({ entries: 4, damagedRows: 1, missing: 0 })
    const file = join(directory, 'journal.db')
    const bytes = readFileSync(file)
    bytes[bytes.indexOf('kopi 2')]! ^= 1
    writeFileSync(file, bytes)
    expect(inspectJournal(directory)).toMatchObject({ entries: 3, damagedRows: 1, missing: 1 })
    expect(readFileSync(file)).toEqual(bytes)
  })

  test('does not give out again the numbers of a damaged newest row', () => {
    makeStore(5)
    alter("UPDATE batches SET bytes = x'00' WHERE (key & 0xffffffffff) = 5")
    const store = openStore(directory)
    expect(store.span('lobby')).toEqual({ first: 1, last: 5 })
    expect(append(store, 'lobby', [said(6, 'next')])).toEqual({ status: 'committed' })
    expect(readStore(store, 'lobby').map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 6])
    store.close()
  })

  test('makes a damaged search index anew', async () => {
    makeStore(30)
    const indexed = openStore(directory)
    await indexed.search({ room: 'lobby', words: ['kopi'], limit: 10 })
    indexed.close()
    alter("UPDATE search_data SET block = x'ffff' WHERE id > 10")
    const log = new CollectedLog()
    const store = openStore(directory, log)
    const found = await store.search({ room: 'lobby', words: ['kopi'], limit: 3 })
    expect(found).toEqual([28, 29, 30])
    expect(readStore(store, 'lobby')).toHaveLength(30)
    expect(log.errors().length).toBeGreaterThan(0)
    store.close()
  })

  test('finishes a replacement that a crash cut short', () => {
    makeStore(4)
    const file = join(directory, 'journal.db')
    writeFileSync(join(directory, 'journal.db-wal'), 'of the damaged one')
    renameSync(file, join(directory, 'journal.db.salvaged'))
    const log = new CollectedLog()
    const store = openStore(directory, log)
    expect(readStore(store, 'lobby')).toHaveLength(4)
    expect(log.errors()).toHaveLength(1)
    expect(existsSync(join(directory, quarantines(directory)[0]!, 'journal.db-wal'))).toBe(true)
    store.close()
  })

  test('holds nothing any more of what was trimmed', async () => {
    const store = openStore(directory)
    append(store, 'lobby', [
      said(1, 'RAHASIA-SATU'),
      { type: 'topicSet', seq: 2, at: 2, by: said(1, '').by, topic: 'kopi' },
    ])
    append(store, 'lobby', [said(3, 'RAHASIA-DUA')])
    append(store, 'lobby', [said(4, 'tetap')])
    await store.trim({ room: 'lobby', upTo: 3 })
    store.close()
    const bytes = readFileSync(join(directory, 'journal.db'))
    assert.ok(bytes.includes('tetap') && bytes.includes('kopi'))
    assert.ok(!bytes.includes('RAHASIA'))
  })
})
