import { expect, onTestFinished, test, vi } from 'vitest'
import { compose } from '#app/compose.ts'
import type { TamtamOptions } from '#app/index.ts'
import { type MemoryConnection, memoryPair } from '#server/memory/pair.ts'

/** A server whose first request opens it. */
async function startServer(options: TamtamOptions = {}) {
  const { engine, http: server } = compose(options)
  await engine.start()
  const close = () => server.close('the test is over', 100)
  onTestFinished(async () => {
    await close()
    await engine.stop()
  })
  /** A client that has sent `head` before the server got the connection. */
  const enter = (head: string) => {
    const [near, far] = memoryPair()
    far.on('error', () => {})
    const seen = { text: '', connection: far, near }
    far.on('data', (bytes: Buffer) => {
      seen.text += bytes
    })
    server.accept({ connection: near, address: '10.0.0.1', loopback: false, head: Buffer.from(head) })
    return seen
  }
  return { server, engine, enter, close }
}

async function openServer(options: TamtamOptions = {}) {
  const started = await startServer(options)
  await started.server.open()
  return started
}

const until = (read: () => boolean) => expect.poll(read).toBe(true)
const ended = ({ connection }: { connection: MemoryConnection }) =>
  until(() => connection.readableEnded || connection.destroyed)

const GET = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`

test('a connection need not be a socket', async () => {
  const { enter } = await openServer()
  const client = enter(GET('/healthz').slice(0, 20))
  client.connection.write(GET('/healthz').slice(20))
  await until(() => client.text.endsWith('{"status":"ok"}'))
  client.connection.write(GET('/rooms'))
  await until(() => client.text.endsWith('{"rooms":[]}'))
})

test('requests that come before it is open wait for it, in their order', async () => {
  const { server, enter } = await startServer()
  const client = enter(GET('/rooms') + GET('/healthz'))
  const gone = enter(GET('/rooms'))
  gone.connection.destroy()
  await until(() => client.text.endsWith('{"status":"ok"}'))
  expect(client.text).toMatch(/\{"rooms":\[\]\}[\s\S]*\{"status":"ok"\}$/)
  expect(server.routes).not.toEqual([])
})

test.each([
  ['events?limit=500', 500],
  ['search?q=word&limit=500', 60],
  ['files', 3000],
] as const)(
  'C61: an answer that nobody takes is made no further than that, and keeps nobody waiting: %s',
  async (path, count) => {
    const { engine, enter } = await openServer({ http: { linesPerSecond: 0 } })
    const host = await engine.join({ room: 'lobby', name: 'host' })
    const text = `word ${'x'.repeat(16_000)}`
    for (let at = 0; at < 100; at++) host.post(Array.from({ length: 5 }, () => ({ type: 'say', text }) as const))
    await engine.settled()
    const name = 'n'.repeat(200)
    for (let at = 0; at < 3000; at++) await host.upload(nothing(), { name }).done
    const stalled = Array.from({ length: 8 }, () => {
      const client = enter('GET /')
      client.connection.stall()
      client.connection.write(`${GET(`/rooms/lobby/${path}`, 'Connection: close\r\n').slice('GET /'.length)}`)
      return client
    })
    for (const { near } of stalled) await until(() => near.writableLength > 50_000)
    const other = enter(GET(`/rooms/lobby/${path}`, 'Connection: close\r\n'))
    await ended(other)
    const answer = (text: string) => JSON.parse(unchunked(text)) as { events?: unknown[]; files?: unknown[] }
    const all = answer(other.text)
    expect((all.events ?? all.files)?.length).toBeGreaterThanOrEqual(count)
    for (const { near } of stalled) expect(near.writableLength).toBeLessThan(300_000)
    for (const client of stalled) {
      client.connection.unstall()
      await ended(client)
      expect(answer(client.text)).toEqual(all)
    }
  },
)

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** The body of an answer in chunks. */
function unchunked(answer: string): string {
  let rest = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  let body = ''
  for (;;) {
    const at = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, at), 16)
    if (size === 0) return body
    body += rest.slice(at + 2, at + 2 + size)
    rest = rest.slice(at + 4 + size)
  }
}

test('a server that reads nothing more lets go of idle connections, and refuses what is asked on others', async () => {
  const { server, enter } = await openServer()
  const streaming = enter(GET('/rooms/lobby/events', 'Accept: application/x-ndjson\r\n'))
  await until(() => streaming.text.includes('200 OK'))
  const idle = enter(GET('/healthz'))
  await until(() => idle.text.endsWith('{"status":"ok"}'))
  server.stopReading()
  await ended(idle)
  const late = enter(GET('/healthz'))
  await until(() => late.text.includes('"code":"CLOSED"'))
  expect(late.text).toMatch(/^HTTP\/1\.1 503 /)
  expect(streaming.connection.readableEnded).toBe(false)
  await server.close('', 1000)
  expect(streaming.text).toMatch(/\r\n0\r\n\r\n$/)
})

test('what is still being answered has its time when the server closes, and no more', async () => {
  const { close, enter } = await openServer()
  const stuck = enter(
    'POST /rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\nhalf',
  )
  await until(() => stuck.text.includes('100 Continue'))
  const began = performance.now()
  await close()
  expect(performance.now() - began).toBeGreaterThan(90)
  await ended(stuck)
})

test('an error of one connection is its own (C90)', async () => {
  const { enter } = await openServer()
  const broken = enter(GET('/rooms/lobby/events', 'Accept: text/event-stream\r\n'))
  await until(() => broken.text.includes('200 OK'))
  broken.near.destroy(new Error('the cable is out'))
  const other = enter(GET('/healthz'))
  await until(() => other.text.endsWith('{"status":"ok"}'))
})

test('a batch is encoded once, and its bytes are shared by all who read in a format', async () => {
  const { engine, enter } = await openServer()
  const readers = Array.from({ length: 20 }, () => {
    const reader = enter(GET('/rooms/lobby/events', 'Accept: application/x-ndjson\r\n'))
    const write = vi.spyOn(reader.near, 'write')
    return { ...reader, written: () => write.mock.calls.map(([bytes]) => bytes as unknown) }
  })
  for (const reader of readers) await until(() => reader.connection.writable && reader.written().length > 0)
  const ani = await engine.join({ room: 'lobby', name: 'ani' })
  await ani.send({ type: 'say', text: 'once' })
  const about = (bytes: unknown) => Buffer.isBuffer(bytes) && bytes.includes('"once"')
  for (const reader of readers) await until(() => reader.written().some(about))
  expect(new Set(readers.flatMap((reader) => reader.written().filter(about))).size).toBe(1)
})
