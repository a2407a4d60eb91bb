import { describe, expect, test } from 'vitest'
import { sampleBytes, sha256Of } from '../../harness/bytes.ts'
import { filesOf, putFile } from '../../harness/files.ts'
import { type Asked, ask, startHttpHost } from '../../harness/http-client.ts'
import { Sender } from '../../harness/sender.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'

const bytes = sampleBytes(1000)
const sha256 = sha256Of(bytes)

const verify = (port: number, id: string, digest: unknown, asked: Asked = {}) =>
  ask(port, `POST /files/${id}/receipts`, {
    ...asked,
    body: JSON.stringify({ sha256: digest }),
    headers: { 'Content-Type': 'application/json' },
  })

describe('receipts', () => {
  test('say who has a file whole, and who of the room has not said so; the room hears of each once', async () => {
    const { port, tamtam } = await startHttpHost({ stores: 'kept' })
    const ani = await tamtam.engine.join({ room: 'lobby', name: 'ani' })
    await tamtam.engine.join({ room: 'lobby', name: 'budi' })
    const heard: string[] = []
    ani.events$.subscribe((event) => event.type === 'fileReceived' && heard.push(event.by.name))
    const { id } = await putFile(port, 'a', bytes)
    const before = await ask(port, `GET /files/${id}/receipts`)
    expect(before.json).toEqual({ verified: [], waiting: ['ani', 'budi'], has: [], served: [] })
    expect((await verify(port, id, sha256.toUpperCase(), { as: 'cici' })).status).toBe(201)
    expect((await verify(port, id, sha256, { as: 'cici' })).status).toBe(201)
    await ani.send({ type: 'receiveFile', file: id })
    const after = await ask(port, `GET /files/${id}/receipts`)
    expect(after.json).toEqual({
      verified: [
        { name: 'cici', at: expect.any(Number) },
        { name: 'ani', at: expect.any(Number) },
      ],
      waiting: ['budi'],
      // Who has it of those here: cici is elsewhere.
      ...{ has: ['ani'], served: [] },
    })
    expect(heard).toEqual(['cici', 'ani'])
    expect(await filesOf(port)).toMatchObject([{ id, verified: 2, has: 1, of: 2 }])
  })

  test.each([
    ['other bytes', 'ab'.repeat(32), 409, 'HASH_MISMATCH'],
    ['no digest', 'abc', 400, 'BAD_REQUEST'],
    ['something else', 5, 400, 'BAD_REQUEST'],
  ])('for %s are refused', async (_what, digest, status, code) => {
    const { port } = await startHttpHost()
    const { id } = await putFile(port, 'a', bytes)
    expect(await verify(port, id, digest)).toMatchObject({ status, json: { code } })
    expect(await filesOf(port)).toMatchObject([{ verified: 0 }])
  })

  test('are for files that are whole', async () => {
    const { port } = await startHttpHost()
    const headers = { 'Upload-Length': '5' }
    const { headers: created } = await ask(port, 'POST /rooms/lobby/files', { headers })
    const id = String(created.location).replace('/files/', '')
    expect((await verify(port, id, sha256)).status).toBe(404)
    expect((await ask(port, `GET /files/${id}/receipts`)).status).toBe(404)
  })
})

describe('a file that was served to its last byte', () => {
  const keyed = (name: string, more: Record<string, string> = {}) => ({
    headers: { 'Tamtam-Key': keyOf(name), ...more },
  })

  /** ani has sent the file, and budi and cici are in the room. */
  async function shared() {
    const host = await startHttpHost({ stores: 'kept' })
    const { port } = host
    const [ani, budi, cici] = [
      await SessionClient.join(port, 'frames', 'ani'),
      await SessionClient.join(port, 'websocket', 'budi'),
      await SessionClient.join(port, 'frames', 'cici'),
    ]
    const { json } = await ask(port, 'PUT /lobby/a', { body: bytes, ...keyed('ani') })
    const { id } = json as { id: string }
    const served = () => ani.events.flatMap((event) => (event.type === 'fileServed' ? [event.by.name] : []))
    const row = async () => (await filesOf(port))[0]
    return { ...host, ani, budi, cici, id, served, row }
  }

  test('is had by its member; not by the sender, by those elsewhere, or by those who have left', async () => {
    const { port, ani, budi, id, served, row } = await shared()
    expect(await row()).toMatchObject({ has: 0, of: 2, verified: 0 })
    await ask(port, `GET /files/${id}`, keyed('ani'))
    await ask(port, `GET /files/${id}`)
    await ask(port, `GET /files/${id}`, { as: 'dedi' })
    await ask(port, `HEAD /files/${id}`, keyed('budi'))
    await ask(port, `GET /files/${id}`, keyed('budi'))
    await ask(port, `GET /files/${id}`, keyed('budi'))
    await ani.until(() => served().length > 0)
    await ani.say('behind all that')
    expect(served()).toEqual(['budi'])
    expect(await row()).toMatchObject({ has: 1, of: 2, verified: 0, served: [{ name: 'budi' }] })
    const details = (await ask(port, `GET /files/${id}/receipts`)).json
    expect(details).toMatchObject({
      has: ['budi'],
      verified: [],
      waiting: ['budi', 'cici'],
      served: [{ name: 'budi' }],
    })
    await budi.ask({ type: 'receiveFile', file: id })
    expect(await row()).toMatchObject({ has: 1, of: 2, verified: 1 })
    budi.leave()
    await ani.until(() => ani.events.some(({ type }) => type === 'left'))
    expect(await row()).toMatchObject({ has: 0, of: 1, verified: 1 })
  })

  test('in parts, in whatever order, once all of it was served', async () => {
    const { port, ani, cici, id, served } = await shared()
    const part = (range: string) => ask(port, `GET /files/${id}`, keyed('budi', { Range: `bytes=${range}` }))
    // A player looks at the end first.
    expect((await part('900-')).status).toBe(206)
    await part('0-499')
    await cici.say('not yet')
    await ani.until(() => ani.texts.includes('not yet'))
    expect(served()).toEqual([])
    await part('500-')
    await ani.until(() => served().length > 0)
    expect(served()).toEqual(['budi'])
  })

  test('by a link that a member asked for, as a browser follows it', async () => {
    const { port, ani, id, served } = await shared()
    const { json } = await ask(port, `POST /files/${id}/links`, keyed('cici'))
    await ask(port, `GET ${(json as { url: string }).url}`)
    await ani.until(() => served().length > 0)
    expect(served()).toEqual(['cici'])
  })

  test('is so also after a restart', async () => {
    const { port, ani, id, served, tamtam } = await shared()
    await ask(port, `GET /files/${id}`, keyed('budi'))
    await ani.until(() => served().length > 0)
    expect((await tamtam.engine.file(id))?.file).toMatchObject({ served: new Map([['budi', expect.any(Number)]]) })
  })
})

test('the list tells of each file what is known of it, in the order in which they came', async () => {
  const { port } = await startHttpHost({ stores: 'kept' })
  expect(await filesOf(port)).toEqual([])
  const { id, url } = await putFile(port, 'ä b.txt', bytes)
  const arriving = Sender.open(port, 'PUT /lobby/b', { Expect: '100-continue' })
  await arriving.continued()
  await ask(port, 'POST /rooms/lobby/files', { headers: { 'Upload-Length': '5' } })
  const common = { by: '127.0.0.1', byId: expect.any(String), at: expect.any(Number) }
  const [first, ...rest] = await filesOf(port)
  const whole = { status: 'whole', size: 1000, sha256, verified: 0, receipts: [], has: 0, of: 0 }
  expect(first).toEqual({ ...common, ...whole, id, url, name: 'ä b.txt' })
  expect(rest).toEqual([
    {
      ...common,
      id: expect.any(String),
      name: 'b',
      status: 'arriving',
      offset: 0,
      url: expect.any(String),
      verified: 0,
    },
    {
      ...common,
      id: expect.any(String),
      name: expect.stringMatching(/^file-/),
      status: 'paused',
      size: 5,
      offset: 0,
      url: expect.any(String),
      verified: 0,
    },
  ])
})

test('C115: an id cannot be guessed, and what is not there is answered the same, whatever one asks for', async () => {
  const { port } = await startHttpHost()
  const { id } = await putFile(port, 'a', bytes)
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  const answers = new Set<string>()
  for (const guess of ['1', 'a'.repeat(32), `${id}0`, id.toUpperCase(), '..%2f..%2fetc%2fpasswd', '%00', '__proto__'])
    for (const path of [`/files/${guess}`, `/files/${guess}/a`, `/files/${guess}/receipts`]) {
      const { status, text } = await ask(port, `GET ${path}`)
      answers.add(`${status} ${text}`)
    }
  expect([...answers]).toEqual([
    '404 {"code":"NOT_FOUND","message":"there is nothing here for you; it may want a token, a password (Tamtam-Password) or an invitation. A file goes in by curl -T FILE http://HOST:PORT/ROOM/; /openapi.json has all addresses"}',
  ])
})
