import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { MemoryLog } from '#system/log.ts'
import type { HostOptions } from '../../harness/host.ts'
import { type Asked, ask, OpenAnswer, sayOverHttp, startHttpHost } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient } from '../../harness/session-client.ts'
import { newIdentity, openTls, startTlsHost } from '../../harness/tls.ts'

/** All of 127.0.0.0/8 is at hand on Linux: this one is the proxy's. */
const PROXY = '127.0.0.2'
const CLIENT = '198.51.100.7'

const behindProxy = (options: HostOptions = {}) =>
  startHttpHost({ page: true, ...options, listen: { trustProxy: [PROXY], ...options.listen } })

const by = (client: string, headers: Asked['headers'] = {}): Asked => ({
  from: PROXY,
  headers: { 'X-Forwarded-For': client, ...headers },
})

/** Sends bytes from an address, and keeps what comes back. */
async function sent(port: number, from: string, bytes: string | Buffer): Promise<LineClient> {
  const client = await LineClient.connect(port, { from })
  onTestFinished(() => client.leave())
  return bytes.length === 0 ? client : client.write(bytes)
}

describe('a request by way of a trusted proxy', () => {
  it('is of the client that it names, for the room and for its bans', async () => {
    const { port, tamtam } = await behindProxy()
    const owner = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
    const said = async (client: string) => (await sayOverHttp(port, 'lobby', 'hi', by(client))).status
    expect([await said(CLIENT), await said('2001:db8::7')]).toEqual([201, 201])
    const names = (await owner.history(10)).flatMap((event) => (event.type === 'said' ? [event.by.name] : []))
    expect(names).toEqual([CLIENT, '2001:db8::7'])
    await owner.send({ type: 'ban', name: CLIENT })
    // What the client itself wrote in front changes nothing.
    expect([await said(`203.0.113.9, ${CLIENT}`), await said('203.0.113.9')]).toEqual([403, 201])
    const webSocket = (client: string) =>
      SessionClient.connect(port, 'websocket', { from: PROXY, headers: { 'X-Forwarded-For': client } })
    const [banned, other] = await Promise.all([webSocket(CLIENT), webSocket('203.0.113.9')])
    for (const each of [banned, other]) each.send({ type: 'hello', version: 1, key: keyOf('new') })
    await other.enter('lobby')
    banned.send({ type: 'join', room: 'lobby' })
    await banned.until(() => banned.messages.some((message) => 'code' in message && message.code === 'BANNED'))
  })

  it('has nothing of what this machine is given, whatever it names, and whether it names anything', async () => {
    const { port } = await behindProxy()
    expect((await ask(port, 'GET /status')).status).toBe(200)
    for (const asked of [by(CLIENT), by('127.0.0.1'), by('::1'), by(PROXY), { from: PROXY }])
      expect((await ask(port, 'GET /status/facts', asked)).status).toBe(404)
    const { port: limited } = await behindProxy({ http: { linesPerSecond: 0.01, linesBurst: 1 } })
    const refusedToWait = async (asked: Asked) => {
      await sayOverHttp(limited, 'lobby', 'one', asked)
      const waiting = sayOverHttp(limited, 'lobby', 'two\nthree', asked)
      waiting.catch(() => {})
      return await Promise.race([waiting.then(() => 'at once'), sayOverHttp(limited, 'lobby', 'x').then(() => 'waits')])
    }
    expect(await refusedToWait(by('127.0.0.1'))).toBe('waits')
    expect(await refusedToWait({ from: PROXY })).toBe('waits')
  })

  it('C125: is believed of a trusted address alone', async () => {
    const { port, tamtam } = await behindProxy()
    const owner = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
    for (const from of ['127.0.0.1', '127.0.0.3'])
      await sayOverHttp(port, 'lobby', 'hi', { ...by(CLIENT), from, headers: { Forwarded: `for=${CLIENT}` } })
    const names = (await owner.history(10)).flatMap((event) => (event.type === 'said' ? [event.by.name] : []))
    expect(names).toEqual(['127.0.0.1', '127.0.0.3'])
    const led = { headers: { Host: 'evil.example', 'X-Forwarded-For': CLIENT, 'X-Forwarded-Host': 'localhost' } }
    expect((await ask(port, 'GET /rooms', led)).status).toBe(421)
  })

  it('C91, C93, C94: is judged by the address that its client asked for', async () => {
    const { port } = await behindProxy({ http: { hostNames: ['chat.example'] } })
    const asked = (headers: Asked['headers']) => ask(port, 'GET /rooms', by(CLIENT, headers))
    const told = { Host: '127.0.0.1:8268', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'chat.example' }
    expect((await asked({ ...told, Origin: 'https://chat.example' })).status).toBe(200)
    expect(
      (await asked({ Host: 'chat.example', 'X-Forwarded-Proto': 'https', Origin: 'https://chat.example' })).status,
    ).toBe(200)
    for (const origin of ['http://chat.example', 'https://127.0.0.1:8268', 'https://evil.example'])
      expect((await asked({ ...told, Origin: origin })).status).toBe(403)
    expect((await asked({ ...told, 'X-Forwarded-Host': 'evil.example' })).status).toBe(421)
    // A page under a name of its own leads the browser here, and makes up the other header.
    expect((await asked({ ...told, Host: 'evil.example' })).status).toBe(421)
    const { json } = await ask(port, 'POST /lobby', by(CLIENT, told))
    expect((json as { message: string }).message).toContain('curl -k -T FILE https://chat.example/lobby/')
  })

  it.each([
    ['no address', { 'X-Forwarded-For': 'unknown' }],
    ['two different clients', { 'X-Forwarded-For': CLIENT, Forwarded: 'for=203.0.113.9' }],
    ['another scheme', { 'X-Forwarded-For': CLIENT, 'X-Forwarded-Proto': 'gopher' }],
    ['half a quotation', { Forwarded: `for="${CLIENT}` }],
  ])('C125: that names %s is refused', async (_case, headers) => {
    const { port } = await behindProxy()
    expect(await ask(port, 'GET /rooms', { from: PROXY, headers })).toMatchObject({
      status: 400,
      json: { code: 'BAD_REQUEST', message: expect.stringContaining('X-Forwarded-For') },
    })
  })

  it('C70: counts as a connection of its client, and not of the proxy', async () => {
    const { port } = await behindProxy({ listen: { trustProxy: [PROXY], connectionsPerAddress: 2 } })
    const stream = (client: string) =>
      OpenAnswer.of(port, 'GET /rooms/lobby/events', by(client, { Accept: 'application/x-ndjson' }))
    const streams = [await stream(CLIENT), await stream(CLIENT)]
    expect(streams.map(({ response }) => response.statusCode)).toEqual([200, 200])
    expect(await ask(port, 'GET /rooms', by(CLIENT))).toMatchObject({ status: 503, json: { code: 'BUSY' } })
    const others = await Promise.all(['203.0.113.1', '203.0.113.2', '203.0.113.3'].map(stream))
    expect(others.map(({ response }) => response.statusCode)).toEqual([200, 200, 200])
    streams[0]?.close()
    const again = async (): Promise<number> => {
      const { status } = await ask(port, 'GET /rooms', by(CLIENT))
      return status === 503 ? await again() : status
    }
    expect(await again()).toBe(200)
  })
})

describe('the PROXY protocol of a trusted proxy', () => {
  const V1 = `PROXY TCP4 ${CLIENT} 192.0.2.1 4711 8268\r\n`
  const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000cc6336407c00002011267204c', 'hex')

  it('names the client of a line connection, in one piece or byte by byte, and what it came to', async () => {
    const { port, tamtam } = await behindProxy()
    const owner = await tamtam.engine.join({ room: 'lobby', name: 'host', role: 'owner' })
    const one = await sent(port, PROXY, `${V1}one\n`)
    await one.ask('/who', new RegExp(CLIENT))
    const apart = await sent(port, PROXY, '')
    await apart.writeByteByByte(Buffer.concat([V2, Buffer.from('/files links\n/who\n')]))
    await apart.until(/here/)
    expect(owner.members.map(({ name }) => name)).toContain(CLIENT)
    await owner.upload(
      (async function* () {
        yield Buffer.from('x')
      })(),
      { name: 'a.txt' },
    ).done
    await apart.until(/http:\/\/192\.0\.2\.1:8268\/files\//)
    await owner.send({ type: 'ban', name: CLIENT })
    await Promise.all([one.closed(), apart.closed()])
    const late = await sent(port, PROXY, `${V1}hello\n`)
    await late.closed()
    expect(late.bytes.toString()).toContain('BANNED')
  })

  it('comes before HTTP and before TLS, too', async () => {
    const { port } = await behindProxy()
    const http = await sent(
      port,
      PROXY,
      Buffer.concat([V2, Buffer.from('GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n')]),
    )
    await http.until(/^HTTP\/1\.1 404/)
    const secure = await startTlsHost({ listen: { trustProxy: ['127.0.0.1'], tls: await newIdentity() } })
    const socket = connect(secure.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(V1)
    const client = new LineClient(await openTls(secure.port, { socket }))
    onTestFinished(() => client.leave())
    await client.ask('/who', new RegExp(CLIENT))
  })

  it('C92, C125: of anybody else stays another protocol, and so does a second header, a malformed one, and one that stops', async () => {
    const log = new MemoryLog()
    const { port } = await behindProxy({
      overrides: { log },
      listen: { trustProxy: [PROXY], silentMs: 50, handshakeMs: 50 },
    })
    for (const [from, bytes] of [
      ['127.0.0.1', `${V1}hi\n`],
      ['127.0.0.3', V2],
      [PROXY, `${V1}${V1}hi\n`],
      [PROXY, 'PROXY TCP4 nobody\r\n'],
      [PROXY, 'PROXY TCP4 198.51'],
      [PROXY, V2.subarray(0, 20)],
    ] as const) {
      const client = await sent(port, from, bytes)
      await client.closed()
      expect(client.bytes.toString()).toBe('')
    }
    expect((await ask(port, 'GET /rooms')).json).toEqual({ rooms: [] })
  })

  it('is not there where the proxy speaks for itself: nothing of this machine is its own then', async () => {
    const { port } = await behindProxy({ listen: { trustProxy: [PROXY], silentMs: 50 } })
    const silent = await sent(port, PROXY, '')
    await silent.until(/lobby/)
    const blank = await sent(port, PROXY, '\r\n')
    await blank.until(/lobby/)
    const local = await sent(port, PROXY, 'PROXY UNKNOWN\r\nGET /status HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await local.until(/^HTTP\/1\.1 404/)
    const frames = await SessionClient.connect(port, 'frames', { from: PROXY })
    frames.wire.socket.destroy()
  })
})
