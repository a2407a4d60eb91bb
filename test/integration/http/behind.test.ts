import { expect, test } from 'vitest'
import { ManualClock } from '../../contract/index.ts'
import { ask, OpenAnswer, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'

const HOST = 'Host: localhost\r\n'
const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
const post = (text: string, more = '') =>
  `POST /rooms/lobby/messages HTTP/1.1\r\n${HOST}${more}Content-Length: ${text.length}\r\n\r\n${text}`

/** What comes behind a request that is whole, and is no request, or none that is had there. */
const BEHIND: readonly (readonly [string, string | Buffer])[] = [
  ['more of a log that grows', 'line 2\nline 3\n'],
  ['a NUL', '\0'],
  ['a record of TLS', Buffer.from('16030100a5010000a1030300', 'hex')],
  ['a request line that is too long', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n`],
  ['a head that is too large', `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(20_000)}\r\n\r\n`],
  ['a head that ends within', 'GET /healthz HTTP/1.1\r\nX'],
  ['a length that is none', `POST / HTTP/1.1\r\n${HOST}Content-Length: x\r\n\r\n`],
  ['a tunnel', `CONNECT evil.example:443 HTTP/1.1\r\n${HOST}\r\n`],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a WebSocket', `GET /ws HTTP/1.1\r\n${HOST}${UPGRADE}Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`],
]

/** Everything that is done or asked for here, and how it is answered. */
const REQUESTS: readonly (readonly [string, string, number])[] = [
  ['PUT', `PUT /lobby/a.log HTTP/1.1\r\n${HOST}Content-Length: 7\r\n\r\nline 1\n`, 201],
  [
    'PUT in chunks, with a trailer',
    `PUT /lobby/a.log HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n7\r\nline 1\n\r\n0\r\nX: 1\r\n\r\n`,
    201,
  ],
  [
    'PUT that expects to go on',
    `PUT /lobby/a.log HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 1\r\n\r\na`,
    201,
  ],
  [
    'PUT that asks for a protocol that is not here',
    `PUT /lobby/a.log HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\na`,
    201,
  ],
  ['PUT of HTTP/1.0', 'PUT /lobby/a.log HTTP/1.0\r\nContent-Length: 1\r\n\r\na', 201],
  // Its body cannot be told from what comes behind it.
  ['PUT of HTTP/1.0 without a length', 'PUT /lobby/a.log HTTP/1.0\r\n\r\n', 400],
  ['a message', post('hello'), 201],
  ['a message that is the last one', post('hello', 'Connection: close\r\n'), 201],
  [
    'an upload of tus',
    `POST /rooms/lobby/files HTTP/1.1\r\n${HOST}Upload-Length: 3\r\nUpload-Metadata: filename YQ==\r\n\r\n`,
    201,
  ],
  ['DELETE', `DELETE /files/0123456789abcdef0123456789abcdef HTTP/1.1\r\n${HOST}\r\n`, 404],
  ['GET', `GET /rooms HTTP/1.1\r\n${HOST}\r\n`, 200],
  ['what is refused', `POST /healthz HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\na`, 405],
  ['what is not meant for us', `GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n`, 421],
]

const statuses = (client: LineClient) =>
  [...client.bytes.toString().matchAll(/HTTP\/1\.1 (\d+) (?!Continue)/g)].map(([, status]) => Number(status))

test.each(REQUESTS)('%s has its own answer, whatever comes behind it', async (_case, request, status) => {
  const { port } = await startHttpHost()
  for (const [what, behind] of BEHIND) {
    const client = await LineClient.connect(port)
    client.write(Buffer.concat([Buffer.from(request), Buffer.from(behind)])).halfClose()
    await client.closed()
    // Behind its answer comes at most that to what came.
    expect([what, statuses(client)[0], client.over]).toEqual([what, status, 'ended'])
    expect(
      statuses(client)
        .slice(1)
        .every((each) => each === 400),
    ).toBe(true)
  }
  expect((await ask(port, 'GET /healthz')).status).toBe(200)
})

test('what comes behind a request for another protocol is not waited for in vain: the connection ends', async () => {
  const { port } = await startHttpHost()
  const client = await LineClient.connect(port)
  const asks = `GET /rooms HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`
  client.write(`${asks}GET /healthz HTTP/1.1\r\n${HOST}\r\n`)
  await client.closed()
  expect([statuses(client), client.over]).toEqual([[200], 'ended'])
})

test('a large file is whole, and its sender told so, while more bytes than it has come in and go on coming', async () => {
  const { port } = await startHttpHost({ stores: 'kept' })
  const size = 3_000_000
  const client = await LineClient.connect(port)
  client.write(`PUT /lobby/large.log HTTP/1.1\r\n${HOST}Content-Length: ${size}\r\n\r\n`)
  const line = Buffer.alloc(100_000, 'z')
  for (let sent = 0; sent < 3 * size; sent += line.length) client.write(line)
  await client.until(/^HTTP\/1\.1 /)
  await client.closed()
  expect([statuses(client), client.over]).toEqual([[201], 'ended'])
  expect(JSON.parse(client.bytes.toString().split('\r\n\r\n')[1] ?? '')).toMatchObject({ size })
  expect(client.bytes.toString()).toContain('Connection: close')
})

test('an answer that waits is not replaced by what comes meanwhile', async () => {
  for (const behind of ['line 2\n', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n`, BEHIND.at(-1)?.[1] ?? '']) {
    const clock = new ManualClock()
    const { port } = await startHttpHost({
      http: { rateOnLoopback: true, linesPerSecond: 10, linesBurst: 1 },
      overrides: { clock },
      listen: { silentMs: 1_000_000 },
    })
    const waiting = clock.waiting
    const client = await LineClient.connect(port)
    client.write(post('one\ntwo\nthree'))
    await expect.poll(() => clock.waiting).toBeGreaterThan(waiting)
    await client.writeApart(behind, behind)
    expect(statuses(client)).toEqual([])
    // Only now is it said.
    const answered = () => client.until(/^HTTP\/1\.1 /)
    await expect
      .poll(() => {
        clock.advance(1000)
        return statuses(client)
      })
      .toEqual([201])
    await answered()
    client.halfClose()
    await client.closed()
    expect(client.over).toBe('ended')
  }
})

test('what was asked for one after the other on a connection is all answered, in order, before it ends', async () => {
  const { port } = await startHttpHost()
  const client = await LineClient.connect(port)
  client.write(`${post('one')}${post('two')}GET /nowhere HTTP/1.1\r\n${HOST}\r\n${post('three')}line 2\n`)
  await client.closed()
  expect([statuses(client), client.over]).toEqual([[201, 201, 404, 201], 'ended'])
})

test('a request that breaks off within its body is the one that is refused, behind those before it', async () => {
  const { port } = await startHttpHost()
  const broken = `POST /rooms/lobby/messages HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX`
  const alone = await LineClient.connect(port)
  await alone.writeApart(broken)
  await alone.closed()
  expect(statuses(alone)).toEqual([400])
  const behind = await LineClient.connect(port)
  await behind.writeApart(`${post('one')}${post('two')}${broken}`)
  await behind.closed()
  expect(statuses(behind)).toEqual([201, 201, 400])
  const { json } = await ask(port, 'GET /rooms/lobby/events')
  expect((json as { events: { text: string }[] }).events.map(({ text }) => text)).toEqual(['one', 'two'])
})

test('C99: of more requests than may wait on one connection those that may are answered', async () => {
  const { port } = await startHttpHost({ http: { pipelined: 4 } })
  const client = await LineClient.connect(port)
  client.write(Array.from({ length: 50 }, (_, index) => post(`line ${index}`)).join(''))
  await client.closed()
  const said = statuses(client)
  expect([said.length >= 5, new Set(said), client.over]).toEqual([true, new Set([201]), 'ended'])
  const { json } = await ask(port, 'GET /rooms/lobby')
  expect(json).toMatchObject({ last: said.length })
})

test('an early answer arrives although its request goes on', async () => {
  const { port } = await startHttpHost()
  for (const [head, status] of [
    [`PUT /lobby/a HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 30000000\r\n\r\n`, 421],
    [
      `PUT /lobby/a HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Range: bytes 1-2/3\r\nContent-Length: 30000000\r\n\r\n`,
      400,
    ],
    [`POST /healthz HTTP/1.0\r\nContent-Length: 30000000\r\n\r\n`, 405],
  ] as const) {
    const client = await LineClient.connect(port)
    client.write(head)
    const piece = Buffer.alloc(1_000_000)
    for (let count = 0; count < 30; count++) client.write(piece)
    await client.closed()
    expect([statuses(client), client.over]).toEqual([[status], 'ended'])
  }
})

test('a stream goes on, and nothing that comes on its connection is a request any more', async () => {
  const { port } = await startHttpHost()
  const stream = await OpenAnswer.of(port, 'GET /rooms/lobby/events', { headers: { Accept: 'application/x-ndjson' } })
  stream.response.socket.write('what is this')
  expect((await ask(port, 'POST /rooms/lobby/messages', { body: 'hello' })).status).toBe(201)
  await stream.until(({ lines }) => lines.some((line) => line.includes('hello')))
})

test.each([
  ['a request', 'GET / HTTP/1.1\r\n\r\n'],
  ['a line that is too long', `${'a'.repeat(5000)}\n`],
  ['a file that nobody may send', '/put x y\n'],
  ['an end', ''],
])('a file on the line protocol has its answer before what comes behind it: %s', async (_case, behind) => {
  const { port } = await startHttpHost({ stores: 'kept' })
  const client = await LineClient.connect(port)
  client.write(`/put 5 a.txt\nhello${behind}`).halfClose()
  await client.until(/^\* .*a\.txt.* sha256 /)
  if (behind !== '') await client.until(/^! /)
  const told = client.lines.findIndex((line) => line.includes('a.txt'))
  expect(client.errors.every((error) => client.lines.indexOf(error) > told)).toBe(true)
  client.leave()
})
