import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sampleBytes } from '../../harness/bytes.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { ask, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { Sender } from '../../harness/sender.ts'

const tus = { 'Tus-Resumable': '1.0.0' }
const offset = (at: number) => ({
  ...tus,
  'Content-Type': 'application/offset+octet-stream',
  'Upload-Offset': String(at),
})
const MB = 1_000_000

async function create(port: number, length: number | undefined, room = 'lobby', more: Record<string, string> = {}) {
  const size = length === undefined ? { 'Upload-Defer-Length': '1' } : { 'Upload-Length': String(length) }
  const { status, headers } = await ask(port, `POST /rooms/${room}/files`, { headers: { ...tus, ...size, ...more } })
  expect(status).toBe(201)
  return headers.location ?? ''
}
const isOld = (name: string) => /^f\d/.test(name)
const wholeNames = async (port: number) =>
  (await filesOf(port)).filter(({ status }) => status === 'whole').map(({ name }) => name)

describe('C114: in a room that is full', () => {
  async function fullRoom() {
    const { port } = await startHttpHost({ stores: 'kept', limits: { roomQuotaBytes: 10 * MB } })
    for (let count = 0; count < 9; count++)
      await ask(port, `PUT /lobby/f${count}.bin`, { body: sampleBytes(MB + count).subarray(0, MB) })
    const [first] = await filesOf(port)
    expect(await wholeNames(port)).toHaveLength(9)
    return { port, sha256: first?.sha256 ?? '' }
  }

  test('nothing goes for what is only told, over tus, PUT and lines, nor for a digest', async () => {
    const { port, sha256 } = await fullRoom()
    await create(port, 10 * MB)
    const deferred = await create(port, undefined)
    const told = { ...offset(0), 'Upload-Length': String(10 * MB), 'Content-Length': '0' }
    expect((await ask(port, `PATCH ${deferred}`, { headers: told })).status).toBe(204)
    const known = `filename ${Buffer.from('again').toString('base64')},sha256 ${Buffer.from(sha256).toString('base64')}`
    for (let time = 0; time < 3; time++)
      await create(port, MB, 'lobby', { 'Upload-Metadata': known.replace('YWdhaW4=', btoa(`again ${time}`)) })
    const line = await LineClient.join(port, 'ani')
    line.socket.write(`/put ${10 * MB} big.bin\n`)
    const sender = Sender.open(port, 'PUT /lobby/put.bin', { 'Content-Length': 10 * MB })
    await expect
      .poll(async () => (await filesOf(port)).filter(({ name }) => name === 'big.bin' || name === 'put.bin').length)
      .toBe(2)
    expect((await wholeNames(port)).filter(isOld)).toHaveLength(9)
    sender.break()
    line.socket.destroy()
  })

  test('a file as large as the room has it, and the oldest go as its bytes come', async () => {
    const { port } = await fullRoom()
    const url = await create(port, 10 * MB)
    const left: number[] = []
    for (let at = 0; at < 10 * MB; at += 2 * MB) {
      const { status } = await ask(port, `PATCH ${url}`, { headers: offset(at), body: Buffer.alloc(2 * MB, at / MB) })
      expect(status).toBe(204)
      left.push((await wholeNames(port)).filter(isOld).length)
    }
    expect(left).toEqual([8, 6, 4, 2, 0])
    expect((await filesOf(port)).at(-1)).toMatchObject({ status: 'whole', size: 10 * MB })
  })
})

test('C34: whoever trickles keeps nobody out, over HTTP and over lines', async () => {
  const { port } = await startHttpHost({ limits: { uploadsPerHost: 2 } })
  const sender = Sender.open(port, `PATCH ${await create(port, 100)}`, { ...offset(0), 'Content-Length': 100 })
  await sender.send(Buffer.from('.'))
  const line = await LineClient.join(port, 'ani')
  line.socket.write('SEND slow.txt\n.')
  await expect.poll(async () => (await filesOf(port)).map(({ status }) => status)).toEqual(['arriving', 'arriving'])
  for (const name of ['one', 'two']) {
    // Seconds, until it is plain that they do not get on.
    await expect.poll(async () => (await ask(port, `PUT /lobby/${name}`, { body: name })).status).toBe(201)
  }
  expect((await filesOf(port)).filter(({ status }) => status === 'whole')).toHaveLength(2)
  sender.break()
})

describe('over kill -9 of the host', () => {
  test('P3: uploads of which no part is left end nothing but themselves', async () => {
    const data = await temporaryDirectory()
    const one = await HostProcess.start(['--data', data])
    const urls: string[] = []
    for (const room of ['x0', 'x1', 'x2']) {
      const put = await ask(one.port, `PUT /${room}/whole.txt`, { body: 'hello' })
      urls.push((put.json as { url: string }).url)
      await create(one.port, 100, room)
    }
    await one.host.kill()
    const files = join(data, 'files')
    const parts = (await readdir(files)).filter((name) => name.endsWith('.part'))
    expect(parts).toHaveLength(3)
    for (const part of parts) await rm(join(files, part))
    const two = await HostProcess.start(['--data', data])
    for (let round = 0; round < 3; round++)
      for (const url of urls) expect((await ask(two.port, `GET ${url}`)).text).toBe('hello')
    for (const room of ['x0', 'x1', 'x2'])
      await expect.poll(async () => (await filesOf(two.port, room)).map(({ name }) => name)).toEqual(['whole.txt'])
  })

  test('an upload is not kept for longer than it would have been', async () => {
    const data = await temporaryDirectory()
    const one = await HostProcess.start(['--data', data])
    const [silent, begun] = [await create(one.port, 100), await create(one.port, 100)]
    await ask(one.port, `PATCH ${begun}`, { headers: offset(0), body: 'some' })
    const expires = async (port: number, url: string) =>
      Date.parse(String((await ask(port, `HEAD ${url}`, { headers: tus })).headers['upload-expires']))
    const before = [await expires(one.port, silent), await expires(one.port, begun)]
    await one.host.kill()
    const two = await HostProcess.start(['--data', data])
    const [silentAfter, begunAfter] = [await expires(two.port, silent), await expires(two.port, begun)]
    // What has come counts from when it came; what has not, has two minutes more. HTTP dates are of whole seconds.
    expect(begunAfter).toBeLessThanOrEqual((before[1] ?? 0) + 2000)
    expect(silentAfter).toBeLessThanOrEqual(Date.now() + 121_000)
  })
})
