import { request } from 'node:http'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../contract/index.ts'
import { type Asked, ask, OpenAnswer, sayOverHttp, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'

const NDJSON = { Accept: 'application/x-ndjson' }
const SSE = { Accept: 'text/event-stream' }
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

const listen = (port: number, query = '', asked: Asked = {}) =>
  OpenAnswer.of(port, `GET /rooms/lobby/events${query}`, { ...asked, headers: { ...NDJSON, ...asked.headers } })

async function outboxBytes(port: number): Promise<number> {
  const { text } = await ask(port, 'GET /metrics')
  return Number(/^tamtam_outbox_bytes (\d+)/m.exec(text)?.[1])
}

const seqs = (answer: OpenAnswer) => answer.events.flatMap(({ seq }) => (typeof seq === 'number' ? [seq] : []))

test('NDJSON begins after `after`, goes on live, and shows who comes and goes', async () => {
  const { port } = await startHttpHost()
  await sayOverHttp(port, 'lobby', 'a\nb\nc')
  const stream = await listen(port, '?after=1')
  expect(stream.response.headers['content-type']).toBe('application/x-ndjson')
  const ani = await LineClient.join(port, 'ani')
  ani.write('hi\n')
  await stream.until(({ lines }) => lines.some((line) => line.includes('"hi"')))
  expect(stream.events.map(({ type, seq }) => [type, seq])).toEqual([
    ['said', 2],
    ['said', 3],
    ['joined', undefined],
    ['said', 4],
  ])
})

test('without `after` a stream has only what is new, also where `after` is of another time', async () => {
  const { port } = await startHttpHost()
  await sayOverHttp(port, 'lobby', 'old')
  const streams = await Promise.all([listen(port), listen(port, '?after=1000')])
  await sayOverHttp(port, 'lobby', 'new')
  for (const stream of streams) {
    await stream.until(({ lines }) => lines.length > 0)
    expect(seqs(stream)).toEqual([2])
  }
})

test('a guest neither hears whispers nor is heard of', async () => {
  const { port, tamtam } = await startHttpHost()
  const [ani] = await Promise.all(['ani', 'budi'].map((name) => tamtam.engine.join({ room: 'lobby', name })))
  const streams = await Promise.all([listen(port, '?after=0', { as: 'chandra' }), listen(port, '', { headers: SSE })])
  await ani?.send({ type: 'whisper', to: 'budi', text: 'psst' })
  const refused = await ani?.send({ type: 'whisper', to: 'chandra', text: 'psst' })
  expect(refused).toMatchObject({ code: 'NO_SUCH_MEMBER' })
  await ani?.send({ type: 'say', text: 'aloud' })
  for (const stream of streams) {
    await stream.until(({ lines }) => lines.some((line) => line.includes('aloud')))
    expect(stream.lines.join()).not.toContain('psst')
  }
  expect(ani?.members.map(({ name }) => name)).toEqual(['ani', 'budi'])
})

test('Server-Sent Events have the sequence for their id, and Last-Event-ID goes on behind it', async () => {
  const { port } = await startHttpHost()
  await sayOverHttp(port, 'lobby', 'a\nb\nc')
  const stream = await listen(port, '?after=0', { headers: { ...SSE, 'Last-Event-ID': '2' } })
  expect(stream.response.headers['content-type']).toBe('text/event-stream')
  await LineClient.join(port, 'budi')
  await stream.until(({ lines }) => lines.length >= 5)
  const [id, data = '', blank, presence] = stream.lines
  expect([id, JSON.parse(data.slice('data: '.length)), blank]).toEqual([
    'id: 3',
    expect.objectContaining({ type: 'said', seq: 3, text: 'c' }),
    '',
  ])
  expect(presence).toMatch(/^data: \{"type":"joined"/)
  const wrong = await ask(port, 'GET /rooms/lobby/events', { headers: { ...SSE, 'Last-Event-ID': 'x' } })
  expect(wrong.status).toBe(400)
})

test('Server-Sent Events show that they are alive; NDJSON is nothing but events', async () => {
  const clock = new ManualClock()
  const { port } = await startHttpHost({ overrides: { clock }, http: { heartbeatMs: 15_000 } })
  const [sse, ndjson] = await Promise.all([listen(port, '', { headers: SSE }), listen(port)])
  for (let beat = 1; beat <= 3; beat++) {
    clock.advance(15_000)
    await sse.until(({ lines }) => lines.filter((line) => line === ': ').length === beat)
  }
  await sayOverHttp(port, 'lobby', 'hi')
  await ndjson.until(({ lines }) => lines.length > 0)
  expect(ndjson.lines).toEqual([expect.stringMatching(/^\{"type":"said"/)])
})

test('P3: streams that begin anywhere while messages pour in have no gap and nothing twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ lines: fc.integer({ min: 1, max: 40 }), opens: fc.boolean(), back: fc.nat(60) }), {
        minLength: 5,
        maxLength: 15,
      }),
      fc.constantFrom(8, 512),
      async (steps, pageEntries) => {
        const { port, tamtam, stop } = await startHttpHost({ limits: { pageEntries } })
        const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
        let said = 0
        const opened: Promise<{ after: number; stream: OpenAnswer }>[] = []
        for (const { lines, opens, back } of steps) {
          const after = Math.max(0, said - back)
          if (opens) opened.push(listen(port, `?after=${after}`).then((stream) => ({ after, stream })))
          ani.post(range(said + 1, said + lines).map((number) => ({ type: 'say', text: `line ${number}` })))
          said += lines
          // Some of it is committed and shown before the next step, some is not.
          if (lines % 2 === 0) await ani.send({ type: 'say', text: `line ${++said}` })
        }
        await ani.send({ type: 'say', text: `line ${++said}` })
        for (const { after, stream } of await Promise.all(opened)) {
          await stream.until((answer) => answer.lines.some((line) => line.includes(`"line ${said}"`)))
          expect(seqs(stream)).toEqual(range(after + 1, said))
          stream.close()
        }
        await stop()
      },
    ),
    { numRuns: 25 },
  )
})

test('P4: a reader that stalls delays nobody, is not thrown out, and gets the rest from the journal', async () => {
  const { port, tamtam } = await startHttpHost()
  const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  const slow = await listen(port, '?after=0')
  const quick = await listen(port, '?after=0')
  slow.response.pause()
  const text = 'x'.repeat(1000)
  // Far more than the system's own buffers and the mark hold.
  const count = 20_000
  for (let said = 0; said < count; said += 500) {
    ani.post(range(1, 499).map(() => ({ type: 'say', text })))
    await ani.send({ type: 'say', text })
  }
  await quick.until(({ lines }) => lines.length === count)
  expect((await ask(port, 'GET /metrics')).text).toMatch(/^tamtam_catch_ups_total [1-9]/m)
  expect(slow.lines.length).toBeLessThan(count)
  slow.response.resume()
  await slow.until(({ lines }) => lines.length === count)
  expect(seqs(slow)).toEqual(range(1, count))
  await ani.send({ type: 'say', text: 'and live again' })
  await slow.until(({ lines }) => lines.at(-1)?.includes('and live again') === true)
})

test('a reader that went away is let go of', async () => {
  const { port, tamtam } = await startHttpHost()
  const stream = await listen(port, '', { as: 'ani' })
  stream.close()
  await expect.poll(() => tamtam.engine.rooms()).toEqual([])
})

test('a reader that ends its own side gets what is there, and the end', async () => {
  const { port } = await startHttpHost()
  await sayOverHttp(port, 'lobby', 'a\nb')
  const client = await LineClient.connect(port)
  client
    .write('GET /rooms/lobby/events?after=0 HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n')
    .halfClose()
  await client.closed()
  expect(client.bytes.toString().match(/"seq":\d/g)).toEqual(['"seq":1', '"seq":2'])
  expect(client.bytes.toString()).toMatch(/\r\n0\r\n\r\n$/)
})

test('streams end well when the host stops, with all that was said before', async () => {
  const { port, tamtam, stop } = await startHttpHost()
  const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  const streams = await Promise.all([listen(port), listen(port, '', { headers: SSE })])
  ani.post([{ type: 'say', text: 'last words' }])
  await stop()
  for (const stream of streams) {
    await stream.ended()
    expect(stream.lines.join()).toContain('last words')
    expect(stream.response.complete).toBe(true)
  }
})

test('a stalled reader does not hold up the stop for longer than the farewell', async () => {
  const { port, tamtam, stop } = await startHttpHost({ listen: { farewellMs: 200 } })
  const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  const stalled = await new Promise<OpenAnswer['response']>((resolve) => {
    const sent = request({ port, host: '127.0.0.1', path: '/rooms/lobby/events', headers: NDJSON }, resolve).end()
    onTestFinished(() => {
      sent.destroy()
    })
  })
  stalled.pause()
  stalled.on('error', () => {})
  const text = 'x'.repeat(10_000)
  for (let said = 0; said < 2000; said += 100) {
    ani.post(range(1, 99).map(() => ({ type: 'say', text })))
    await ani.send({ type: 'say', text })
  }
  // The system's own buffers take some megabytes first; only then does anything wait for this reader.
  await expect.poll(() => outboxBytes(port)).toBeGreaterThan(0)
  await stop()
  stalled.resume()
  await expect.poll(() => stalled.closed).toBe(true)
  expect(stalled.complete).toBe(false)
})

test.each([
  ['application/json', 'application/json'],
  ['*/*', 'application/json'],
  ['text/html, application/x-ndjson;q=0.5', 'application/x-ndjson'],
  ['application/x-ndjson;q=0', 'application/json'],
  ['Text/Event-Stream; charset=utf-8', 'text/event-stream'],
])('Accept: %s is answered with %s', async (accept, type) => {
  const { port } = await startHttpHost()
  const { headers } = await ask(port, 'HEAD /rooms/lobby/events', { headers: { Accept: accept } })
  expect(headers['content-type']).toMatch(new RegExp(`^${type}`))
})
