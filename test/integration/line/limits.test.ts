import { expect, test } from 'vitest'
import type { Entry } from '#app/index.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { ManualClock } from '#system/clock.ts'
import { MemoryLog } from '#system/log.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { startHost } from '../../harness/host.ts'
import { sayOverHttp } from '../../harness/http-client.ts'
import { caughtUp, LineClient } from '../../harness/line-client.ts'

const LONG = 'x'.repeat(180)
const numbered = (count: number, who = 'ani') =>
  Array.from({ length: count }, (_, index) => `<${who}> ${index} ${LONG}`)

/** Says so many numbered lines, as fast as the host takes them. */
async function speak(client: LineClient, count: number): Promise<void> {
  const blocks = function* () {
    for (let at = 0; at < count; at += 500) {
      const lines = Array.from({ length: Math.min(500, count - at) }, (_, index) => `${at + index} ${LONG}\n`)
      yield Buffer.from(lines.join(''))
    }
  }
  await client.stream(blocks())
}

// More than what the systems on both sides hold of it, so that the reader is really behind.
const LINES = 120_000

test('C61: a reader that stalls delays nobody, is not cut, and gets every line in order when it reads again', async () => {
  const { port } = await startHost({ stores: 'kept' })
  const ani = await LineClient.join(port, 'ani')
  const stalled = await LineClient.join(port, undefined, { keepBytes: false })
  const budi = await LineClient.join(port, 'budi', { keepBytes: false })
  stalled.pause()
  await speak(ani, LINES)
  await budi.until((client) => client.lines.at(-1)?.startsWith(`<ani> ${LINES - 1} `) === true)
  expect(budi.talk).toEqual(numbered(LINES))
  expect(stalled.talk.length).toBeLessThan(LINES / 2)
  stalled.resume()
  await stalled.until((client) => client.lines.at(-1)?.startsWith(`<ani> ${LINES - 1} `) === true)
  expect(stalled.talk).toEqual(numbered(LINES))
  // And follows again.
  await caughtUp(budi, stalled)
})

test('C61: in memory a reader that stalls beyond the history is told how much it missed, and goes on from there', async () => {
  const { port } = await startHost({ limits: { historyEntries: 1000 } })
  const ani = await LineClient.join(port, 'ani')
  const stalled = await LineClient.join(port, undefined, { keepBytes: false })
  const budi = await LineClient.join(port, 'budi', { keepBytes: false })
  stalled.pause()
  await speak(ani, LINES)
  await budi.until((client) => client.lines.at(-1)?.startsWith(`<ani> ${LINES - 1} `) === true)
  stalled.resume()
  await stalled.until((client) => client.lines.at(-1)?.startsWith(`<ani> ${LINES - 1} `) === true)
  const from = stalled.lines.indexOf(stalled.talk[0] as string)
  const heard = stalled.lines.slice(from)
  let next = 0
  for (const line of heard) {
    const [, missed] = /^\* (\d+) lines are missing here: past this room's history, or damaged$/.exec(line) ?? []
    if (missed !== undefined) next += Number(missed)
    else if (line.startsWith('<')) expect(line).toBe(`<ani> ${next++} ${LONG}`)
  }
  expect(next).toBe(LINES)
  expect(stalled.talk.length).toBeLessThan(LINES)
})

test('C61: who asks and takes no answers is not listened to any more, until it does', async () => {
  const { port } = await startHost()
  const deaf = await LineClient.join(port, 'deaf', { keepBytes: false })
  deaf.pause()
  const asked = '/nonsense\n'.repeat(10_000)
  let blocks = 0
  while (deaf.socket.writableLength < 4_000_000 && blocks < 300) {
    deaf.write(asked)
    blocks++
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(deaf.socket.writableLength).toBeGreaterThanOrEqual(4_000_000)
  const [ani, budi] = [await LineClient.join(port, 'ani'), await LineClient.join(port, 'budi')]
  ani.write('halo\n')
  await budi.until('<ani> halo')
  deaf.resume()
  await deaf.until(({ lines }) => lines.length > 100_000)
})

test('C61: an address that asks for page after page and reads none costs little, and keeps nobody at it from theirs', async () => {
  const metrics = new MemoryMetrics()
  const { port } = await startHost({ listen: { silentMs: 1000 }, overrides: { metrics } })
  const text = (index: number) => `${index} ${'x'.repeat(16_000)}`
  const four = (first: number) => [0, 1, 2, 3].map((index) => text(first + index)).join('\n')
  await Promise.all(Array.from({ length: 125 }, (_, index) => sayOverHttp(port, 'lobby', four(4 * index))))
  const ask = async (from: string) => {
    const client = await LineClient.connect(port, { from })
    return client.write('GET /rooms/lobby/events?limit=500 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  }
  const stalled = await Promise.all(Array.from({ length: 40 }, async () => (await ask('127.0.0.3')).pause()))
  const waiting = () => metrics.snapshot().gauges['outbox_bytes'] ?? 0
  await expect.poll(waiting).toBeGreaterThan(0)
  const other = await ask('127.0.0.3')
  await other.closed()
  // Pages of 8 MB each; the systems on both sides hold some of it.
  const samples: number[] = []
  await expect.poll(() => samples.push(waiting()), { interval: 250 }).toBeGreaterThan(8)
  expect(Math.max(...samples)).toBeLessThan(40 * 300_000)
  for (const client of stalled) client.resume()
  for (const client of [other, ...stalled]) {
    await client.closed()
    for (const index of [0, 250, 499]) expect(client.bytes.includes(text(index))).toBe(true)
  }
})

const FLOOD = 1500
const RATE = { linesPerSecond: 500, linesBurst: 100, rateOnLoopback: true }

test('C67: a flood is read more slowly and nothing of it is lost, while others come through', async () => {
  const clock = new ManualClock()
  const { port } = await startHost({ line: RATE, overrides: { clock } })
  const ani = await LineClient.join(port, 'ani')
  const budi = await LineClient.join(port, 'budi')
  const chandra = await LineClient.join(port, 'chandra')
  ani.write(Array.from({ length: FLOOD }, (_, index) => `${index} ${LONG}\n`).join(''))
  const flooded = () => chandra.talk.filter((line) => line.startsWith('<ani>')).length
  // While the clock stands still ani gets through with as many lines as may come at once; the nick was one. A step refills that.
  const stepMs = (1000 * RATE.linesBurst) / RATE.linesPerSecond
  let most = RATE.linesBurst - 1
  for (let line = 0; flooded() < FLOOD; line++) {
    budi.write(`${line} hello\n`)
    await chandra.until(`<budi> ${line} hello`)
    expect(flooded()).toBeLessThanOrEqual(most)
    await chandra.until(() => flooded() === Math.min(FLOOD, most))
    clock.advance(stepMs)
    most += RATE.linesBurst
  }
  expect(chandra.talk.filter((line) => line.startsWith('<ani>'))).toEqual(numbered(FLOOD))
  expect(ani.over).toBe('open')
})

test.each(['\n', '/who\n', 'SEND\n'])('C5, C67: a flood of %j waits too', async (line) => {
  const { port } = await startHost({ line: RATE })
  const ani = await LineClient.join(port, 'ani')
  const budi = await LineClient.join(port, 'budi')
  const began = performance.now()
  await ani.ask(`${line.repeat(500)}/topic`, '* no topic is set')
  ani.write('through\n')
  await budi.until('<ani> through')
  expect(performance.now() - began).toBeGreaterThan((1000 * (500 - RATE.linesBurst)) / RATE.linesPerSecond - 100)
})

test('C67: what waits for its commit is bounded: a flood from several peers arrives whole', async () => {
  const { port } = await startHost({ limits: { mailboxCommands: 100, commitCommands: 50 } })
  const speakers = await Promise.all(['ani', 'budi', 'chandra'].map((nick) => LineClient.join(port, nick)))
  const listener = await LineClient.join(port)
  await Promise.all(speakers.map((speaker) => speak(speaker, 5000)))
  await listener.until((client) => client.talk.length >= 15_000)
  for (const nick of ['ani', 'budi', 'chandra'])
    expect(listener.talk.filter((line) => line.startsWith(`<${nick}>`))).toEqual(numbered(5000, nick))
  expect(speakers.flatMap((speaker) => speaker.errors)).toEqual([])
})

class SearchFails extends MemoryJournal {
  override search(): Promise<readonly Entry[]> {
    return Promise.reject(new Error('a bug in the search'))
  }
}

class ReadFails extends MemoryFileStore {
  override read(): AsyncIterable<Uint8Array> {
    throw new Error('a bug in the file store')
  }
}

test('C90: an error of ours on one connection closes that one, and is logged', async () => {
  const log = new MemoryLog()
  const { port } = await startHost({ overrides: { journal: new SearchFails(), log } })
  const ani = await LineClient.join(port, 'ani')
  const budi = await LineClient.join(port, 'budi')
  const chandra = await LineClient.join(port, 'chandra')
  ani.write('before\n/search word\nbehind\n')
  await ani.closed()
  await budi.until(/^\* ani left/)
  await caughtUp(budi, chandra)
  expect(chandra.talk).toEqual(['<ani> before'])
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
})

test('C90: a file that cannot be read for one receiver is nobody else’s trouble', async () => {
  const { port } = await startHost({ overrides: { fileStore: new ReadFails() } })
  const ani = await LineClient.join(port, 'ani')
  const budi = await LineClient.join(port, 'budi')
  const chandra = await LineClient.join(port, 'chandra')
  await chandra.ask('/files links', /^\* files come as a line/)
  ani.write('/put 4 a\nDATAtext\n')
  await budi.closed()
  await chandra.until('<ani> text')
  await caughtUp(ani, chandra)
})

const speaking = async (port: number) => {
  const client = (await LineClient.connect(port)).write('/files links\n')
  await client.until(/^\* you are /)
  return client
}

// A peer that is gone looks like one that only has nothing more to say.
const AT_ONCE = { halfCloseMs: 10 }

test('C71: beyond all the connections a host takes, the next is dropped, which is counted, and logged once in 10 s', async () => {
  const metrics = new MemoryMetrics()
  const log = new MemoryLog()
  const clock = new ManualClock()
  const { port } = await startHost({ listen: { connections: 16 }, overrides: { metrics, log, clock }, line: AT_ONCE })
  const members = await Promise.all(Array.from({ length: 16 }, () => speaking(port)))
  const logged = () => log.lines.filter(({ what }) => what === 'dropped new connections').map(({ fields }) => fields)
  const oneMore = async () => await (await LineClient.connect(port)).closed()
  for (let count = 0; count < 3; count++) await oneMore()
  const why = 'the host has all the connections it can take'
  expect(logged()).toEqual([{ why, dropped: 1 }])
  clock.advance(10_000)
  await oneMore()
  expect(metrics.snapshot().counters['connections_dropped']).toBe(4)
  expect(logged()).toEqual([
    { why, dropped: 1 },
    { why, dropped: 3 },
  ])
  const [first, second] = members as [LineClient, LineClient]
  first.reset()
  await expect.poll(() => metrics.snapshot().gauges['connections']).toBe(15)
  await speaking(port)
  expect(second.over).toBe('open')
})

test('C73, C90: a crowd that breaks off at once leaves nobody and nothing behind', async () => {
  const metrics = new MemoryMetrics()
  const { port, tamtam } = await startHost({ overrides: { metrics }, line: AT_ONCE })
  const ani = await LineClient.join(port, 'ani')
  const crowd = await Promise.all(Array.from({ length: 100 }, () => LineClient.join(port)))
  for (const [index, client] of crowd.entries()) {
    client.write(index % 2 === 0 ? 'SEND half\nhalf' : 'half a line')
    if (index % 3 === 0) client.leave()
    else client.reset()
  }
  await expect.poll(() => metrics.snapshot().gauges['connections']).toBe(1)
  // A crowd's leaving is gathered for a moment.
  const counter = await tamtam.engine.join({ room: 'lobby', name: 'counter' })
  await expect.poll(() => counter.members.length).toBe(2)
  await ani.ask('/who', '* 2 in lobby:')
  expect(tamtam.engine.uploads).toBe(0)
})
