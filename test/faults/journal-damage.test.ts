import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Entry } from '../../src/domain/room/events.ts'
import { CollectedLog } from '../adapters/stores/sqlite/collected-log.ts'
import {
  ALL,
  append,
  makeSample,
  openStore,
  putSample,
  quarantines,
  readStore,
  type Sample,
  said,
} from '../adapters/stores/sqlite/store-under-test.ts'
import { temporaryDirectory } from '../helpers/host.ts'
import { enter, HostProcess } from '../helpers/host-process.ts'
import { ask } from '../helpers/http-client.ts'

const PAGE = 4096
const base = mkdtempSync(join(tmpdir(), 'tamtam-damage-'))
let lost = 0
afterAll(() => {
  rmSync(base, { recursive: true })
  console.log(
    `C84: ${runs} damaged stores opened, ${lost} entries lost of ${2 * ALL.length * runs}, none of them served wrong`,
  )
})
const rest = makeSample(true)
const crashed = makeSample(false)
let runs = 0

/** Opens a damaged store as a start would, uses it, starts again; gives how many entries of each room are left. */
const survive = (sample: Sample): { lobby: number; hall: number; log: CollectedLog; quarantined: number } => {
  runs += 1
  const directory = join(base, String(runs))
  putSample(directory, sample)
  const log = new CollectedLog()
  const store = openStore(directory, log)
  const left = ['lobby', 'hall'].map((room) => {
    const found = readStore(store, room)
    assertIsPartOf(found, ALL)
    const last = store.span(room)?.last ?? 0
    assert.ok(last >= (found.at(-1)?.seq ?? 0))
    assert.deepEqual(append(store, room, [said(last + 1, 'after')]), { status: 'committed' })
    return found.length
  })
  store.close()
  const again = openStore(directory)
  assert.equal(readStore(again, 'lobby').length, left[0]! + 1)
  again.close()
  const quarantined = quarantines(directory).length
  rmSync(directory, { recursive: true })
  lost += 2 * ALL.length - left[0]! - left[1]!
  return { lobby: left[0]!, hall: left[1]!, log, quarantined }
}

const assertIsPartOf = (found: readonly Entry[], all: readonly Entry[]): void => {
  let before = 0
  for (const entry of found) {
    assert.ok(entry.seq > before, 'sequences rise')
    before = entry.seq
    assert.deepEqual(entry, all[entry.seq - 1])
  }
}

const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes)
  change(copy)
  return copy
}
const offsets = (length: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => Math.floor(((index + 0.37) * length) / count))

describe('C84: a damaged store', () => {
  test('is not damaged to begin with', () => {
    for (const sample of [rest, crashed]) {
      const { lobby, hall, log, quarantined } = survive(sample)
      expect([lobby, hall, quarantined]).toEqual([ALL.length, ALL.length, 0])
      log.assertQuiet()
    }
  })

  test('with a flipped bit anywhere loses at most the rows of one page and says so', () => {
    const places = [...offsets(100, 20), ...offsets(rest.database.length, 80)]
    for (const at of places) {
      const { lobby, hall, log } = survive({
        ...rest,
        database: changed(rest.database, (copy) => (copy[at]! ^= 1 << (at % 8))),
      })
      const lost = 2 * ALL.length - lobby - hall
      assert.ok(lost <= 210, `byte ${at}: ${lost} entries lost`)
      assert.ok(lost === 0 || log.errors().length > 0, `byte ${at}: ${lost} entries lost without a word`)
    }
  })

  test('with any page zeroed, or filled with noise, keeps the others', () => {
    for (let page = 0; page < rest.database.length / PAGE; page += 1) {
      for (const filling of [0, 0xa5]) {
        const database = changed(rest.database, (copy) => copy.fill(filling, page * PAGE, (page + 1) * PAGE))
        const { lobby, hall, log, quarantined } = survive({ ...rest, database })
        assert.ok(2 * ALL.length - lobby - hall <= 450, `page ${page}: ${lobby} and ${hall} of ${ALL.length} left`)
        assert.equal(log.errors().length >= quarantined, true)
      }
    }
  })

  test('that was cut off anywhere keeps what comes before', () => {
    for (const at of offsets(rest.database.length, 15)) {
      const { log, quarantined } = survive({ ...rest, database: rest.database.subarray(0, at) })
      assert.equal(quarantined, 1, `cut at ${at}`)
      assert.equal(log.errors()[0]?.what.includes('damaged'), true)
    }
  })

  test('that is empty, noise or text makes room for a fresh one', () => {
    const noise = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7919 + (index >> 3) * 31) & 0xff))
    expect(survive({ database: Buffer.alloc(0), wal: undefined })).toMatchObject({ lobby: 0, quarantined: 0 })
    for (const database of [noise, Buffer.from('not a database'), Buffer.alloc(3 * PAGE)]) {
      expect(survive({ database, wal: undefined })).toMatchObject({ lobby: 0, hall: 0, quarantined: 1 })
    }
  })

  test('with a flipped bit in the log of a crash loses no commit but the one it hit', () => {
    const wal = crashed.wal!
    for (const at of [...offsets(32, 8), ...offsets(wal.length, 60)]) {
      const { lobby, hall, log } = survive({ ...crashed, wal: changed(wal, (copy) => (copy[at]! ^= 1 << (at % 8))) })
      const lost = 2 * ALL.length - lobby - hall
      assert.ok(lost <= 210, `byte ${at}: ${lost} entries lost`)
      const isTail = at > wal.length - 4 * (PAGE + 24)
      assert.ok(lost === 0 || isTail || log.errors().length > 0, `byte ${at}: ${lost} entries lost without a word`)
    }
  })

  test('whose log was cut off or replaced by noise opens', () => {
    const wal = crashed.wal!
    for (const at of offsets(wal.length, 10)) survive({ ...crashed, wal: wal.subarray(0, at) })
    survive({ ...crashed, wal: Buffer.alloc(wal.length, 0x5a) })
    survive({ database: Buffer.alloc(0), wal })
  })
})

test('C84: a host whose history is damaged serves what verifies, and says so until somebody has looked', async () => {
  const data = await temporaryDirectory()
  const page = Math.floor(rest.database.length / PAGE / 2)
  const damaged = changed(rest.database, (copy) => copy.fill(0, page * PAGE, (page + 1) * PAGE))
  putSample(data, { ...rest, database: damaged })
  const { host, port } = await HostProcess.start(['--data', data])
  const [quarantine = 'none'] = quarantines(data)
  expect(host.errors).toMatch(/"level":50[^\n]*the journal was damaged; the rows that verify were saved/)
  const ani = await enter(port, 'baru')
  await ani.ask('/history 500', '* end of history')
  const texts = new Set(ALL.map((entry) => `<ani> ${'text' in entry ? entry.text : ''}`.trimEnd()))
  expect(ani.talk.length).toBeGreaterThan(100)
  for (const line of ani.talk) expect(texts).toContain(line.trimEnd())
  const health = await ask(port, 'GET /healthz')
  expect([health.status, health.json]).toEqual([
    200,
    { status: 'degraded', message: expect.stringMatching(/^the journal was damaged.* set aside in the data directory/) },
  ])
  expect(await host.stop()).toBe(0)
  rmSync(join(data, quarantine), { recursive: true })
  const { host: again, port: newPort } = await HostProcess.start(['--data', data])
  expect((await ask(newPort, 'GET /healthz')).json).toEqual({ status: 'ok' })
  expect(await again.stop()).toBe(0)
})
