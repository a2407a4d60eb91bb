import { expect, test } from 'vitest'
import { type Asked, ask, startHttpHost } from '../../harness/http-client.ts'
import { caughtUp, LineClient } from '../../harness/line-client.ts'

const PATHS = ['GET /rooms', 'GET /healthz', 'GET /nowhere', 'GET /%zz', 'POST /rooms/lobby/messages', 'OPTIONS *']

test.each([
  'evil.example',
  'evil.example:8268',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'x@127.0.0.1',
  '127.0.0.1/x',
  'tamtam.lan.evil.example',
  'tamtam',
  'example.org',
  'a.b.example.org',
  '[fe80::1%]evil.example]',
])('C94: a request for the host %j is misdirected, on every path', async (host) => {
  const { port } = await startHttpHost({ http: { hostNames: ['Tamtam.lan', '*.example.org'] } })
  for (const path of PATHS) {
    const answer = await ask(port, path, { headers: { Host: host } })
    expect([path, answer.status, answer.json]).toEqual([
      path,
      421,
      { code: 'MISDIRECTED', message: expect.any(String) },
    ])
  }
})

test.each([
  '127.0.0.1',
  '127.0.0.1:8268',
  '10.1.2.3:80',
  'localhost',
  'LOCALHOST:1',
  '[::1]',
  '[fe80::1]:8268',
  '[fe80::1%eth0]:8268',
  '[fe80::1%25eth0]',
  'localhost.',
  'tamtam.localhost:8268',
  'tamtam.lan',
  'tamtam.lan.:8268',
  'Tamtam.LAN:99',
  'xn--bro-hoa.lan',
  'chat.example.org',
])('C94: a request for the host %j is for this one', async (host) => {
  const { port } = await startHttpHost({ http: { hostNames: ['Tamtam.lan', 'b\u00fcro.lan', '*.example.org'] } })
  expect((await ask(port, 'GET /healthz', { headers: { Host: host } })).status).toBe(200)
})

test('C94: what a request names in full stands for its Host, as RFC 9112 has it', async () => {
  const { port } = await startHttpHost()
  const asked = (target: string, host: string, more = '') => `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`
  const socket =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
  const own = `http://127.0.0.1:${port}`
  for (const [request, status] of [
    [asked(`${own}/healthz`, 'evil.example'), 200],
    [asked(`HTTP://localhost/healthz?x`, 'localhost'), 200],
    [asked(own, 'localhost'), 404],
    [asked(`${own}/ws`, 'localhost', socket), 101],
    [asked(`${own}/ws`, 'localhost', `${socket}Origin: http://localhost\r\n`), 403],
    [asked('http://evil.example/healthz', 'localhost'), 421],
    [asked('http://evil.example/ws', 'localhost', socket), 421],
    [asked('http://x@127.0.0.1/healthz', 'localhost'), 421],
    [asked('http://', 'localhost'), 421],
  ] as const) {
    const client = await LineClient.connect(port)
    client.write(request)
    await client.until(/^HTTP\/1\.1 /)
    expect([request, client.lines[0]?.trim()]).toEqual([
      request,
      expect.stringMatching(new RegExp(`^HTTP/1\\.1 ${status} `)),
    ])
    client.leave()
  }
})

test('C94, C125: what a proxy is said to have forwarded is not looked at', async () => {
  const { port } = await startHttpHost()
  const forwarded = { 'X-Forwarded-Host': 'localhost', Forwarded: 'host=localhost', 'X-Original-URL': '/healthz' }
  expect((await ask(port, 'GET /rooms', { headers: { Host: 'evil.example', ...forwarded } })).status).toBe(421)
})

const FOREIGN: readonly (readonly [string, Asked])[] = [
  ['another site', { headers: { Origin: 'https://evil.example' } }],
  ['another port', { headers: { Origin: 'http://127.0.0.1:1' } }],
  ['another scheme', { headers: { Origin: 'https://127.0.0.1:8268' } }],
  ['another name of this machine', { headers: { Origin: 'http://localhost:8268' } }],
  ['another address with a zone', { headers: { Origin: 'http://[fe80::1%25eth0]:8268' } }],
  ['a sandboxed page', { headers: { Origin: 'null' } }],
  ['nothing that is one', { headers: { Origin: 'http://127.0.0.1:8268/path' } }],
  ['an image of another site', { headers: { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' } }],
  ['a page of the same site', { headers: { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'cors' } }],
]

test.each(FOREIGN)(
  'C91, C93: a request of the origin %s is refused, and nothing of it is said',
  async (_case, { headers }) => {
    const { port } = await startHttpHost()
    for (const path of PATHS) {
      const answer = await ask(port, path, {
        body: 'hi',
        headers: { Host: '127.0.0.1:8268', 'Content-Type': 'text/plain', ...headers },
      })
      expect([path, answer.status, answer.json]).toEqual([
        path,
        403,
        { code: 'FOREIGN_ORIGIN', message: expect.any(String) },
      ])
    }
    expect((await ask(port, 'GET /rooms')).json).toEqual({ rooms: [] })
  },
)

test('C93: a request of our own origin, of no page, or by a link that somebody follows is welcome', async () => {
  const { port } = await startHttpHost()
  for (const headers of [
    { Origin: 'http://127.0.0.1:8268', 'Sec-Fetch-Site': 'same-origin' },
    { Host: '[fe80::1%25eth0]:8268', Origin: 'http://[fe80::1%25eth0]:8268' },
    {},
    { 'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'navigate' },
    { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
  ])
    expect((await ask(port, 'GET /rooms', { headers: { Host: '127.0.0.1:8268', ...headers } })).status).toBe(200)
})

test('C93: a form that a page of another site sends is no link', async () => {
  const { port } = await startHttpHost()
  const headers = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Content-Type': 'text/plain' }
  expect((await ask(port, 'POST /rooms/lobby/messages', { body: 'hi', headers })).status).toBe(403)
})

test('C95: no answer has a CORS header, whatever is asked', async () => {
  const { port } = await startHttpHost()
  const preflight = {
    'Access-Control-Request-Method': 'PUT',
    'Access-Control-Request-Private-Network': 'true',
    'Access-Control-Request-Headers': 'authorization',
  }
  for (const origin of [{}, { Origin: 'https://evil.example' }, { Origin: `http://127.0.0.1:${port}` }])
    for (const path of [
      'OPTIONS /rooms',
      'OPTIONS /rooms/lobby/messages',
      'OPTIONS /files/x',
      'GET /rooms',
      'GET /nowhere',
    ]) {
      const { headers } = await ask(port, path, { headers: { ...preflight, ...origin } })
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
      expect(headers['x-content-type-options']).toBe('nosniff')
    }
})

test('C91: what a page posts to the port is never spoken as lines, on any of its connections', async () => {
  const { port } = await startHttpHost()
  const [ani, budi] = await Promise.all([LineClient.join(port, 'ani'), LineClient.join(port, 'budi')])
  const body = 'NICK x\nSEND y\n/nick evil\nhi all\n'
  const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: text/plain\r\n`
  for (const request of [
    `${head}Origin: http://evil.example\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    `${head}Content-Length: ${body.length}\r\n\r\n${body}${body}`,
    `${head}Content-Length: 2\r\n\r\n${body}`,
    `${head}\r\n${body}`,
    `${head}Transfer-Encoding: chunked\r\n\r\n${body}`,
  ]) {
    const page = await LineClient.connect(port)
    page.write(request)
    await page.closed()
    expect(page.bytes.toString()).toMatch(/^HTTP\/1\.1 4\d\d /)
  }
  await caughtUp(budi, ani)
  expect(ani.talk).toEqual([])
})
