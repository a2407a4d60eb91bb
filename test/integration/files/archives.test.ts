import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { FolderArchive } from '#folder/pack.ts'
import { walk } from '#folder/walk.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { type Asked, ask, startHttpHost } from '../../harness/http-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'
import { run } from '../../harness/tools.ts'
import { file, type PlantedTree, plant, treeAt } from '../../harness/trees.ts'

const TREE: PlantedTree = {
  'a.txt': file('satu'),
  'run.sh': file('#!/bin/sh\n', true, 1_700_000_002),
  'sub/ü 家.txt': file('dua dua'),
  'sub/deep/big.bin': file(new Uint8Array(300_000).fill(7)),
  'sub/empty': { type: 'folder' },
  'sub/to-a': { type: 'link', target: '../a.txt', modified: 1_600_000_000 },
  nothing: file(''),
}
const FILES = ['a.txt', 'nothing', 'run.sh', 'sub/deep/big.bin', 'sub/ü 家.txt']
const PNG = Buffer.from('89504e470d0a1a0a0000', 'hex')

let folder: string

beforeEach(async () => {
  folder = await temporaryDirectory()
  await plant(join(folder, 'tree'), TREE)
})

async function packed(tree = join(folder, 'tree')): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of new FolderArchive(await walk(tree)).read()) pieces.push(piece)
  return Buffer.concat(pieces)
}

interface Sent {
  readonly id: string
  readonly url: string
}

async function putFolder(port: number, name = 'photos', asked: Asked = {}): Promise<Sent> {
  const { status, json } = await ask(port, `PUT /lobby/${name}/`, { ...asked, body: await packed() })
  expect(status).toBe(201)
  return json as Sent
}

/** Saves an answer, and runs a program on it. */
async function saved(name: string, bytes: Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

const linesOf = (text: string) => text.trimEnd().split('\n')

describe('a folder', () => {
  test('is listed with what is in it, and every address in the list works', async () => {
    const { port } = await startHttpHost()
    const { url } = await putFolder(port)
    const { status, json } = await ask(port, `GET ${url}/`)
    expect(status).toBe(200)
    expect(json).toMatchObject({ name: 'photos', files: 5, bytes: 300_021 })
    const { members } = json as { members: { path: string; url?: string; size?: number; sha256?: string }[] }
    expect(members.map(({ path }) => path).sort()).toEqual([...FILES, 'sub/empty/', 'sub/to-a'].sort())
    const byPath = new Map(members.map((member) => [member.path, member]))
    expect(byPath.get('run.sh')).toMatchObject({ executable: true, modified: 1_700_000_002_000 })
    expect(byPath.get('a.txt')).toEqual({
      path: 'a.txt',
      modified: 1_600_000_000_000,
      size: 4,
      sha256: createHash('sha256').update('satu').digest('hex'),
      url: `${url}/a.txt`,
    })
    expect(byPath.get('sub/to-a')).toMatchObject({ link: '../a.txt' })
    for (const path of FILES) {
      const member = byPath.get(path)
      const { status, bytes } = await ask(port, `GET ${member?.url}`)
      expect([path, status, createHash('sha256').update(bytes).digest('hex')]).toEqual([path, 200, member?.sha256])
    }
    const head = await ask(port, `HEAD ${url}/`)
    expect(head).toMatchObject({ status: 200, text: '' })
  })

  test('gives one file of it as any file is given', async () => {
    const { port } = await startHttpHost()
    const { url } = await putFolder(port)
    const at = `${url}/sub/%C3%BC%20%E5%AE%B6.txt`
    const whole = await ask(port, `GET ${at}`)
    expect(whole).toMatchObject({ status: 200, text: 'dua dua' })
    expect(whole.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="_ _.txt"; filename*=UTF-8''%C3%BC%20%E5%AE%B6.txt`,
      'content-length': '7',
      'last-modified': new Date(1_600_000_000_000).toUTCString(),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
    })
    const etag = whole.headers.etag ?? ''
    const part = await ask(port, `GET ${at}`, { headers: { Range: 'bytes=4-', 'If-Range': etag } })
    expect(part).toMatchObject({ status: 206, text: 'dua' })
    expect(part.headers['content-range']).toBe('bytes 4-6/7')
    expect(await ask(port, `GET ${at}`, { headers: { Range: 'bytes=7-' } })).toMatchObject({ status: 416 })
    expect(await ask(port, `GET ${at}`, { headers: { 'If-None-Match': etag } })).toMatchObject({ status: 304 })
    expect(whole.headers).not.toHaveProperty('tamtam-folder')
    const head = await ask(port, `HEAD ${at}`)
    expect(head.headers).toMatchObject({ 'content-length': '7', etag })
    const other = await ask(port, `HEAD ${url}/a.txt`)
    expect(other.headers.etag).not.toBe(etag)
    expect(await ask(port, `GET ${url}/nothing`)).toMatchObject({ status: 200, text: '' })
  })

  test('shows an image in it, and nothing that is beside it', async () => {
    const { port } = await startHttpHost()
    await plant(join(folder, 'tree'), { 'b.png': file(PNG), 'c.png': file('') })
    const { url } = await putFolder(port)
    expect((await ask(port, `GET ${url}/b.png`)).headers).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': 'inline; filename="b.png"',
    })
    expect((await ask(port, `GET ${url}/c.png`)).headers['content-type']).toBe('application/octet-stream')
  })

  test.each([
    'no.txt',
    'sub',
    'sub/',
    'sub/to-a',
    'SHA256SUMS',
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e/%2e%2e/a.txt',
    'sub/../a.txt',
    'sub%2F..%2Fa.txt',
    '%2Fa.txt',
    './a.txt',
    'a.txt%00',
    'sub%5Ca.txt',
    `${'x/'.repeat(40)}a`,
    'A.TXT',
  ])('has no %j, and says where its list is', async (path) => {
    const { port } = await startHttpHost()
    const { url } = await putFolder(port)
    const answer = await ask(port, `GET ${url}/${path}`)
    expect(answer).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } })
    expect((answer.json as { message: string }).message).toContain(`${url}/ lists`)
  })

  test('comes as a tar as it was sent, with and without its ending', async () => {
    const { port } = await startHttpHost()
    const { url } = await putFolder(port)
    const tar = await packed()
    const named = await ask(port, `GET ${url}.tar`)
    expect(named.bytes.equals(tar)).toBe(true)
    expect(named.headers).toMatchObject({
      'content-type': 'application/x-tar',
      'content-disposition': 'attachment; filename="photos.tar"',
      'content-length': String(tar.length),
    })
    expect((await ask(port, `GET ${url}`)).bytes.equals(tar)).toBe(true)
    const part = await ask(port, `GET ${url}.tar`, { headers: { Range: 'bytes=0-9' } })
    expect(part).toMatchObject({ status: 206 })
    expect((await ask(port, `HEAD ${url}.tar`)).headers['content-length']).toBe(String(tar.length))
  })

  test('comes as a zip whose length is known, with digests at its end, and gives back its tree', async () => {
    const { port } = await startHttpHost()
    const { url } = await putFolder(port)
    const { status, headers, bytes } = await ask(port, `GET ${url}.zip`)
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': 'application/zip',
      'content-disposition': 'attachment; filename="photos.zip"',
      'content-length': String(bytes.length),
      'x-content-type-options': 'nosniff',
    })
    expect((await ask(port, `HEAD ${url}.zip`)).headers['content-length']).toBe(String(bytes.length))
    const zip = await saved('photos.zip', bytes)
    const into = join(folder, 'out')
    run('unzip', '-q', zip, '-d', into)
    const sums = await readFile(join(into, 'SHA256SUMS'), 'utf8')
    expect(linesOf(sums).map((line) => line.slice(66))).toEqual(FILES)
    execFileSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], { cwd: into })
    const { SHA256SUMS: _, ...tree } = await treeAt(into)
    const { 'sub/to-a': link, ...sent } = await treeAt(join(folder, 'tree'))
    expect(link).toMatch(/^link/)
    expect(tree).toEqual(sent)
  })

  test.each(['unzip', 'bsdtar', 'python3'] as const)('is a zip for %s', async (program) => {
    const { port } = await startHttpHost()
    const { url } = await putFolder(port)
    const path = await saved('photos.zip', (await ask(port, `GET ${url}.zip`)).bytes)
    if (program === 'unzip') expect(run('unzip', '-t', path)).toMatch(/No errors detected/)
    else if (program === 'bsdtar') expect(linesOf(run('bsdtar', '-tf', path)).at(-1)).toBe('SHA256SUMS')
    else {
      const tests =
        'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip()); print("\\n".join(z.namelist()))'
      const [fault, ...names] = linesOf(run('python3', '-X', 'utf8', '-c', tests, path))
      expect([fault, names.at(-1)]).toEqual(['None', 'SHA256SUMS'])
      expect(names).toContain('sub/ü 家.txt')
    }
  })

  test('whose own name has an ending is found by each name', async () => {
    const { port } = await startHttpHost()
    const { url } = await putFolder(port, 'a.zip')
    expect(url).toMatch(/\/a\.zip$/)
    const tar = await packed()
    expect((await ask(port, `GET ${url}`)).bytes.equals(tar)).toBe(true)
    expect((await ask(port, `GET ${url}.tar`)).bytes.equals(tar)).toBe(true)
    const zip = await ask(port, `GET ${url}.zip`)
    expect(zip.bytes.subarray(0, 2).toString()).toBe('PK')
    expect(zip.headers['content-disposition']).toBe('attachment; filename="a.zip.zip"')
    expect(await ask(port, `GET ${url}/a.txt`)).toMatchObject({ status: 200, text: 'satu' })
  })

  test('that is still arriving is there as a tar only', async () => {
    const { port } = await startHttpHost()
    const created = await ask(port, 'POST /rooms/lobby/files', {
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Length': '10240',
        'Upload-Metadata': `filename ${Buffer.from('photos').toString('base64')},folder ${Buffer.from('1 2').toString('base64')}`,
      },
    })
    const { pathname } = new URL(String(created.headers.location), 'http://host')
    for (const path of ['photos.zip', 'photos/', 'photos/a.txt']) {
      const answer = await ask(port, `GET ${pathname}/${path}`)
      expect(answer).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } })
      expect((answer.json as { message: string }).message).toContain('still arriving')
    }
  })

  test('has links that carry its archive, its list and its files', async () => {
    const { port } = await startHttpHost()
    const { id } = await putFolder(port)
    const { json } = await ask(port, `POST /files/${id}/links`)
    const [path, ticket] = (json as { url: string }).url.split('?')
    const listing = await ask(port, `GET ${path}/?${ticket}`)
    const { members } = listing.json as { members: { path: string; url?: string }[] }
    const url = members.find((member) => member.path === 'a.txt')?.url
    expect(url).toContain(`/a.txt?${ticket}`)
    expect(await ask(port, `GET ${url}`)).toMatchObject({ status: 200, text: 'satu' })
    expect(await ask(port, `GET ${path}.zip?${ticket}`)).toMatchObject({ status: 200 })
    expect(await ask(port, `GET ${path}.zip?ticket=wrong`)).toMatchObject({ status: 404 })
  })

  test('that is for others does not exist', async () => {
    const { port, tamtam } = await startHttpHost()
    await tamtam.engine.join({ room: 'lobby', name: 'budi' })
    const { id } = await putFolder(port, 'photos', { as: 'ani' })
    const own = await ask(port, 'PUT /lobby/secret/?to=budi', { body: await packed(), as: 'ani' })
    expect(own.status).toBe(201)
    const { id: secret } = own.json as Sent
    const missing = await ask(port, 'GET /files/0000/photos/a.txt')
    for (const path of ['', '/', '/a.txt', '.zip', '.tar']) {
      expect((await ask(port, `GET /files/${id}/photos${path}`)).status).toBe(200)
      expect(await ask(port, `GET /files/${secret}/secret${path}`)).toMatchObject({ status: 404, text: missing.text })
    }
  })

  test('a plain file has no members, and a slash behind its name changes nothing', async () => {
    const { port } = await startHttpHost()
    const { json } = await ask(port, 'PUT /lobby/a.zip', { body: 'halo' })
    const { url } = json as Sent
    expect(await ask(port, `GET ${url}`)).toMatchObject({ status: 200, text: 'halo' })
    expect(await ask(port, `GET ${url}/`)).toMatchObject({ status: 200, text: 'halo' })
    expect(await ask(port, `HEAD ${url}/`)).toMatchObject({ status: 200 })
    expect(await ask(port, `GET ${url}/a.txt`)).toMatchObject({ status: 404 })
    expect(await ask(port, `PUT ${url}/a/b`)).toMatchObject({ status: 405 })
  })
})

describe('a room', () => {
  async function peopledRoom() {
    const host = await startHttpHost()
    const { port } = host
    await putFolder(port)
    await ask(port, 'PUT /lobby/photos.txt', { body: 'satu' })
    for (const [name, body] of [
      ['a.txt', 'a1'],
      ['A.txt', 'a2'],
      ['a.txt', 'a3'],
      ['a%20(2).txt', 'a4'],
      ['SHA256SUMS', 'mine'],
      ['Photos', 'no folder'],
    ] as const)
      expect((await ask(port, `PUT /lobby/${name}`, { body })).status).toBe(201)
    return host
  }
  const NAMES = ['photos.txt', 'a.txt', 'A (2).txt', 'a (3).txt', 'a (2) (2).txt', 'SHA256SUMS', 'Photos (2)']

  test('comes as a zip with everything in it once, under names that no system takes for one', async () => {
    const { port } = await peopledRoom()
    const { status, headers, bytes } = await ask(port, 'GET /rooms/lobby/files.zip')
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-disposition': 'attachment; filename="lobby.zip"',
      'content-length': String(bytes.length),
    })
    const zip = await saved('lobby.zip', bytes)
    const into = join(folder, 'out')
    run('unzip', '-q', zip, '-d', into)
    execFileSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS (2)'], { cwd: into })
    const found = Object.keys(await treeAt(into))
    expect(found.filter((path) => !path.includes('/')).sort()).toEqual([...NAMES, 'photos', 'SHA256SUMS (2)'].sort())
    expect(found).toContain('photos/sub/ü 家.txt')
    expect(await readFile(join(into, 'a (2) (2).txt'), 'utf8')).toBe('a4')
  })

  test.each(['tar', 'bsdtar', 'python3'] as const)('comes as a tar that %s reads, with links', async (program) => {
    const { port } = await peopledRoom()
    const { headers, bytes } = await ask(port, 'GET /rooms/lobby/files.tar')
    expect(headers).toMatchObject({
      'content-type': 'application/x-tar',
      'content-disposition': 'attachment; filename="lobby.tar"',
      'content-length': String(bytes.length),
    })
    const tar = await saved('lobby.tar', bytes)
    if (program === 'python3') {
      const names = 'import sys,tarfile; print("\\n".join(m.name for m in tarfile.open(sys.argv[1])))'
      expect(linesOf(run('python3', '-X', 'utf8', '-c', names, tar))).toContain('photos/sub/ü 家.txt')
      return
    }
    const into = join(folder, 'out')
    await plant(into, {})
    if (program === 'bsdtar') run('bsdtar', '-xf', tar, '-C', into)
    else execFileSync('tar', ['-xf', tar, '-C', into])
    execFileSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS (2)'], { cwd: into })
    const found = await treeAt(join(into, 'photos'))
    expect(found).toEqual(await treeAt(join(folder, 'tree')))
  })

  test('gives nobody what they may not see, and operators what was handed in by person', async () => {
    const host = await startHttpHost()
    const { port, tamtam } = host
    const guru = await tamtam.engine.join({ room: 'lobby', name: 'guru', role: 'owner' })
    await ask(port, 'PUT /lobby/open.txt', { body: 'for all' })
    await SessionClient.join(port, 'frames', 'asisten', 'lobby')
    expect(await guru.send({ type: 'op', name: 'asisten' })).toMatchObject({ type: 'ack' })
    expect(await guru.send({ type: 'startCollection' })).toMatchObject({ type: 'ack' })
    for (const [as, name, body] of [
      ['ani', 'essay.txt', 'first'],
      ['ani', 'essay.txt', 'second'],
      ['budi', 'essay.txt', 'mine'],
    ] as const)
      expect((await ask(port, `PUT /lobby/${name}`, { body, as })).status).toBe(201)
    await ask(port, 'PUT /lobby/work/', { body: await packed(), as: 'budi' })
    const seen = await ask(port, 'GET /rooms/lobby/files.zip')
    expect(seen.text).toContain('open.txt')
    expect(seen.text).not.toContain('essay')
    expect(await ask(port, 'GET /rooms/lobby/files.zip?collected=1')).toMatchObject({ status: 403 })
    expect(await ask(port, 'GET /rooms/lobby/files.zip?collected=x')).toMatchObject({ status: 400 })
    const operator = { headers: { 'Tamtam-Key': keyOf('asisten') } }
    const all = await ask(port, 'GET /rooms/lobby/files.tar?collected=1', operator)
    expect(all.headers['content-disposition']).toBe('attachment; filename="lobby-hand-ins.tar"')
    execFileSync('tar', ['-xf', await saved('all.tar', all.bytes), '-C', folder])
    execFileSync('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], { cwd: folder })
    expect(await readFile(join(folder, 'ani', 'essay.txt'), 'utf8')).toBe('second')
    expect(await readFile(join(folder, 'budi', 'essay.txt'), 'utf8')).toBe('mine')
    expect(await readFile(join(folder, 'budi', 'work', 'a.txt'), 'utf8')).toBe('satu')
    const [, earlier = ''] = (await readdir(join(folder, 'ani'))).sort().reverse()
    expect(earlier).toMatch(/^essay \(\d{4}-\d\d-\d\d \d\d\.\d\d\)\.txt$/)
    expect(await readFile(join(folder, 'ani', earlier), 'utf8')).toBe('first')
    const zip = await saved('all.zip', (await ask(port, 'GET /rooms/lobby/files.zip?collected=1', operator)).bytes)
    expect(run('unzip', '-t', zip)).toMatch(/No errors detected/)
  })

  test('has links to its archives, which carry what their author may see, for as long as they may', async () => {
    const { port, tamtam } = await startHttpHost()
    const guru = await tamtam.engine.join({ room: 'lobby', name: 'guru', role: 'owner' })
    await ask(port, 'PUT /lobby/open.txt', { body: 'for all' })
    await SessionClient.join(port, 'frames', 'asisten', 'lobby')
    await guru.send({ type: 'op', name: 'asisten' })
    await guru.send({ type: 'startCollection' })
    await ask(port, 'PUT /lobby/essay.txt', { body: 'mine', as: 'ani' })
    const operator = { headers: { 'Tamtam-Key': keyOf('asisten') } }
    const linkOf = async (path: string, how: Asked = {}) => {
      const { status, json } = await ask(port, `POST ${path}`, how)
      expect(status).toBe(201)
      return (json as { url: string }).url
    }
    const collected = await linkOf('/rooms/LOBBY/links?collected=1', operator)
    expect(collected).toMatch(/^\/rooms\/lobby\/files\.zip\?ticket=[\w-]+&collected=1$/)
    for (const url of [collected, collected.replace('.zip', '.tar')]) {
      const { status, text } = await ask(port, `GET ${url}`)
      expect([status, text.includes('ani/essay.txt')]).toEqual([200, true])
    }
    const plain = await linkOf('/rooms/lobby/links')
    expect((await ask(port, `GET ${plain}`)).text).toContain('open.txt')
    expect(await ask(port, `GET ${plain}&collected=1`)).toMatchObject({ status: 403 })
    // It opens nothing else.
    const [, ticket = ''] = collected.split('ticket=')
    await ask(port, 'PUT /den/a.txt', { body: 'a' })
    for (const path of ['/rooms/den/files.zip', '/rooms/lobby/files.zip']) {
      const wrong = path.includes('den') ? ticket : ticket.replace(/^./, (sign) => (sign === 'A' ? 'B' : 'A'))
      expect(await ask(port, `GET ${path}?ticket=${wrong}`)).toMatchObject({ status: 404 })
    }
    // An op that is one no more has nothing of it.
    await guru.send({ type: 'deop', name: 'asisten' })
    expect(await ask(port, `GET ${collected}`)).toMatchObject({ status: 403 })
  })

  test('without files is an archive without members', async () => {
    const { port } = await startHttpHost()
    const zip = await saved('none.zip', (await ask(port, 'GET /rooms/lobby/files.zip')).bytes)
    expect(run('unzip', '-l', zip)).toMatch(/SHA256SUMS/)
    const tar = await ask(port, 'GET /rooms/lobby/files.tar')
    expect(tar.bytes.length).toBe(512 + 1024)
    expect((await ask(port, 'HEAD /rooms/lobby/files.tar')).headers['content-length']).toBe('1536')
  })
})

describe('an archive on its way', () => {
  test.each(['zip', 'tar'] as const)('breaks off when a file in a %s goes', async (kind) => {
    const { port, tamtam } = await startHttpHost()
    const guru = await tamtam.engine.join({ room: 'lobby', name: 'guru', role: 'owner' })
    await ask(port, 'PUT /lobby/big', { body: Buffer.alloc(30_000_000) })
    const { id } = (await ask(port, 'PUT /lobby/last', { body: 'halo' })).json as Sent
    const asked = request({ port, host: '127.0.0.1', path: `/rooms/lobby/files.${kind}` }).end()
    const [response] = await once(asked, 'response')
    await once(response, 'readable')
    expect(await guru.send({ type: 'removeFile', file: id })).toMatchObject({ type: 'ack' })
    let size = 0
    await expect(
      (async () => {
        for await (const piece of response) size += piece.length
      })(),
    ).rejects.toThrow(/aborted/)
    expect(size).toBeLessThan(Number(response.headers['content-length']))
  })

  test.each(['zip', 'tar'] as const)('ends with its reader, and gives its place back (%s)', async (kind) => {
    const { port, tamtam } = await startHttpHost()
    await ask(port, 'PUT /lobby/big', { body: Buffer.alloc(30_000_000) })
    const asked = request({ port, host: '127.0.0.1', path: `/rooms/lobby/files.${kind}` }).end()
    const [response] = await once(asked, 'response')
    await once(response, 'readable')
    asked.on('error', () => {})
    response.destroy()
    await expect.poll(async () => (await ask(port, 'GET /metrics')).text).toMatch(/downloads 0\b/)
    expect(tamtam.engine).toBeDefined()
  })
})
