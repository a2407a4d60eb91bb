import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { Entry, Span } from '#app/index.ts'
import { MemoryJournal } from '#storage/memory/journal.ts'
import { pieces } from '../../harness/bytes.ts'
import { type HostOptions, startHost } from '../../harness/host.ts'
import { ask, sayOverHttp } from '../../harness/http-client.ts'
import { caughtUp, LineClient } from '../../harness/line-client.ts'
import { PATIENCE_MS } from '../../harness/patience.ts'
import { keyOf, SessionClient, type WireName } from '../../harness/session-client.ts'
import { TurnClock, turns } from '../../harness/turns.ts'

const WIRES: readonly WireName[] = ['frames', 'websocket']

/** A slow journal: searches wait in it until they are let go, one by one. */
class SlowJournal extends MemoryJournal {
  readonly held: (() => void)[] = []
  listed = 0
  /** The most that it had to do at once. */
  most = 0
  #free = false

  override async search(...asked: Parameters<MemoryJournal['search']>): Promise<readonly Entry[]> {
    if (!this.#free) await new Promise<void>((resolve) => this.held.push(resolve))
    return await super.search(...asked)
  }

  override rooms(): Promise<ReadonlyMap<string, Span>> {
    this.listed++
    return super.rooms()
  }

  free(): void {
    this.#free = true
    for (const go of this.held.splice(0)) go()
  }
}

/** A host whose time the test advances. Whoever comes in speaks first. */
async function timed(options: HostOptions = {}) {
  const clock = new TurnClock()
  const rate = { linesPerSecond: 10, linesBurst: 30, rateOnLoopback: true }
  const host = await startHost({
    line: { ...rate, files: 'links' },
    http: rate,
    session: { messagesPerSecond: 10, messagesBurst: 30, rateOnLoopback: true },
    ...options,
    overrides: { clock, ...options.overrides },
    listen: { silentMs: 1_000_000 },
  })
  const line = async (nick: string) => {
    const client = await LineClient.connect(host.port)
    return await client
      .write(`/nick ${nick}\n`)
      .until(`* you are now ${nick}`)
      .then(() => client)
  }
  /** Lets time pass until `reached`, in steps of 100 ms; answers how many seconds it took. */
  const passes = async (reached: () => boolean) => {
    const began = clock.elapsed()
    const late = performance.now() + PATIENCE_MS
    while (!reached()) {
      if (performance.now() > late) throw new Error('it was never reached')
      clock.advance(100)
      await turns(5)
    }
    return (clock.elapsed() - began) / 1000
  }
  return { ...host, clock, line, passes }
}

const search = (port: number, headers: Readonly<Record<string, string>> = {}, from?: string) =>
  ask(port, 'GET /rooms/lobby/search?q=line', { headers, ...(from === undefined ? {} : { from }) })

describe('what one asks for keeps nobody else waiting', () => {
  test('a few searches are in the journal at once, whoever asks for them and how; lines are committed meanwhile', async () => {
    const journal = new SlowJournal()
    const { port } = await startHost({ overrides: { journal }, listen: { silentMs: 300 } })
    const greedy = await Promise.all(
      Array.from({ length: 16 }, (_, index) => LineClient.join(port, `greedy-${index}x`)),
    )
    const [ani, budi] = [await LineClient.join(port, 'ani'), await LineClient.join(port, 'budi')]
    ani.write('line one\n')
    await budi.until('<ani> line one')
    for (const client of greedy) client.write('/search line\n'.repeat(20))
    const asked = Array.from({ length: 8 }, () => search(port))
    await expect.poll(() => journal.held.length).toBe(2)
    const members = await Promise.all(WIRES.map((by) => SessionClient.join(port, by, `over-${by}`)))
    for (const member of members) expect(await member.say('halo')).toMatchObject({ type: 'ack' })
    expect((await sayOverHttp(port, 'lobby', 'halo')).status).toBe(201)
    expect((await ask(port, 'GET /rooms/lobby/events')).status).toBe(200)
    await caughtUp(ani, budi)
    // All that while nobody's search was through, and no third had begun.
    expect(greedy.some(({ lines }) => lines.some((each) => each.startsWith('* found')))).toBe(false)
    expect(journal.held.length).toBe(2)
    journal.free()
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200)
    for (const client of greedy)
      await client.until(({ lines }) => lines.filter((each) => each === '* end of search').length === 20)
  })

  test('a list of rooms asks the journal for nothing, however often it is asked for', async () => {
    const journal = new SlowJournal()
    const { port } = await startHost({ overrides: { journal }, listen: { silentMs: 300 } })
    for (const room of ['b', 'a', 'c']) await sayOverHttp(port, room, 'halo')
    const { listed } = journal
    for (let count = 0; count < 5; count++) {
      await sayOverHttp(port, 'a', 'more')
      const { json } = await ask(port, 'GET /rooms')
      expect(json).toEqual({
        rooms: [
          { name: 'a', members: 0, last: count + 2 },
          { name: 'b', members: 0, last: 1 },
          { name: 'c', members: 0, last: 1 },
        ],
      })
    }
    expect(journal.listed).toBe(listed)
  })
})

describe('C67: what is asked for costs what its answer costs', () => {
  test.each([
    ['/search line', /^\* end of search/],
    ['/history 500', /^\* end of history/],
    ['/who', /^\* \d+ in lobby/],
    ['/files', /^\* \d+ files? in lobby/],
  ])('by line: %s', async (typed, answer) => {
    const { tamtam, line, passes } = await timed()
    const ani = await line('ani')
    const host = await tamtam.engine.join({ room: 'lobby', name: 'host' })
    for (let at = 0; at < 500; at++) await host.send({ type: 'say', text: `line ${at}` })
    for (let at = 0; at < 40; at++) await host.upload(pieces(`file ${at}`), { name: `f${at}` }).done
    const count = () => ani.lines.filter((each) => answer.test(each)).length
    await ani.until(/f39/)
    ani.write(`${typed}\n`.repeat(40))
    const seconds = await passes(() => count() === 40)
    // At one token each, 40 lines would take a second.
    expect(seconds).toBeGreaterThan(3)
  })

  test('over HTTP by the address of those who are no members, and a member by their own', async () => {
    const { port, passes, clock } = await timed()
    const member = await SessionClient.join(port, 'frames', 'ani')
    await member.say('line one')
    const through: string[] = []
    const asks = Array.from({ length: 6 }, () => search(port).then(({ status }) => through.push(`${status}`)))
    await passes(() => through.length >= 2)
    const waiting = 6 - through.length
    expect(waiting).toBeGreaterThan(2)
    const began = clock.elapsed()
    expect((await search(port, { 'Tamtam-Key': keyOf('ani') })).status).toBe(200)
    expect((await search(port, {}, '127.0.0.2')).status).toBe(200)
    expect(clock.elapsed()).toBe(began)
    await passes(() => through.length === 6)
    await Promise.all(asks)
  })

  test.each(['GET /rooms', 'GET /rooms/lobby', 'GET /rooms/lobby/events', 'GET /rooms/lobby/files'])(
    'over HTTP: %s',
    async (asked) => {
      const { port, tamtam, passes } = await timed()
      const host = await tamtam.engine.join({ room: 'lobby', name: 'host' })
      await host.upload(pieces('file'), { name: 'f' }).done
      let through = 0
      const asks = Array.from({ length: 50 }, () => ask(port, asked).then(() => through++))
      const seconds = await passes(() => through === 50)
      expect(seconds).toBeGreaterThan(1)
      await Promise.all(asks)
    },
  )

  test.each(WIRES)('over %s: coming in far behind the newest is paid for by what is sent next', async (by) => {
    const { port, tamtam, passes } = await timed()
    const host = await tamtam.engine.join({ room: 'lobby', name: 'host' })
    for (let at = 0; at < 40; at++)
      host.post(Array.from({ length: 500 }, () => ({ type: 'say', text: 'line' }) as const))
    await tamtam.engine.settled()
    const member = await SessionClient.connect(port, by)
    member.send({ type: 'hello', version: 1, key: keyOf('ani'), name: 'ani' })
    for (let count = 0; count < 3; count++) member.send({ type: 'join', room: 'lobby', after: 0 })
    let acked = false
    member.send({ type: 'command', ref: 7, command: { type: 'say', text: 'through' } })
    void member
      .until(() => member.of('ack').some(({ ref }) => ref === 7))
      .then(() => {
        acked = true
      })
    expect(await passes(() => acked)).toBeGreaterThan(1)
  })
})

describe('C67: a debt is its own request’s', () => {
  test('one message of many lines makes nobody else at the address wait long, and none when it is given up', async () => {
    const { port, passes, clock } = await timed()
    // The connections of HTTP are watched from the first one on.
    const before = clock.waiting
    await ask(port, 'GET /healthz')
    await passes(() => clock.waiting <= before + 1)
    const long = request({ port, host: '127.0.0.1', method: 'POST', path: '/rooms/lobby/messages' })
    long.on('error', () => {})
    const timers = clock.waiting
    long.end('a\n'.repeat(30_000))
    await expect.poll(() => clock.waiting).toBeGreaterThan(timers)
    let status = 0
    void sayOverHttp(port, 'lobby', 'is anybody there').then((answer) => {
      status = answer.status
    })
    expect(await passes(() => status !== 0)).toBeLessThan(5)
    expect(status).toBe(201)
    long.destroy()
    // Found out within moments, though it has only ended its side; what it had taken is there again.
    await passes(() => clock.waiting <= timers)
    let burst = 0
    void sayOverHttp(port, 'lobby', 'b\n'.repeat(30)).then((answer) => {
      burst = answer.status
    })
    // Of 30,000 lines it would be an hour.
    expect(await passes(() => burst !== 0)).toBeLessThan(30)
    expect(burst).toBe(201)
    const { json } = await ask(port, 'GET /rooms/lobby/events?after=0', { from: '127.0.0.2' })
    expect((json as { events: { text: string }[] }).events.map(({ text }) => text)).toEqual([
      'is anybody there',
      ...Array(30).fill('b'),
    ])
  })
})
