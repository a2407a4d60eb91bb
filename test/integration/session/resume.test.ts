import { describe, expect, test } from 'vitest'
import { isEntry } from '#domain/room/events.ts'
import { hosted } from '../../harness/den.ts'
import { startHost } from '../../harness/host.ts'
import { OpenAnswer } from '../../harness/http-client.ts'
import { LineClient } from '../../harness/line-client.ts'
import { keyOf, SessionClient, type WireName } from '../../harness/session-client.ts'

const WIRES: readonly WireName[] = ['frames', 'websocket']

describe.each(WIRES)('over %s', (by) => {
  test('what happened after a sequence follows, exactly, and then what happens', async () => {
    const { port } = await startHost({ stores: 'kept' })
    const budi = await SessionClient.join(port, 'frames', 'budi')
    for (let index = 1; index <= 30; index++) await budi.say(`line ${index}`)
    const ani = await SessionClient.join(port, by, 'ani', 'lobby', 12)
    await budi.say('live')
    await ani.until(() => ani.texts.includes('live'))
    expect(ani.entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 19 }, (_, index) => 13 + index))
    const late = await SessionClient.join(port, by, 'late', 'lobby', 31)
    await budi.say('later')
    await late.until(() => late.texts.length > 0)
    expect(late.texts).toEqual(['later'])
  })

  test('a place that the room has not reached is of a time before its history was lost: there is only what comes', async () => {
    const { port } = await startHost()
    const ani = await SessionClient.join(port, by, 'ani', 'lobby', 1_000_000)
    await ani.say('halo')
    await ani.until(() => ani.texts.length > 0)
    expect(ani.entries.map(({ seq }) => seq)).toEqual([1])
  })

  test('a client that reconnects takes the place of its dead connection, before that speaks again, and nobody hears of it', async () => {
    const { port } = await startHost()
    const line = await LineClient.join(port, 'budi')
    const come = async (wire: WireName) => {
      const client = await SessionClient.connect(port, wire)
      client.send({ type: 'hello', version: 1, key: keyOf('ani'), name: 'ani' })
      client.send({ type: 'join', room: 'lobby', client: 'tab-1' })
      await client.until(() => client.of('joined').length > 0)
      return client
    }
    const first = await come('frames')
    await line.until('* ani joined')
    // Half open, for all that the host can tell.
    first.pause()
    const second = await come(by)
    const [joined] = second.of('joined')
    expect(joined?.member).toEqual(first.of('joined')[0]?.member)
    expect(joined?.members.map(({ name }) => name)).toEqual(['budi', 'ani'])
    first.resume()
    await first.closed()
    expect(first.of('bye')).toEqual([{ type: 'bye', code: 'REPLACED', message: expect.any(String) }])
    expect(await second.say('it is me')).toMatchObject({ type: 'ack' })
    await line.until('<ani> it is me')
    line.write('/who\n')
    await line.until('* 2 in lobby:')
    expect(line.lines.filter((each) => each.includes('ani'))).toEqual([
      '* ani joined',
      '<ani> it is me',
      expect.any(String),
    ])
  })

  test('several connections under one key are one member: each hears everything once, and presence ends with the last', async () => {
    const { port } = await startHost()
    const line = await LineClient.join(port, 'budi')
    const first = await SessionClient.join(port, 'frames', 'ani')
    const second = await SessionClient.join(port, by, 'ani')
    expect(second.of('joined')[0]?.member).toEqual(first.of('joined')[0]?.member)
    expect(second.of('joined')[0]?.count).toBe(2)
    await first.say('from one')
    await second.say('from the other')
    line.write('from budi\n')
    for (const each of [first, second]) {
      await each.until(() => each.texts.includes('from budi'))
      expect(each.texts).toEqual(['from one', 'from the other', 'from budi'])
    }
    first.reset()
    await second.say('still here')
    await second.ask({ type: 'rename', name: 'ayu' })
    const third = await SessionClient.join(port, 'frames', 'ani', 'lobby', 0)
    expect(third.of('joined')[0]?.member.name).toBe('ayu')
    second.leave()
    await third.say('last words')
    third.leave()
    await line.until('* ayu left')
    const told = line.lines.filter((each) => /ani|ayu/.test(each))
    expect(told).toEqual([
      ...['* ani joined', '<ani> from one', '<ani> from the other', '<ani> still here'],
      ...['* ani is now ayu', '<ayu> last words', expect.stringContaining('* ayu left')],
    ])
  })

  test('many under the same key in one moment are one member, and each of them speaks', async () => {
    const { port, tamtam } = await startHost()
    const many = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const client = await SessionClient.connect(port, by)
        client.send({ type: 'hello', version: 1, key: keyOf('ani'), name: 'ani' })
        client.send({ type: 'join', room: 'lobby', after: 0 })
        expect(await client.say(`me ${index}`)).toMatchObject({ type: 'ack' })
        return client
      }),
    )
    for (const each of many) {
      await each.until(() => each.texts.length >= many.length)
      expect([...each.texts].sort()).toEqual(many.map((_, index) => `me ${index}`))
    }
    const watcher = await tamtam.engine.join({ room: 'lobby', name: 'watcher' })
    expect(watcher.members.map(({ name }) => name)).toEqual(['ani', 'watcher'])
    for (const each of many) each.leave()
    await expect.poll(() => watcher.members.length).toBe(1)
    // The nick is free again.
    await tamtam.engine.join({ room: 'lobby', name: 'ani' })
  })

  test('one connection too many ends the one from which nothing has come for the longest time', async () => {
    const { port } = await startHost({ session: { connectionsPerMember: 2 } })
    const first = await SessionClient.join(port, by, 'ani')
    const second = await SessionClient.join(port, by, 'ani')
    await first.say('not the quietest')
    const third = await SessionClient.join(port, by, 'ani')
    await second.closed()
    expect(second.of('bye')).toMatchObject([{ code: 'REPLACED' }])
    for (const each of [first, third]) expect(await each.say('still here')).toMatchObject({ type: 'ack' })
  })

  test('in two rooms a person has one nick, which nobody else gets while it is in use in one', async () => {
    const { port } = await startHost()
    const here = await SessionClient.join(port, by, 'ani')
    const there = await SessionClient.join(port, 'frames', 'ani', 'den')
    const budi = await SessionClient.join(port, 'frames', 'budi')
    expect(await here.ask({ type: 'rename', name: 'ayu' })).toMatchObject({ type: 'ack' })
    await there.until(() => there.events.some((event) => event.type === 'renamed' && event.by.name === 'ayu'))
    here.leave()
    expect(await budi.ask({ type: 'rename', name: 'ayu' })).toMatchObject({ code: 'NAME_TAKEN' })
    expect(await budi.ask({ type: 'rename', name: 'ani' })).toMatchObject({ type: 'ack' })
  })

  test('a kick ends all connections of a member, and a mute holds for each', async () => {
    const { port, owner } = await hosted()
    const [one, other] = [
      await SessionClient.join(port, by, 'ani', 'den'),
      await SessionClient.join(port, 'frames', 'ani', 'den'),
    ]
    await owner.ask({ type: 'mute', name: 'ani', reason: 'noise' })
    for (const each of [one, other]) await each.until(() => each.of('self').length > 0)
    for (const each of [one, other]) expect(each.of('self')).toEqual([{ type: 'self', muted: { reason: 'noise' } }])
    const third = await SessionClient.join(port, by, 'ani', 'den')
    expect(third.of('joined')[0]?.muted).toEqual({ reason: 'noise' })
    third.leave()
    for (const each of [one, other]) expect(await each.say('halo')).toMatchObject({ code: 'MUTED' })
    await owner.ask({ type: 'kick', name: 'ani' })
    for (const each of [one, other]) {
      await each.closed()
      expect(each.of('bye')).toMatchObject([{ code: 'NOT_A_MEMBER' }])
    }
    await owner.until(() => owner.events.some(({ type }) => type === 'left'))
    expect(owner.events.filter(({ type }) => type === 'joined' || type === 'left').map(({ type }) => type)).toEqual([
      ...['joined', 'left'],
    ])
  })

  test('a stream over HTTP goes on when the connection ends that was there before it', async () => {
    const { port } = await startHost()
    const [one, other] = [await SessionClient.join(port, by, 'ani'), await SessionClient.join(port, 'frames', 'ani')]
    const headers = { 'Tamtam-Key': keyOf('ani'), Accept: 'text/event-stream' }
    const streams = [
      await OpenAnswer.of(port, 'GET /rooms/lobby/events', { headers }),
      await OpenAnswer.of(port, 'GET /rooms/lobby/events', { headers }),
    ]
    const budi = await SessionClient.join(port, 'frames', 'budi')
    one.leave()
    await budi.ask({ type: 'whisper', to: 'ani', text: 'satu' })
    other.leave()
    await budi.until(() => budi.events.some(({ type }) => type === 'left'))
    await budi.say('dua')
    for (const stream of streams) {
      await stream.until(({ lines }) => lines.some((each) => each.includes('"dua"')))
      expect(stream.lines.filter((each) => each.includes('"satu"')).length).toBe(1)
    }
  })

  test('a whisper that came when the connection was dead already is there for whoever comes back', async () => {
    const { port } = await startHost()
    const budi = await SessionClient.join(port, 'frames', 'budi')
    const ani = await SessionClient.join(port, by, 'ani')
    ani.pause()
    expect(await budi.ask({ type: 'whisper', to: 'ani', text: 'psst' })).toMatchObject({ type: 'ack', seq: 1 })
    ani.reset()
    const again = await SessionClient.join(port, by, 'ani', 'lobby', 0)
    await again.until(() => again.texts.includes('psst'))
  })

  test('C118: a message that is sent again under its id is one message, also over another connection', async () => {
    const { port } = await startHost({ stores: 'kept' })
    const ani = await SessionClient.join(port, by, 'ani')
    const budi = await SessionClient.join(port, by, 'budi')
    expect(await ani.say('halo', 'k1')).toMatchObject({ seq: 1, duplicate: false })
    expect(await ani.say('halo', 'k1')).toMatchObject({ seq: 1, duplicate: true })
    expect(await ani.say('other', 'k1')).toMatchObject({ type: 'rejected', code: 'ID_REUSED' })
    expect(await budi.say('halo', 'k1')).toMatchObject({ seq: 2, duplicate: false })
    ani.reset()
    const again = await SessionClient.join(port, by, 'ani')
    expect(await again.say('halo', 'k1')).toMatchObject({ seq: 1, duplicate: true })
    await again.enter('den')
    expect(await again.say('halo', 'k1')).toMatchObject({ seq: 1, duplicate: false })
    expect((await again.enter('lobby', 0)).last).toBe(2)
  })

  test('thousands of messages through connections that break: none is lost, none comes twice, all in order', async () => {
    const { port } = await startHost({ stores: 'kept' })
    const reader = await SessionClient.join(port, 'frames', 'reader')
    const wanted = Array.from({ length: 2000 }, (_, index) => `message ${index}`)
    let sent = 0
    const heard: number[] = []
    const missing = new Map(wanted.map((text, index) => [index, text]))
    for (let turn = 0; missing.size > 0; turn++) {
      const writer = await SessionClient.join(port, by, 'writer', 'lobby', heard.at(-1) ?? 0)
      const send = (index: number, text: string) =>
        writer.send({ type: 'command', ref: index, command: { type: 'say', text, id: `m${index}` } })
      for (const [index, text] of missing) if (index < sent) send(index, text)
      const until = Math.min(wanted.length, sent + 200)
      for (; sent < until; sent++) send(sent, wanted[sent] as string)
      // Breaks off in the middle of things, but for the last time.
      if (sent < wanted.length) await writer.until(() => writer.of('ack').length > (turn * 37) % 200)
      else await writer.until(() => writer.of('ack').length === missing.size)
      writer.reset()
      for (const { ref } of writer.of('ack')) missing.delete(ref)
      heard.push(...writer.entries.map(({ seq }) => seq))
    }
    await reader.until(() => reader.texts.length >= wanted.length)
    await reader.settled()
    expect([...reader.texts].sort()).toEqual([...wanted].sort())
    expect(reader.entries.map(({ seq }) => seq)).toEqual(wanted.map((_, index) => index + 1))
    expect(heard).toEqual(heard.map((_, index) => index + 1))
  })

  test('C61: who does not read is not thrown out, holds nobody up, and gets all of it later', async () => {
    const { port } = await startHost({ stores: 'kept' })
    const slow = await SessionClient.join(port, by, 'slow')
    slow.pause()
    const writer = await SessionClient.join(port, 'frames', 'writer')
    const quick = await SessionClient.join(port, by, 'quick')
    const text = 'x'.repeat(4000)
    const messages = 5000
    for (let index = 0; index < messages; index++)
      writer.send({ type: 'command', command: { type: 'say', text: `${index} ${text}` } })
    await quick.until(() => quick.entries.length === messages)
    expect(slow.entries.length).toBeLessThan(messages / 2)
    slow.resume()
    await slow.until(() => slow.entries.length >= messages)
    expect(slow.entries.map(({ seq }) => seq)).toEqual(Array.from({ length: messages }, (_, index) => index + 1))
    expect(slow.events.filter((event) => !isEntry(event) && event.type === 'missed')).toEqual([])
  })

  test('C61: who takes no answers is not listened to, and no more waits for it than its share', async () => {
    const { port, tamtam } = await startHost()
    const deaf = await SessionClient.connect(port, by)
    deaf.pause()
    deaf.send({ type: 'hello', version: 1, key: keyOf('deaf') })
    let written = true
    for (let ref = 0; ref < 3_000_000 && written; ref++) {
      deaf.send({ type: 'ping', ref })
      if (ref % 1000 === 0) {
        await new Promise((resolve) => setImmediate(resolve))
        written = deaf.wire.socket.writableLength < 4_000_000
      }
    }
    expect(written).toBe(false)
    // Others are served meanwhile.
    const ani = await SessionClient.join(port, by, 'ani')
    expect(await ani.say('halo')).toMatchObject({ type: 'ack' })
    deaf.leave()
    expect((await tamtam.engine.rooms()).length).toBe(1)
  })
})
