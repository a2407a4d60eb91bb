import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ChaosProxy } from '../harness/chaos-proxy.ts'
import { countFaults } from '../harness/fault-count.ts'
import { filesOf } from '../harness/files.ts'
import { startHost } from '../harness/host.ts'
import { ask, createUpload, insist, patch, progressOf, receive, TUS } from '../harness/http-files.ts'
import { until } from '../harness/patience.ts'
import { Sample } from '../harness/sample.ts'

countFaults('two writers, and bytes that change on the way')

const SAMPLE = new Sample(12_000_000)
const WRITERS = 8

/** A PATCH that stays open: it is written to by hand, and may break off at any time. */
async function openPatch(port: number, path: string, offset: number) {
  const socket: Socket = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  let answer = ''
  let over = false
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    over = true
  })
  await once(socket, 'connect')
  const fields = { ...TUS, 'Upload-Offset': offset, 'Content-Type': 'application/offset+octet-stream' }
  const head = Object.entries({ Host: '127.0.0.1', ...fields, 'Content-Length': SAMPLE.size - offset })
  socket.write(`PATCH ${path} HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  const send = async (from: number, to: number) => {
    for (const piece of SAMPLE.bytes(from, to)) if (!socket.write(piece)) await once(socket, 'drain')
  }
  return { socket, send, answer: () => answer, over: () => over }
}

describe('C110 two writers of one upload', () => {
  test('the new one goes on from what the one before has brought, and the one before can change nothing more', async () => {
    const { port } = await startHost({ stores: 'kept' })
    const path = await createUpload(port, SAMPLE, 'dua.bin', SAMPLE.sha256())
    const old = await openPatch(port, path, 0)
    await old.send(0, 5_000_000)
    const { offset } = await until5MB(port, path)
    const fresh = await patch(port, path, SAMPLE, offset)
    expect([fresh.status, fresh.headers['upload-offset']]).toEqual([204, String(SAMPLE.size)])
    old.socket.write(Buffer.alloc(1_000_000, 'bukan ini'))
    await until('the end of the old one', () => old.over() || /^HTTP\/1\.1 4/.test(old.answer()))
    expect(old.answer()).not.toMatch(/^HTTP\/1\.1 2/)
    expect(await receive(port, path)).toMatchObject({ whole: true, size: SAMPLE.size, sha256: SAMPLE.sha256() })
  })

  test(`${WRITERS} that all begin where the upload stands: one file, exact, and no byte twice`, async () => {
    const { port } = await startHost({ stores: 'kept' })
    const small = new Sample(3_000_000)
    const path = await createUpload(port, small, 'ramai.bin', small.sha256())
    const goOn = async (): Promise<void> => {
      for (;;) {
        const { offset } = await progressOf(port, path)
        if (offset === small.size) return
        await patch(port, path, small, offset).catch(() => {})
      }
    }
    // They fence each other off, the one who has brought the last byte too; then it is whole without anybody.
    await Promise.all(Array.from({ length: WRITERS }, () => insist(goOn)))
    await until('the whole file', async () => (await statusOf(port, path)) === 'whole')
    expect(await receive(port, path)).toMatchObject({ whole: true, size: small.size, sha256: small.sha256() })
    expect(await filesOf(port)).toMatchObject([{ status: 'whole', size: small.size, sha256: small.sha256() }])
  })
})

describe('C112 a byte that changes on the way', () => {
  test('PUT with a digest: not published, told to the sender', async () => {
    const { port } = await startHost({ stores: 'kept' })
    const proxy = await ChaosProxy.open(port)
    proxy.up.flipAt(7_000_000)
    const digest = `sha-256=:${SAMPLE.sha256(SAMPLE.size, 'base64')}:`
    const put = (to: number) =>
      ask(to, 'PUT', '/rooms/lobby/files/benar.bin', {
        headers: { 'Content-Length': String(SAMPLE.size), 'Repr-Digest': digest },
        body: SAMPLE.bytes(),
      })
    const broken = await put(proxy.port)
    expect(broken.status).toBeGreaterThanOrEqual(400)
    expect(JSON.parse(broken.text).code).toBe('HASH_MISMATCH')
    expect((await filesOf(port)).filter(({ status }) => status === 'whole')).toEqual([])
    expect((await put(proxy.port)).status).toBe(201)
  })

  test('tus: 460, it begins again at 0, and the same upload can still become whole', async () => {
    const { port } = await startHost({ stores: 'kept' })
    const proxy = await ChaosProxy.open(port)
    const path = await createUpload(proxy.port, SAMPLE, 'benar.bin', SAMPLE.sha256())
    proxy.up.flipAt(proxy.up.passed + 9_000_000)
    const broken = await patch(proxy.port, path, SAMPLE, 0)
    expect([broken.status, JSON.parse(broken.text).code]).toEqual([460, 'HASH_MISMATCH'])
    expect((await progressOf(port, path)).offset).toBe(0)
    expect((await patch(proxy.port, path, SAMPLE, 0)).status).toBe(204)
    expect(await receive(port, path)).toMatchObject({ whole: true, sha256: SAMPLE.sha256() })
  })

  test('before a cut: the digest of what is kept tells it to a sender who goes on', async () => {
    const { port } = await startHost({ stores: 'kept' })
    const proxy = await ChaosProxy.open(port)
    const path = await createUpload(proxy.port, SAMPLE, 'benar.bin')
    const before = proxy.up.passed
    proxy.up.flipAt(before + 2_000_000)
    proxy.up.cutAt(before + 6_000_000, 'end')
    await expect(patch(proxy.port, path, SAMPLE, 0)).rejects.toThrow()
    await until('the pause', async () => (await filesOf(port))[0]?.status === 'paused')
    const { offset, prefixDigest } = await progressOf(port, path)
    expect(offset).toBeGreaterThan(2_000_000)
    expect(prefixDigest).not.toBe(SAMPLE.sha256(offset, 'base64'))
  })

  test('on the way down: whoever receives it can tell by the digest that came with it', async () => {
    const { port } = await startHost({ stores: 'kept' })
    const proxy = await ChaosProxy.open(port)
    const { text } = await ask(port, 'PUT', '/rooms/lobby/files/benar.bin', { body: SAMPLE.bytes() })
    proxy.down.flipAt(8_000_000)
    const received = await receive(proxy.port, JSON.parse(text).url)
    expect(received).toMatchObject({ whole: true, size: SAMPLE.size })
    expect(received.headers['repr-digest']).toBe(`sha-256=:${SAMPLE.sha256(SAMPLE.size, 'base64')}:`)
    expect(received.sha256).not.toBe(SAMPLE.sha256())
  })
})

const statusOf = async (port: number, path: string) =>
  (await filesOf(port)).find(({ url }) => url.startsWith(path))?.status

async function until5MB(port: number, path: string) {
  let progress = await progressOf(port, path)
  await until('what was sent is durable', async () => {
    progress = await progressOf(port, path)
    return progress.offset === 5_000_000
  })
  return progress
}
