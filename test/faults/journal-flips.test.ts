import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Entry } from '#domain/room/events.ts'
import { isFact } from '#domain/room/facts.ts'
import { PAGE_SIZE } from '#storage/sqlite/database.ts'
import { Store } from '#storage/sqlite/store.ts'
import { unpackRows } from '#storage/sqlite/worker-messages.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { CollectedLog } from '../integration/storage/sqlite/collected-log.ts'
import { append, openStore, quarantines, readStore, said } from '../integration/storage/sqlite/store-under-test.ts'

/** One byte in so many is damaged; `FLIP_STEP=1` damages each. */
const STEP = Number(process.env['FLIP_STEP'] ?? 397)
const base = await temporaryDirectory()

const by = { id: 'm1', name: 'ani' }
const run = (first: number, count: number): Entry[] =>
  Array.from({ length: count }, (_, index) =>
    said(first + index, `kata ${first + index} ${'x'.repeat(30 + (index % 7))}`),
  )
const all: Record<string, Entry[]> = { lobby: [], hall: [] }

/** And what leads to all that a page holds, each time. */
function places(length: number): number[] {
  const found: number[] = []
  for (let at = 0; at < length; at++) {
    const onPage = at < PAGE_SIZE ? at - 100 : at % PAGE_SIZE
    if (at % STEP === 0 || (onPage >= 0 && onPage < 12) || (at < 100 && at % 2 === 0)) found.push(at)
  }
  return found
}

/** Two rooms with rows of one entry and of many, some over several pages; facts, ids, and an index. At rest, or as after a crash. */
function sampled(isAtRest: boolean): { readonly database: Buffer; readonly wal: Buffer | undefined } {
  const directory = join(base, `sample-${isAtRest}`)
  const store = openStore(directory)
  for (const room of ['lobby', 'hall']) all[room] = []
  const add = (room: string, entries: readonly Entry[], ids: readonly string[] = []) => {
    append(store, room, entries, ids)
    all[room]?.push(...entries)
  }
  add('lobby', run(1, 120), ['id-a', 'id-b', 'id-c'])
  add('hall', run(1, 10))
  const topic: Entry = { type: 'topicSet', seq: 121, at: 5, by, topic: 'kopi' }
  add('lobby', [topic, ...run(122, 3), { type: 'banned', seq: 125, at: 6, by, name: 'x' }], ['id-d'])
  add('lobby', run(126, 1))
  add('lobby', run(127, 20))
  add('hall', run(11, 2))
  add('lobby', run(147, 1))
  while (isAtRest && store.isBehind) store.idleStep()
  if (isAtRest) store.close()
  const read = (name: string) => readFileSync(join(directory, name))
  const sample = { database: read('journal.db'), wal: isAtRest ? undefined : read('journal.db-wal') }
  if (!isAtRest) store.close()
  return sample
}

interface Found {
  readonly lost: number
  readonly told: boolean
}

/** Opens it as a start would and uses it; what is there must be what was said, in order, and go on. */
function survived({ database, wal }: { readonly database: Buffer; readonly wal: Buffer | undefined }): Found {
  const directory = join(base, 'damaged')
  mkdirSync(directory)
  writeFileSync(join(directory, 'journal.db'), database)
  if (wal !== undefined) writeFileSync(join(directory, 'journal.db-wal'), wal)
  const log = new CollectedLog()
  let noticed = 0
  const store = new Store({ directory, freeSpaceFloorBytes: 0 }, log, () => noticed++)
  let lost = 0
  for (const [room, entries] of Object.entries(all)) {
    const found = readStore(store, room)
    const seqs = found.map(({ seq }) => seq)
    assert.deepEqual(
      seqs,
      [...new Set(seqs)].toSorted((one, other) => one - other),
    )
    for (const entry of found) assert.deepEqual(entry, entries[entry.seq - 1])
    assert.deepEqual(
      factsOf(store, room),
      found.filter((entry) => isFact(entry)),
    )
    lost += entries.length - found.length
    const last = store.span(room)?.last ?? 0
    append(store, room, [said(last + 1, 'after')])
    assert.deepEqual(readStore(store, room).at(-1), said(last + 1, 'after'))
  }
  const isTold = log.errors().length > 0 && (noticed > 0 || quarantines(directory).length > 0)
  store.close()
  rmSync(directory, { recursive: true })
  return { lost, told: isTold }
}

function factsOf(store: Store, room: string): Entry[] {
  const found: Entry[] = []
  for (let from = 0; ; ) {
    const page = store.facts({ room, from })
    if (page.rows.length === 0) return found
    for (const { entries } of unpackRows(room, page, 0, new CollectedLog())) found.push(...entries.filter(isFact))
    from = page.rows.at(-1)!.last + 1
  }
}

test('C84: one flipped bit anywhere in a database costs one entry at most, never a wrong one, and is told', () => {
  const { database, wal } = sampled(true)
  expect(survived({ database, wal })).toEqual({ lost: 0, told: false })
  let [runs, lost] = [0, 0]
  for (const at of places(database.length)) {
    const damaged = Buffer.from(database)
    damaged[at]! ^= 1 << (at % 8)
    const found = survived({ database: damaged, wal })
    assert.ok(found.lost <= 1, `byte ${at}: ${found.lost} entries lost`)
    assert.ok(found.lost === 0 || found.told, `byte ${at}: lost without a word`)
    runs++
    lost += found.lost
  }
  console.log(`C84: ${runs} flipped bits cost ${lost} entries of ${runs * 159}`)
  expect(lost).toBeGreaterThan(0)
})

test('C84: one flipped bit anywhere in the log of a crash costs one entry at most but for its last commit, and is told', () => {
  const sample = sampled(false)
  const wal = sample.wal!
  expect(survived(sample)).toEqual({ lost: 0, told: false })
  for (let at = 0; at < wal.length; at += STEP * 3) {
    const damaged = Buffer.from(wal)
    damaged[at]! ^= 1 << (at % 8)
    const found = survived({ ...sample, wal: damaged })
    const isTail = at > wal.length - 6 * 4120
    assert.ok(found.lost <= (isTail ? 3 : 1), `byte ${at}: ${found.lost} entries lost`)
    assert.ok(found.lost === 0 || isTail || found.told, `byte ${at}: lost without a word`)
  }
})
