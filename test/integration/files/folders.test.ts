import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'
import { ask, startHttpHost } from '../../harness/http-client.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const HOUR = 3_600_000
let tar: Buffer

beforeEach(async () => {
  const tree = join(await temporaryDirectory(), 'photos')
  await mkdir(join(tree, 'sub', 'empty'), { recursive: true })
  await writeFile(join(tree, 'a.txt'), 'satu')
  await writeFile(join(tree, 'sub', 'ü.txt'), 'dua dua')
  tar = execFileSync('tar', ['-C', tree, '--sort=name', '-cf', '-', '.'])
})

describe('a folder', () => {
  test.each(['/lobby/photos/', '/rooms/lobby/files/photos/'])('is put as a tar at %s, as one file', async (path) => {
    const { port, tamtam } = await startHttpHost({ stores: 'kept' })
    const budi = await tamtam.engine.join({ room: 'lobby', name: 'budi' })
    const heard: string[] = []
    budi.events$.subscribe((event) => heard.push(event.type))
    const answer = await ask(port, `PUT ${path}`, { body: tar, as: 'ani' })
    const folder = { files: 2, bytes: 11 }
    expect(answer).toMatchObject({ status: 201, json: { name: 'photos', size: tar.length, folder } })
    expect(heard).toEqual(['fileOffered', 'fileCompleted'])
    expect(await filesOf(port)).toMatchObject([{ name: 'photos', status: 'whole', folder }])
    const { url } = answer.json as { url: string }
    expect((await ask(port, `GET ${url}`)).bytes.equals(tar)).toBe(true)
  })

  test('is listed by its files, each with its own name, size and address, or as one where that is asked for', async () => {
    const { port } = await startHttpHost()
    await ask(port, 'PUT /lobby/b.txt', { body: 'single' })
    const { json } = await ask(port, 'PUT /lobby/photos/', { body: tar, as: 'ani' })
    await ask(port, 'PUT /lobby/c.txt', { body: 'last' })
    const { id, url } = json as { id: string; url: string }
    const answer = await ask(port, 'GET /rooms/lobby/files')
    const { files } = answer.json as { files: readonly Record<string, unknown>[] }
    expect(files).toMatchObject([
      { name: 'b.txt', size: 6 },
      { id, name: 'photos/a.txt', size: 4, by: 'ani', status: 'whole', url: `${url}/a.txt`, verified: 0 },
      { id, name: 'photos/sub/ü.txt', size: 7, url: `${url}/sub/%C3%BC.txt` },
      { name: 'c.txt', size: 4 },
    ])
    for (const { url, size } of files) expect((await ask(port, `GET ${url}`)).bytes).toHaveLength(Number(size))
    for (const row of files) expect(row).not.toHaveProperty('folder')
    const asOne = await ask(port, 'GET /rooms/lobby/files?folders=1')
    expect((asOne.json as { files: unknown[] }).files).toMatchObject([
      { name: 'b.txt' },
      { id, name: 'photos', size: tar.length, folder: { files: 2, bytes: 11 } },
      { name: 'c.txt' },
    ])
    expect(await ask(port, 'GET /rooms/lobby/files?folders=x')).toMatchObject({ status: 400 })
  })

  test('that has no file, or is still on its way, is listed itself', async () => {
    const { port } = await startHttpHost()
    const empty = join(await temporaryDirectory(), 'empty')
    await mkdir(join(empty, 'sub'), { recursive: true })
    await ask(port, 'PUT /lobby/empty/', { body: execFileSync('tar', ['-C', empty, '-cf', '-', '.']) })
    await ask(port, 'POST /rooms/lobby/files', {
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Length': String(tar.length),
        'Upload-Metadata': `filename ${base64('photos')},folder ${base64('2 11')}`,
      },
    })
    const { json } = await ask(port, 'GET /rooms/lobby/files')
    expect((json as { files: unknown[] }).files).toMatchObject([
      { name: 'empty', folder: { files: 0, bytes: 0 } },
      { name: 'photos', status: 'paused', folder: { files: 2, bytes: 11 } },
    ])
  })

  test('comes by tus, with what its sender counted, which the host counts again', async () => {
    const { port } = await startHttpHost()
    const created = await ask(port, 'POST /rooms/lobby/files', {
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Length': String(tar.length),
        'Upload-Metadata': `filename ${base64('photos')},folder ${base64('3 99')}`,
      },
    })
    expect(created.status).toBe(201)
    expect(await filesOf(port)).toMatchObject([{ status: 'paused', folder: { files: 3, bytes: 99 } }])
    const sent = await ask(port, `PATCH ${created.headers.location}`, {
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Offset': '0',
        'Content-Type': 'application/offset+octet-stream',
      },
      body: tar,
    })
    expect(sent.status).toBe(204)
    expect(await filesOf(port)).toMatchObject([{ status: 'whole', folder: { files: 2, bytes: 11 } }])
  })

  test.each([
    ['no tar', Buffer.from('halo')],
    ['a path that leaves it', () => evil('../evil.txt')],
    ['an absolute path', () => evil('/etc/evil.txt')],
  ])('with %s is refused by name, and nothing of it stays', async (_what, body) => {
    const { port } = await startHttpHost()
    const answer = await ask(port, 'PUT /lobby/photos/', { body: typeof body === 'function' ? body() : body })
    expect(answer).toMatchObject({ status: 422, json: { code: 'BAD_FOLDER' } })
    expect(await filesOf(port)).toEqual([])
  })

  test('whose metadata says nothing that can be understood is refused', async () => {
    const { port } = await startHttpHost()
    const headers = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '5' }
    for (const folder of ['', '3', '3 x', '-1 5', '1 2 3'])
      expect(
        await ask(port, 'POST /rooms/lobby/files', {
          headers: { ...headers, 'Upload-Metadata': `filename ${base64('p')},folder ${base64(folder)}` },
        }),
      ).toMatchObject({ status: 400, json: { code: 'BAD_REQUEST' } })
  })
})

/** The first member's name is overwritten in place, with its checksum. */
function evil(path: string): Buffer {
  const header = Buffer.alloc(512)
  header.write(path)
  header.write('0000644\0', 100)
  header.write('00000000004\0', 124)
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write('0ustar\x0000', 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, Buffer.from('halo'.padEnd(512, '\0')), Buffer.alloc(1024)])
}

describe('a time to go', () => {
  test('is told with the file, by PUT and by tus', async () => {
    const { port } = await startHttpHost()
    const before = Date.now()
    const put = await ask(port, 'PUT /lobby/a.txt?expires=1h', { body: 'halo' })
    await ask(port, 'POST /rooms/lobby/files?expires=90m', {
      headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '0', 'Upload-Metadata': `filename ${base64('b')}` },
    })
    const after = Date.now()
    const [a, b] = (await filesOf(port)) as unknown as { expiresAt: number }[]
    expect(put.json).toMatchObject({ expiresAt: a?.expiresAt })
    expect(a?.expiresAt).toBeGreaterThanOrEqual(before + HOUR)
    expect(a?.expiresAt).toBeLessThanOrEqual(after + HOUR)
    expect(b?.expiresAt).toBeGreaterThanOrEqual(before + 1.5 * HOUR)
  })

  test.each(['soon', '0', '59s', '366d', '', '-1h'])('%j is refused', async (span) => {
    const { port } = await startHttpHost()
    const answer = await ask(port, `PUT /lobby/a.txt?expires=${span}`, { body: 'halo' })
    expect(answer).toMatchObject({ status: 400, json: { code: 'BAD_REQUEST' } })
  })
})
