import { createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import { type ArchiveMember, tarOf, zipOf } from '#folder/archive.ts'
import { headersOf, TAR_END } from '#protocol/tar.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { startHostProcess } from '../../harness/host.ts'
import { ask } from '../../harness/http-files.ts'
import { run } from '../../harness/tools.ts'

const MOST_GROWTH_BYTES = 64 * 1024 * 1024
/** `TRANSFER_MB=…` takes another size. */
const MEGABYTES = Number(process.env['TRANSFER_MB'] ?? 300)
const MEMBERS = 20_000
const BLOCK = Buffer.alloc(1_000_000, 'no two blocks of this are the same. ')

function get(port: number, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, agent: false }, resolve).once('error', reject).end()
  })
}

/** Bytes a second. */
async function rateOf(port: number, path: string): Promise<number> {
  const response = await get(port, path)
  const startedAt = performance.now()
  let size = 0
  for await (const piece of response) size += piece.length
  expect(size).toBe(Number(response.headers['content-length']))
  return size / ((performance.now() - startedAt) / 1000)
}

function* blocks(count: number): Generator<Buffer> {
  for (let number = 0; number < count; number++) {
    const block = Buffer.from(BLOCK)
    block.writeUInt32BE(number)
    yield block
  }
}

function* manyFiles(count: number): Generator<Buffer> {
  for (let number = 0; number < count; number++) {
    const path = `folder ${number % 100}/file ${number}.txt`
    const content = Buffer.alloc(512)
    const size = content.write(`this is ${number}`)
    yield Buffer.concat([headersOf({ type: 'file', path, size, modified: 1_700_000_000, executable: false }), content])
  }
  yield Buffer.from(TAR_END)
}

test(`a folder of ${MEMBERS} files comes as a zip that other programs take, and its members cost the host little memory`, async () => {
  const { port, memory } = await startHostProcess()
  // A first archive brings the engine's heap to its working size.
  await ask(port, 'PUT', '/lobby/warm/', { body: manyFiles(MEMBERS / 10) })
  await rateOf(port, '/rooms/lobby/files.zip')
  const put = await ask(port, 'PUT', '/lobby/many/', { body: manyFiles(MEMBERS) })
  expect([put.status, put.text]).toEqual([201, expect.any(String)])
  const { url } = JSON.parse(put.text) as { url: string }
  const { settled } = await memory()
  const zip = join(await temporaryDirectory(), 'many.zip')
  await pipeline(await get(port, `${url}.zip`), createWriteStream(zip))
  const growth = (await memory()).peak - settled
  process.stderr.write(`a zip of ${MEMBERS} files: the host grew by ${(growth / 1e6).toFixed(1)} MB\n`)
  expect(growth).toBeLessThan(MOST_GROWTH_BYTES)
  expect(run('unzip', '-tq', zip)).toMatch(/No errors detected/)
  const count = 'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), len(z.namelist()))'
  expect(run('python3', '-c', count, zip).trim()).toBe(`None ${MEMBERS + 1}`)
  expect(run('bsdtar', '-tf', zip).trim().split('\n')).toHaveLength(MEMBERS + 1)
})

test('a zip of more members than an old one can count is taken by other programs, with all of their names', async () => {
  const members = Array.from({ length: 70_000 }, (_, number): ArchiveMember => {
    const path = number % 2 === 0 ? `gambar ${number}.txt` : `絵/é ${number}.txt`
    return { type: 'file', path, size: 1, source: 'one', at: 0, modified: number * 30_000, executable: false }
  })
  const { size, bytes } = zipOf(members, async function* () {
    yield Buffer.from('x')
  })
  const zip = join(await temporaryDirectory(), 'many.zip')
  const file = await open(zip, 'w')
  for (let next = await bytes.next(); next.done !== true; next = await bytes.next()) await file.write(next.value)
  await file.close()
  expect((await stat(zip)).size).toBe(size)
  expect(run('unzip', '-tq', zip)).toMatch(/No errors detected/)
  const names = [...members.map(({ path }) => path), 'SHA256SUMS']
  const list = 'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip()); print("\\n".join(z.namelist()))'
  expect(run('python3', '-X', 'utf8', '-c', list, zip).trim().split('\n')).toEqual(['None', ...names])
  expect(run('bsdtar', '-tf', zip).trim().split('\n')).toHaveLength(names.length)
})

test(`a zip and a tar of ${MEGABYTES} MB cost the host no memory`, async () => {
  const { port, memory } = await startHostProcess()
  await ask(port, 'PUT', '/lobby/warm', { body: blocks(1) })
  await rateOf(port, '/rooms/lobby/files.zip')
  const put = await ask(port, 'PUT', '/lobby/large', { body: blocks(MEGABYTES) })
  const { url } = JSON.parse(put.text) as { url: string }
  const { settled } = await memory()
  const rates: string[] = []
  for (const path of [url, '/rooms/lobby/files.zip', '/rooms/lobby/files.tar']) {
    rates.push(`${path.split('/').at(-1)} ${((await rateOf(port, path)) / 1e6).toFixed(0)} MB/s`)
    const growth = (await memory()).peak - settled
    process.stderr.write(`${rates.at(-1)}: the host grew by ${(growth / 1e6).toFixed(1)} MB\n`)
    expect(growth).toBeLessThan(MOST_GROWTH_BYTES)
  }
})

const GIGABYTE = 1e9
const ZEROS = Buffer.alloc(1024 * 1024)

/** Files of zeros that are nowhere. */
async function* zeros(size: number): AsyncGenerator<Uint8Array> {
  for (let left = size; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, left)
}

// A zip counts in 32 bits where it can, a tar never does.
test.each([
  ['zip', 5],
  ['tar', 1],
] as const)('a %s of %d GB is whole, and read by other programs', async (kind, gigabytes) => {
  const sizes: Readonly<Record<string, number>> = {
    first: gigabytes * GIGABYTE,
    second: 0.01 * GIGABYTE,
    third: 1,
  }
  const members = Object.entries(sizes).map(
    ([path, size]): ArchiveMember => ({
      ...{ type: 'file', path, size, source: path, at: 0 },
      ...{ modified: 1_700_000_000, executable: false },
    }),
  )
  const from = (source: string) => zeros(sizes[source] ?? 0)
  const { size, bytes } = (kind === 'zip' ? zipOf : tarOf)(members, from)
  expect(size).toBeGreaterThan(gigabytes * GIGABYTE)
  const path = join(await temporaryDirectory(), `large.${kind}`)
  const file = await open(path, 'w')
  const before = process.memoryUsage().rss
  let peak = before
  let at = 0
  for (let next = await bytes.next(); next.done !== true; next = await bytes.next()) {
    const { value } = next
    // Holes stand for zeros.
    if (value.length < ZEROS.length / 2 || !ZEROS.subarray(0, value.length).equals(value))
      await file.write(value, 0, value.length, at)
    at += value.length
    peak = Math.max(peak, process.memoryUsage().rss)
  }
  await file.truncate(at)
  await file.close()
  expect(at).toBe(size)
  process.stderr.write(`a ${kind} of ${gigabytes} GB: this process grew by ${((peak - before) / 1e6).toFixed(1)} MB\n`)
  expect(peak - before).toBeLessThan(MOST_GROWTH_BYTES)
  if (kind === 'zip') {
    // What lies behind the first; its own bytes are no others than those of a small one.
    expect(run('unzip', '-tq', path, 'second', 'third', 'SHA256SUMS')).toMatch(/No errors detected/)
    const list = 'import sys,zipfile; print([m.file_size for m in zipfile.ZipFile(sys.argv[1]).infolist()])'
    expect(run('python3', '-c', list, path)).toMatch(/^\[5000000000, 10000000, 1, /)
  }
  const names = run('bsdtar', '-tf', path).trim().split('\n')
  expect(names).toEqual(['first', 'second', 'third', 'SHA256SUMS'])
})
