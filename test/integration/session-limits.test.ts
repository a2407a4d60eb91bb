import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { decodeHostMessage } from '../../src/adapters/codec/wire/decode.ts'
import { encodeMessage } from '../../src/adapters/codec/wire/encode.ts'
import { FRAMES_MAGIC, joinFrame } from '../../src/adapters/codec/wire/frames.ts'
import { notForYou } from '../../src/adapters/doors/shared/access/admission.ts'
import { startHost } from '../helpers/host.ts'
import { LineClient } from '../helpers/line-client.ts'
import { keyOf, SessionClient, type WireName } from '../helpers/session-client.ts'

const WIRES: readonly WireName[] = ['frames', 'websocket']
const DEADLINE_MS = 10_000

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
  const signal = AbortSignal.timeout(DEADLINE_MS)
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

/** A frame of a client's as RFC 6455 has it; the mask of zeros leaves the payload as it is. */
const masked = (head: number, payload: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(head, 0x80 | payload.length, 0, 0, 0, 0), payload])

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

  test('is pinged and answers, as often as it may', async () => {
    const { port } = await startHost()
    const pong = Buffer.of(0x8a, 0x01, 0x07).toString('latin1')
    const answer = await exchange(port, [upgrade(port), masked(0x89, Buffer.of(7))], (said) => said.includes(pong))
    expect(answer).toContain(pong)
  })
})

describe('C33, C101 to C106: frames', () => {
  test.each([
    ['of length 0', '00000000'],
    ['of 4 GB', 'ffffffff'],
    ['that are longer than they may be', '00010001'],
    ['that hold nothing that is a message', '00000001 c0'],
    ['that hold a bomb', `00000400 ${'91'.repeat(1024)}`],
    ['that hold an extension', '00000003 d47240'],
  ])('%s are refused by name, and what was said before them counts', async (_case, hex) => {
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

describe.each(WIRES)('over %s', (by) => {
  test('C34, C100: a frame that trickles in has its time, and no more', async () => {
    const { port } = await startHost({ session: { frameMs: 150 } })
    const ani = await SessionClient.join(port, by, 'ani')
    const budi = await SessionClient.join(port, by, 'budi')
    // Of ten bytes, and behind a whole message: what came before gives it no more time.
    const whole = encodeMessage({ type: 'ping', ref: 1 })
    const begun = by === 'frames' ? Buffer.from('0000000a80', 'hex') : Buffer.from('828a0000000080', 'hex')
    const first = by === 'frames' ? joinFrame(whole) : masked(0x82, whole)
    ani.wire.socket.write(Buffer.concat([first, begun.subarray(0, 1)]))
    for (const byte of begun.subarray(1)) {
      await budi.settled()
      ani.wire.socket.write(Buffer.of(byte))
    }
    await ani.closed(DEADLINE_MS / 2)
    expect(ani.of('bye')).toMatchObject([{ code: 'BAD_MESSAGE', message: expect.stringContaining('in time') }])
    // Whoever is between two frames may be silent.
    expect(await budi.say('still here')).toMatchObject({ type: 'ack' })
  })

  test.each(['ff', 'c0af', 'eda080', '61c3'])(
    'C11: text that is no UTF-8 (%s) is refused, and nothing of it is said',
    async (hex) => {
      const { port } = await startHost()
      const ani = await SessionClient.join(port, by, 'ani')
      const line = await LineClient.join(port, 'budi')
      const bad = Buffer.from(hex, 'hex')
      const whole = Buffer.from(
        encodeMessage({ type: 'command', command: { type: 'say', text: 'z'.repeat(bad.length) } }),
      )
      bad.copy(whole, whole.indexOf('z'.repeat(bad.length)))
      ani.wire.send(whole)
      await ani.closed(DEADLINE_MS / 2)
      expect(ani.of('bye')).toMatchObject([{ code: 'BAD_MESSAGE' }])
      await line.until(/^\* ani left/)
      expect(line.talk).toEqual([])
    },
  )

  test('C67: whoever is read more slowly than they send is not late with what waits in between', async () => {
    const { port } = await startHost({
      session: { frameMs: 60, messagesPerSecond: 20, messagesBurst: 1, rateOnLoopback: true },
    })
    const ani = await SessionClient.connect(port, by)
    const frame = (message: Uint8Array) => (by === 'frames' ? joinFrame(message) : masked(0x82, message))
    const pings = Array.from({ length: 7 }, (_, ref) => Buffer.from(frame(encodeMessage({ type: 'ping', ref }))))
    const all = Buffer.concat(pings)
    ani.wire.socket.write(all.subarray(0, -1))
    await ani.until(() => ani.of('pong').length === 6)
    ani.wire.socket.write(all.subarray(-1))
    await ani.until(() => ani.of('pong').length === 7)
  })

  test('C68: who does not say hello in time is closed, who has said it is not', async () => {
    const { port } = await startHost({ session: { helloMs: 150 } })
    const known = await SessionClient.join(port, by, 'ani')
    const silent = await SessionClient.connect(port, by)
    silent.send({ type: 'ping', ref: 1 })
    await silent.closed()
    expect(silent.of('bye')).toMatchObject([{ code: 'TIMEOUT' }])
    expect(await known.say('halo')).toMatchObject({ type: 'ack' })
  })

  test('C68: those who have come in nowhere yet have a share of their own', async () => {
    const { port } = await startHost({ listen: { strangers: 2, strangersOnLoopback: true } })
    const known = await SessionClient.join(port, by, 'ani')
    const strangers = [await SessionClient.connect(port, by), await SessionClient.connect(port, by)]
    for (const stranger of strangers) await stranger.settled()
    const third = connect(port, '127.0.0.1')
    third.on('error', () => {})
    await once(third, 'close')
    expect(third.bytesRead).toBe(0)
    expect(await known.say('halo')).toMatchObject({ type: 'ack' })
    strangers[0]?.reset()
    await expect
      .poll(async () => {
        const next = await SessionClient.join(port, by, 'budi').catch(() => undefined)
        return next?.of('joined').length
      })
      .toBe(1)
  })

  test('C67: what is over the rate waits, and nothing is lost', async () => {
    const { port } = await startHost({ session: { messagesPerSecond: 200, messagesBurst: 10, rateOnLoopback: true } })
    const ani = await SessionClient.join(port, by, 'ani')
    const began = performance.now()
    const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => ani.say(`line ${index}`)))
    // 52 of them had to wait for a token each.
    expect(performance.now() - began).toBeGreaterThan(200)
    expect(answers.map((answer) => 'seq' in answer && answer.seq)).toEqual(answers.map((_, index) => index + 1))
  })

  test('C66: rooms have names like nicks, and one connection has so many of them', async () => {
    const { port } = await startHost({ session: { roomsPerConnection: 2 } })
    const ani = await SessionClient.join(port, by, 'ani')
    for (const room of ['../x', '', 'x'.repeat(65), 'a b']) ani.send({ type: 'join', room })
    await ani.settled()
    expect(ani.of('rejected').map(({ code }) => code)).toEqual(Array(4).fill('BAD_ROOM'))
    await ani.enter('den')
    ani.send({ type: 'join', room: 'attic' })
    await ani.settled()
    expect(ani.of('rejected').at(-1)).toMatchObject({ code: 'TOO_MANY_ROOMS' })
    expect(await ani.enter('lobby')).toMatchObject({ room: 'lobby' })
  })

  test('C63 to C65: nicks are checked like everywhere', async () => {
    const { port } = await startHost()
    await LineClient.join(port, 'ani')
    const client = await SessionClient.join(port, by, 'budi')
    for (const [name, code] of [
      ['Ani', 'NAME_TAKEN'],
      ['an1', 'NAME_TAKEN'],
      ['\u0430ni', 'BAD_NAME'],
      ['server', 'BAD_NAME'],
      ['127.0.0.1', 'BAD_NAME'],
      ['a\u001b[2Jb', 'BAD_NAME'],
    ] as const)
      expect([name, await client.ask({ type: 'rename', name })]).toMatchObject([name, { code }])
    expect(await client.ask({ type: 'rename', name: 'Budi' })).toMatchObject({ type: 'ack' })
  })

  test('C57, C58, C62: what terminals obey arrives as it was said, and is shown escaped where there is a terminal', async () => {
    const { port } = await startHost()
    const line = await LineClient.join(port, 'budi')
    const ani = await SessionClient.join(port, by, 'ani')
    const evil = '\u001b[2J\u009d52;c;AAAA\u0007\n<root> pay me'
    await ani.say(evil)
    await ani.until(() => ani.texts.length > 0)
    expect(ani.texts).toEqual([evil])
    await line.until(/^<ani> /)
    expect(line.bytes.toString()).not.toMatch(/[\u001b\u0007\u009d]/)
    expect(line.lines.some((each) => each.startsWith('<root>'))).toBe(false)
  })

  test('who is not let into a room is told what is told of what is not there', async () => {
    const { port } = await startHost({ access: ({ room, credential }) => room !== 'den' || credential === 'right' })
    const secret = await SessionClient.connect(port, by)
    secret.send({ type: 'hello', version: 1, key: keyOf('ani'), name: 'ani', token: 'right' })
    await secret.enter('den')
    const stranger = await SessionClient.connect(port, by)
    stranger.send({ type: 'hello', version: 1, key: keyOf('x'), name: 'x', token: 'wrong' })
    stranger.send({ type: 'join', room: 'den' })
    await stranger.until(() => stranger.of('rejected').length > 0)
    expect(stranger.of('rejected')).toEqual([{ type: 'rejected', code: 'NOT_FOUND', message: notForYou.message }])
    expect(await stranger.enter('lobby')).toMatchObject({ count: 1 })
  })

  test('C119: after too many wrong tokens what is shown is not looked at any more', async () => {
    let looked = 0
    const { port } = await startHost({
      http: { guessesPerMinuteAndAddress: 5, guessFloorMs: 20 },
      access: ({ credential }) => {
        if (credential !== undefined) looked++
        return credential === 'right'
      },
    })
    const guesses = async (count: number) => {
      const guesser = await SessionClient.connect(port, by)
      for (let guess = 0; guess < count; guess++) {
        guesser.send({ type: 'hello', version: 1, key: keyOf('x'), token: `wrong${guess}` })
        guesser.send({ type: 'join', room: 'lobby' })
      }
      await guesser.closed()
      return guesser
    }
    const first = await guesses(10)
    expect(looked).toBe(3)
    expect(first.of('rejected')).toHaveLength(3)
    expect(first.of('bye')).toMatchObject([{ code: 'NOT_FOUND' }])
    const second = await SessionClient.connect(port, by)
    for (const token of ['wrong', 'wrong too', 'right'].map((each) => each.replace(' ', '-'))) {
      second.send({ type: 'hello', version: 1, key: keyOf('x'), token })
      second.send({ type: 'join', room: 'lobby' })
    }
    await second.until(() => second.of('rejected').length === 3)
    expect(looked).toBe(5)
  })

  test('a batch that is longer than a message may be comes in several', async () => {
    const { port } = await startHost()
    const ani = await SessionClient.join(port, by, 'ani')
    const text = '\u20ac'.repeat(5000)
    for (let index = 0; index < 200; index++)
      ani.send({ type: 'command', command: { type: 'say', text: `${index}${text}` } })
    await ani.until(() => ani.texts.length === 200)
    expect(ani.texts.map((each) => Number.parseInt(each, 10))).toEqual(Array.from({ length: 200 }, (_, at) => at))
    for (const batch of ani.of('batch')) expect(decodeHostMessage(encodeMessage(batch))).toEqual(batch)
  })
})
