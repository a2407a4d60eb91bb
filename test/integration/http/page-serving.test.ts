import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { compose } from '#app/compose.ts'
import { createTamtam } from '#app/index.ts'
import { memoryPair } from '#server/memory/pair.ts'
import { putFile } from '../../harness/files.ts'
import { type Asked, ask, startHttpHost } from '../../harness/http-client.ts'

const withEncoding = (coding: string): Asked => ({ headers: { 'Accept-Encoding': coding } })

/** The scripts and styles that the page names. */
async function assetsOf(port: number): Promise<readonly string[]> {
  const { text } = await ask(port, 'GET /')
  return [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)
}

test('C96: the page says what it may do, and writes no script and no style into itself', async () => {
  const { port } = await startHttpHost({ page: true })
  const { status, headers, text } = await ask(port, 'GET /', { headers: { 'Sec-Fetch-Dest': 'document' } })
  expect([status, headers['content-type'], headers['cache-control']]).toEqual([
    200,
    'text/html; charset=utf-8',
    'no-cache',
  ])
  const policy = String(headers['content-security-policy']).split('; ')
  for (const part of [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' blob:",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ])
    expect(policy).toContain(part)
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  })
  // A browser for which the address is not secure ignores it, and writes that into its console.
  expect((await ask(port, 'GET /')).headers).not.toHaveProperty('cross-origin-opener-policy')
  expect(text).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\son\w+=/)
  expect((await assetsOf(port)).length).toBeGreaterThan(1)
})

test('what has its digest in its name is kept for a year, and each form has a tag of its own', async () => {
  const { port } = await startHttpHost({ page: true })
  const script = (await assetsOf(port)).find((path) => path.endsWith('.js'))
  const plain = await ask(port, `GET ${script}`)
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(plain.headers['content-encoding']).toBeUndefined()
  const brotli = await ask(port, `GET ${script}`, withEncoding('gzip, deflate, br'))
  const gzip = await ask(port, `GET ${script}`, withEncoding('gzip;q=0.5, br;q=0'))
  expect([brotli.headers['content-encoding'], gzip.headers['content-encoding']]).toEqual(['br', 'gzip'])
  expect(brotliDecompressSync(brotli.bytes)).toEqual(plain.bytes)
  expect(gunzipSync(gzip.bytes)).toEqual(plain.bytes)
  const tags = [plain, brotli, gzip].map(({ headers }) => headers.etag)
  expect(new Set(tags).size).toBe(3)
  for (const { headers } of [plain, brotli, gzip]) expect(headers.vary).toContain('Accept-Encoding')
  const known = { headers: { 'Accept-Encoding': 'br', 'If-None-Match': brotli.headers.etag ?? '' } }
  expect(await ask(port, `GET ${script}`, known)).toMatchObject({ status: 304, text: '' })
  const head = await ask(port, `HEAD ${script}`)
  expect([head.status, head.headers['content-length'], head.text]).toEqual([200, String(plain.bytes.length), ''])
})

test('the first view of the page is at most 75 kB compressed, in at most 6 requests', async () => {
  const { port } = await startHttpHost({ page: true })
  // Its larger icon and its manifest are for those who put it on their home screen.
  const assets = (await assetsOf(port)).filter((path) => !/\.(?:png|webmanifest)$/.test(path))
  const main = assets.filter((path) => path.endsWith('.js'))
  // With the page itself, its language, and the list of rooms.
  expect(assets.length + 3).toBeLessThanOrEqual(6)
  const texts = await Promise.all(main.map(async (path) => (await ask(port, `GET ${path}`)).text))
  const workers = texts.flatMap((text) => text.match(/[\w-]*worker-[\w-]*\.js/g) ?? [])
  expect(workers).toHaveLength(1)
  const bytesOf = async (scripts: readonly string[]) => {
    const asked = scripts.map((path) => ask(port, `GET ${path}`, withEncoding('gzip')))
    return (await Promise.all(asked)).reduce((total, { bytes }) => total + bytes.length, 0)
  }
  // Each reader loads the messages of one language besides.
  const named = (shape: RegExp) => texts.flatMap((text) => (text.match(shape) ?? []).map((name) => `/assets/${name}`))
  const english = named(/page\.en-[\w-]+\.js/g)
  const indonesian = named(/(?:page\.id|errors)-[\w-]+\.js/g)
  expect([english.length, indonesian.length]).toEqual([1, 2])
  for (const language of [english, indonesian]) {
    const sum = await bytesOf(['/', ...assets, ...language])
    expect(sum).toBeGreaterThan(1000)
    expect(sum).toBeLessThanOrEqual(75_000)
  }
})

test('a phone can keep the page on its home screen, under an icon of its own', async () => {
  const { port } = await startHttpHost({ page: true })
  const path = (await assetsOf(port)).find((each) => each.endsWith('.webmanifest'))
  const manifest = await ask(port, `GET ${path}`)
  expect(manifest.headers['content-type']).toMatch(/^application\/manifest\+json/)
  const { display, icons, start_url: start } = JSON.parse(manifest.text)
  const at = `http://127.0.0.1${path}`
  expect([display, new URL(start, at).pathname, icons.length]).toEqual(['standalone', '/', 2])
  for (const { src, type } of icons) {
    const icon = await ask(port, `GET ${new URL(src, at).pathname}`)
    expect([icon.status, icon.headers['content-type'], icon.bytes.subarray(1, 4).toString()]).toEqual([
      200,
      type,
      'PNG',
    ])
  }
})

test('only the files of the build are served, whatever the path says', async () => {
  const { port } = await startHttpHost({ page: true })
  for (const path of [
    '/index.html',
    '/.stamp',
    '/assets/',
    '/assets/..%2f.stamp',
    '/assets/../../package.json',
    '/%2e%2e/',
  ])
    expect([path, [404, 405].includes((await ask(port, `GET ${path}`)).status)]).toEqual([path, true])
})

test('C91, C94: the page is for nobody who asks for another host or comes from another origin', async () => {
  const { port } = await startHttpHost({ page: true })
  for (const path of ['/', ...(await assetsOf(port))]) {
    expect((await ask(port, `GET ${path}`, { headers: { Host: 'evil.example' } })).status).toBe(421)
    const shown = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }
    expect((await ask(port, `GET ${path}`, { headers: shown })).status).toBe(403)
  }
})

test('a host that was not told to has no page', async () => {
  const { port } = await startHttpHost()
  expect((await ask(port, 'GET /')).status).toBe(404)
})

test('inside an HTTP server of somebody else the page is there when asked for', async () => {
  const tamtam = createTamtam({ page: true })
  await tamtam.start()
  const server = createServer((request, response) => {
    if (!tamtam.handler.request(request, response)) response.end('the shop')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    await tamtam.stop()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  expect((await ask(port, 'GET /?from=mail')).headers['content-type']).toMatch(/^text\/html/)
  for (const path of await assetsOf(port)) expect((await ask(port, `GET ${path}`)).status).toBe(200)
  expect((await ask(port, 'GET /prices')).text).toBe('the shop')
})

test('how the host is doing is told on this machine, and is not there for anybody else', async () => {
  const { port } = await startHttpHost({ page: true })
  const { headers, status } = await ask(port, 'GET /status')
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
  await putFile(port, 'a.txt', 'some')
  const facts = (await ask(port, 'GET /status/facts')).json
  expect(facts).toMatchObject({
    rooms: [{ name: 'lobby', members: 0, last: 2 }],
    transfers: [],
    values: { tamtam_received_bytes_total: 4, tamtam_connections: expect.any(Number) },
  })

  const server = compose({ page: true }).http
  await server.open()
  onTestFinished(() => server.close('', 0))
  for (const path of ['/status', '/status/facts', '/status?x=1'])
    for (const more of ['', 'X-Forwarded-For: 127.0.0.1\r\n', 'Authorization: Bearer x\r\n']) {
      const [near, far] = memoryPair()
      const head = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 10.0.0.5\r\n${more}Connection: close\r\n\r\n`)
      server.accept({ connection: near, address: '10.0.0.1', loopback: false, head })
      expect(await text(far)).toMatch(/^HTTP\/1\.1 404 .*"code":"NOT_FOUND"/s)
    }
})
