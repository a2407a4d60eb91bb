import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createTamtam, type TamtamOptions } from '#app/index.ts'
import { sha256Of } from '../../harness/bytes.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'

/** A host with its files on the disk, and its HTTP address. */
async function house(options: TamtamOptions = {}) {
  const data = await temporaryDirectory()
  const tamtam = createTamtam({ data, freeSpaceFloorBytes: 0, ...options })
  await tamtam.start()
  onTestFinished(() => tamtam.stop())
  const { port } = await tamtam.listen({ port: 0, farewellMs: 500 })
  const base = `http://127.0.0.1:${port}`
  const put = async (name: string, body: Buffer, room = 'lobby') => {
    const answer = await fetch(`${base}/${room}/${name}`, { method: 'PUT', body: new Uint8Array(body) })
    return { status: answer.status, ...((await answer.json()) as { url: string; code: string }) }
  }
  const get = async (url: string) => {
    const answer = await fetch(`${base}${url}`)
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
  }
  return { tamtam, port, base, put, get, kept: () => readdir(join(data, 'files')) }
}

test('C114 a room whose host is full lets its oldest file go for a newer one, tells so, and nothing for one that can never fit', async () => {
  const { port, put, get, kept } = await house({ limits: { hostQuotaBytes: 10_000 } })
  const ani = await LineClient.join(port, 'ani')
  await ani.ask('/files links', /^\* files come/)
  const first = await put('first', randomBytes(4000))
  const body = randomBytes(4000)
  const second = await put('second', body)
  expect(await put('never', randomBytes(10_001))).toMatchObject({ status: 413, code: 'FILE_TOO_LARGE' })
  expect((await get(first.url)).status).toBe(200)
  expect(await put('elsewhere', randomBytes(4000), 'dapur')).toMatchObject({ code: 'DISK_FULL' })
  const third = await put('third', randomBytes(4000))
  expect([first.status, second.status, third.status]).toEqual([201, 201, 201])
  await ani.until(/^\* first from .* is gone: newer files need its place$/)
  expect((await get(first.url)).status).toBe(404)
  expect(sha256Of((await get(second.url)).body)).toBe(sha256Of(body))
  expect(await kept()).toHaveLength(2)
})

test('what moves over every server is held to the cap of the host, and let go when the cap is lifted', async () => {
  const { tamtam, base, put } = await house()
  const body = randomBytes(5_000_000)
  const { url } = await put('a', body)
  tamtam.bandwidth.set({ host: 200_000 })
  const started = performance.now()
  const answer = await fetch(`${base}${url}`)
  const reader = answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
  const pieces: Uint8Array[] = []
  const until = async (bytes: number) => {
    for (let got = 0; got < bytes; ) {
      const piece = await reader.read()
      if (piece.done) return
      got += piece.value.length
      pieces.push(piece.value)
    }
  }
  await until(100_000)
  await put('b', randomBytes(100_000))
  // Together 200 kB, of which a burst and a piece may be ahead.
  expect(performance.now() - started).toBeGreaterThan(700)
  tamtam.bandwidth.set({ host: 0 })
  await until(Number.POSITIVE_INFINITY)
  expect(sha256Of(Buffer.concat(pieces))).toBe(sha256Of(body))
})

test('C114 whoever reads a file that has to go is cut off, never handed less as if it were all', async () => {
  const { tamtam, base, put, get } = await house({ limits: { roomQuotaBytes: 6_000_000 } })
  const { url } = await put('a', randomBytes(5_000_000))
  tamtam.bandwidth.set({ transfer: 1_000_000 })
  const answer = await fetch(`${base}${url}`)
  expect(answer.status).toBe(200)
  const rest = answer.arrayBuffer()
  rest.catch(() => {})
  await put('b', randomBytes(1_500_000))
  await expect(rest).rejects.toThrow()
  expect((await get(url)).status).toBe(404)
})

/** The answer to the head of a request alone: `100 Continue`, or a refusal. */
async function asked(port: number, path: string, size: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`PUT ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\nExpect: 100-continue\r\n\r\n`)
  let text = ''
  for await (const bytes of socket) {
    text += bytes
    if (text.includes('100 Continue') || text.endsWith('}')) break
  }
  socket.destroy()
  return text
}

const FIVE_GIB = 5 * 1024 ** 3

test('files of more than 4 GiB are taken as the limits say, over HTTP, tus and lines, and each refusal names its limit', async () => {
  const { port, base } = await house({ limits: { maxFileBytes: 8e9, roomQuotaBytes: 0, hostQuotaBytes: 0 } })
  const create = async (room: string, size: number, at = base) =>
    await fetch(`${at}/rooms/${room}/files`, {
      method: 'POST',
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': String(size) },
    })
  expect(await asked(port, '/lobby/disk.img', FIVE_GIB)).toContain('100 Continue')
  const created = await create('lobby', FIVE_GIB)
  expect(created.status).toBe(201)
  const status = await fetch(`${base}${created.headers.get('location')}`, { method: 'HEAD' })
  expect([status.headers.get('upload-length'), status.headers.get('upload-offset')]).toEqual([String(FIVE_GIB), '0'])
  const patched = await fetch(`${base}${created.headers.get('location')}`, {
    method: 'PATCH',
    headers: { 'Upload-Offset': String(FIVE_GIB - 1), 'Content-Type': 'application/offset+octet-stream' },
    body: 'x',
  })
  expect([patched.status, patched.headers.get('upload-offset')]).toEqual([409, '0'])
  const [ani, budi] = [await LineClient.join(port, 'ani'), await LineClient.join(port, 'budi')]
  ani.write(`/put ${FIVE_GIB} from-a-line.img\n`)
  await budi.until(/from-a-line\.img.*5\.4 GB/)
  const tooLarge = {
    code: 'FILE_TOO_LARGE',
    limit: { of: 'file', bytes: 8e9 },
    message: expect.stringMatching(/^a file may have at most 8 GB here; .* --max-file$/),
  }
  const refused = await create('lobby', 8e9 + 1)
  expect([refused.status, await refused.json()]).toEqual([413, tooLarge])
  expect(await asked(port, '/lobby/disk.img', 8e9 + 1)).toContain('413')
  await budi.ask('/put 8000000001 disk.img', /^! FILE_TOO_LARGE a file may have at most 8 GB here; .* --max-file$/)
})

test.each([
  ['roomQuotaBytes', 'room', '--room-quota'],
  ['hostQuotaBytes', 'host', '--host-quota'],
] as const)('a file over the %s is refused by it at once', async (name, of, flag) => {
  const { base } = await house({ limits: { roomQuotaBytes: 0, hostQuotaBytes: 0, [name]: 6e9 } })
  const answer = await fetch(`${base}/rooms/lobby/files`, {
    method: 'POST',
    headers: { 'Upload-Length': '6000000001' },
  })
  expect(answer.status).toBe(413)
  expect(await answer.json()).toMatchObject({
    code: 'FILE_TOO_LARGE',
    limit: { of, bytes: 6e9 },
    message: expect.stringContaining(flag),
  })
})

test('without quotas, a file over what the disk has is refused by the disk, and one over the memory by that', async () => {
  const limits = { roomQuotaBytes: 0, hostQuotaBytes: 0 }
  const create = async (base: string) => {
    const headers = { 'Upload-Length': String(Number.MAX_SAFE_INTEGER) }
    const answer = await fetch(`${base}/rooms/lobby/files`, { method: 'POST', headers })
    return { status: answer.status, ...((await answer.json()) as object) }
  }
  const { base } = await house({ limits })
  expect(await create(base)).toMatchObject({ status: 507, code: 'DISK_FULL', limit: { of: 'disk' } })
  const { port } = await startHttpHost({ limits })
  const memory = { of: 'memory', bytes: Math.floor(totalmem() / 2) }
  expect(await create(`http://127.0.0.1:${port}`)).toMatchObject({ status: 413, code: 'FILE_TOO_LARGE', limit: memory })
})

test('the limits are told by /metrics', async () => {
  const { base } = await house({ limits: { maxFileBytes: 8e9, hostQuotaBytes: 0 } })
  const text = await (await fetch(`${base}/metrics`)).text()
  expect(text).toMatch(/^tamtam_max_file_bytes 8000000000$/m)
  expect(text).toMatch(/^tamtam_host_quota_bytes 0$/m)
  expect(text).toMatch(/^tamtam_room_quota_bytes 20000000000$/m)
  expect(text).toMatch(/^tamtam_file_bytes_left \d+(e\+\d+)?$/m)
})
