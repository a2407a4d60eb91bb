import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createTamtam, type TamtamOptions } from '#app/index.ts'
import { sha256Of } from '../../harness/bytes.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
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
