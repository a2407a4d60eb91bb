import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { sampleBytes, sha256Of } from '../../harness/bytes.ts'
import { curl, run, start, testWith } from '../../harness/commands.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf, putFile } from '../../harness/files.ts'
import { startHttpHost } from '../../harness/http-client.ts'
import { Sender } from '../../harness/sender.ts'

const test = testWith('curl')
const MIB = 1024 * 1024

async function setUp() {
  const { port, tamtam } = await startHttpHost({ stores: 'kept' })
  const directory = await temporaryDirectory()
  const url = `http://127.0.0.1:${port}`
  return { port, tamtam, url, path: (name: string) => join(directory, name) }
}

describe('P1: what curl sends is what curl fetches', () => {
  test.each([0, 1, 65_536, 3 * MIB + 1, 64 * MIB])('%i bytes', async (size) => {
    const { url, path } = await setUp()
    const bytes = sampleBytes(size)
    await writeFile(path('talk.pdf'), bytes)
    const sent = await curl('-f', '-T', path('talk.pdf'), `${url}/lobby/`)
    const file = JSON.parse(sent.stdout.toString())
    expect(file).toMatchObject({ name: 'talk.pdf', size, sha256: sha256Of(bytes) })
    const fetched = await curl('-f', '-o', path('fetched'), url + file.url)
    expect(fetched.code).toBe(0)
    expect(sha256Of(await readFile(path('fetched')))).toBe(sha256Of(bytes))
  })

  test('from a pipe, of unknown length, under a name in the address', async () => {
    const { port, url } = await setUp()
    const bytes = sampleBytes(5 * MIB)
    const sent = await run('curl', ['-q', '-sS', '-f', '-T', '-', `${url}/rooms/lobby/files/from%20a%20pipe`], bytes)
    const file = JSON.parse(sent.stdout.toString())
    expect(file).toMatchObject({ name: 'from a pipe', size: bytes.length, sha256: sha256Of(bytes) })
    expect((await curl('-f', url + file.url)).stdout.equals(bytes)).toBe(true)
    expect(await filesOf(port)).toMatchObject([{ name: 'from a pipe', status: 'whole', by: '127.0.0.1' }])
  })

  test.each([
    ['/lobby/caf%e9.txt', 'caf\ufffd.txt'],
    ['/lobby/caf%C3%A9%ff.txt', 'caf\u00e9\ufffd.txt'],
    ['/lobby/100%.txt', '100%.txt'],
    ['/lobby/100%25.txt', '100%.txt'],
    ['/lobby/a%2fb.txt', 'b.txt'],
    ['//lobby//a.txt', 'a.txt'],
    ['/rooms//lobby/files/a.txt', 'a.txt'],
  ])('under a name in another encoding, or in an address with slashes too many: %s', async (path, name) => {
    const { port, url } = await setUp()
    const put = ['-X', 'PUT', '--data-binary', '@-', '--path-as-is', url + path]
    const sent = await run('curl', ['-q', '-sS', '-f', ...put], Buffer.from('halo'))
    const file = JSON.parse(sent.stdout.toString())
    expect(file.name).toBe(name)
    expect((await curl('-f', url + file.url)).stdout.toString()).toBe('halo')
    expect(await filesOf(port)).toMatchObject([{ name, size: 4 }])
  })

  test('from a pipe, without any name', async () => {
    const { url } = await setUp()
    const sent = await run(
      'curl',
      ['-q', '-sS', '-f', '-X', 'PUT', '--data-binary', '@-', `${url}/lobby/`],
      Buffer.from('halo'),
    )
    expect(JSON.parse(sent.stdout.toString())).toMatchObject({
      name: expect.stringMatching(/^file-[0-9a-f]{8}$/),
      size: 4,
    })
  })

  testWith('wget')('wget fetches it too, and under its name', async () => {
    const { port, url, path } = await setUp()
    const bytes = sampleBytes(2 * MIB)
    const { url: where } = await putFile(port, 'see saw (é).mp3', bytes)
    const got = await run('wget', ['-q', '--no-config', '-O', path('got'), url + where])
    expect(got.code).toBe(0)
    expect((await readFile(path('got'))).equals(bytes)).toBe(true)
    const named = await curl('-f', '-J', '-O', '--output-dir', path(''), url + where)
    expect(named.code).toBe(0)
  })
})

describe('P6: curl -C - goes on', () => {
  test('with half of a whole file', async () => {
    const { port, url, path } = await setUp()
    const bytes = sampleBytes(4 * MIB)
    const file = await putFile(port, 'a.bin', bytes)
    await writeFile(path('a.bin'), bytes)
    await truncate(path('a.bin'), 1_234_567)
    const went = await curl('-f', '-C', '-', '-o', path('a.bin'), '-w', '%{http_code} %{size_download}', url + file.url)
    expect(went.stdout.toString()).toBe(`206 ${bytes.length - 1_234_567}`)
    expect((await readFile(path('a.bin'))).equals(bytes)).toBe(true)
  })

  test('with what is complete already, and nothing comes', async () => {
    const { port, url, path } = await setUp()
    const bytes = sampleBytes(1000)
    const file = await putFile(port, 'a.bin', bytes)
    await writeFile(path('a.bin'), bytes)
    await curl('-C', '-', '-o', path('a.bin'), url + file.url)
    expect((await readFile(path('a.bin'))).equals(bytes)).toBe(true)
  })

  test.each([
    ['of known size', true],
    ['of unknown size', false],
  ])('with a file %s that still arrives, and ends with it', async (_what, known) => {
    const { port, url, path } = await setUp()
    const bytes = sampleBytes(3 * MIB)
    const sender = Sender.open(port, 'PUT /lobby/live.bin', known ? { 'Content-Length': bytes.length } : {})
    await sender.send(bytes.subarray(0, MIB))
    await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('arriving')
    const [file] = await filesOf(port)
    await writeFile(path('live.bin'), bytes.subarray(0, 100_000))
    const { ended } = start('curl', ['-q', '-sSNf', '-C', '-', '-o', path('live.bin'), url + (file?.url ?? '')])
    await expect.poll(async () => (await readFile(path('live.bin'))).length).toBeGreaterThanOrEqual(MIB)
    sender.end(bytes.subarray(MIB))
    expect(await sender.answer).toMatchObject({ status: 201, json: { sha256: sha256Of(bytes) } })
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
    expect((await readFile(path('live.bin'))).equals(bytes)).toBe(true)
  })
})

describe('a file that is gone', () => {
  test.each([
    ['of known size', true, 18],
    ['of unknown size', false, 18],
  ])('%s ends in an error of curl, which has what came', async (_what, known, code) => {
    const { port, url, path } = await setUp()
    const bytes = sampleBytes(2 * MIB)
    const sender = Sender.open(port, 'PUT /lobby/never.bin', known ? { 'Content-Length': 4 * MIB } : {})
    await sender.send(bytes)
    await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('arriving')
    const [file] = await filesOf(port)
    const { ended } = start('curl', ['-q', '-sSNf', '-o', path('never.bin'), url + (file?.url ?? '')])
    await expect.poll(async () => (await readFile(path('never.bin')).catch(() => [])).length).toBe(bytes.length)
    await curl('-f', '-X', 'DELETE', `${url}/files/${file?.id}`)
    expect((await ended).code).toBe(code)
    expect((await readFile(path('never.bin'))).equals(bytes)).toBe(true)
    await sender.send(bytes.subarray(0, 1))
    expect(await sender.answer).toMatchObject({ status: 409, json: { code: 'FENCED' } })
    expect(await filesOf(port)).toEqual([])
  })
})

test('P6: a curl that is killed in the middle leaves what it sent, and another client ends it', async () => {
  const { port, url } = await setUp()
  const bytes = sampleBytes(8 * MIB)
  const address = `${url}/lobby/killed.bin`
  const { child } = start('curl', ['-q', '-sS', '-H', 'Expect:', '-T', '-', '--limit-rate', '4M', address])
  child.stdin.write(bytes)
  await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('arriving')
  child.kill('SIGKILL')
  await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('paused')
  const [file] = await filesOf(port)
  const rest = bytes.subarray(file?.offset)
  const told = [
    'Content-Type: application/offset+octet-stream',
    `Upload-Offset: ${file?.offset}`,
    `Upload-Length: ${bytes.length}`,
  ]
  const headers = told.flatMap((header) => ['-H', header])
  const went = await run(
    'curl',
    ['-q', '-sSf', '-X', 'PATCH', ...headers, '--data-binary', '@-', `${url}/files/${file?.id}`],
    rest,
  )
  expect(went).toMatchObject({ code: 0, stderr: '' })
  expect((await curl('-f', url + (file?.url ?? ''))).stdout.equals(bytes)).toBe(true)
})

describe('a refusal', () => {
  test('is seen by curl before it has sent the file', async () => {
    const { url, path } = await setUp()
    await writeFile(path('big.bin'), sampleBytes(32 * MIB))
    const sent = await curl(
      '-T',
      path('big.bin'),
      '-H',
      'Repr-Digest: nonsense',
      '-w',
      ' %{http_code} %{size_upload}',
      `${url}/lobby/`,
    )
    expect(sent.stdout.toString()).toMatch(/"BAD_REQUEST".* 400 0$/)
  })

  test('reaches a curl that sends without being asked to', async () => {
    const { url, path } = await setUp()
    await writeFile(path('big.bin'), sampleBytes(32 * MIB))
    const told = ['-H', 'Expect:', '-H', 'Content-Encoding: gzip', '-w', ' %{http_code}']
    const sent = await curl('-T', path('big.bin'), ...told, `${url}/lobby/`)
    expect(sent.stdout.toString()).toMatch(/"UNSUPPORTED_TYPE".* 415$/)
  })

  test('of a file that is too large reaches curl while it sends', async () => {
    const { port } = await startHttpHost({ stores: 'kept', limits: { maxFileBytes: 3 * MIB } })
    const bytes = sampleBytes(32 * MIB)
    const sent = await run(
      'curl',
      ['-q', '-sS', '-T', '-', '-w', ' %{http_code}', `http://127.0.0.1:${port}/lobby/x`],
      bytes,
    )
    expect(sent.stdout.toString()).toMatch(/"FILE_TOO_LARGE".* 413$/)
    expect(await filesOf(port)).toEqual([])
  })
})
