import { describe, expect, test } from 'vitest'
import { httpDefaults } from '#app/defaults.ts'
import { sampleBytes, sha256Of } from '../../harness/bytes.ts'
import { filesOf, putFile } from '../../harness/files.ts'
import { type Asked, ask, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { Sender } from '../../harness/sender.ts'
import { TurnClock } from '../../harness/turns.ts'

const bytes = sampleBytes(1000)
const sha256 = sha256Of(bytes)
const etag = `"${sha256}"`

async function withFile(body: Buffer | string = bytes, name = 'a.bin') {
  const { port, tamtam } = await startHttpHost()
  const file = await putFile(port, name, body)
  const get = (headers: Asked['headers'] = {}, method = 'GET') => ask(port, `${method} ${file.url}`, { headers })
  return { port, tamtam, file, get }
}

describe('C116: a Range on a whole file of 1000 bytes', () => {
  test.each([
    ['bytes=0-', 206, 0, 1000],
    ['bytes=0-0', 206, 0, 1],
    ['bytes=10-19', 206, 10, 20],
    ['bytes=999-', 206, 999, 1000],
    ['bytes=990-2000', 206, 990, 1000],
    ['bytes=-10', 206, 990, 1000],
    ['bytes=-5000', 206, 0, 1000],
    ['bytes=0-,0-,0-', 200, 0, 1000],
    ['bytes=0-1,5-6', 200, 0, 1000],
    ['bytes=9-5', 200, 0, 1000],
    ['lines=1-2', 200, 0, 1000],
  ])('%s is answered %i', async (range, status, from, to) => {
    const { get } = await withFile()
    const answer = await get({ Range: range })
    expect(answer.status).toBe(status)
    expect(answer.bytes.equals(bytes.subarray(from, to))).toBe(true)
    expect(answer.headers['content-length']).toBe(String(to - from))
    expect(answer.headers['content-range']).toBe(status === 206 ? `bytes ${from}-${to - 1}/1000` : undefined)
    expect(answer.headers['content-type']).toBe('application/octet-stream')
    expect(answer.headers.etag).toBe(etag)
  })

  test.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=99999999999999999999-', 'bytes=-0'])(
    '%s is answered 416',
    async (range) => {
      const { get } = await withFile()
      const answer = await get({ Range: range })
      expect(answer).toMatchObject({ status: 416, json: { code: 'BAD_RANGE' } })
      expect(answer.headers['content-range']).toBe('bytes */1000')
    },
  )

  test.each([
    [etag, 206],
    [`W/${etag}`, 200],
    ['"other"', 200],
    ['the date', 206],
    [new Date(0).toUTCString(), 200],
  ])('with If-Range %s it is answered %i', async (ifRange, status) => {
    const { get } = await withFile()
    const { headers } = await get()
    const named = ifRange === 'the date' ? (headers['last-modified'] ?? '') : ifRange
    const answer = await get({ Range: 'bytes=5-9', 'If-Range': named })
    expect(answer.status).toBe(status)
    expect(answer.bytes.length).toBe(status === 206 ? 5 : 1000)
  })

  test('counts for GET only', async () => {
    const { get } = await withFile()
    expect((await get({ Range: 'bytes=5-9' }, 'HEAD')).status).toBe(200)
  })

  test('answers of one connection come one after the other, each exact', async () => {
    const { port, file } = await withFile()
    const client = await LineClient.connect(port)
    const asked = (range: string) => `GET ${file.url} HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=${range}\r\n`
    client.write(`${asked('0-9')}\r\n${asked('10-19')}\r\n${asked('20-29')}Connection: close\r\n\r\n`)
    await client.until(({ over }) => over !== 'open')
    const parts = [0, 10, 20].map((from) => client.bytes.indexOf(bytes.subarray(from, from + 10)))
    expect(parts.every((at) => at > 0)).toBe(true)
    expect(parts).toEqual(parts.toSorted((one, other) => one - other))
  })
})

describe('what a client has already', () => {
  test.each([etag, `W/${etag}`, `"x", ${etag}`, '*'])('is not sent again for If-None-Match %s', async (known) => {
    const { get } = await withFile()
    for (const method of ['GET', 'HEAD']) {
      const answer = await get({ 'If-None-Match': known, Range: 'bytes=0-4' }, method)
      expect(answer).toMatchObject({ status: 304, text: '' })
      expect(answer.headers.etag).toBe(etag)
    }
  })

  test('HEAD says what GET says, without the bytes', async () => {
    const { get } = await withFile()
    const { date: _one, ...ofGet } = (await get()).headers
    const answer = await get({}, 'HEAD')
    const { date: _other, ...ofHead } = answer.headers
    expect(ofHead).toEqual(ofGet)
    expect(answer.text).toBe('')
    expect(ofGet).toMatchObject({
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'repr-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
      'last-modified': expect.stringMatching(/GMT$/),
    })
  })

  test('HEAD of an empty file', async () => {
    const { get } = await withFile('')
    const { headers } = await get({}, 'HEAD')
    expect(headers).toMatchObject({ 'content-length': '0', etag: `"${sha256Of(Buffer.alloc(0))}"` })
  })
})

describe('C97: a file is never a page of ours', () => {
  const harmless = {
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'same-origin',
  }

  test.each([
    ['x.svg', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
    ['x.html', '<!doctype html><script>alert(1)</script>'],
    ['x.png', '<html><script>alert(1)</script>'],
    ['x.pdf', '%PDF-1.7'],
    ['x.js', 'alert(1)'],
  ])('%s is for download, whatever its sender says it is', async (name, body) => {
    const { port } = await startHttpHost()
    const claimed = { 'Content-Type': 'text/html' }
    const { json } = await ask(port, `PUT /lobby/${name}`, { body, headers: claimed })
    const { headers } = await ask(port, `GET ${(json as { url: string }).url}`)
    expect(headers).toMatchObject({ ...harmless, 'content-type': 'application/octet-stream' })
    expect(headers['content-disposition']).toMatch(/^attachment; /)
  })

  test.each([
    ['image/png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    ['image/jpeg', Buffer.from('ffd8ffe000104a464946', 'hex')],
    ['image/gif', Buffer.from('GIF89a/*<html>*/')],
    ['image/webp', Buffer.from('RIFF$   WEBPVP8 ')],
  ])('%s by its first bytes may be shown, under the same guard', async (type, body) => {
    const { get } = await withFile(body, 'x.html')
    const answers = [await get(), await get({ Range: 'bytes=2-' }), await get({}, 'HEAD')]
    for (const { headers } of answers) {
      expect(headers).toMatchObject({ ...harmless, 'content-type': type })
      expect(headers['content-disposition']).toMatch(/^inline; /)
    }
  })
})

describe('C96, C98: names are only data', () => {
  test('every byte in a name gives an answer with one Content-Disposition, that holds the name of the room', async () => {
    const { port } = await startHttpHost()
    for (let byte = 0; byte < 256; byte++) {
      const escaped = `a%${byte.toString(16).padStart(2, '0')}b`
      const sent = await ask(port, `PUT /lobby/${escaped}`, { body: 'x' })
      if (byte === 0) {
        expect({ byte, status: sent.status }).toEqual({ byte, status: 400 })
        continue
      }
      expect({ byte, status: sent.status }).toEqual({ byte, status: 201 })
      const { url, name } = sent.json as { url: string; name: string }
      // Bytes of another encoding are none of UTF-8.
      if (byte >= 0x80) expect(name).toBe('a\ufffdb')
      const { headers, status } = await ask(port, `GET ${url}`)
      expect({ byte, status }).toEqual({ byte, status: 200 })
      expect(headers['set-cookie']).toBeUndefined()
      const [, quoted, extended] =
        /^attachment; filename="([^"]*)"(?:; filename\*=UTF-8''(.*))?$/.exec(headers['content-disposition'] ?? '') ?? []
      expect(decodeURIComponent(extended ?? quoted ?? 'none')).toBe(name)
    }
  })

  test.each([
    '<img src=x onerror=alert(1)>.txt',
    '"onmouseover="alert(1)',
    'a"\r\nSet-Cookie: x=1\r\n\r\n<html>',
    '</script><script>alert(1)</script>',
    'javascript:alert(1)',
    '🎵 Übung.mp3',
  ])('%j comes back as text of JSON and of headers', async (name) => {
    const { port, file, get } = await withFile('x', name)
    expect((await filesOf(port))[0]?.name).toBe(file.name)
    const { headers } = await get()
    expect(headers['content-disposition']).toMatch(
      /^attachment; filename="[^"\r\n]*"(; filename\*=UTF-8''[\w%.~!-]+)?$/,
    )
    expect(headers['set-cookie']).toBeUndefined()
  })

  test.each([
    ['%', '%'],
    ['%zz', '%zz'],
    ['100%.txt', '100%.txt'],
    ['%c3', '\ufffd'],
    ['a%ff', 'a\ufffd'],
  ])(
    '%s goes in as %j: a sign that begins no escape is itself, and what is no UTF-8 is marked',
    async (escaped, name) => {
      const { port } = await startHttpHost()
      for (const path of [`/lobby/${escaped}`, `/rooms/lobby/files/${escaped}`])
        expect(await ask(port, `PUT ${path}`, { body: 'x' })).toMatchObject({ status: 201, json: { name } })
    },
  )
})

describe('a file that is still arriving', () => {
  test('has no ETag and is not cached; its answer ends when it is whole', async () => {
    const { port } = await startHttpHost()
    const sender = Sender.open(port, 'PUT /lobby/live', {})
    await sender.send(bytes)
    await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('arriving')
    const [file] = await filesOf(port)
    const url = `http://127.0.0.1:${port}${file?.url}`
    const asked = await fetch(url, { headers: { 'If-None-Match': '*' } })
    const part = await fetch(url, { headers: { Range: 'bytes=990-' } })
    sender.end(bytes)
    expect(Buffer.from(await asked.bytes()).equals(Buffer.concat([bytes, bytes]))).toBe(true)
    expect(asked.headers.get('cache-control')).toBe('no-store')
    expect(asked.headers.get('etag')).toBeNull()
    expect(part.status).toBe(206)
    // RFC 8673: an end that nobody knows yet.
    expect(part.headers.get('content-range')).toBe(`bytes 990-${Number.MAX_SAFE_INTEGER - 1}/*`)
    expect(Buffer.from(await part.bytes()).equals(Buffer.concat([bytes.subarray(990), bytes]))).toBe(true)
  })

  test('C116: of more readers than a host sends to at once each is answered, none costs the others, and chat goes on', async () => {
    const { port } = await startHttpHost()
    const sender = Sender.open(port, 'PUT /lobby/live', {})
    await sender.send(bytes)
    await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('arriving')
    const [file] = await filesOf(port)
    const readers = await Promise.all(
      Array.from({ length: httpDefaults.downloads + 50 }, async () => {
        const reader = await LineClient.connect(port)
        reader.write(`GET ${file?.url} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
        await reader.until(/^HTTP\/1\.1 /)
        return reader.pause()
      }),
    )
    const answered = (status: number) =>
      readers.filter(({ lines }) => lines[0]?.startsWith(`HTTP/1.1 ${status}`)).length
    expect([answered(200), answered(503)]).toEqual([httpDefaults.downloads, 50])
    const [ani, budi] = [await LineClient.join(port, 'ani'), await LineClient.join(port, 'budi')]
    ani.write('halo\n')
    await budi.until('<ani> halo')
    sender.end(bytes)
    expect((await sender.answer).status).toBe(201)
  })

  test('C116 is followed by no more readers than the host sends to, and those that leave make room', async () => {
    const { port } = await startHttpHost({ http: { downloads: 1 } })
    const sender = Sender.open(port, 'PUT /lobby/live', {})
    await sender.send(bytes)
    await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('arriving')
    const [file] = await filesOf(port)
    const first = await LineClient.connect(port)
    first.write(`GET ${file?.url} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    await first.until(({ bytes: got }) => got.indexOf(bytes.subarray(0, 100)) > 0)
    const refused = await ask(port, `GET ${file?.url}`)
    expect(refused).toMatchObject({ status: 503, json: { code: 'BUSY' }, headers: { 'retry-after': '5' } })
    // It waits for a sender that says nothing: leaving must end it all the same.
    first.socket.destroy()
    const again = () => fetch(`http://127.0.0.1:${port}${file?.url}`)
    await expect.poll(async () => (await again()).status).toBe(200)
  })

  test('C116: readers that do not read keep nobody from files for long: the one that stands still for longest makes place', async () => {
    const clock = new TurnClock()
    const { port } = await startHttpHost({
      http: { downloads: 2 },
      overrides: { clock },
      listen: { silentMs: 1_000_000 },
    })
    const file = await putFile(port, 'large.bin', sampleBytes(20_000_000))
    const still = async () => {
      const reader = await LineClient.connect(port, { keepBytes: false })
      reader.write(`GET ${file.url} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      await reader.until(/^HTTP\/1\.1 200/)
      return reader.pause()
    }
    const oldest = await still()
    clock.advance(3000)
    const other = await still()
    expect((await ask(port, `GET ${file.url}`)).status).toBe(503)
    clock.advance(3000)
    expect((await ask(port, `GET ${file.url}`)).bytes).toHaveLength(20_000_000)
    await oldest.resume().closed()
    // The other has not stood still for as long.
    const last = await still()
    expect((await ask(port, `GET ${file.url}`)).status).toBe(503)
    // The host would wait for them, and its time stands still.
    for (const reader of [other, last]) reader.reset()
  })

  test('C116: whoever has far more downloads than somebody else makes place for them at once', async () => {
    const clock = new TurnClock()
    const { port } = await startHttpHost({
      http: { downloads: 3 },
      overrides: { clock },
      listen: { silentMs: 1_000_000 },
    })
    const file = await putFile(port, 'large.bin', sampleBytes(20_000_000))
    const greedy: LineClient[] = []
    for (let index = 0; index < 3; index++) {
      const reader = await LineClient.connect(port, { keepBytes: false })
      reader.write(`GET ${file.url} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      await reader.until(/^HTTP\/1\.1 200/)
      greedy.push(reader.pause())
    }
    expect((await ask(port, `GET ${file.url}`)).status).toBe(503)
    expect((await ask(port, `GET ${file.url}`, { as: 'ani' })).bytes).toHaveLength(20_000_000)
    for (const reader of greedy) reader.reset()
  })
})
