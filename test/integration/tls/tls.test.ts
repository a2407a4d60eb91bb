import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { connect } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { SENTINEL } from '#server/line/sentinel.ts'
import { MemoryLog } from '#system/log.ts'
import { sampleBytes, sha256Of } from '../../harness/bytes.ts'
import { run, testWith } from '../../harness/commands.ts'
import { LineClient } from '../../harness/line-client.ts'
import { until } from '../../harness/patience.ts'
import { Sample } from '../../harness/sample.ts'
import { joinOverTls, openTls, startTlsHost } from '../../harness/tls.ts'

/** Asks over TLS, and answers the whole answer. */
async function ask(port: number, path: string, headers = {}, agent = new Agent()) {
  const asked = request({ host: '127.0.0.1', port, path, headers, agent, rejectUnauthorized: false }).end()
  const [answer] = await once(asked, 'response')
  const pieces: Buffer[] = []
  for await (const piece of answer) pieces.push(piece)
  return { status: answer.statusCode as number, text: Buffer.concat(pieces).toString(), socket: asked.socket }
}

/** Nobody else is in the room. */
const alone = (client: LineClient) => client.ask('/who', '* 1 in lobby:')

describe('the line server over TLS', () => {
  test('chats, sends by size and by mark, and delivers in band, exactly', async () => {
    const { port } = await startTlsHost({ line: { apartMs: 10 } })
    const [ani, budi] = [await joinOverTls(port, 'ani'), await joinOverTls(port, 'budi')]
    ani.write('halo\n')
    await budi.until('<ani> halo')
    for (const size of [0, 16_384, 1_000_001]) {
      const bytes = sampleBytes(size)
      ani.write(`/put ${size} sized.bin\n`).write(bytes).write('SEND marked.bin\n').write(bytes).write(SENTINEL)
      await ani.until(/marked\.bin is in the room/, ani.lines.length)
      await budi.until((client) => client.files.length === 2)
      expect(budi.files.map(({ sha256 }) => sha256)).toEqual([sha256Of(bytes), sha256Of(bytes)])
      budi.files.splice(0)
    }
  })

  test('C6: a last line without its end, and a half-closed connection that goes on listening', async () => {
    const { port } = await startTlsHost()
    const [ani, budi] = [await joinOverTls(port, 'ani'), await joinOverTls(port, 'budi')]
    ani.write('the last words').halfClose()
    await budi.until('<ani> the last words')
    budi.write('are heard\n')
    await ani.until('<budi> are heard')
  })

  test('links begin with https', async () => {
    const { port } = await startTlsHost()
    const [ani, budi] = [await joinOverTls(port, 'ani'), await joinOverTls(port, 'budi')]
    await budi.ask('/files links', /^\* files come as a line/)
    ani.write('/put 4 a.txt\nhalo')
    const line = await budi.until(/^\* file \[/)
    const [, path = ''] = new RegExp(` https://127\\.0\\.0\\.1:${port}(/files/\\S+)$`).exec(line) ?? []
    expect(await ask(port, path)).toMatchObject({ status: 200, text: 'halo' })
  })

  test('everybody is told when the host stops', async () => {
    const { port, stop } = await startTlsHost()
    const ani = await joinOverTls(port, 'ani')
    await stop()
    await ani.closed()
    expect(ani.lines.at(-1)).toBe('* the host stops')
  })

  testWith('openssl')('openssl s_client puts a file into the room', async () => {
    const { port } = await startTlsHost()
    const budi = await joinOverTls(port, 'budi')
    const bytes = sampleBytes(300_000)
    const input = Buffer.concat([Buffer.from(`/put ${bytes.length} a.bin\n`), bytes, Buffer.from('/quit\n')])
    const { stdout } = await run('openssl', ['s_client', '-quiet', '-connect', `127.0.0.1:${port}`], input)
    expect(stdout.toString()).toMatch(/a\.bin is in the room: .*\n(?:.*\n)*\* bye\n$/)
    await budi.until((client) => client.files.some(({ sha256 }) => sha256 === sha256Of(bytes)))
  })
})

describe('HTTP over TLS', () => {
  testWith('curl')('P1: curl sends and fetches 100 MB, exactly', async () => {
    const { port } = await startTlsHost({ stores: 'kept' })
    const sample = new Sample(100_000_000, 7)
    const sent = request({
      host: '127.0.0.1',
      port,
      method: 'PUT',
      path: '/lobby/big.bin',
      headers: { 'Content-Length': sample.size },
      rejectUnauthorized: false,
    })
    const answered = once(sent, 'response')
    for (const bytes of sample.bytes()) if (!sent.write(bytes)) await once(sent, 'drain')
    sent.end()
    const [answer] = await answered
    const file = JSON.parse(Buffer.concat(await answer.toArray()).toString())
    expect(file).toMatchObject({ size: sample.size, sha256: sample.sha256() })
    const args = ['-q', '-skf', '-w', '%{stderr}%{http_version}', `https://127.0.0.1:${port}${file.url}`]
    const { stdout, stderr } = await run('curl', args)
    expect(sha256Of(stdout)).toBe(sample.sha256())
    expect(stderr).toBe('1.1')
  })

  test('a connection is kept for the next request', async () => {
    const { port } = await startTlsHost()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const first = await ask(port, '/rooms', {}, agent)
    const second = await ask(port, '/healthz', {}, agent)
    expect([first.status, second.status, first.socket === second.socket]).toEqual([200, 200, true])
  })

  test('C94: a request for another name is misdirected; C93: the origin of a page is https', async () => {
    const { port } = await startTlsHost()
    const asked = (headers: object) => ask(port, '/rooms', headers)
    expect((await asked({ Host: 'evil.example' })).status).toBe(421)
    expect((await asked({ Origin: 'https://evil.example' })).status).toBe(403)
    expect((await asked({ Origin: `http://127.0.0.1:${port}` })).status).toBe(403)
    expect((await asked({ Origin: `https://127.0.0.1:${port}` })).status).toBe(200)
  })

  test('a body that does not grow ends the request, one that does has its time (C68)', async () => {
    const { port } = await startTlsHost({ http: { bodyStallMs: 3000 } })
    const head = (name: string) => `PUT /lobby/${name} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n`
    const [stalled, slow] = [new LineClient(await openTls(port)), new LineClient(await openTls(port))]
    stalled.write(`${head('stalled')}x`)
    slow.write(head('slow'))
    const drip = setInterval(() => slow.write('x'), 50)
    onTestFinished(() => clearInterval(drip))
    await stalled.closed()
    expect(slow.over).toBe('open')
  })

  test('C60: the name that a hello asks for is in no log', async () => {
    const log = new MemoryLog()
    const { port } = await startTlsHost({ overrides: { log } })
    const asking = { servername: 'secret.example' }
    ;(await openTls(port, asking)).destroy()
    await expect(openTls(port, { ...asking, ALPNProtocols: ['h2'] })).rejects.toThrow()
    await until('a line for it', async () => log.lines.length > 0)
    expect(JSON.stringify(log.lines)).not.toContain('secret')
  })

  test('ALPN: http/1.1 is agreed on, and nothing else is', async () => {
    const { port } = await startTlsHost()
    expect((await openTls(port, { ALPNProtocols: ['h2', 'http/1.1'] })).alpnProtocol).toBe('http/1.1')
    await expect(openTls(port, { ALPNProtocols: ['h2'] })).rejects.toThrow(/no application protocol/)
  })
})

describe('C123: in plain, a host that speaks TLS takes nothing in', () => {
  const TOLD = [
    ['a line', 'hi\n', /^! TLS_REQUIRED .*openssl s_client -quiet -connect 127\.0\.0\.1:\d+\n$/],
    ['silence', '', /^! TLS_REQUIRED /],
    [
      'a request',
      'POST /rooms/lobby/messages HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi',
      /^HTTP\/1\.1 400 .*Tamtam-Code: TLS_REQUIRED\r\n.*https:\/\/127/s,
    ],
    [
      'a browser',
      'GET /lab?a=b HTTP/1.1\r\nHost: rumah.local:8268\r\nAccept: text/html,*/*\r\n\r\n',
      /^HTTP\/1\.1 308 Permanent Redirect\r\nLocation: https:\/\/rumah\.local:8268\/lab\?a=b\r\n/,
    ],
    [
      'a browser that says a line more',
      'GET / HTTP/1.1\r\nHost: rumah.local /x\r\nAccept: text/html\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'IRC',
      'NICK ani\r\n',
      /^ERROR :TLS_REQUIRED this host speaks only TLS; connect to 127\.0\.0\.1:\d+ with TLS\r\n$/,
    ],
    ['frames', Buffer.from('f554414d', 'hex'), /TLS_REQUIRED.*tls:\/\/127/s],
    ['binary', Buffer.from('0001020304', 'hex'), /^$/],
  ] as const

  test.each(TOLD)('%s', async (_what, said, answer) => {
    const { port } = await startTlsHost({ listen: { silentMs: 1000 } })
    const ani = await joinOverTls(port, 'ani')
    const plain = await LineClient.connect(port)
    plain.write(said)
    await plain.closed()
    plain.write('hi again\n')
    expect(plain.bytes.toString('latin1')).toMatch(answer)
    await alone(ani)
    expect(ani.talk).toEqual([])
  })

  test('TLS inside TLS is refused like any other protocol', async () => {
    const { port } = await startTlsHost()
    const outer = new LineClient(await openTls(port))
    outer.write(Buffer.from('16030100050100000100', 'hex'))
    await outer.closed()
    expect(outer.bytes.length).toBe(0)
  })
})

describe('C123: handshakes', () => {
  test.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async (version) => {
    const { port } = await startTlsHost()
    const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
    await expect(openTls(port, old)).rejects.toThrow(/protocol version/)
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s is spoken', async (version) => {
    const { port } = await startTlsHost()
    expect((await openTls(port, { minVersion: version, maxVersion: version })).getProtocol()).toBe(version)
  })

  test('who renegotiates is gone, and nobody else notices', async () => {
    const { port } = await startTlsHost()
    const ani = await joinOverTls(port, 'ani')
    const flood = Array.from({ length: 20 }, async () => {
      const socket = await openTls(port, { maxVersion: 'TLSv1.2' })
      const client = new LineClient(socket)
      await client.ask('/who', /^\* \d+ in lobby:$/)
      socket.renegotiate({}, () => {})
      await client.closed()
    })
    await Promise.all(flood)
    await alone(ani)
  })
})

/** The first bytes of a handshake, as a client makes them. */
async function realHello(): Promise<Buffer> {
  const { createServer } = await import('node:net')
  const { connect: connectTls } = await import('node:tls')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connectTls({ host: '127.0.0.1', port: (server.address() as { port: number }).port })
  client.on('error', () => {})
  const [socket] = await once(server, 'connection')
  const [hello] = await once(socket, 'data')
  client.destroy()
  server.close()
  return hello
}

describe('C68: whoever does not come to speak TLS', () => {
  test('half a hello, then silence; byte by byte, for ever: each is gone in its time', async () => {
    const { port } = await startTlsHost({ listen: { handshakeMs: 300 } })
    const hello = await realHello()
    const half = await LineClient.connect(port)
    half.write(hello.subarray(0, 100))
    const slow = await LineClient.connect(port)
    let at = 0
    const drip = setInterval(() => slow.write(hello.subarray(at, ++at)), 50)
    onTestFinished(() => clearInterval(drip))
    const done = await LineClient.connect(port)
    done.write(hello)
    await Promise.all([half.closed(), slow.closed(), done.closed()])
    expect(at).toBeLessThan(hello.length)
  })

  test('garbage behind the first bytes, and hellos that are not quite right', async () => {
    const { port } = await startTlsHost({ listen: { handshakeMs: 2000 } })
    const hello = await realHello()
    const ani = await joinOverTls(port, 'ani')
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const bytes = Buffer.from(index % 2 === 0 ? hello : sampleBytes((index % 50) * 100))
        for (let change = 0; change <= index % 5; change++) {
          const seed = createHash('md5').update(`${index} ${change}`).digest()
          bytes[seed.readUInt16BE(0) % (bytes.length || 1)] = seed[2] as number
        }
        const socket = connect(port, '127.0.0.1')
        socket.on('error', () => {})
        socket.resume().end(Buffer.concat([Buffer.from('1603', 'hex'), bytes.subarray(2)]))
        await once(socket, 'close')
      }),
    )
    await alone(ani)
  })

  test('who is gone has no place any more', async () => {
    const { port } = await startTlsHost()
    const gone: TLSSocket[] = []
    for (let count = 0; count < 10; count++) {
      const socket = await openTls(port)
      socket.on('error', () => {})
      gone.push(socket)
    }
    const connections = async () => /tamtam_connections (\d+)/.exec((await ask(port, '/metrics')).text)?.[1]
    expect(await connections()).toBe('11')
    for (const socket of gone) socket.destroy()
    await until('all to be forgotten', async () => (await connections()) === '1')
  })
})
