import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Batch } from '#domain/room/batch.ts'
import type { Entry } from '#domain/room/events.ts'
import { packRows } from '#storage/sqlite/worker-messages.ts'
import { CliProcess } from '../harness/cli-process.ts'
import { temporaryDirectory } from '../harness/directory.ts'
import { enter, HostProcess } from '../harness/host-process.ts'
import { ask, OpenAnswer } from '../harness/http-client.ts'
import { until } from '../harness/patience.ts'
import { SessionClient } from '../harness/session-client.ts'
import { CollectedLog } from '../integration/storage/sqlite/collected-log.ts'
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
} from '../integration/storage/sqlite/store-under-test.ts'

const PAGE = 4096
const base = await temporaryDirectory()
let lost = 0
afterAll(() => {
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
    const places = [...offsets(100, 12), ...offsets(rest.database.length, 20)]
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

  test('with any page zeroed or filled with noise keeps the others', () => {
    for (let page = 0; page < rest.database.length / PAGE; page += 1) {
      const filling = page % 2 === 0 ? 0 : 0xa5
      const database = changed(rest.database, (copy) => copy.fill(filling, page * PAGE, (page + 1) * PAGE))
      const { lobby, hall, log, quarantined } = survive({ ...rest, database })
      assert.ok(2 * ALL.length - lobby - hall <= 450, `page ${page}: ${lobby} and ${hall} of ${ALL.length} left`)
      assert.equal(log.errors().length >= quarantined, true)
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
    for (const at of [...offsets(32, 8), ...offsets(wal.length, 15)]) {
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
    {
      status: 'degraded',
      message: expect.stringMatching(/^the journal was damaged.* set aside in the data directory/),
    },
  ])
  expect(await host.stop()).toBe(0)
  rmSync(join(data, quarantine), { recursive: true })
  const { host: again, port: newPort } = await HostProcess.start(['--data', data])
  expect((await ask(newPort, 'GET /healthz')).json).toEqual({ status: 'ok' })
  expect(await again.stop()).toBe(0)
})

const WORD = 'dibalik'
const LINES = 101
/** More than SQLite keeps in memory: the lobby, which is read first at a start, is read from the disk again. */
const BIG_ROWS = 4000

function roomBesideABigOne(data: string): void {
  const store = openStore(data)
  const lobby = Array.from({ length: LINES - 1 }, (_, index) =>
    said(index + 1, `kata ${index === 49 ? WORD : index}${' '.repeat(100)}.`),
  )
  append(store, 'lobby', lobby)
  // The newest row of a room is looked at again once a host is up, and what is on its page.
  append(store, 'lobby', [said(LINES, 'akhir')])
  const filling = 'x'.repeat(3000)
  const rows = Array.from({ length: BIG_ROWS }, (_, index) => new Batch('hall', [said(index + 1, filling)]))
  store.append(packRows(rows))
  while (store.isBehind) store.idleStep()
  store.close()
}

/** Everywhere: old versions of a page may lie about. */
function flipWord(data: string): void {
  const file = join(data, 'journal.db')
  const bytes = readFileSync(file)
  const fd = openSync(file, 'r+')
  const before = `kata ${WORD}`
  for (let at = bytes.indexOf(before); at >= 0; at = bytes.indexOf(before, at + 1))
    writeSync(fd, Buffer.from([bytes[at + before.length - 1]! ^ 1]), 0, 1, at + before.length - 1)
  closeSync(fd)
}

test('C84: damage that is met at a read costs one line, each reader is told that it is missing, and the next start finds it again', async () => {
  const data = await temporaryDirectory()
  roomBesideABigOne(data)
  // Its own terminal shows what was said last in its room, and would have read the lobby already.
  const first = await HostProcess.start(['--data', data, '--room', 'hall'])
  expect((await ask(first.port, 'GET /healthz')).json).toEqual({ status: 'ok' })
  flipWord(data)
  await readers(first.port)
  expect((await ask(first.port, 'GET /healthz')).json).toEqual({
    status: 'degraded',
    message: expect.stringMatching(/^the journal is damaged in a place: its unreadable entries are left out/),
  })
  expect(first.host.errors).toMatch(/"level":50[^\n]*a stored batch fails its checksum/)
  expect(first.host.errors).not.toContain(WORD)
  expect(await first.host.stop()).toBe(0)
  expect(await CliProcess.run(['doctor', '--port', '0', '--data', data])).toMatchObject({
    code: 1,
    out: expect.toSatisfy((out: Buffer) => /1 stored batch fails its checksum, 1 entry is missing/.test(String(out))),
  })

  const again = await HostProcess.start(['--data', data, '--room', 'hall'])
  expect(quarantines(data)).toHaveLength(1)
  await readers(again.port)
  expect((await ask(again.port, 'GET /healthz')).json).toMatchObject({ status: 'degraded' })
  expect(await again.host.stop()).toBe(0)
  for (const name of quarantines(data)) rmSync(join(data, name), { recursive: true })
  expect(await CliProcess.run(['doctor', '--port', '0', '--data', data])).toMatchObject({
    code: 0,
    out: expect.toSatisfy((out: Buffer) => /^warning +store .*1 entry is missing in between/m.test(String(out))),
  })
  const bundle = join(await temporaryDirectory(), 'a.tar')
  const exported = await CliProcess.run(['export', '--json', '--data', data, bundle])
  expect(exported).toMatchObject({
    code: 7,
    said: [{ type: 'exported', entries: LINES + BIG_ROWS - 1, missed: { lobby: 1 } }],
  })
  expect(exported.errors).toContain('left out 1 entry of lobby: damaged in the journal')
})

test('C84: damage in a history that is too large to be read before the start is found behind it, told, and saved at the next start', async () => {
  const data = await temporaryDirectory()
  roomBesideABigOne(data)
  flipWord(data)
  const first = await HostProcess.start(['--data', data, '--room', 'hall'])
  expect(quarantines(data)).toHaveLength(0)
  await until('the host to tell of the damage', async () => {
    const { status, json } = await ask(first.port, 'GET /healthz')
    return status === 200 && (json as { status: string }).status === 'degraded'
  })
  expect(first.host.errors).toMatch(/"level":50[^\n]*a stored batch fails its checksum/)
  await readers(first.port)
  expect(await first.host.stop()).toBe(0)
  const again = await HostProcess.start(['--data', data, '--room', 'hall'])
  expect(quarantines(data)).toHaveLength(1)
  await readers(again.port)
  expect(await again.host.stop()).toBe(0)
})

/** What each protocol says around the line that is lost. */
async function readers(port: number): Promise<void> {
  const missed = { type: 'missed', from: 50, to: 50 }
  const line = "* 1 line is missing here: past this room's history, or damaged"
  const [said49, said51] = [48, 50].map((word) => `<ani> kata ${word}${' '.repeat(100)}.`)
  const places = (events: readonly object[]) => events.map((event) => ('seq' in event ? event.seq : event))
  const page = async (query: string) => {
    const { events } = (await ask(port, `GET /rooms/lobby/events?${query}`)).json as { events: readonly object[] }
    return places(events)
  }
  expect(await page('after=48&limit=2')).toEqual([49, missed, 51])
  expect(await page('after=49&limit=1')).toEqual([missed, 51])
  expect(await page('after=48&before=51')).toEqual([49, missed])
  expect(await page('before=52&limit=2')).toEqual([49, missed, 51])
  expect(await page('before=51&limit=1')).toEqual([49, missed])
  expect(await page('before=52&limit=1')).toEqual([51])
  for (const accept of ['application/x-ndjson', 'text/event-stream']) {
    const stream = await OpenAnswer.of(port, 'GET /rooms/lobby/events?after=48', { headers: { accept } })
    await stream.until(({ lines }) => lines.some((each) => each.includes('"seq":51')))
    const told = stream.lines.flatMap((each) => /\{.*\}/.exec(each)?.[0] ?? [])
    expect(places(told.map((each) => JSON.parse(each) as object)).slice(0, 3)).toEqual([49, missed, 51])
    stream.close()
  }
  for (const wire of ['frames', 'websocket'] as const) {
    const client = await SessionClient.join(port, wire, `ani-${wire}`, 'lobby', 48)
    await client.until(() => client.events.some((event) => 'seq' in event && event.seq === 51))
    expect(places(client.events).slice(0, 3)).toEqual([49, missed, 51])
    client.end()
  }
  const ani = await enter(port, `ani-${port}`)
  await ani.ask('/join lobby', /^\* you are .* in lobby:/)
  await ani.ask('/history 60', '* end of history')
  const at = ani.lines.indexOf(line)
  expect(ani.lines.slice(at - 1, at + 2)).toEqual([said49, line, said51])
  // The index knew the word before it was damaged; the one that is made anew at a start does not.
  const { events } = (await ask(port, `GET /rooms/lobby/search?q=${WORD}`)).json as { events: readonly object[] }
  expect([[missed], []]).toContainEqual(events)
  const tail = await CliProcess.run(['tail', '--no-follow', '--after', '48', `127.0.0.1:${port}/lobby`])
  expect(tail.out.toString().split('\n').slice(0, 3)).toEqual([said49, line, said51])
}
