import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { JournalTooNew } from '../../../../src/adapters/stores/sqlite/failures.ts'
import { CollectedLog } from './collected-log.ts'
import { append, openStore, quarantines, readStore, said } from './store-under-test.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tamtam-store-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const alter = (sql: string): void => {
  const db = new DatabaseSync(join(directory, 'journal.db'))
  db.enableDefensive(false)
  db.exec(sql)
  db.close()
}

const makeStore = (appends: number): void => {
  const store = openStore(directory)
  for (let seq = 1; seq <= appends; seq += 1) append(store, 'lobby', [said(seq, `kopi ${seq}`)], [`id-${seq}`])
  store.close()
}

describe("the journal's database", () => {
  test('of a newer version is refused and left as it is (C84)', () => {
    makeStore(3)
    alter(`PRAGMA user_version = 2; PRAGMA application_id = ${0x7474_0002}`)
    expect(() => openStore(directory)).toThrow(JournalTooNew)
    expect(() => openStore(directory)).toThrow(/schema 2.*this tamtam knows 1/)
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

  test('leaves out a row whose checksum fails, says so once, and gives what follows', () => {
    makeStore(5)
    alter("UPDATE batches SET bytes = x'00' WHERE (key & 0xffffffffff) = 3")
    const log = new CollectedLog()
    const store = openStore(directory, log)
    for (let times = 0; times < 3; times += 1) {
      expect(readStore(store, 'lobby').map(({ seq }) => seq)).toEqual([1, 2, 4, 5])
    }
    expect(log.errors()).toMatchObject([{ fields: { room: 'lobby', first: 3 } }])
    store.close()
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
