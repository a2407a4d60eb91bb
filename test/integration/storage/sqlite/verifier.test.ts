import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, describe, expect, test } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { Store } from '#storage/sqlite/store.ts'
import { packRows } from '#storage/sqlite/worker-messages.ts'
import { temporaryDirectory } from '../../../harness/directory.ts'
import { CollectedLog } from './collected-log.ts'
import { append, openStore, quarantines, said } from './store-under-test.ts'

/** More than a start reads. */
const ROWS = 3000
const filling = 'x'.repeat(3000)
const topic: Entry = { type: 'topicSet', seq: ROWS + 1, at: 1, by: { id: 'm1', name: 'ani' }, topic: 'kopi' }

let directory: string
beforeEach(async () => {
  directory = await temporaryDirectory()
  const store = openStore(directory)
  const rows = Array.from({ length: ROWS }, (_, index) => new Batch('lobby', [said(index + 1, filling)]))
  store.append(packRows(rows))
  append(store, 'lobby', [topic], ['id-a'])
  append(store, 'lobby', [said(ROWS + 2, 'akhir')])
  while (store.isBehind) store.idleStep()
  store.close()
})

const alter = (sql: string): void => {
  const db = new DatabaseSync(join(directory, 'journal.db'))
  db.enableDefensive(false)
  db.exec(sql)
  db.close()
}

/** A start on this store, and what it says once it has read all of it. */
function start() {
  const log = new CollectedLog()
  let damaged = 0
  const store = new Store({ directory, freeSpaceFloorBytes: 0 }, log, () => damaged++)
  const atOnce = damaged
  let steps = 0
  for (; store.isBehind; steps++) store.idleStep()
  return { store, log, steps, atOnce, damaged }
}

describe('C84 a journal that is too large to be read before the start', () => {
  test('is read behind it, in many steps, and nothing is said of a sound one', () => {
    const { store, log, steps, damaged } = start()
    expect(steps).toBeGreaterThan(20)
    expect([damaged, quarantines(directory)]).toEqual([0, []])
    log.assertQuiet()
    store.close()
  })

  test('takes entries meanwhile, and forgets others', async () => {
    const log = new CollectedLog()
    const store = openStore(directory, log)
    let steps = 0
    for (; steps < 20; steps++) {
      store.idleStep()
      append(store, 'lobby', [said(ROWS + 3 + steps, 'baru')])
      append(store, `hall-${steps}`, [said(1, 'baru')])
      if (steps === 5) await store.trim({ room: 'lobby', upTo: ROWS / 2 })
    }
    while (store.isBehind) store.idleStep()
    log.assertQuiet()
    expect(store.span('lobby')).toEqual({ first: ROWS / 2 + 1, last: ROWS + 2 + steps })
    store.close()
  })

  test.each([
    ['a row', 'UPDATE batches SET checksum = 1 WHERE (key & 0xffffffffff) = 1500', /fails its checksum/],
    [
      'the index of facts',
      `PRAGMA writable_schema = ON; CREATE INDEX other ON batches (key) WHERE kind > 9;
       UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'other') WHERE name = 'batches_facts';
       DELETE FROM sqlite_schema WHERE name = 'other'`,
      /the journal is damaged/,
    ],
  ])('with damage in %s is served, and says so once that is read', (_, sql, text) => {
    alter(sql)
    const { store, log, atOnce, damaged } = start()
    expect([atOnce, damaged, quarantines(directory)]).toEqual([0, 1, []])
    expect(log.errors().map(({ what }) => what)).toEqual([expect.stringMatching(text)])
    store.close()
  })
})
