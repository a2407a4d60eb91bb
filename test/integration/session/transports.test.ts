import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FRAMES_MAGIC, joinFrame } from '#protocol/frames.ts'
import { encodeMessage } from '#protocol/messages.ts'
import { startHost } from '../../harness/host.ts'
import { LineClient } from '../../harness/line-client.ts'
import { PATIENCE_MS } from '../../harness/patience.ts'
import { keyOf, masked, SessionClient } from '../../harness/session-client.ts'

const REQUEST = [
  'GET /ws HTTP/1.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: tamtam.1',
]

/** Sends bytes and answers all that comes until the host ends the connection, or until `enough`. */
async function exchange(
  port: number,
  bytes: readonly (string | Uint8Array)[],
  enough: (answer: string) => boolean = () => false,
): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  for (const piece of bytes) socket.write(piece)
  return await answerOf(socket, enough)
}

async function answerOf(socket: Socket, enough: (answer: string) => boolean): Promise<string> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  let answer = ''
  socket.on('error', () => {})
  const over = Promise.race([once(socket, 'end', { signal }), once(socket, 'close', { signal })])
  const found = new Promise<void>((resolve) =>
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (enough(answer)) resolve()
    }),
  )
  await Promise.race([over, found])
  return answer
}

const upgrade = (port: number, lines: readonly string[] = []): string =>
  [...REQUEST, `Host: 127.0.0.1:${port}`, ...lines, '', ''].join('\r\n')

const REFS = Array.from({ length: 20 }, (_, index) => index + 1)
const SAID = REFS.map((ref) => encodeMessage({ type: 'command', ref, command: { type: 'say', text: `line ${ref}` } }))

describe('C93: pages', () => {
  test.each(['http://evil.example', 'https://127.0.0.1:PORT', 'http://localhost:PORT', 'null'])(
    'of the origin %s get no WebSocket',
    async (origin) => {
      const { port } = await startHost()
      const line = `Origin: ${origin.replace('PORT', String(port))}`
      const answer = await exchange(port, [upgrade(port, [line])])
      expect(answer).toMatch(/^HTTP\/1\.1 403 /)
      expect(answer).toContain('FOREIGN_ORIGIN')
    },
  )

  test('of our own get one', async () => {
    const { port } = await startHost()
    const line = `Origin: http://127.0.0.1:${port}`
    const answer = await exchange(port, [upgrade(port, [line])], (said) => said.includes('\r\n\r\n'))
    expect(answer).toMatch(/^HTTP\/1\.1 101 /)
    expect(answer).toContain('Sec-WebSocket-Protocol: tamtam.1')
  })

  test('C94: that ask for another host are misdirected', async () => {
    const { port } = await startHost()
    const request = upgrade(port).replace('Host: 127.0.0.1', 'Host: evil.example')
    expect(await exchange(port, [request])).toMatch(/^HTTP\/1\.1 421 /)
  })

  test('and others that ask for another protocol, or another address, are answered as if they had not', async () => {
    const { port } = await startHost()
    const other = `GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n`
    expect(await exchange(port, [other], (said) => said.includes('}'))).toMatch(/^HTTP\/1\.1 200 /)
    const elsewhere = upgrade(port).replace('/ws', '/elsewhere')
    expect(await exchange(port, [elsewhere], (said) => said.includes('}'))).toMatch(/^HTTP\/1\.1 404 /)
  })
})

describe('C100: a WebSocket', () => {
  const BAD: readonly (readonly [string, Uint8Array, number])[] = [
    ['without a mask', Buffer.of(0x82, 0x01, 0x80), 1002],
    ['that is longer than 2^53', Buffer.from('82ff7fffffffffffffff00000000', 'hex'), 1009],
    ['that is longer than it may be', Buffer.from('82ff000000000001000100000000', 'hex'), 1009],
    ['that claims to be compressed', masked(0xc2, Buffer.of(0x80)), 1002],
    ['of text', masked(0x81, Buffer.from('hi')), 1003],
    ['of text that is none', masked(0x81, Buffer.of(0xff)), 1007],
    ['of one byte that closes', masked(0x88, Buffer.of(1)), 1002],
    [
      'in more pieces than it may have',
      Buffer.concat([masked(0x02, Buffer.of(0)), ...Array(5000).fill(masked(0, Buffer.of(0)))]),
      1008,
    ],
    ['of pings without end', Buffer.concat(Array(2000).fill(masked(0x89, Buffer.of(0)))), 1008],
    ['that is empty', masked(0x82, Buffer.of()), 1008],
    ['that is no message', masked(0x82, Buffer.of(0xc1)), 1008],
    // The groups of cases that the Autobahn suite has for a peer that breaks RFC 6455.
    ['with its second reserved bit', masked(0xa2, Buffer.of(0x80)), 1002],
    ['with its third reserved bit', masked(0x92, Buffer.of(0x80)), 1002],
    ['of a kind that there is not', masked(0x83, Buffer.of(0x80)), 1002],
    ['of a control that there is not', masked(0x8b, Buffer.of()), 1002],
    ['of a ping in pieces', masked(0x09, Buffer.of()), 1002],
    ['of a ping of 126 bytes', Buffer.concat([Buffer.from('89fe007e00000000', 'hex'), Buffer.alloc(126)]), 1002],
    ['that goes on with nothing', masked(0x80, Buffer.of(0x80)), 1002],
    ['that begins within another', Buffer.concat([masked(0x02, Buffer.of(0x81)), masked(0x82, Buffer.of())]), 1002],
    ['that closes with a code nobody may send', masked(0x88, Buffer.from('03ed', 'hex')), 1002],
    ['that closes with a code below all', masked(0x88, Buffer.from('03e7', 'hex')), 1002],
    ['that closes with a reason that is no text', masked(0x88, Buffer.from('03e8ff', 'hex')), 1007],
    ['that closes as it should', masked(0x88, Buffer.from('03e8', 'hex')), 1000],
  ]
  test.each(BAD)('message %s ends the connection', async (_case, bytes, code) => {
    const { port } = await startHost()
    const answer = await exchange(port, [upgrade(port), bytes])
    const [head = '', ...rest] = answer.split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 101 /)
    expect(head).not.toContain('Sec-WebSocket-Extensions')
    const sent = Buffer.from(rest.join('\r\n\r\n'), 'latin1')
    const close = sent.lastIndexOf(Buffer.of(0x88, 0x02))
    expect(close < 0 ? sent.toString('hex') : sent.readUInt16BE(close + 2)).toBe(code)
  })

  test.each(BAD)('message %s comes after the answers to what was said before it', async (_case, bytes) => {
    const { port } = await startHost()
    const ani = await SessionClient.join(port, 'websocket', 'ani')
    ani.wire.socket.write(Buffer.concat([...SAID.map((message) => masked(0x82, message)), bytes]))
    await ani.closed()
    expect(ani.of('ack').map(({ ref }) => ref)).toEqual(REFS)
  })

  test('in pieces, with a ping between them, is one message', async () => {
    const { port } = await startHost()
    const hello = Buffer.from(encodeMessage({ type: 'hello', version: 1, key: keyOf('ani'), name: 'ani' }))
    const pieces = [
      masked(0x02, hello.subarray(0, 20)),
      masked(0x89, Buffer.from('between')),
      masked(0x00, Buffer.of()),
      masked(0x80, hello.subarray(20)),
    ]
    const answer = await exchange(port, [upgrade(port), ...pieces], (said) => said.includes('welcome'))
    expect(answer.indexOf('between')).toBeLessThan(answer.indexOf('welcome'))
  })

  test('is pinged and answers, as often as it may', async () => {
    const { port } = await startHost()
    const pong = Buffer.of(0x8a, 0x01, 0x07).toString('latin1')
    const answer = await exchange(port, [upgrade(port), masked(0x89, Buffer.of(7))], (said) => said.includes(pong))
    expect(answer).toContain(pong)
  })
})

describe('C33, C101 to C106: frames', () => {
  const BAD_FRAMES: readonly (readonly [string, string])[] = [
    ['of length 0', '00000000'],
    ['of 4 GB', 'ffffffff'],
    ['that are longer than they may be', '00010001'],
    ['that hold nothing that is a message', '00000001 c0'],
    ['that hold a bomb', `00000400 ${'91'.repeat(1024)}`],
    ['that hold an extension', '00000003 d47240'],
  ]
  test.each(BAD_FRAMES)('%s come after the answers to what was said before them', async (_case, hex) => {
    const { port } = await startHost()
    const ani = await SessionClient.join(port, 'frames', 'ani')
    ani.wire.socket.write(Buffer.concat([...SAID.map(joinFrame), Buffer.from(hex.replaceAll(' ', ''), 'hex')]))
    await ani.closed()
    expect(ani.of('ack').map(({ ref }) => ref)).toEqual(REFS)
    expect(ani.messages.at(-1)).toMatchObject({ type: 'bye', code: 'BAD_MESSAGE' })
  })

  test.each(BAD_FRAMES)('%s are refused by name, and what was said before them counts', async (_case, hex) => {
    const { port } = await startHost()
    const line = await LineClient.join(port, 'budi')
    const said = [
      { type: 'hello', version: 1, key: keyOf('ani'), name: 'ani' } as const,
      { type: 'join', room: 'lobby' } as const,
      { type: 'command', command: { type: 'say', text: 'halo' } } as const,
    ].map((message) => joinFrame(encodeMessage(message)))
    const answer = await exchange(port, [FRAMES_MAGIC, ...said, Buffer.from(hex.replaceAll(' ', ''), 'hex')])
    expect(answer).toContain('BAD_MESSAGE')
    await line.until('<ani> halo')
    await line.until('* ani left')
  })
})
