import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { replaceToken } from '#server/security/host-token.ts'
import { MemorySecretStore } from '#storage/memory/secret-store.ts'
import { ManualClock } from '#system/clock.ts'
import { MemoryMetrics } from '#system/metrics.ts'
import { type HostOptions, startHost } from '../../harness/host.ts'
import { ask, OpenAnswer } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient, type WireName } from '../../harness/session-client.ts'

const WIRES: readonly WireName[] = ['frames', 'websocket']

/** A host that wants its token, and where it is kept. */
async function guarded(options: HostOptions = {}) {
  const secretStore = new MemorySecretStore()
  const host = await startHost({
    token: true,
    ...options,
    overrides: { secretStore, ...options.overrides },
    http: { guessFloorMs: 0, ...options.http },
  })
  const token = host.tamtam.token ?? ''
  const bearer = { headers: { Authorization: `Bearer ${token}` } }
  return { ...host, secretStore, token, bearer }
}

async function session(port: number, by: WireName, name: string, token: string): Promise<SessionClient> {
  const client = await SessionClient.connect(port, by)
  client.send({ type: 'hello', version: 1, key: keyOf(name), name, token })
  await client.enter('lobby')
  return client
}

async function line(port: number, token: string, nick: string): Promise<LineClient> {
  const client = await LineClient.connect(port)
  client.write(`/token ${token}\n`)
  await client.until(/^\* you are /)
  await client.ask(`/nick ${nick}`, `* you are now ${nick}`)
  return client
}

test('a token has 128 bits or more, and is another for each host', async () => {
  const [one, other] = [await guarded(), await guarded()]
  expect(one.token).toMatch(/^[a-km-np-z2-9]{26}$/)
  expect(other.token).not.toBe(one.token)
})

describe('C122: the line server, before the token is shown', () => {
  test('takes nothing but what is shown, and lets nothing of the rest into any room', async () => {
    const { port, token, tamtam } = await guarded()
    const stranger = await LineClient.connect(port)
    const said = ['halo', '/history', '/who', '/nick ani', '/join den', '/msg host psst', '/files', '/get a', '/help']
    stranger.write(`${said.join('\n')}\nSEND a.txt\nDATA//AGUEL//TAMTAM///put 4 b.txt\nDATAmore\n`)
    await stranger.until((client) => client.errors.length >= said.length + 3)
    for (const refusal of stranger.errors) expect(refusal).toMatch(/^! NOT_FOUND /)
    expect(await tamtam.engine.rooms()).toEqual([])
    const ani = await line(port, token, 'ani')
    stranger.write(`/token ${token}\nhalo\n`)
    await ani.until('<127.0.0.1> halo')
    expect(ani.talk).toEqual(['<127.0.0.1> halo'])
    expect(await ani.ask('/history', '* end of history')).toBeDefined()
    expect(ani.bytes.includes(token)).toBe(false)
  })

  test('C57, C119: ends after three that are wrong, and says none of them back as it was', async () => {
    const { port, token } = await guarded()
    const guesser = await LineClient.connect(port)
    const evil = '\x1b]52;c;AAAA\x07\x9b2J'
    guesser.write(`/token ${evil}\n/token b\n/join den ${evil}\n/token ${token}\nhalo\n`)
    await guesser.closed()
    expect(guesser.errors.length).toBeGreaterThanOrEqual(3)
    expect(guesser.bytes.toString()).toMatch(/^[\n\x20-\x7e]*$/)
    expect(guesser.lines.some((each) => each.startsWith('* you are '))).toBe(false)
  })

  test('C68: does not last', async () => {
    const { port } = await guarded({ line: { handshakeMs: 50 } })
    await (await LineClient.connect(port)).closed()
  })

  test('a link that a line has opens its file by itself, as long as the token holds', async () => {
    const { port, token, secretStore, bearer } = await guarded()
    const ani = await line(port, token, 'ani')
    await ani.ask('/files links', /^\* files come as a line/)
    await ask(port, 'PUT /lobby/a.txt', { body: 'abc', ...bearer })
    const told = await ani.until(/^\* file .* http:/)
    const path = /http:\/\/[^/]+(\/\S+)/.exec(told)?.[1] ?? ''
    expect((await ask(port, `GET ${path}`)).text).toBe('abc')
    expect((await ask(port, `GET ${path.split('?')[0]}`)).status).toBe(404)
    expect(told).not.toContain(token)
    await replaceToken(secretStore)
    await ani.closed()
    expect((await ask(port, `GET ${path}`)).status).toBe(404)
  })

  test('the seed’s way in is its first line', async () => {
    const { port, token } = await guarded()
    const seed = await LineClient.connect(port)
    await seed.writeApart(`/token ${token}`, '\nhalo\n')
    await seed.until(/^\* you are /)
  })
})

describe.each(WIRES)('C122: over %s', (by) => {
  test('nothing is read or said without the token, and all of it with it', async () => {
    const { port, token } = await guarded()
    const ani = await session(port, by, 'ani', token)
    const stranger = await SessionClient.connect(port, by)
    stranger.send({ type: 'command', ref: 1, command: { type: 'say', text: 'early' } })
    stranger.send({ type: 'join', room: 'lobby' })
    stranger.send({ type: 'hello', version: 1, key: keyOf('x'), name: 'x' })
    stranger.send({ type: 'join', room: 'lobby', after: 0 })
    stranger.send({ type: 'command', ref: 2, command: { type: 'say', text: 'early' } })
    await stranger.until(() => stranger.of('rejected').length === 4)
    expect(stranger.of('joined')).toEqual([])
    expect(stranger.events).toEqual([])
    await ani.say('halo')
    await ani.until(() => ani.texts.length > 0)
    expect(ani.texts).toEqual(['halo'])
  })
})

describe('over HTTP', () => {
  test('the token is a Bearer, or the password of HTTP Basic, with a name or without', async () => {
    const { port, token, bearer } = await guarded()
    await ask(port, 'PUT /lobby/a.txt', { body: 'abc', ...bearer })
    const basic = (text: string) => ({ headers: { Authorization: `Basic ${Buffer.from(text).toString('base64')}` } })
    for (const how of [bearer, basic(`ani:${token}`), basic(`:${token}`)])
      expect((await ask(port, 'GET /rooms/lobby/files', how)).status).toBe(200)
    for (const how of [{}, basic('ani:wrong'), basic(`${token}:`), { headers: { Authorization: 'Bearer wrong' } }])
      expect((await ask(port, 'GET /rooms/lobby/files', how)).status).toBe(404)
    const said = await ask(port, 'POST /rooms/lobby/messages', { body: 'hi', ...basic(`ani:${token}`) })
    expect(said.status).toBe(201)
    const { events } = (await ask(port, 'GET /rooms/lobby/events', bearer)).json as { events: object[] }
    expect(events.at(-1)).toMatchObject({ text: 'hi', by: { name: 'ani' } })
  })
})

describe('C124: when the token is replaced', () => {
  test('whoever came in by it is cut off, on every server and in all that is under way', async () => {
    const { port, token, secretStore, bearer, tamtam } = await guarded()
    const inside = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
    const arriving = await inside.createTransfer({ name: 'big', size: 10 })
    if (!('id' in arriving)) throw new Error('it was refused')
    const netcat = await line(port, token, 'netcat')
    const sessions = await Promise.all(WIRES.map((by) => session(port, by, by, token)))
    const streams = await Promise.all(
      ['application/x-ndjson', 'text/event-stream'].map((Accept) =>
        OpenAnswer.of(port, 'GET /rooms/lobby/events', { headers: { ...bearer.headers, Accept } }),
      ),
    )
    const download = await OpenAnswer.of(port, `GET /files/${arriving.id}`, bearer)
    const upload = request({
      port,
      method: 'PUT',
      path: '/lobby/up',
      headers: { ...bearer.headers, 'Content-Length': 9 },
    })
    const cut = new Promise<void>((resolve) => upload.once('error', () => resolve()))
    upload.write('half')
    await expect.poll(() => inside.files.map(({ file }) => file.name)).toContain('up')

    const next = await replaceToken(secretStore)
    await netcat.closed()
    for (const each of sessions) await each.closed()
    for (const each of [...streams, download]) await each.ended()
    await cut
    expect(netcat.lines.at(-1)).toMatch(/^\* you may not be here any more/)
    for (const each of sessions) expect(each.of('bye')).toMatchObject([{ code: 'NOT_FOUND' }])
    expect((await ask(port, 'GET /rooms/lobby', bearer)).status).toBe(404)
    expect(tamtam.token).toBe(next)
    await line(port, next, 'netcat')
    // The host's own place is nobody's to take.
    expect(await inside.send({ type: 'say', text: 'halo' })).toMatchObject({ type: 'ack' })
  })

  test('a rule of one’s own that has changed holds for who is in, once the host is told', async () => {
    const friends = new Set(['ani'])
    const { port, tamtam } = await startHost({ access: ({ credential }) => friends.has(credential ?? '') })
    const ani = await session(port, 'frames', 'ani', 'ani')
    friends.delete('ani')
    expect(await ani.say('still here')).toMatchObject({ type: 'ack' })
    tamtam.recheckAccess()
    await ani.closed()
  })
})

describe('C119: guessing', () => {
  test('is slowed and counted: what is wrong takes its time, and what is right does not', async () => {
    const [metrics, clock] = [new MemoryMetrics(), new ManualClock()]
    const { port, bearer } = await guarded({ http: { guessFloorMs: 1000 }, overrides: { metrics, clock } })
    let answered = false
    const wrong = ask(port, 'GET /rooms/lobby', { headers: { Authorization: 'Bearer wrong' } }).then(() => {
      answered = true
    })
    await expect.poll(() => metrics.snapshot().counters['guesses_failed']).toBe(1)
    clock.advance(999)
    // No time passes while what is right is answered.
    expect((await ask(port, 'GET /rooms/lobby', bearer)).status).toBe(200)
    expect(answered).toBe(false)
    clock.advance(1)
    await wrong
    expect(metrics.snapshot().counters['guesses_failed']).toBe(1)
  })

  test('shuts out nobody at the same address who shows the token, over any protocol: nobody can guess it', async () => {
    const { port, token, bearer } = await guarded({ http: { guessesPerMinute: 6, guessesPerMinuteAndAddress: 3 } })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const over = async (word: string) => {
      const headers = { Authorization: `Bearer ${word}` }
      const sent = request({ port, host: '127.0.0.1', path: '/rooms/lobby', agent, headers }).end()
      const [response] = await once(sent, 'response')
      response.resume()
      await once(response, 'end')
      return response.statusCode
    }
    for (let guess = 0; guess < 20; guess++) expect(await over(`wrong${guess}`)).toBe(404)
    // Also on the very connection, which a proxy may have opened for many people.
    expect(await over(token)).toBe(200)
    expect((await ask(port, 'GET /rooms/lobby', bearer)).status).toBe(200)
    expect((await ask(port, 'GET /metrics', bearer)).status).toBe(200)
    await line(port, token, 'netcat')
    for (const by of WIRES) await session(port, by, by, token)
    agent.destroy()
  })
})

test('C68: those who have come in nowhere yet take no place of those who have, whatever they speak', async () => {
  const metrics = new MemoryMetrics()
  const { port, token } = await guarded({
    listen: { unauthenticated: 4, unauthenticatedOnLoopback: true },
    overrides: { metrics },
  })
  const ani = await line(port, token, 'ani')
  const strangers = await Promise.all([
    LineClient.connect(port),
    SessionClient.connect(port, 'frames'),
    SessionClient.connect(port, 'websocket'),
    LineClient.connect(port).then((client) => client.write('GET /rooms HTTP/1.1\r\nHost: ')),
  ])
  // And keep nobody out who has something to show: the oldest of them makes place.
  const budi = await line(port, token, 'budi')
  expect(metrics.snapshot().counters['connections_dropped']).toBe(1)
  const [oldest] = strangers
  if (oldest instanceof LineClient) await oldest.closed()
  await ani.ask('/who', /^\* {3}ani/)
  budi.write('halo\n')
  await ani.until('<budi> halo')
})

test('C68: of all connections that a host takes a quarter may be such', async () => {
  const { port, token } = await guarded({ listen: { connections: 80, unauthenticatedOnLoopback: true } })
  const members = await Promise.all(Array.from({ length: 30 }, (_, index) => line(port, token, `ani-${index}x`)))
  const strangers: LineClient[] = []
  for (let come = 0; come < 50; come++) strangers.push(await LineClient.connect(port))
  for (const stranger of strangers.slice(0, 30)) await stranger.closed()
  expect(strangers.slice(30).map(({ over }) => over)).toEqual(Array(20).fill('open'))
  members[0]?.write('halo\n')
  await members[29]?.until('<ani-0x> halo')
})

describe('C124: who is sent out of a room', () => {
  test.each(WIRES)('is cut off over %s and by line, and gets nothing by coming back for the rest', async (by) => {
    const { port, tamtam } = await startHost()
    const owner = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
    const [ani, budi] = [await SessionClient.join(port, by, 'ani'), await LineClient.join(port, 'budi')]
    for (const name of ['ani', 'budi']) await owner.send({ type: 'ban', name })
    await Promise.all([ani.closed(), budi.closed()])
    await owner.send({ type: 'say', text: 'a secret' })
    const again = await SessionClient.connect(port, by)
    again
      .send({ type: 'hello', version: 1, key: keyOf('ani'), name: 'ani' })
      .send({ type: 'join', room: 'lobby', after: 0 })
    await again.until(() => again.of('rejected').length > 0)
    expect(again.of('rejected')).toMatchObject([{ code: 'BANNED' }])
    expect(JSON.stringify(again.messages)).not.toContain('a secret')
    // On the line server a ban is of the name, or of an address: who comes as nobody is nobody that is banned.
    const line = await LineClient.connect(port)
    await line.ask('/nick budi', /^! BANNED /)
  })

  test('is cut off in all that is under way over HTTP, as a member by the key and as a guest by the name', async () => {
    const { port, tamtam } = await startHost()
    const owner = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
    const arriving = await owner.upload(endless(), { name: 'big' })
    await expect.poll(() => owner.files.length).toBe(1)
    await SessionClient.join(port, 'frames', 'ani')
    const asAni = { headers: { 'Tamtam-Key': keyOf('ani'), Accept: 'application/x-ndjson' } }
    const stream = await OpenAnswer.of(port, 'GET /rooms/lobby/events', asAni)
    const download = await OpenAnswer.of(port, `GET /files/${owner.files[0]?.file.id}`, asAni)
    const headers = { 'Content-Length': 9, Authorization: `Basic ${Buffer.from('budi:').toString('base64')}` }
    const upload = request({ port, method: 'PUT', path: '/lobby/up', headers })
    const cut = new Promise<void>((resolve) => upload.once('error', () => resolve()))
    upload.write('half')
    await expect.poll(() => owner.files.length).toBe(2)
    await owner.send({ type: 'kick', name: 'ani' })
    await owner.send({ type: 'ban', name: 'budi' })
    for (const each of [stream, download]) await each.ended()
    await cut
    arriving.cancel('enough')
  })
})

async function* endless(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('some')
  await new Promise(() => {})
}
