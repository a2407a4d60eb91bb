import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { httpDefaults } from '#app/defaults.ts'
import type { Access } from '#app/index.ts'
import { ManualClock, MemoryLog } from '../../contract/index.ts'
import { ask, OpenAnswer, sayOverHttp, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'

/** What comes back on a connection that says `bytes`, until the host closes it. */
async function exchange(port: number, ...pieces: readonly (string | Buffer)[]): Promise<string> {
  const client = await LineClient.connect(port)
  for (const piece of pieces) await client.writeApart(piece)
  await client.closed()
  return client.bytes.toString()
}

const refusedWith = (status: number, code: string) =>
  expect.stringMatching(
    new RegExp(
      `^HTTP/1\\.1 ${status} [\\s\\S]*\\r\\nTamtam-Code: ${code}\\r\\n[\\s\\S]*\\r\\n\\{"code":"${code}","message":"[^"]+"\\}$`,
    ),
  )

const HOST = 'Host: localhost\r\n'
const close = 'Connection: close\r\n'

test('C99: 1000 headers, or a header of 1 MB, are refused', async () => {
  const { port } = await startHttpHost()
  const headers = (count: number) => Array.from({ length: count }, (_, index) => `X${index}: 1\r\n`).join('')
  const request = (more: string) => `GET /healthz HTTP/1.1\r\n${HOST}${close}${more}\r\n`
  expect(await exchange(port, request(headers(62)))).toMatch(/^HTTP\/1\.1 200 /)
  expect(await exchange(port, request(headers(63)))).toEqual(refusedWith(431, 'HEAD_TOO_LARGE'))
  expect(await exchange(port, request(headers(1000)))).toEqual(refusedWith(431, 'HEAD_TOO_LARGE'))
  expect(await exchange(port, request(`X: ${'a'.repeat(1_000_000)}\r\n`))).toEqual(refusedWith(431, 'HEAD_TOO_LARGE'))
  expect(await exchange(port, `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n`)).toEqual(refusedWith(431, 'HEAD_TOO_LARGE'))
  expect((await ask(port, 'GET /healthz')).status).toBe(200)
})

const POST = `POST /rooms/lobby/messages HTTP/1.1\r\n${HOST}Content-Type: text/plain\r\n`
const SMUGGLED: readonly (readonly [string, string])[] = [
  ['both lengths', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n'],
  ['the other way round', 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n'],
  ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
  ['a length with a sign', 'Content-Length: +5\r\n\r\nhello'],
  ['a negative length', 'Content-Length: -5\r\n\r\nhello'],
  ['a length in hexadecimal', 'Content-Length: 0x5\r\n\r\nhello'],
  ['a coding that is not known', 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
  ['a coding with a vertical tab', 'Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n'],
  ['chunked twice', 'Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
  ['a chunk size that is none', 'Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n'],
  ['a chunk size beyond all', `Transfer-Encoding: chunked\r\n\r\n${'f'.repeat(20)}\r\nhello`],
  ['a chunk without its line end', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n'],
  ['a space before the colon', 'Content-Length : 5\r\n\r\nhello'],
  ['a folded header', 'X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello'],
  ['a NUL in a header', 'X: a\0b\r\n\r\n'],
  ['two hosts', 'Host: evil.example\r\nContent-Length: 5\r\n\r\nhello'],
  ['bare line feeds', 'X: a\nY: b\n\n'],
]

test.each(SMUGGLED)('C99: a request with %s is refused, and nothing of it is said', async (_case, rest) => {
  const { port } = await startHttpHost()
  const answer = await exchange(port, POST + rest)
  expect(answer).toEqual(refusedWith(400, 'BAD_REQUEST'))
  expect((await ask(port, 'GET /rooms')).json).toEqual({ rooms: [] })
})

test.each([
  ['C92: PRI', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['C92: lower case', 'get / http/1.1\r\n\r\n', 400],
  ['C92: HTTP/0.9', 'GET /\r\n\r\n', 400],
  ['C92: HTTP/3.1', `GET / HTTP/3.1\r\n${HOST}\r\n`, 400],
  ['C92: a method of its own', `MIAOW / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['HTTP/1.1 without a host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['C94: a host without a name', 'GET / HTTP/1.1\r\nHost: \r\n\r\n', 421],
  ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n', 405],
])('%s is refused, and the connection closed', async (_case, hello, status) => {
  const { port } = await startHttpHost()
  expect(await exchange(port, hello)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
})

test('an expectation that is not known is refused; 100-continue only comes where the body is wanted', async () => {
  const { port } = await startHttpHost()
  const expecting = (what: string, path: string, host = 'localhost') =>
    `POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${close}Content-Type: text/plain\r\nContent-Length: 2\r\nExpect: ${what}\r\n\r\n`
  expect(await exchange(port, expecting('coffee', '/rooms/lobby/messages'))).toMatch(
    /^HTTP\/1\.1 417 [\s\S]*BAD_EXPECTATION/,
  )
  expect(await exchange(port, expecting('100-continue', '/rooms', 'evil.example'))).toMatch(/^HTTP\/1\.1 421 /)
  const client = await LineClient.connect(port)
  client.write(expecting('100-continue', '/rooms/lobby/messages'))
  await client.until(/^HTTP\/1\.1 100 Continue/)
  client.write('hi')
  await client.closed()
  expect(client.bytes.toString()).toMatch(/\r\n\r\nHTTP\/1\.1 201 /)
})

test('C68: a head that comes too slowly is cut, be it the first of its connection or a later one', async () => {
  const { port } = await startHttpHost({ http: { headMs: 1500 } })
  expect(await exchange(port, `GET /healthz HTTP/1.1\r\n${HOST}`)).toEqual(refusedWith(408, 'TIMEOUT'))
  const later = await exchange(port, `GET /healthz HTTP/1.1\r\n${HOST}\r\n`, 'GET /healthz HTTP/1.1\r\nX')
  expect(later.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 408'])
})

test.each(['GET /healthz HTTP/1.1', 'GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket'])(
  'C68: a head that comes byte by byte, without end, is cut in the same time: %j',
  async (head) => {
    expect(httpDefaults.headMs).toBe(10_000)
    const { port } = await startHttpHost({ http: { headMs: 200 } })
    const slow = await LineClient.connect(port)
    slow.write(`${head}\r\n${HOST}X: `)
    const drip = setInterval(() => slow.write('x'), 20)
    onTestFinished(() => clearInterval(drip))
    await slow.closed()
    expect(slow.bytes.toString()).toEqual(refusedWith(408, 'TIMEOUT'))
  },
)

test('a connection that waits for its next request is closed after a while', async () => {
  const { port } = await startHttpHost({ http: { idleMs: 100 } })
  expect(await exchange(port, `GET /healthz HTTP/1.1\r\n${HOST}\r\n`)).toMatch(/^HTTP\/1\.1 200 /)
})

test('C68: a body that does not grow ends its request', async () => {
  const clock = new ManualClock()
  const { port } = await startHttpHost({ overrides: { clock } })
  const client = await LineClient.connect(port)
  client.write(`${POST}Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhel`)
  await client.until(/^HTTP\/1\.1 100 Continue/)
  for (let seconds = 0; seconds < 30; seconds++) clock.advance(1000)
  expect(client.over).toBe('open')
  for (let seconds = 0; seconds < 30; seconds++) clock.advance(1000)
  await client.closed()
})

test('C99: a chunked body without end is refused at its limit, and what comes behind it is read over only for a moment', async () => {
  const { port } = await startHttpHost({ http: { lingerMs: 200 } })
  const client = await LineClient.connect(port)
  client.write(`${POST}Transfer-Encoding: chunked\r\n\r\n`)
  const chunk = `1000\r\n${'a'.repeat(4096)}\r\n`
  let written = 0
  while (client.over === 'open' && written < 200_000_000) {
    written += chunk.length
    if (!client.socket.write(chunk))
      await Promise.race([once(client.socket, 'drain'), once(client.socket, 'close')]).catch(() => {})
  }
  expect(client.over).not.toBe('open')
  expect(client.bytes.toString()).toMatch(/^HTTP\/1\.1 413 [\s\S]*TOO_LARGE/)
})

test('C99: many tiny chunks with much beside them are refused', async () => {
  const { port } = await startHttpHost()
  const answer = await exchange(
    port,
    `${POST}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(30_000)}\r\na\r\n0\r\n\r\n`,
  )
  expect(answer).toEqual(refusedWith(413, 'TOO_LARGE'))
})

test('C99: what comes pipelined is done and answered in order', async () => {
  const { port } = await startHttpHost()
  const client = await LineClient.connect(port)
  const requests = Array.from({ length: 60 }, (_, index) => {
    const text = `line ${index}`
    return `${POST}Content-Length: ${text.length}\r\n\r\n${text}`
  })
  client.write(requests.join('')).halfClose()
  await client.closed()
  const seqs = [...client.bytes.toString().matchAll(/"seq":(\d+)/g)].map(([, seq]) => Number(seq))
  expect(seqs).toEqual(Array.from({ length: 60 }, (_, index) => index + 1))
  const { json } = await ask(port, 'GET /rooms/lobby/events')
  expect((json as { events: { text: string }[] }).events.map(({ text }) => text)).toEqual(
    Array.from({ length: 60 }, (_, index) => `line ${index}`),
  )
})

test('C99: who pipelines without end is heard no more, and what it listens to goes on', async () => {
  const { port } = await startHttpHost()
  const stream = await LineClient.connect(port)
  stream.write(`GET /rooms/lobby/events HTTP/1.1\r\n${HOST}Accept: application/x-ndjson\r\n\r\n`)
  await stream.until(/^HTTP\/1\.1 200/)
  const noise = `${POST}Content-Length: 5\r\n\r\nnoise`.repeat(10_000)
  stream.write(noise)
  // All of it is read, and none of it is said.
  await expect.poll(() => stream.socket.bytesWritten - stream.socket.writableLength).toBeGreaterThan(noise.length)
  expect((await sayOverHttp(port, 'lobby', 'hello')).json).toMatchObject({ seq: 1 })
  await stream.until(/hello/)
})

test('a connection is kept for the next request, and closed when the host stops', async () => {
  const { port, stop } = await startHttpHost()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const sockets = new Set<unknown>()
  for (let count = 0; count < 3; count++) {
    const sent = request({ port, host: '127.0.0.1', path: '/healthz', agent }).end()
    const [response] = await once(sent, 'response')
    sockets.add(response.socket)
    response.resume()
    await once(response, 'end')
  }
  expect(sockets.size).toBe(1)
  const [socket] = Object.values(agent.freeSockets).flat()
  const closed = once(socket as NonNullable<typeof socket>, 'close')
  await stop()
  await closed
})

test('C90: an error of ours ends only its own request', async () => {
  const log = new MemoryLog()
  let fails = false
  const access: Access = () => {
    if (fails) throw new Error('a bug')
    return true
  }
  const { port } = await startHttpHost({ access, overrides: { log } })
  const stream = await OpenAnswer.of(port, 'GET /rooms/lobby/events', { headers: { Accept: 'application/x-ndjson' } })
  const ani = await LineClient.join(port, 'ani')
  fails = true
  const failed = await ask(port, 'GET /rooms/lobby')
  expect([failed.status, failed.json]).toEqual([500, { code: 'BUG', message: expect.any(String) }])
  expect(failed.text).not.toContain('a bug"')
  fails = false
  ani.write('still here\n')
  await stream.until(({ lines }) => lines.some((line) => line.includes('still here')))
  expect((await sayOverHttp(port, 'lobby', 'me too')).status).toBe(201)
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
})

test('C90: a connection that breaks in the middle of anything ends only itself', async () => {
  const { port } = await startHttpHost()
  for (const bytes of [
    `GET /rooms/lobby/events HTTP/1.1\r\n${HOST}Accept: text/event-stream\r\n\r\n`,
    `${POST}Content-Length: 100\r\n\r\nhalf`,
    `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\nhe`,
    `GET /rooms HTTP/1.1\r\n${HOST}\r\n`.repeat(20),
  ]) {
    const client = await LineClient.connect(port)
    await client.writeApart(bytes)
    client.reset()
  }
  expect((await ask(port, 'GET /healthz')).status).toBe(200)
  expect((await ask(port, 'GET /rooms')).status).toBe(200)
})
