import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { joinFrame } from '#protocol/frames.ts'
import { decodeHostMessage, encodeMessage } from '#protocol/messages.ts'
import { notForYou } from '#server/security/access-control.ts'
import { ManualClock } from '#system/clock.ts'
import { startHost } from '../../harness/host.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, masked, SessionClient, type WireName } from '../../harness/session-client.ts'

const WIRES: readonly WireName[] = ['frames', 'websocket']

/** Something comes and goes: what had arrived by then has been dealt with. */
async function settled(port: number): Promise<void> {
  const passing = await LineClient.connect(port)
  await passing.write('\x01').closed()
}

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
    await ani.closed()
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
      await ani.closed()
      expect(ani.of('bye')).toMatchObject([{ code: 'BAD_MESSAGE' }])
      await line.until(/^\* ani left/)
      expect(line.talk).toEqual([])
    },
  )

  test('C67: whoever is read more slowly than they send is not late with what waits in between', async () => {
    const clock = new ManualClock()
    const { port } = await startHost({
      session: { frameMs: 60, messagesPerSecond: 20, messagesBurst: 1, rateOnLoopback: true },
      overrides: { clock },
    })
    const ani = await SessionClient.connect(port, by)
    const frame = (message: Uint8Array) => (by === 'frames' ? joinFrame(message) : masked(0x82, message))
    const pings = Array.from({ length: 7 }, (_, ref) => Buffer.from(frame(encodeMessage({ type: 'ping', ref }))))
    const all = Buffer.concat(pings)
    ani.wire.socket.write(all.subarray(0, -1))
    const passUntil = async (pongs: number) => {
      for (; ani.over === 'open' && ani.of('pong').length < pongs; clock.advance(10)) await settled(port)
      expect(ani.of('pong').length).toBe(pongs)
    }
    await passUntil(6)
    ani.wire.socket.write(all.subarray(-1))
    await passUntil(7)
  })

  test('C68: who does not say hello in time is closed, who has said it is not', async () => {
    const clock = new ManualClock()
    const { port } = await startHost({ session: { handshakeMs: 150 }, overrides: { clock } })
    const known = await SessionClient.join(port, by, 'ani')
    const silent = await SessionClient.connect(port, by)
    silent.send({ type: 'ping', ref: 1 })
    await settled(port)
    clock.advance(150)
    await silent.closed()
    expect(silent.of('bye')).toMatchObject([{ code: 'TIMEOUT' }])
    expect(await known.say('halo')).toMatchObject({ type: 'ack' })
  })

  test('C68: those who have come in nowhere yet have a share of their own', async () => {
    const { port } = await startHost({ listen: { unauthenticated: 2, unauthenticatedOnLoopback: true } })
    const known = await SessionClient.join(port, by, 'ani')
    const strangers = [await SessionClient.connect(port, by), await SessionClient.connect(port, by)]
    for (const stranger of strangers) await stranger.settled()
    const third = connect(port, '127.0.0.1')
    third.on('error', () => {})
    // The oldest makes place, and nobody who has come in.
    await strangers[0]?.closed()
    expect(await known.say('halo')).toMatchObject({ type: 'ack' })
    const next = await SessionClient.join(port, by, 'budi')
    expect(next.of('joined')).toHaveLength(1)
    third.destroy()
  })

  test('C67: what is over the rate waits, and nothing is lost', async () => {
    const { port } = await startHost({
      session: { messagesPerSecond: 200, messagesBurst: 10, rateOnLoopback: true },
    })
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
    const { port } = await startHost({
      access: ({ room, credential }) => room !== 'den' || credential === 'right',
    })
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
    const failedAttempts = async (count: number) => {
      const guesser = await SessionClient.connect(port, by)
      for (let guess = 0; guess < count; guess++) {
        guesser.send({ type: 'hello', version: 1, key: keyOf('x'), token: `wrong${guess}` })
        guesser.send({ type: 'join', room: 'lobby' })
      }
      await guesser.closed()
      return guesser
    }
    const first = await failedAttempts(10)
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
