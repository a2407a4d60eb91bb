import { describe, expect, test } from 'vitest'
import { rejected } from '#domain/errors.ts'
import { MemoryFileStore } from '#storage/memory/file-store.ts'
import { MemoryLog } from '#system/log.ts'
import { reprDigestOf, sampleBytes, sha256Of } from '../../harness/bytes.ts'
import { filesOf, putFile } from '../../harness/files.ts'
import { ask, startHttpHost } from '../../harness/http-client.ts'
import { Sender } from '../../harness/sender.ts'

const bytes = sampleBytes(100_000)
const sha256 = sha256Of(bytes)

describe('PUT', () => {
  test.each(['/lobby/a.bin', '/rooms/lobby/files/a.bin', '/LOBBY/a.bin', '/lobby/..%2f..%2fetc%2Fa.bin'])(
    '%s puts a file into the lobby, which everybody hears of',
    async (path) => {
      const { port, tamtam } = await startHttpHost({ stores: 'kept' })
      const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
      const heard: string[] = []
      budi.events$.subscribe((event) => heard.push('by' in event ? `${event.type} by ${event.by.name}` : event.type))
      const answer = await ask(port, `PUT ${path}`, { body: bytes, as: 'ani' })
      expect(answer).toMatchObject({ status: 201, json: { name: 'a.bin', size: bytes.length, sha256 } })
      const { url } = answer.json as { url: string }
      expect(answer.headers.location).toBe(url)
      expect((await ask(port, `GET ${url}`)).bytes.equals(bytes)).toBe(true)
      expect(heard).toEqual(['fileOffered by ani', 'fileCompleted by ani'])
      expect(await filesOf(port)).toMatchObject([{ name: 'a.bin', by: 'ani', status: 'whole', verified: 0, sha256 }])
    },
  )

  test.each(['/lobby/', '/rooms/lobby/files/'])('%s gives a file without a name one', async (path) => {
    const { port } = await startHttpHost()
    const answer = await ask(port, `PUT ${path}`, { body: 'halo' })
    expect(answer).toMatchObject({ status: 201, json: { name: expect.stringMatching(/^file-[0-9a-f]{8}$/) } })
  })

  test.each(['/rooms/lobby', '/files/a.bin', '/ws/a', '/metrics/'])('%s is no room of that name', async (path) => {
    const { port, tamtam } = await startHttpHost()
    expect([404, 405]).toContain((await ask(port, `PUT ${path}`, { body: 'halo' })).status)
    expect(await tamtam.engine.rooms()).toEqual([])
  })

  test.each([
    ['Repr-Digest', { 'Repr-Digest': reprDigestOf(bytes) }],
    ['Content-Digest', { 'Content-Digest': reprDigestOf(bytes) }],
    ['a digest of another algorithm', { 'Repr-Digest': 'sha-512=:YWJj:' }],
  ])('with %s, and the digest is answered (C113)', async (_what, headers) => {
    const { port } = await startHttpHost()
    expect(await ask(port, 'PUT /lobby/a', { body: bytes, headers })).toMatchObject({ status: 201, json: { sha256 } })
  })

  test('C112: bytes that are not the promised ones are not published, and nothing of them stays', async () => {
    const { port } = await startHttpHost()
    const flipped = Buffer.from(bytes)
    flipped[50_000] = ~(flipped[50_000] ?? 0) & 0xff
    const answer = await ask(port, 'PUT /lobby/a', { body: flipped, headers: { 'Repr-Digest': reprDigestOf(bytes) } })
    expect(answer).toMatchObject({ status: 409, json: { code: 'HASH_MISMATCH' } })
    expect(await filesOf(port)).toEqual([])
  })

  const refused: readonly (readonly [string, Record<string, string>, number, string])[] = [
    ['a digest that is none', { 'Repr-Digest': 'sha-256=abc' }, 400, 'BAD_REQUEST'],
    [
      'two digests',
      { 'Repr-Digest': reprDigestOf(bytes), 'Content-Digest': reprDigestOf(Buffer.from('x')) },
      400,
      'BAD_REQUEST',
    ],
    ['a part of a file', { 'Content-Range': 'bytes 5-9/10' }, 400, 'BAD_REQUEST'],
    ['an encoded file', { 'Content-Encoding': 'gzip' }, 415, 'UNSUPPORTED_TYPE'],
    ['a file that is too large', { 'Content-Length': '5000001' }, 413, 'FILE_TOO_LARGE'],
  ]
  test.each(refused)('%s is refused before its bytes are wanted', async (_what, headers, status, code) => {
    const { port } = await startHttpHost({ limits: { maxFileBytes: 5_000_000 } })
    let continued = false
    const sender = Sender.open(port, 'PUT /lobby/a', {
      'Content-Length': 100,
      Expect: '100-continue',
      ...headers,
    })
    sender.continued().then(
      () => (continued = true),
      () => {},
    )
    expect(await sender.answer).toMatchObject({ status, json: { code } })
    expect(continued).toBe(false)
    expect(await filesOf(port)).toEqual([])
  })

  test.each(['/%2e%2e/a', '/a%20b/a', `/${'r'.repeat(65)}/a`, '/rooms/%00/files/a'])(
    '%s is in no room',
    async (path) => {
      const { port } = await startHttpHost()
      expect(await ask(port, `PUT ${path}`, { body: 'x' })).toMatchObject({ status: 400 })
    },
  )

  test('who asks first is told to go on once the file is admitted', async () => {
    const { port } = await startHttpHost()
    const sender = Sender.open(port, 'PUT /lobby/a', { 'Content-Length': bytes.length, Expect: '100-continue' })
    await sender.continued()
    expect(await filesOf(port)).toMatchObject([{ status: 'arriving', size: bytes.length }])
    sender.end(bytes)
    expect(await sender.answer).toMatchObject({ status: 201, json: { sha256 } })
  })
})

describe('C111: the same bytes sent twice', () => {
  test('under the same name are answered at once by the file that is there', async () => {
    const { port } = await startHttpHost({ stores: 'kept' })
    const first = await putFile(port, 'a', bytes)
    const headers = { 'Content-Length': bytes.length, 'Repr-Digest': reprDigestOf(bytes), Expect: '100-continue' }
    const again = await Sender.open(port, 'PUT /lobby/a', headers).answer
    expect(again).toMatchObject({ status: 200, json: { id: first.id, sha256 }, headers: { location: first.url } })
    expect(await filesOf(port)).toHaveLength(1)
  })

  test('under another name are another file with the same bytes', async () => {
    const { port } = await startHttpHost({ stores: 'kept' })
    const first = await putFile(port, 'a', bytes)
    const headers = { 'Content-Length': bytes.length, 'Repr-Digest': reprDigestOf(bytes), Expect: '100-continue' }
    const { status, json } = await Sender.open(port, 'PUT /lobby/b', headers).answer
    expect(status).toBe(200)
    expect(json['id']).not.toBe(first.id)
    expect((await ask(port, `GET ${json['url']}`)).bytes.equals(bytes)).toBe(true)
  })

  test('with other bytes under the same name are two files', async () => {
    const { port } = await startHttpHost()
    await putFile(port, 'a', bytes)
    await putFile(port, 'a', 'other')
    expect((await filesOf(port)).map(({ size }) => size)).toEqual([bytes.length, 5])
  })
})

describe('C83: an upload that is cut', () => {
  test('P6: stays, and goes on where its bytes are durable, to be exact in the end', async () => {
    const { port } = await startHttpHost({ stores: 'kept' })
    const sender = Sender.open(port, 'PUT /lobby/a', { 'Content-Length': bytes.length })
    await sender.send(bytes.subarray(0, 60_000))
    await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('arriving')
    sender.break()
    await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('paused')
    const [file] = await filesOf(port)
    expect(file).toMatchObject({ offset: 60_000, size: bytes.length })
    const { headers } = await ask(port, `HEAD /files/${file?.id}`)
    expect(headers).toMatchObject({
      'upload-offset': '60000',
      'upload-length': String(bytes.length),
      'upload-prefix-digest': reprDigestOf(bytes.subarray(0, 60_000)),
      'cache-control': 'no-store',
    })
    expect(Date.parse(String(headers['upload-expires'])) - Date.now()).toBeGreaterThan(86_000_000)
    const type = { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': '60000' }
    const went = await ask(port, `PATCH /files/${file?.id}`, { body: bytes.subarray(60_000), headers: type })
    expect(went).toMatchObject({ status: 204, headers: { 'upload-offset': String(bytes.length) } })
    expect((await ask(port, `GET ${file?.url}`)).bytes.equals(bytes)).toBe(true)
  })

  test('that said nothing for too long is cut by the host', async () => {
    const { port } = await startHttpHost({ http: { bodyStallMs: 500 } })
    const sender = Sender.open(port, 'PUT /lobby/a', { 'Content-Length': bytes.length })
    await sender.send(bytes.subarray(0, 10))
    await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('paused')
    await expect(sender.answer).rejects.toThrow()
  })
})

describe('a host that can take no more', () => {
  test('C114: refuses more uploads than it takes at once, for now', async () => {
    const { port } = await startHttpHost()
    const open = async (_: unknown, index: number) => {
      const sender = Sender.open(port, `PUT /lobby/${index}`, { 'Content-Length': 10, Expect: '100-continue' })
      await sender.continued()
      return sender
    }
    const [first] = (await Promise.all(Array.from({ length: 64 }, open))) as [Sender]
    const second = await ask(port, 'PUT /lobby/b', { body: 'x' })
    expect(second).toMatchObject({ status: 503, json: { code: 'TOO_MANY_FILES' }, headers: { 'retry-after': '5' } })
    first.end(Buffer.alloc(10))
    expect((await first.answer).status).toBe(201)
    expect((await ask(port, 'PUT /lobby/b', { body: 'x' })).status).toBe(201)
  })

  test('C74: answers 507 when the disk is full, also in the middle', async () => {
    class FullVault extends MemoryFileStore {
      override async create(id: string, size?: number) {
        const writer = await super.create(id, size)
        if (!('type' in writer)) writer.append = async () => rejected('DISK_FULL', 'the disk is full')
        return writer
      }
    }
    const { port } = await startHttpHost({ overrides: { fileStore: new FullVault() } })
    const answer = await ask(port, 'PUT /lobby/a', { body: bytes })
    expect(answer).toMatchObject({ status: 507, json: { code: 'DISK_FULL' } })
    expect(await filesOf(port)).toEqual([])
  })
})

test('C121: neither names nor digests nor credentials nor text are logged', async () => {
  const log = new MemoryLog()
  const { port } = await startHttpHost({ overrides: { log } })
  const file = await putFile(port, 'secret-name.txt', 'secret-bytes')
  await ask(port, `GET ${file.url}`, { headers: { Authorization: 'Bearer secret-token' } })
  await ask(port, 'PUT /lobby/secret-name.txt', { body: 'x', headers: { 'Repr-Digest': 'secret-digest' } })
  const sender = Sender.open(port, 'PUT /lobby/secret-cut.txt', { 'Content-Length': 100, Expect: '100-continue' })
  await sender.continued()
  sender.break()
  await expect.poll(async () => (await filesOf(port)).at(-1)?.status).toBe('paused')
  await ask(port, `DELETE /files/${(await filesOf(port)).at(-1)?.id}`)
  expect(JSON.stringify(log.lines)).not.toContain('secret')
})
