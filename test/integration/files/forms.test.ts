import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { sampleBytes } from '../../harness/bytes.ts'
import { curl, run, testWith } from '../../harness/commands.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'
import type { HostOptions } from '../../harness/host.ts'
import { ask, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'

const test = testWith('curl')

async function setUp(options: HostOptions = {}) {
  const { port } = await startHttpHost({ stores: 'kept', ...options })
  const directory = await temporaryDirectory()
  const url = `http://127.0.0.1:${port}`
  const write = async (name: string, bytes: Buffer | string) => {
    await writeFile(join(directory, name), bytes)
    return join(directory, name)
  }
  const got = async (path: string) => (await ask(port, `GET ${path}`)).bytes
  const said = async (room = 'lobby') => {
    const { json } = await ask(port, `GET /rooms/${room}/events`)
    return (json as { events: { type: string; text?: string }[] }).events.flatMap(({ text }) => text ?? [])
  }
  return { port, url, write, got, said }
}

const json = ({ stdout }: { readonly stdout: Buffer }) => JSON.parse(stdout.toString())

/** A form as bytes: what no browser and no curl sends. */
const form = (...parts: readonly string[]) => ({
  headers: { 'Content-Type': 'multipart/form-data; boundary=B' },
  body: `${parts.map((part) => `--B\r\n${part}\r\n`).join('')}--B--\r\n`,
})
const part = (name: string, bytes: string) =>
  `Content-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n${bytes}`

describe('curl -F', () => {
  test.each([
    '/',
    '/lobby',
    '/lobby/',
    '/LOBBY/',
    '/rooms/lobby',
    '/rooms/lobby/files',
    '/rooms/lobby/files/',
    '/lobby/x',
  ])('brings a file in at %s, to the byte', async (path) => {
    const { port, url, write, got } = await setUp()
    const bytes = sampleBytes(3_000_000)
    const sent = await curl('-f', '-i', '-F', `file=@${await write('a b.bin', bytes)}`, url + path)
    const [head = '', body = ''] = sent.stdout.toString().split(/\r\n\r\n(?=\{)/)
    const file = JSON.parse(body)
    expect(file).toMatchObject({ name: 'a b.bin', size: bytes.length })
    expect(head).toMatch(/ 201 Created/)
    expect(head.toLowerCase()).toContain(`location: ${file.url}`)
    expect((await got(file.url)).equals(bytes)).toBe(true)
    expect(await filesOf(port)).toMatchObject([{ name: 'a b.bin', status: 'whole', by: '127.0.0.1' }])
  })

  test('brings several, with fields between them and under names of their own', async () => {
    const { port, url, write, got } = await setUp()
    const [one, two] = [await write('one', 'first\r\n'), await write('two', '')]
    const fields = [
      '-F',
      'who=ani',
      '-F',
      `files=@${one};filename=na\u00efve "x".txt`,
      '-F',
      `other=@${two};type=image/png`,
    ]
    const { files } = json(await curl('-f', ...fields, `${url}/lab/`))
    expect(files).toMatchObject([
      { name: 'na\u00efve _x_.txt', size: 7 },
      { name: 'two', size: 0 },
    ])
    expect((await got(files[0].url)).toString()).toBe('first\r\n')
    expect((await ask(port, 'GET /rooms')).json).toMatchObject({ rooms: [{ name: 'lab' }] })
  })

  test.each(['/lobby/', '/lobby/x', '/rooms/lobby/files/x'])('brings a file in by PUT as well, at %s', async (path) => {
    const { port, url, write, got } = await setUp()
    const sent = json(await curl('-f', '-X', 'PUT', '-F', `file=@${await write('a', 'hello')}`, url + path))
    expect((await got(sent.url)).toString()).toBe('hello')
    expect(await filesOf(port)).toMatchObject([{ name: 'a', size: 5 }])
  })

  test('brings several files of one field', async () => {
    const { port, url, write } = await setUp()
    const { files } = json(
      await curl('-f', '-F', `file=@${await write('a', 'one')},${await write('b', '')}`, `${url}/lobby/`),
    )
    expect(files).toMatchObject([
      { name: 'a', size: 3 },
      { name: 'b', size: 0 },
    ])
    expect(await filesOf(port)).toHaveLength(2)
  })

  test('is for one person where it says so, and for nobody who is not there', async () => {
    const { port, url, write } = await setUp()
    const path = await write('a', 'psst')
    const ani = await LineClient.join(port, 'ani')
    const sent = json(await curl('-u', 'budi:', '-F', `file=@${path}`, `${url}/lobby/?to=ani`))
    expect(sent).toMatchObject({ audience: { from: { name: 'budi' }, to: { name: 'ani' } } })
    expect(sent.url).toContain('?ticket=')
    expect(await filesOf(port)).toEqual([])
    expect(json(await curl('-F', `file=@${path}`, `${url}/lobby/?to=cici`))).toMatchObject({ code: 'NO_SUCH_MEMBER' })
    ani.leave()
  })

  test('hears of each file by itself where one is refused', async () => {
    const { port, url, write, got } = await setUp({ limits: { maxFileBytes: 100 } })
    const small = await write('small', 'x')
    const large = await write('large', 'y'.repeat(3_000_000))
    const fields = [
      '-F',
      `a=@${small}`,
      '-F',
      `b=@${large}`,
      '-F',
      `c=@${small};filename=..`,
      '-F',
      `d=@${small};filename=last`,
    ]
    const sent = await curl('-w', ' %{http_code}', ...fields, `${url}/lobby/`)
    const [, body = '', status] = /^(.*) (\d+)$/s.exec(sent.stdout.toString()) ?? []
    const { code, message, files } = JSON.parse(body)
    expect([status, code, message]).toEqual(['413', 'FILE_TOO_LARGE', expect.stringContaining('large: ')])
    expect(files).toMatchObject([
      { name: 'small', size: 1 },
      { name: 'large', code: 'FILE_TOO_LARGE' },
      { name: '..', code: 'BAD_NAME' },
      { name: 'last', size: 1 },
    ])
    expect((await got(files[3].url)).toString()).toBe('x')
    expect((await filesOf(port)).map(({ name }) => name).sort()).toEqual(['last', 'small'])
  })

  test('without a file in it hears what to type', async () => {
    const { port, url } = await setUp()
    for (const request of [form(), form('Content-Disposition: form-data; name=a\r\n\r\nhello'), form(part('', ''))]) {
      const { status, json } = await ask(port, 'POST /lobby/', request)
      expect([status, json]).toEqual([
        400,
        { code: 'BAD_REQUEST', message: expect.stringContaining(`curl -T FILE ${url}/lobby/`) },
      ])
    }
    expect(await filesOf(port)).toEqual([])
  })
})

describe('a form', () => {
  test('that ends within leaves what was whole, and nothing half', async () => {
    const { port } = await setUp()
    const { headers, body } = form(part('a', 'hello'), part('b', 'half of it'))
    for (const at of [body.length - 20, body.length - 60]) {
      const { status, json } = await ask(port, 'POST /lobby/', { headers, body: body.slice(0, at) })
      expect([status, json]).toMatchObject([400, { code: expect.stringMatching(/^(TRANSFER_CUT|BAD_REQUEST)$/) }])
    }
    const cut = await LineClient.connect(port)
    const head = `POST /lobby/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\nContent-Type: ${headers['Content-Type']}\r\n\r\n`
    await cut.writeApart(head + body.slice(0, body.length - 15))
    const files = async () => (await filesOf(port)).map(({ name, status }) => `${name} ${status}`)
    await expect.poll(async () => (await files()).filter((file) => file === 'a whole')).toHaveLength(3)
    cut.reset()
    await expect.poll(files).toEqual(['a whole', 'a whole', 'a whole'])
  })

  test('that cannot be understood is refused', async () => {
    const { port } = await setUp()
    const { headers, body } = form(part('a', 'x'))
    for (const [more, sent, status] of [
      [{ 'Content-Type': 'multipart/form-data' }, body, 400],
      [{ 'Content-Type': 'multipart/form-data; boundary=C' }, body, 400],
      [{ ...headers, 'Content-Encoding': 'gzip' }, body, 415],
      [{ ...headers, 'Content-Range': 'bytes 1-2/3' }, body, 400],
      [{ ...headers, 'Repr-Digest': `sha-256=:${'A'.repeat(43)}=:` }, body, 400],
      [headers, body.replace('\r\n\r\n', '\r\nContent-Transfer-Encoding: base64\r\n\r\n'), 415],
      [headers, 'hello', 400],
      [headers, '', 400],
    ] as const)
      expect((await ask(port, 'POST /lobby/', { headers: more, body: sent })).status).toBe(status)
    expect(await filesOf(port)).toEqual([])
  })

  test('C93: that a page of another origin sends brings nothing', async () => {
    const { port } = await setUp()
    for (const more of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
      { Host: 'evil.example' },
    ])
      for (const path of ['/', '/lobby', '/lobby/', '/rooms/lobby/files']) {
        const { headers, body } = form(part('a', 'x'))
        const { status } = await ask(port, `POST ${path}`, { headers: { ...headers, ...more }, body })
        expect([path, more, [403, 421].includes(status)]).toEqual([path, more, true])
      }
    expect(await filesOf(port)).toEqual([])
    const { headers, body } = form(part('a', 'x'))
    const own = { ...headers, Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin' }
    expect((await ask(port, 'POST /lobby/', { headers: own, body })).status).toBe(201)
  })

  test('is of strangers where a token is wanted, and need not even be sent', async () => {
    const { port } = await setUp({ token: true })
    const { headers, body } = form(part('a', 'x'))
    const head = `POST /lobby/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\nContent-Type: ${headers['Content-Type']}\r\n\r\n`
    const stranger = await LineClient.connect(port)
    stranger.write(head)
    await stranger.until(/^HTTP\/1\.1 404 /)
    stranger.leave()
  })
})

/** What people type who are not far off, and what is said there, or where the file is. */
const TYPED: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['curl -T without a slash', ['curl', '-T', 'FILE', 'URL/lobby'], / 405 .*curl -T FILE URL\/lobby\//s],
  ['curl -T without a room', ['curl', '-T', 'FILE', 'URL/'], / 405 .*curl -T FILE URL\/lobby\//s],
  ['curl -T to a room of the API', ['curl', '-T', 'FILE', 'URL/rooms/lobby'], / 405 .*curl -T FILE URL\/lobby\//s],
  ['curl -T to its files', ['curl', '-T', 'FILE', 'URL/rooms/lobby/files'], / 405 .*curl -T FILE URL\/lobby\//s],
  ['curl -d to a room', ['curl', '-d', 'hello', 'URL/lobby'], / 415 .*curl -d TEXT URL\/rooms\/lobby\/messages/s],
  ['curl -d to a room, with a slash', ['curl', '-d', 'hello', 'URL/lobby/'], / 415 .*curl -T FILE URL\/lobby\//s],
  ['curl -d to the host', ['curl', '-d', 'hello', 'URL/'], / 415 .*curl -T FILE URL\/lobby\//s],
  ['curl -d to the files', ['curl', '-d', 'hello', 'URL/rooms/lobby/files'], / 415 .*curl -T FILE URL\/lobby\//s],
  ['curl -X POST', ['curl', '-X', 'POST', 'URL/lobby'], / 415 .*curl -d TEXT URL\/rooms\/lobby\/messages/s],
  ['a form that is said', ['curl', '-F', 'text=hello', 'URL/rooms/lobby/messages'], / 415 .*curl -d TEXT URL/s],
  ['a room', ['curl', 'URL/lobby'], / 404 .*curl -T FILE/s],
  ['messages that are read', ['curl', 'URL/rooms/lobby/messages'], / 405 .*curl -d TEXT URL\/rooms\/lobby\/messages/s],
  [
    'a file that is deleted by its name',
    ['curl', '-X', 'DELETE', 'URL/lobby/a.txt'],
    / 405 .*curl -T FILE URL\/lobby\//s,
  ],
  [
    '--data-binary under a name',
    ['curl', '--data-binary', '@FILE', 'URL/lobby/a.txt'],
    / 201 .*"name":"a.txt","size":11/s,
  ],
  [
    '--data-binary at the files',
    ['curl', '--data-binary', '@FILE', 'URL/rooms/lobby/files/a.txt'],
    / 201 .*"size":11/s,
  ],
  ['messages with a slash', ['curl', '-d', 'hello', 'URL/rooms/lobby/messages/'], / 201 .*"seq":1/s],
  ['a room in capitals, with a slash', ['curl', 'URL/rooms/LOBBY/'], / 200 .*"name":"lobby"/s],
  ['rooms with a slash', ['curl', 'URL/rooms/'], / 200 .*"rooms":/s],
  ['events with a slash', ['curl', 'URL/rooms/lobby/events/?after=0'], / 200 .*"events":/s],
]

describe('who is not far off', () => {
  test.each(TYPED)('%s hears what works, or has it done', async (_case, [command = '', ...words], wanted) => {
    const { url, write } = await setUp()
    const path = await write('a.txt', 'hello file\n')
    const typed = words.map((word) => word.replace('FILE', path).replace('URL', url))
    const { stdout } = await run(command, ['-q', '-sS', '-i', ...typed])
    expect(stdout.toString().replaceAll(url, 'URL')).toMatch(wanted)
  })

  test.each([
    ['--data-binary', (path: string) => ['--data-binary', `@${path}`]],
    ['-F', (path: string) => ['-F', `file=@${path}`]],
  ])('%s of a large file, where messages go, hears what sends it', async (_case, words) => {
    const { url, write } = await setUp()
    const path = await write('large', 'y'.repeat(100_000))
    const { code, message } = json(await curl(...words(path), `${url}/rooms/lab/messages`))
    expect([code, message]).toEqual(['TOO_LARGE', expect.stringContaining(`curl -T FILE ${url}/lab/`)])
  })

  test('a page is what a person sees who types a room', async () => {
    const { port } = await setUp({ page: true })
    const headers = { Accept: 'text/html,*/*;q=0.8' }
    for (const path of ['/Lab', '/lab/']) {
      const { status, headers: answered } = await ask(port, `GET ${path}`, { headers })
      expect([status, answered.location]).toEqual([302, '/#room=lab'])
    }
    expect((await ask(port, 'GET /..%2f', { headers })).status).toBe(404)
    expect((await ask(port, 'GET /healthz', { headers })).status).toBe(200)
    expect((await ask(port, 'GET /lab')).status).toBe(404)
  })
})

describe('wget', () => {
  const test = testWith('wget')
  const wget = (...words: readonly string[]) =>
    run('wget', ['--no-config', '-q', '-S', '-O', '-', '--content-on-error', ...words])

  test('sends a file under the name in the address, by PUT or by POST, and hears what works elsewhere', async () => {
    const { port, url, write } = await setUp()
    const path = await write('a.txt', 'hello file\n')
    for (const [words, wanted] of [
      [['--method=PUT', `--body-file=${path}`, `${url}/lobby/one`], /"name":"one","size":11/],
      [[`--post-file=${path}`, `${url}/lobby/two`], /"name":"two","size":11/],
      [[`--post-file=${path}`, `${url}/lobby`], /curl -T FILE/],
      [['--method=PUT', `--body-file=${path}`, `${url}/lobby`], /curl -T FILE/],
    ] as const)
      expect((await wget(...words)).stdout.toString()).toMatch(wanted)
    expect((await filesOf(port)).map(({ name }) => name).sort()).toEqual(['one', 'two'])
  })
})
