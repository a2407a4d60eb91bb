import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { reprDigestOf, sampleBytes, sha256Of } from '../../harness/bytes.ts'
import { filesOf, putFile } from '../../harness/files.ts'
import { ask, startHttpHost } from '../../harness/http-client.ts'
import { Sender } from '../../harness/sender.ts'

const bytes = sampleBytes(10_000)
const VERSION = { 'Tus-Resumable': '1.0.0' }
const TYPE = { 'Content-Type': 'application/offset+octet-stream' }
const base64 = (text: string) => Buffer.from(text).toString('base64')
const digest = (algorithm: string, of: Uint8Array) =>
  `${algorithm} ${createHash(algorithm).update(of).digest('base64')}`

async function begun(headers: Record<string, string> = { 'Upload-Length': '10000' }) {
  const host = await startHttpHost({ stores: 'kept' })
  const { port } = host
  const created = await ask(port, 'POST /rooms/lobby/files', { headers: { ...VERSION, ...headers } })
  expect(created).toMatchObject({ status: 201, headers: { 'tus-resumable': '1.0.0' } })
  const path = String(created.headers.location)
  const patch = (offset: number | string, body: Buffer, more: Record<string, string> = {}) =>
    ask(port, `PATCH ${path}`, { body, headers: { ...VERSION, ...TYPE, 'Upload-Offset': String(offset), ...more } })
  const offset = async () => (await ask(port, `HEAD ${path}`, { headers: VERSION })).headers['upload-offset']
  return { ...host, created, path, patch, offset }
}

describe('what of tus there is', () => {
  test.each(['/rooms/lobby/files', '/files/abc'])('OPTIONS %s tells', async (path) => {
    const { port } = await startHttpHost()
    const { status, headers } = await ask(port, `OPTIONS ${path}`)
    expect(status).toBe(204)
    expect(headers).toMatchObject({
      'tus-version': '1.0.0',
      'tus-extension': 'creation,creation-with-upload,creation-defer-length,termination,checksum,expiration',
      'tus-checksum-algorithm': 'sha1,sha256',
    })
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test.each(['POST /rooms/lobby/files', 'HEAD /files/abc', 'PATCH /files/abc', 'DELETE /files/abc'])(
    '%s of another version is 412, and does nothing',
    async (line) => {
      const { port } = await startHttpHost()
      const answer = await ask(port, line, { headers: { 'Tus-Resumable': '0.2.2', 'Upload-Length': '5' } })
      expect(answer).toMatchObject({
        status: 412,
        headers: { 'tus-version': '1.0.0', 'tus-resumable': '1.0.0', 'tamtam-code': 'WRONG_PROTOCOL' },
      })
      expect(await filesOf(port)).toEqual([])
    },
  )
})

describe('a creation', () => {
  test('answers where the upload is, how far, and until when', async () => {
    const { created, port, path } = await begun({
      'Upload-Length': '10000',
      'Upload-Metadata': `filename ${base64('ä.txt')}`,
    })
    expect(created.headers).toMatchObject({ 'upload-offset': '0', 'upload-length': '10000' })
    expect(path).toMatch(/^\/files\/[0-9a-f]{32}$/)
    const { headers } = await ask(port, `HEAD ${path}`, { headers: VERSION })
    expect(headers).toMatchObject({
      'upload-offset': '0',
      'upload-length': '10000',
      'upload-metadata': `filename ${base64('ä.txt')}`,
      'cache-control': 'no-store',
    })
    const expiresMs = Date.parse(String(headers['upload-expires'])) - Date.now()
    // Of what has not come a byte of, no place is kept for a day; HTTP dates are of whole seconds.
    expect(expiresMs).toBeGreaterThan(60_000)
    expect(expiresMs).toBeLessThan(121_000)
  })

  test.each([
    ['no length', {}, 400],
    ['a negative length', { 'Upload-Length': '-1' }, 400],
    ['a length of 2^53', { 'Upload-Length': '9007199254740992' }, 400],
    ['a length and none', { 'Upload-Length': '5', 'Upload-Defer-Length': '1' }, 400],
    ['a length over the limit', { 'Upload-Length': '9007199254740991' }, 413],
    ['metadata that are none', { 'Upload-Length': '5', 'Upload-Metadata': 'a b c' }, 400],
    ['parts to be put together', { 'Upload-Length': '5', 'Upload-Concat': 'partial' }, 400],
    ['a name that is a directory', { 'Upload-Length': '5', 'Upload-Metadata': `filename ${base64('..')}` }, 400],
    ['a body of another type', { 'Upload-Length': '5', 'Content-Type': 'text/plain', 'Content-Length': '5' }, 415],
  ])('C108: with %s is refused', async (_what, headers, status) => {
    const { port } = await startHttpHost()
    const body = 'Content-Length' in headers ? { body: 'halo!' } : {}
    const answer = await ask(port, 'POST /rooms/lobby/files', { headers: { ...VERSION, ...headers }, ...body })
    expect(answer.status).toBe(status)
    expect(await filesOf(port)).toEqual([])
  })
})

describe('C108: an offset', () => {
  test.each(['1', '9999', '10000', '10001', '1000000000000', '9007199254740991'])(
    '%s that is not where the upload goes on is 409 with the right one, and changes nothing',
    async (wrong) => {
      const { patch, offset } = await begun()
      const answer = await patch(wrong, bytes.subarray(0, 10))
      expect(answer).toMatchObject({ status: 409, json: { code: 'BAD_OFFSET' }, headers: { 'upload-offset': '0' } })
      expect(await offset()).toBe('0')
      expect((await patch(0, bytes)).status).toBe(204)
    },
  )

  test.each(['-1', '', 'abc', '1.5', '0x10', '9007199254740992', '5abc'])(
    '`%s` is none, and is refused',
    async (wrong) => {
      const { patch, offset } = await begun()
      expect(await patch(wrong, bytes)).toMatchObject({ status: 400, json: { code: 'BAD_REQUEST' } })
      expect(await offset()).toBe('0')
    },
  )

  test('behind what was sent is 409: no byte is written twice', async () => {
    const { patch, offset } = await begun()
    await patch(0, bytes.subarray(0, 6000))
    expect(await patch(5000, bytes.subarray(5000))).toMatchObject({ status: 409, headers: { 'upload-offset': '6000' } })
    expect(await offset()).toBe('6000')
  })

  test('with more bytes than there is room for is 413, and changes nothing', async () => {
    const { patch, offset } = await begun()
    expect(await patch(0, sampleBytes(10_001))).toMatchObject({ status: 413, json: { code: 'FILE_TOO_LARGE' } })
    expect(await offset()).toBe('0')
  })

  test('of a file that is whole is 409, unless it is its end and nothing comes', async () => {
    const { patch } = await begun()
    await patch(0, bytes)
    expect(await patch(0, bytes)).toMatchObject({ status: 409, headers: { 'upload-offset': '10000' } })
    expect(await patch(10_000, Buffer.alloc(0))).toMatchObject({ status: 204, headers: { 'upload-offset': '10000' } })
  })

  test('comes with bytes of the type that tus wants', async () => {
    const { patch, offset } = await begun()
    expect((await patch(0, bytes, { 'Content-Type': 'text/plain' })).status).toBe(415)
    expect(await offset()).toBe('0')
  })
})

describe('a length that is told later', () => {
  test('with the last bytes, or behind them', async () => {
    for (const last of [bytes.subarray(4000), Buffer.alloc(0)]) {
      const { patch, port, path } = await begun({ 'Upload-Defer-Length': '1' })
      const first = last.length === 0 ? bytes : bytes.subarray(0, 4000)
      const part = await patch(0, first)
      expect(part).toMatchObject({ status: 204, headers: { 'upload-defer-length': '1' } })
      expect((await patch(first.length, last, { 'Upload-Length': '10000' })).status).toBe(204)
      expect((await ask(port, `GET ${path}`)).bytes.equals(bytes)).toBe(true)
    }
  })

  test('is refused below what came, and where it was told otherwise', async () => {
    const { patch, offset } = await begun({ 'Upload-Defer-Length': '1' })
    await patch(0, bytes.subarray(0, 5000))
    expect((await patch(5000, bytes.subarray(5000), { 'Upload-Length': '4999' })).status).toBe(409)
    expect((await patch(5000, bytes.subarray(5000, 6000), { 'Upload-Length': '10000' })).status).toBe(204)
    expect((await patch(6000, bytes.subarray(6000), { 'Upload-Length': '20000' })).status).toBe(409)
    expect(await offset()).toBe('6000')
  })
})

describe('Upload-Checksum', () => {
  test.each(['sha1', 'sha256'])('%s that is right lets the bytes in', async (algorithm) => {
    const { patch, port, path } = await begun()
    const sum = (of: Buffer) => ({ 'Upload-Checksum': digest(algorithm, of) })
    const [first, rest] = [bytes.subarray(0, 3000), bytes.subarray(3000)]
    expect((await patch(0, first, sum(first))).status).toBe(204)
    expect((await patch(3000, rest, sum(rest))).status).toBe(204)
    expect((await ask(port, `GET ${path}`)).bytes.equals(bytes)).toBe(true)
  })

  test('that is wrong is 460, and nothing of these bytes stays', async () => {
    const { patch, offset } = await begun()
    const wrong = await patch(0, bytes, { 'Upload-Checksum': digest('sha256', Buffer.from('other')) })
    expect(wrong).toMatchObject({ status: 460, json: { code: 'HASH_MISMATCH' }, headers: { 'upload-offset': '0' } })
    expect(await offset()).toBe('0')
    expect((await patch(0, bytes, { 'Upload-Checksum': digest('sha256', bytes) })).status).toBe(204)
  })

  test('of more bytes than can wait for it is 413', async () => {
    const { port } = await startHttpHost({ http: { checkedBytes: 9999 } })
    const headers = { ...VERSION, ...TYPE, 'Upload-Length': '10000', 'Upload-Checksum': digest('sha1', bytes) }
    const answer = await ask(port, 'POST /rooms/lobby/files', { body: bytes, headers })
    expect(answer).toMatchObject({ status: 413, json: { code: 'TOO_LARGE' }, headers: { 'upload-offset': '0' } })
  })

  test('that is none is refused', async () => {
    const { patch, offset } = await begun()
    expect((await patch(0, bytes, { 'Upload-Checksum': 'md5 AAAA' })).status).toBe(400)
    expect(await offset()).toBe('0')
  })
})

test('C110: who takes over writes alone; the one before hears that it is fenced off', async () => {
  const { port, path } = await begun()
  const headers = { ...VERSION, ...TYPE, 'Upload-Offset': '0', 'Content-Length': '10000', Expect: '100-continue' }
  const first = Sender.open(port, `PATCH ${path}`, headers)
  await first.continued()
  const second = Sender.open(port, `PATCH ${path}`, headers)
  await second.continued()
  await first.send(Buffer.alloc(5000))
  expect(await first.answer).toMatchObject({ status: 409, json: { code: 'FENCED' } })
  second.end(bytes)
  expect((await second.answer).status).toBe(204)
  expect((await ask(port, `GET ${path}`)).bytes.equals(bytes)).toBe(true)
})

test('C109: after a sender is gone only what is durable is promised, and it goes on there', async () => {
  const { port, path, patch } = await begun()
  const headers = { ...VERSION, ...TYPE, 'Upload-Offset': '0', 'Content-Length': '10000' }
  const sender = Sender.open(port, `PATCH ${path}`, headers)
  await sender.send(bytes.subarray(0, 7000))
  await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('arriving')
  sender.break()
  await expect.poll(async () => (await filesOf(port))[0]).toMatchObject({ status: 'paused', offset: 7000 })
  expect((await patch(7000, bytes.subarray(7000))).status).toBe(204)
  expect((await ask(port, `GET ${path}`)).bytes.equals(bytes)).toBe(true)
})

test('an upload that gets no byte for its time is withdrawn', async () => {
  const { port } = await startHttpHost({ limits: { transferKeptMs: 50 } })
  const headers = { ...VERSION, 'Upload-Length': '5' }
  const { headers: created } = await ask(port, 'POST /rooms/lobby/files', { headers })
  await expect.poll(() => filesOf(port)).toEqual([])
  expect(
    (await ask(port, `PATCH ${created.location}`, { headers: { ...VERSION, ...TYPE, 'Upload-Offset': '0' } })).status,
  ).toBe(404)
})

test('DELETE withdraws what is not whole, and takes away what is', async () => {
  const { port, path } = await begun()
  expect((await ask(port, `DELETE ${path}`, { headers: VERSION })).status).toBe(204)
  expect((await ask(port, `DELETE ${path}`, { headers: VERSION })).status).toBe(404)
  const { id } = await putFile(port, 'whole', bytes)
  expect(await ask(port, `DELETE /files/${id}`, { headers: VERSION, as: 'cici' })).toMatchObject({ status: 403 })
  expect(await filesOf(port)).toMatchObject([{ status: 'whole', sha256: sha256Of(bytes) }])
  expect((await ask(port, `DELETE /files/${id}`, { headers: VERSION })).status).toBe(204)
  expect(await filesOf(port)).toEqual([])
})

describe('a digest that comes with the last bytes', () => {
  const repr = (of: Uint8Array) => ({ 'Repr-Digest': reprDigestOf(of) })

  test('is what the whole file has, or the file is not published and begins again (C112)', async () => {
    const { port, patch, offset } = await begun()
    await patch(0, bytes.subarray(0, 6000))
    const other = await patch(6000, bytes.subarray(6000), repr(bytes.subarray(6000)))
    expect(other).toMatchObject({ status: 460, json: { code: 'HASH_MISMATCH' } })
    expect(await offset()).toBe('0')
    expect(await filesOf(port)).toMatchObject([{ status: 'paused' }])
  })

  test('is kept to, and is no other the next time', async () => {
    const { port, patch } = await begun()
    expect(await patch(0, bytes.subarray(0, 6000), repr(bytes))).toMatchObject({ status: 204 })
    const other = await patch(6000, bytes.subarray(6000), repr(bytes.subarray(1)))
    expect(other).toMatchObject({ status: 460, headers: { 'upload-offset': '6000' } })
    expect(await patch(6000, bytes.subarray(6000), repr(bytes))).toMatchObject({ status: 204 })
    expect(await filesOf(port)).toMatchObject([{ status: 'whole', sha256: sha256Of(bytes) }])
  })

  test('is 400 where it is none', async () => {
    const { patch } = await begun()
    expect(await patch(0, bytes, { 'Repr-Digest': 'sha-256=:AAAA:' })).toMatchObject({ status: 400 })
  })
})
