import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Upload } from 'tus-js-client'
import { describe, expect, it, test } from 'vitest'
import { reprDigestOf, sha256Of } from '../../harness/bytes.ts'
import { CliProcess, folderWith } from '../../harness/cli-process.ts'
import { temporaryDirectory } from '../../harness/directory.ts'
import { filesOf } from '../../harness/files.ts'
import { HostProcess } from '../../harness/host-process.ts'
import { type Answer, type Asked, ask, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const tus = { 'Tus-Resumable': '1.0.0' }
const bytes = Buffer.from('I owe you 1 euro, ok')
const FORGED = '100 euros!'

const metadata = (sha256?: string) => {
  const pair = (key: string, value: string) => `${key} ${Buffer.from(value).toString('base64')}`
  return [pair('filename', 'note.txt'), ...(sha256 === undefined ? [] : [pair('sha256', sha256)])].join(',')
}

/** Somebody as a host may see them: a name, a key, an address, or none of it. */
type Who = Asked & { readonly name?: string }
const named = (as: string, from = '127.0.0.1'): Who => ({ as, from })
const keyed = (name: string): Who => ({ headers: { 'Tamtam-Key': keyOf(name) } })

const asked = (who: Who, headers: Record<string, string>, body?: string | Buffer): Asked => ({
  ...who,
  headers: { ...tus, ...who.headers, ...headers },
  ...(body === undefined ? {} : { body }),
})

async function create(port: number, who: Who, sha256?: string, query = ''): Promise<string> {
  const headers = { 'Upload-Length': String(bytes.length), 'Upload-Metadata': metadata(sha256) }
  const { status, headers: said } = await ask(port, `POST /rooms/lobby/files${query}`, asked(who, headers))
  expect(status).toBe(201)
  return said.location ?? ''
}

const patch = (port: number, url: string, who: Who, at: number, body: string | Buffer, more = {}) => {
  const headers = { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(at), ...more }
  return ask(port, `PATCH ${url}`, asked(who, headers, body))
}
const remove = (port: number, url: string, who: Who) => ask(port, `DELETE ${url}`, asked(who, {}))
const head = (port: number, url: string, who: Who) => ask(port, `HEAD ${url}`, asked(who, {}))
const codeOf = ({ status, headers }: Answer) => [status, headers['tamtam-code']]

const OTHERS: readonly (readonly [string, Who])[] = [
  ['another name', named('mallory')],
  ['the same name from another address', named('budi', '127.0.0.9')],
  ['no name from another address', { from: '127.0.0.9' }],
  ['a key', keyed('mallory')],
  ['a key of nobody here', keyed('nobody')],
]

describe.each<readonly [string, Who]>([
  ['under a name', named('budi')],
  ['without a name', {}],
  ['under a key, over frames', keyed('frames')],
  ['under a key, over a WebSocket', keyed('websocket')],
])('C117: an upload that was begun %s', (how, owner) => {
  async function begun(sha256?: string) {
    const { port, tamtam } = await startHttpHost()
    for (const by of ['frames', 'websocket'] as const) await SessionClient.join(port, by, by)
    await SessionClient.join(port, 'frames', 'mallory')
    const url = await create(port, owner, sha256)
    expect((await patch(port, url, owner, 0, bytes.subarray(0, 10))).status).toBe(204)
    const whole = async () => (await ask(port, `GET ${url}`, { from: '127.0.0.1' })).text
    return { port, tamtam, url, whole }
  }
  const others: readonly (readonly [string, Who])[] = [
    ...OTHERS,
    ...(how === 'without a name' ? [] : [['no name', {}] as const]),
  ]

  it('is gone on with, finished and withdrawn by nobody else, who is told why', async () => {
    const { port, url, whole } = await begun()
    for (const [, other] of others) {
      expect(codeOf(await patch(port, url, other, 10, FORGED))).toEqual([403, 'NOT_OWNER'])
      expect(codeOf(await patch(port, url, other, 10, '', { 'Upload-Length': '10' }))).toEqual([403, 'NOT_OWNER'])
      expect(codeOf(await remove(port, url, other))).toEqual([403, 'NOT_OWNER'])
      const override = { 'X-HTTP-Method-Override': 'DELETE' }
      expect(codeOf(await ask(port, `POST ${url}`, asked(other, override)))).toEqual([403, 'NOT_OWNER'])
      const shown = { 'Upload-Prefix-Digest': reprDigestOf(bytes.subarray(0, 10)) }
      // Without a promise of the whole, its beginning says nothing of its end.
      expect(codeOf(await patch(port, url, other, 10, FORGED, shown))).toEqual([403, 'NOT_OWNER'])
    }
    expect((await patch(port, url, owner, 10, bytes.subarray(10))).status).toBe(204)
    expect(await whole()).toBe(bytes.toString())
  })

  it('says to nobody else what is there of it', async () => {
    const { port, url } = await begun()
    expect((await head(port, url, owner)).headers).toMatchObject({
      'upload-offset': '10',
      'upload-prefix-digest': reprDigestOf(bytes.subarray(0, 10)),
    })
    for (const [, other] of others) {
      const { headers } = await head(port, url, other)
      expect([headers['upload-offset'], headers['upload-prefix-digest']]).toEqual(['10', undefined])
    }
  })

  it('is gone on with by who shows its beginning, where it can become nothing else than was promised', async () => {
    const { port, url, whole } = await begun(sha256Of(bytes))
    const [, other] = others[0] ?? ['', {}]
    expect(codeOf(await patch(port, url, other, 10, bytes.subarray(10)))).toEqual([403, 'NOT_OWNER'])
    const wrong = { 'Upload-Prefix-Digest': reprDigestOf('I owe her ') }
    expect(codeOf(await patch(port, url, other, 10, bytes.subarray(10), wrong))).toEqual([403, 'NOT_OWNER'])
    const shown = { 'Upload-Prefix-Digest': reprDigestOf(bytes.subarray(0, 10)) }
    const another = { ...shown, 'Upload-Length': '12' }
    expect(codeOf(await patch(port, url, other, 10, '', another))).toEqual([403, 'NOT_OWNER'])
    expect(codeOf(await patch(port, url, other, 10, FORGED, shown))).toEqual([460, 'HASH_MISMATCH'])
    // It begins again at 0, and of nothing nobody else can show anything.
    expect(codeOf(await patch(port, url, other, 0, bytes, { 'Upload-Prefix-Digest': reprDigestOf('') }))).toEqual([
      403,
      'NOT_OWNER',
    ])
    expect((await patch(port, url, owner, 0, bytes.subarray(0, 10))).status).toBe(204)
    expect((await patch(port, url, other, 10, bytes.subarray(10), shown)).status).toBe(204)
    expect(await whole()).toBe(bytes.toString())
  })

  it('is withdrawn by its owner, and by who looks after the room', async () => {
    const { port, tamtam, url } = await begun()
    const room = await tamtam.engine.join({ room: 'lobby', name: 'guru', role: 'owner' })
    expect((await remove(port, url, owner)).status).toBe(204)
    const again = await create(port, owner)
    await room.send({ type: 'op', name: 'mallory' })
    expect(codeOf(await patch(port, again, keyed('mallory'), 0, FORGED))).toEqual([403, 'NOT_OWNER'])
    expect((await remove(port, again, keyed('mallory'))).status).toBe(204)
    expect(await filesOf(port)).toEqual([])
  })
})

test('C117: an upload with a ticket in its address is of who has that, and is called by no other name', async () => {
  const { port, tamtam } = await startHttpHost()
  await tamtam.engine.join({ room: 'lobby', name: 'guru' })
  const url = await create(port, named('budi'), undefined, '?to=guru')
  expect(url).toContain('?ticket=')
  const bare = url.replace(/\?.*/, '')
  expect((await patch(port, url, { from: '127.0.0.9' }, 0, bytes.subarray(0, 10))).status).toBe(204)
  for (const [at, who] of [
    [url, named('mallory')],
    [bare, named('mallory')],
    [bare, named('budi')],
  ] as const) {
    expect(codeOf(await patch(port, at, who, 10, FORGED))).toEqual([404, 'NOT_FOUND'])
    expect(codeOf(await remove(port, at, who))).toEqual([404, 'NOT_FOUND'])
  }
  expect((await patch(port, url, named('budi'), 10, bytes.subarray(10))).status).toBe(204)
})

test.each([
  ['SEND', 'SEND note.txt\nI owe you '],
  ['/put', '/put 20 note.txt\nI owe you '],
])('C117: what comes over the line server with %s is its connection’s alone', async (_word, text) => {
  const { port } = await startHttpHost()
  const ani = await LineClient.join(port, 'ani')
  ani.socket.write(text)
  await expect.poll(async () => (await filesOf(port))[0]?.status).toBe('arriving')
  const url = `/files/${(await filesOf(port))[0]?.id}`
  for (const who of [named('ani'), named('mallory'), {}, keyed('ani')]) {
    expect(codeOf(await patch(port, url, who, 10, FORGED, { 'Upload-Length': '20' }))).toEqual([403, 'NOT_OWNER'])
    expect(codeOf(await remove(port, url, who))).toEqual([403, 'NOT_OWNER'])
  }
  ani.socket.write(text.startsWith('SEND') ? '1 euro, ok//AGUEL//TAMTAM//' : '1 euro, ok')
  await ani.until(/^\* \[\w+\] note\.txt is in the room/)
  expect((await ask(port, `GET ${url}`)).text).toBe(bytes.toString())
})

describe('P6 C109: over kill -9 of the host', () => {
  async function killed(act: (port: number) => Promise<void>) {
    const data = await temporaryDirectory()
    const one = await HostProcess.start(['--data', data])
    await act(one.port)
    await one.host.kill()
    return (await HostProcess.start(['--data', data])).port
  }

  it('each upload is still its owner’s, and nobody else’s', async () => {
    const urls = new Map<string, string>()
    const owners = new Map<string, Who>([
      ['name', named('budi')],
      ['nobody', {}],
      ['key', keyed('ani')],
    ])
    const port = await killed(async (port) => {
      const ani = await SessionClient.join(port, 'frames', 'ani')
      for (const [how, who] of owners) {
        const url = await create(port, who)
        await patch(port, url, who, 0, bytes.subarray(0, 10))
        urls.set(how, url)
      }
      ani.wire.socket.destroy()
    })
    for (const [how, url] of urls) {
      const owner = owners.get(how) ?? {}
      for (const other of [named('mallory'), keyed('mallory'), { from: '127.0.0.9' }]) {
        expect(codeOf(await patch(port, url, other, 10, FORGED))).toEqual([403, 'NOT_OWNER'])
        expect(codeOf(await remove(port, url, other))).toEqual([403, 'NOT_OWNER'])
      }
      // A member need not be back in the room to end what they began.
      expect((await patch(port, url, owner, 10, bytes.subarray(10))).status).toBe(204)
      expect((await ask(port, `GET ${url}`)).text).toBe(bytes.toString())
    }
  })

  it('tus-js-client goes on by the address that it had', async () => {
    const all = Buffer.alloc(3_000_000, 7)
    let url = ''
    const send = (at: string, options: object) =>
      new Promise<void>((resolve, reject) => {
        const endpoint = `${at}/rooms/lobby/files`
        const upload: Upload = new Upload(all, {
          ...{ endpoint, metadata: { filename: 'tus.bin' }, chunkSize: 1_000_000, retryDelays: null },
          ...{ onSuccess: () => resolve(), onError: reject, ...options },
          onChunkComplete: () => {
            if (url !== '') return
            url = new URL(upload.url ?? '').pathname
            void upload.abort()
            resolve()
          },
        })
        upload.start()
      })
    const port = await killed((port) => send(`http://127.0.0.1:${port}`, {}))
    await send(`http://127.0.0.1:${port}`, { uploadUrl: `http://127.0.0.1:${port}${url}` })
    expect(await filesOf(port)).toMatchObject([{ id: url.slice(-32), status: 'whole', sha256: sha256Of(all) }])
  })

  it('what came over the line server is withdrawn: nobody can go on with it', async () => {
    const port = await killed(async (port) => {
      const ani = await LineClient.join(port, 'ani')
      ani.socket.write(Buffer.concat([Buffer.from('SEND note.txt\n'), Buffer.alloc(5_000_000)]))
      await expect.poll(async () => (await filesOf(port))[0]?.offset ?? 0).toBeGreaterThan(0)
    })
    await expect.poll(async () => await filesOf(port)).toEqual([])
  })
})

describe('tamtam send', () => {
  it('goes on with nothing of another’s of that name and size, not even where nothing of it has come', async () => {
    const { port } = await startHttpHost()
    const { cwd } = await folderWith('unused', 1)
    await writeFile(join(cwd, 'note.txt'), bytes)
    const urls = [await create(port, named('budi')), await create(port, named('budi'))]
    await patch(port, urls[0] ?? '', named('budi'), 0, bytes.subarray(0, 10))
    const sent = await CliProcess.run(['send', `ani@127.0.0.1:${port}`, join(cwd, 'note.txt')])
    expect([sent.code, sent.errors]).toEqual([0, expect.not.stringContaining('resumes')])
    expect(await filesOf(port)).toMatchObject([
      { by: 'budi', status: 'paused', offset: 10 },
      { by: 'budi', status: 'paused', offset: 0 },
      { by: 'ani', status: 'whole' },
    ])
  })
  it('goes on with another’s that is the same file by its promised digest, and shows what is there of it', async () => {
    const { port } = await startHttpHost()
    const { path, bytes: all, digest: sha256 } = await folderWith('a.bin', 2_000_000)
    const created = await ask(port, 'POST /rooms/lobby/files', {
      ...named('budi'),
      headers: {
        ...tus,
        'Upload-Length': '2000000',
        'Upload-Metadata': metadata(sha256).replace(
          /filename [^,]+/,
          `filename ${Buffer.from('a.bin').toString('base64')}`,
        ),
      },
    })
    await patch(port, created.headers.location ?? '', named('budi'), 0, all.subarray(0, 1_000_000))
    const sent = await CliProcess.run(['send', `ani@127.0.0.1:${port}`, path])
    expect([sent.code, sent.errors]).toEqual([0, expect.stringContaining('resumes at 50 %')])
    expect(await filesOf(port)).toMatchObject([{ by: 'budi', status: 'whole', sha256 }])
  })
})
